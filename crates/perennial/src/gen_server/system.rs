//! A server that is suspended, of which something is recorded, or that hibernates; and the requests that make it so.
//!
//! # Invariants
//!
//! 1. `System` is there when the server is suspended, when letters of that time wait, when a debug option is on, or
//!    when it is to hibernate. Servers are mostly without it, and then a message costs one look at whether it is there.
//! 2. While the server is suspended, what it takes out of the mailbox and is no system message goes into `waiting`, in
//!    order of arrival. When it has been resumed, that comes before what is in the mailbox. It is as good as in the
//!    mailbox: it counts as not handled, keeps the room it has in a bounded mailbox, and is bounded by nothing else.
//! 3. What runs beside a suspended server goes on; what it yields goes behind the `continues`, and so before `waiting`.

use crate::{
    exit_reason::CallError,
    gen_server::{
        Caller, Cx, GenServer, NoReply, Options, ServerRef,
        context::Incoming,
        debug::{Debug, DebugOptions, Event},
        message::{Letters, Message, System as SystemMessage},
        noreply,
        watched::Watched,
    },
    process::{block::ProcRef, current, panics, state::Process},
};
use perennial_cell::Letter;
use std::{
    collections::VecDeque,
    task::{Context, Poll, ready},
    time::Duration,
};

/// What few servers have.
pub(crate) struct System<S: GenServer> {
    pub(crate) suspended: bool,
    pub(crate) debug: Debug<S>,
    /// After how long without a message it hibernates.
    pub(crate) hibernate_after: Option<Duration>,
    /// A callback has asked for it.
    pub(crate) hibernate: bool,
    /// It has just done so, and waits for a message.
    hibernated: bool,
    waiting: VecDeque<Letters<S>>,
}

impl<S: GenServer> Default for System<S> {
    fn default() -> Self {
        Self {
            suspended: false,
            debug: Debug::default(),
            hibernate_after: None,
            hibernate: false,
            hibernated: false,
            waiting: VecDeque::new(),
        }
    }
}

impl<S: GenServer> System<S> {
    /// What the options of a start ask for. A box, as it stays in the future of the server beside the context.
    #[inline]
    pub(crate) fn new(options: &Options, process: &Process) -> Option<Box<Self>> {
        let asks = options.debug != DebugOptions::OFF || options.hibernate_after.is_some();
        asks.then(|| Self::asked(options, process))
    }

    #[cold]
    fn asked(options: &Options, process: &Process) -> Box<Self> {
        let mut this = Box::new(Self::default());
        this.debug = Debug::new(options.debug, process.now());
        this.hibernate_after = options.hibernate_after;
        this
    }

    /// Whether the server would be the same without it.
    fn is_idle(&self) -> bool {
        !self.suspended
            && self.waiting.is_empty()
            && !self.debug.is_on()
            && !self.hibernate
            && self.hibernate_after.is_none()
    }
}

impl<S: GenServer> Drop for System<S> {
    fn drop(&mut self) {
        // One by one: a panic in the drop of one message, and in that of another, would else end the program.
        self.waiting.drain(..).for_each(panics::drop_quietly);
    }
}

impl<S: GenServer> Cx<S> {
    /// Made if it is not there.
    pub(crate) fn system(&mut self) -> &mut System<S> {
        if self.system_if_any().is_none() {
            self.own().set_watched(true);
        }
        self.rare().system.get_or_insert_default()
    }

    pub(super) fn system_if_any(&mut self) -> Option<&mut System<S>> {
        self.rare_if_any()?.system.as_deref_mut()
    }

    /// The events kept.
    pub(super) fn logged(&mut self) -> Vec<Event> {
        self.system_if_any().map(|system| system.debug.logged()).unwrap_or_default()
    }

    /// As [`poll_next`](Self::poll_next), of a server that has a [`System`].
    pub(super) fn poll_watched(
        &mut self,
        mail: &mut Incoming<'_, S>,
        cx: &mut Context<'_>,
    ) -> Poll<Letters<S>> {
        let letter = if self.system().suspended {
            // No time-out runs: it begins when the server is resumed.
            ready!(self.poll_suspended(mail, cx))
        } else {
            let letter = ready!(self.poll_resumed(mail, cx));
            let system = self.system();
            system.hibernate = false;
            system.hibernated = false;
            letter
        };
        let system = self.system();
        if system.is_idle() {
            self.rare().system = None;
            self.own().set_watched(false);
            return Poll::Ready(letter);
        }
        Poll::Ready(if system.debug.is_on() { Letter::opened(Watched(letter)) } else { letter })
    }

    /// The next system message; all else waits.
    fn poll_suspended(&mut self, mail: &mut Incoming<'_, S>, cx: &mut Context<'_>) -> Poll<Letters<S>> {
        while let Poll::Ready(letter) = self.poll_background(cx) {
            self.rare().continues.push_back(letter);
        }
        // Twice: letters were left that were taken before, and the mailbox is looked into only behind them. What comes
        // after that has us polled again. What had come before would not, so it must not be left there.
        for _ in 0..2 {
            self.take_letters(mail);
            while let Some(letter) = self.open_letter(mail) {
                if letter.is_system() {
                    return Poll::Ready(letter);
                }
                self.system().waiting.push_back(letter);
            }
        }
        Poll::Pending
    }

    /// In the order of [`poll_next`](Self::poll_next); what waited while the server was suspended comes before the
    /// mailbox.
    fn poll_resumed(&mut self, mail: &mut Incoming<'_, S>, cx: &mut Context<'_>) -> Poll<Letters<S>> {
        if let Some(letter) = self.rare().continues.pop_front() {
            return Poll::Ready(letter);
        }
        self.take_letters(mail);
        if let Poll::Ready(letter) = self.poll_background(cx) {
            return self.take_instead_of_timeout(letter);
        }
        let waiting = self.system().waiting.pop_front();
        if let Some(letter) = waiting.or_else(|| self.open_letter(mail)) {
            return self.take_instead_of_timeout(letter);
        }
        if self.system().hibernate {
            return Poll::Ready(hibernation_letter());
        }
        // At most one of the two runs. Once, not again and again: one that has hibernated waits for a message.
        if self.has_timeout() {
            return self.poll_timeout(cx);
        }
        match self.system() {
            System { hibernate_after: Some(after), hibernated: false, .. } => {
                let after = *after;
                self.poll_idle(after, hibernation_letter, cx)
            }
            _ => Poll::Pending,
        }
    }
}

/// Has the server hibernate, as a message would.
struct Hibernate;

impl<S: GenServer> Message<S> for Hibernate {
    const SENT: bool = false;
    const SYSTEM: bool = true;

    async fn handle(self, server: &mut S, cx: &mut Cx<S>) -> NoReply {
        hibernate(server, cx)
    }
}

fn hibernation_letter<S: GenServer>() -> Letters<S> {
    Letter::opened(Hibernate)
}

/// Gives up memory that the server does not need while it is idle.
fn hibernate<S: GenServer>(server: &mut S, cx: &mut Cx<S>) -> NoReply {
    server.shrink();
    cx.rare().continues.shrink_to_fit();
    let system = cx.system();
    system.waiting.shrink_to_fit();
    system.hibernated = true;
    cx.own().shrink();
    noreply()
}

/// Sends a request of [`sys`](crate::sys), a function that runs in the process of the server, and waits for what it
/// replies.
pub(crate) async fn request<S: GenServer, R: Send + 'static>(
    server: &ServerRef<S>,
    timeout: Option<Duration>,
    request: impl FnOnce(&mut S, &mut Cx<S>, Caller<R>) -> NoReply + Send + 'static,
) -> Result<R, CallError> {
    let process: ProcRef = server.0.clone();
    if current::waits_for(process.process()) {
        return Err(CallError::CallingSelf);
    }
    let clock = process.process().node.clock.clone();
    let (from, answer) = Caller::new(process);
    if server.send(SystemMessage(move |server: &mut S, cx: &mut Cx<S>| request(server, cx, from))).is_err() {
        return Err(CallError::NoProc);
    }
    answer.within(&clock, timeout).await
}
