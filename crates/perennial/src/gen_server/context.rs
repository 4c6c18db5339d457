//! What a callback may ask of its own process.

use crate::{
    gen_server::{
        ContinueTo, GenServer, HandleContinue, HandleInfo, InfoTo, ServerRef,
        message::{Continue, Deliver, Letters, Unsent},
        system::System,
    },
    pid::{Pid, Ref},
    process::{
        Down, Exit, Recipient, Timeout, Timer,
        block::{ProcRef, Trap},
        monitors,
        node::Node,
        time::Sleep,
    },
};
use futures_util::stream::{FuturesUnordered, Stream};
use perennial_cell::{Batch, Letter};
use std::{
    collections::VecDeque,
    fmt,
    future::{Future, poll_fn},
    mem,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

type MakeLetter<S> = fn() -> Letters<S>;
/// After how long without a message, and the letter that comes then.
type IdleTimeout<S> = (Duration, MakeLetter<S>);
type Work<S> = Pin<Box<dyn Future<Output = Letters<S>> + Send>>;

/// The context of a callback: what a server of type `S` may ask of its own process.
///
/// What brings a message later asks, as a bound, for the callback that handles it: [`trap_exit`](Self::trap_exit)
/// without `HandleInfo<Exit>` does not compile.
pub struct Cx<S: GenServer> {
    me: ServerRef<S>,
    process: ProcRef,
    timeout: Option<IdleTimeout<S>>,
    /// Never locked, only reached by `&mut`: what is in it need not be `Sync`, and a `&Cx` is `Send` so.
    pending: Mutex<Pending<S>>,
}

pub(super) struct Pending<S: GenServer> {
    pub(super) continues: VecDeque<Letters<S>>,
    /// Futures that run beside the callbacks, as this process; what they yield is handled as a message.
    background: Option<Box<FuturesUnordered<Work<S>>>>,
    pub(super) taken: Batch<dyn Deliver<S>>,
    /// What few servers have.
    pub(super) system: Option<Box<System<S>>>,
}

impl<S: GenServer> Cx<S> {
    pub(crate) fn new(me: ServerRef<S>, system: Option<Box<System<S>>>) -> Self {
        let process: ProcRef = me.0.clone();
        if system.is_some() {
            process.process().set_watched(true);
        }
        let pending =
            Pending { continues: VecDeque::new(), background: None, taken: Batch::default(), system };
        Self { me, process, timeout: None, pending: Mutex::new(pending) }
    }

    /// This server.
    pub fn me(&self) -> &ServerRef<S> {
        &self.me
    }

    /// The pid of this server.
    #[doc(alias = "self/0")]
    pub fn pid(&self) -> Pid {
        self.me.pid()
    }

    /// The process that started this one with a link: its supervisor, as a rule.
    pub fn parent(&self) -> Option<Pid> {
        self.process.process().parent
    }

    /// From now on exit signals, but for kill, come as [`Exit`] messages, and `terminate` runs when the parent
    /// asks this server to end.
    #[doc(alias = "process_flag/2")]
    pub fn trap_exit(&self)
    where
        S: HandleInfo<Exit>,
    {
        self.set_trap_exit(true);
    }

    /// Switches the trapping of exits; returns whether it was on before.
    pub fn set_trap_exit(&self, trap: bool) -> bool
    where
        S: HandleInfo<Exit>,
    {
        let new = trap.then(|| self.me.0.clone() as Arc<dyn Trap>);
        let old = mem::replace(&mut self.process.process().lock().trap, new);
        old.is_some()
    }

    /// Has the end of a process come as a [`Down`] message; at once, with `NoProc`, if it has ended.
    #[doc(alias = "monitor/2")]
    pub fn monitor(&self, pid: Pid) -> Ref
    where
        S: HandleInfo<Down>,
    {
        let target = Node::of(pid).and_then(|node| node.process(pid));
        monitors::watch_as(&self.process, self.me.0.clone(), target, Some(pid), None)
    }

    /// As [`monitor`](Self::monitor), of whoever has the name now; the [`Down`] carries the name.
    pub fn monitor_name(&self, name: impl Into<Arc<str>>) -> Ref
    where
        S: HandleInfo<Down>,
    {
        let name = name.into();
        let target = self.process.process().node.names.get(&name);
        let pid = target.as_ref().map(|target| target.process().pid);
        monitors::watch_as(&self.process, self.me.0.clone(), target, pid, Some(name))
    }

    /// Removes a monitor; false if its [`Down`] was delivered already. A `Down` in the mailbox stays there.
    #[doc(alias = "demonitor/1")]
    pub fn demonitor(&self, monitor: Ref) -> bool {
        monitors::demonitor(&self.process, monitor)
    }

    /// Sends `message` to this server after `delay`. The timer goes when the server ends.
    #[doc(alias = "erlang:send_after/3")]
    pub fn send_after<M: InfoTo<S>>(&self, delay: Duration, message: M) -> Timer {
        self.recipient().send_after(delay, message)
    }

    /// Sends a message to this server every `period`, first after one `period`.
    #[doc(alias = "timer:send_interval/2")]
    pub fn send_interval<M: InfoTo<S> + Clone + Sync>(&self, period: Duration, message: M) -> Timer {
        self.recipient().send_interval(period, message)
    }

    /// This server as one who takes messages of type `M`.
    pub fn recipient<M: InfoTo<S>>(&self) -> Recipient<M> {
        M::recipient(&self.me)
    }

    /// Handles `message` right after this callback and its reply, before anything in the mailbox. Several are
    /// handled in the order in which they were asked for; none if the callback stops the server.
    #[doc(alias = "handle_continue/2")]
    pub fn continue_with<M: ContinueTo<S>>(&mut self, message: M) {
        message.put_into(self);
    }

    /// Has [`Timeout`] come if no message does within `duration` after this callback. Any message cancels it.
    pub fn timeout(&mut self, duration: Duration)
    where
        S: HandleInfo<Timeout>,
    {
        self.timeout = Some((duration, || Letter::opened(Unsent(Timeout))));
    }

    /// Has [`shrink`](GenServer::shrink) run after this callback, unless a message is there by then, and gives back what
    /// the process has in reserve. For a server that will be idle for long.
    pub fn hibernate(&mut self) {
        self.system().hibernate = true;
    }

    /// Waits until the parent has asked this server, which traps exits, to end: for `select!` in a callback that
    /// takes long, and for tasks that help it. The request itself is then handled after the callback. Ready too when
    /// the server ends without being asked.
    pub fn shutdown_requested(&self) -> impl Future<Output = ()> + Send + use<S> {
        let process = self.process.clone();
        async move { process.process().asked_to_end().await }
    }

    pub(crate) fn push_continue<M: Send + 'static>(&mut self, message: M)
    where
        S: HandleContinue<M>,
    {
        self.pending().continues.push_back(Letter::opened(Continue(message)));
    }

    pub(crate) fn process(&self) -> &ProcRef {
        &self.process
    }

    /// Runs a future beside the callbacks, as this process, and handles what it yields as a message. It is dropped
    /// when the server stops.
    pub(crate) fn run_beside<M: Send + 'static>(&mut self, work: impl Future<Output = M> + Send + 'static)
    where
        S: HandleInfo<M>,
    {
        let work = async move { Letter::opened(Unsent(work.await)) };
        // Unconstrained: it must be ready when what it waits for is, see `next`.
        self.pending()
            .background
            .get_or_insert_default()
            .push(Box::pin(tokio::task::coop::unconstrained(work)));
    }

    /// A callback has stopped the server: what it asked for besides is void.
    pub(crate) fn forget_requests(&mut self) {
        self.timeout = None;
        let pending = self.pending();
        pending.continues.clear();
        pending.background = None;
    }

    /// The next thing to handle.
    pub(crate) async fn next(&mut self) -> Letters<S> {
        // One unit a message, so that a flooded server, or one that continues for ever, lets others run.
        tokio::task::coop::consume_budget().await;
        if self.pending().system.is_some() {
            return Box::pin(self.next_watched()).await;
        }
        if let Some(letter) = self.pending().continues.pop_front() {
            return letter;
        }
        let mut timeout = self.idle_timeout();
        let letter = poll_fn(|cx| {
            // In this order: a process that was started beside us may have ended, and the `Exit` then lies in what
            // is taken here; that it was started is found after that, and handled before.
            self.take_letters();
            if let Poll::Ready(letter) = self.poll_background(cx) {
                return Poll::Ready(letter);
            }
            if let Some(letter) = self.open_letter() {
                return Poll::Ready(letter);
            }
            // Asked last: a message that is there beats a time-out of zero.
            timeout.poll(cx)
        })
        .await;
        self.cancel_timeout(&letter);
        letter
    }

    /// The time-out that was asked for; it begins now.
    pub(super) fn idle_timeout(&self) -> Idle<S> {
        match self.timeout {
            Some((duration, make)) => self.idle(Some(duration), make),
            None => Idle(None),
        }
    }

    /// The letter that `make` makes, after some time; never, without one.
    pub(super) fn idle(&self, after: Option<Duration>, make: MakeLetter<S>) -> Idle<S> {
        Idle(after.map(|after| {
            let clock = self.process.process().node.clock.clone();
            (Sleep::new(clock, after), make)
        }))
    }

    pub(super) fn has_timeout(&self) -> bool {
        self.timeout.is_some()
    }

    /// A message cancels the time-out. A system message does not: the time begins anew after it.
    pub(super) fn cancel_timeout(&mut self, letter: &Letters<S>) {
        if self.timeout.is_some() && !letter.is_system() {
            self.timeout = None;
        }
    }

    pub(super) fn pending(&mut self) -> &mut Pending<S> {
        self.pending.get_mut().expect("never locked")
    }

    pub(super) fn take_letters(&mut self) {
        let taken = &mut self.pending.get_mut().expect("never locked").taken;
        if taken.is_empty() {
            *taken = self.me.0.mailbox().take();
        }
    }

    pub(super) fn open_letter(&mut self) -> Option<Letters<S>> {
        self.pending().taken.next()
    }

    pub(super) fn poll_background(&mut self, cx: &mut Context<'_>) -> Poll<Letters<S>> {
        let pending = self.pending();
        if pending.background.is_none() {
            return Poll::Pending;
        }
        poll_work(&mut pending.background, cx)
    }
}

/// Out of line: few have any, and the loop of the others is shorter without.
#[inline(never)]
fn poll_work<S>(work: &mut Option<Box<FuturesUnordered<Work<S>>>>, cx: &mut Context<'_>) -> Poll<Letters<S>> {
    let Some(futures) = work else { return Poll::Pending };
    match Pin::new(&mut **futures).poll_next(cx) {
        Poll::Ready(Some(letter)) => Poll::Ready(letter),
        Poll::Ready(None) => {
            *work = None;
            Poll::Pending
        }
        Poll::Pending => Poll::Pending,
    }
}

/// A letter that comes when no other does; none, without a time.
pub(super) struct Idle<S: GenServer>(Option<(Sleep, MakeLetter<S>)>);

impl<S: GenServer> Idle<S> {
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Letters<S>> {
        match &mut self.0 {
            Some((sleep, make)) => Pin::new(sleep).poll(cx).map(|()| make()),
            None => Poll::Pending,
        }
    }
}

impl<S: GenServer> fmt::Debug for Cx<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cx").field("me", &self.me).finish_non_exhaustive()
    }
}
