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
        monitors, node,
        state::Process,
        time::Sleep,
    },
};
use futures_util::stream::{FuturesUnordered, Stream};
use perennial_cell::Letter;
use std::{
    collections::VecDeque,
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, ready},
    time::Duration,
};

pub(super) type Incoming<'a, S> = perennial_cell::Incoming<'a, dyn Deliver<S>>;
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
    /// Never locked, only reached by `&mut`: what is in it need not be `Sync`, and a `&Cx` is `Send` so.
    rare: Option<Box<Mutex<Rare<S>>>>,
}

/// What few servers have asked for.
pub(super) struct Rare<S: GenServer> {
    timeout: Option<IdleTimeout<S>>,
    /// The time after which a letter comes if no other does; it runs since the wait began.
    idle: Option<Sleep>,
    pub(super) continues: VecDeque<Letters<S>>,
    /// Futures that run beside the callbacks, as this process; what they yield is handled as a message.
    background: Option<Box<FuturesUnordered<Work<S>>>>,
    pub(super) system: Option<Box<System<S>>>,
}

impl<S: GenServer> Rare<S> {
    fn new() -> Self {
        Self { timeout: None, idle: None, continues: VecDeque::new(), background: None, system: None }
    }

    /// Whether the server would be the same without it.
    fn is_empty(&self) -> bool {
        self.timeout.is_none()
            && self.idle.is_none()
            && self.continues.is_empty()
            && self.background.is_none()
            && self.system.is_none()
    }
}

impl<S: GenServer> Cx<S> {
    #[inline]
    pub(crate) fn new(me: ServerRef<S>, system: Option<Box<System<S>>>) -> Self {
        let Some(system) = system else { return Self { me, rare: None } };
        me.0.process.set_watched(true);
        let rare = Rare { system: Some(system), ..Rare::new() };
        Self { me, rare: Some(Box::new(Mutex::new(rare))) }
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
        self.own().parent()
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
        let old = self.own().set_trap(new);
        old.is_some()
    }

    /// Has the end of a process come as a [`Down`] message; at once, with `NoProc`, if it has ended.
    #[doc(alias = "monitor/2")]
    pub fn monitor(&self, pid: Pid) -> Ref
    where
        S: HandleInfo<Down>,
    {
        let target = node::find(pid);
        monitors::watch_as(&self.process(), self.me.0.clone(), target, Some(pid), None)
    }

    /// As [`monitor`](Self::monitor), of whoever has the name now; the [`Down`] carries the name.
    pub fn monitor_name(&self, name: impl Into<Arc<str>>) -> Ref
    where
        S: HandleInfo<Down>,
    {
        let name = name.into();
        let target = self.own().node.names.get(&name);
        let pid = target.as_ref().map(|target| target.process().pid());
        monitors::watch_as(&self.process(), self.me.0.clone(), target, pid, Some(name))
    }

    /// Removes a monitor; false if its [`Down`] was delivered already. A `Down` in the mailbox stays there.
    #[doc(alias = "demonitor/1")]
    pub fn demonitor(&self, monitor: Ref) -> bool {
        monitors::demonitor(&self.process(), monitor)
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
        self.rare().timeout = Some((duration, || Letter::opened(Unsent(Timeout))));
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
        let process = self.process();
        async move { process.process().asked_to_end().await }
    }

    pub(crate) fn push_continue<M: Send + 'static>(&mut self, message: M)
    where
        S: HandleContinue<M>,
    {
        self.rare().continues.push_back(Letter::opened(Continue(message)));
    }

    /// The process of this server.
    pub(crate) fn process(&self) -> ProcRef {
        self.me.0.clone()
    }

    /// As [`process`](Self::process), borrowed.
    pub(crate) fn own(&self) -> &Process {
        &self.me.0.process
    }

    /// Runs a future beside the callbacks, as this process, and handles what it yields as a message. It is dropped
    /// when the server stops.
    pub(crate) fn run_beside<M: Send + 'static>(&mut self, work: impl Future<Output = M> + Send + 'static)
    where
        S: HandleInfo<M>,
    {
        let work = async move { Letter::opened(Unsent(work.await)) };
        // Unconstrained: it must be ready when what it waits for is, see `next`.
        let background = self.rare().background.get_or_insert_default();
        background.push(Box::pin(tokio::task::coop::unconstrained(work)));
    }

    /// A callback has stopped the server: what it asked for besides is void.
    pub(crate) fn forget_requests(&mut self) {
        if let Some(rare) = self.rare_if_any() {
            rare.timeout = None;
            rare.idle = None;
            rare.continues.clear();
            rare.background = None;
        }
    }

    /// Whether nothing comes but what lies in the mailbox or comes there.
    pub(super) fn has_only_messages(&self) -> bool {
        self.rare.is_none()
    }

    /// The next thing to handle.
    pub(crate) fn poll_next(&mut self, mail: &mut Incoming<'_, S>, cx: &mut Context<'_>) -> Poll<Letters<S>> {
        if self.rare.is_some() {
            return self.poll_rare(mail, cx);
        }
        self.take_letters(mail);
        self.open_letter(mail).map_or(Poll::Pending, Poll::Ready)
    }

    /// As [`poll_next`](Self::poll_next), of a server that has asked for something.
    #[inline(never)]
    fn poll_rare(&mut self, mail: &mut Incoming<'_, S>, cx: &mut Context<'_>) -> Poll<Letters<S>> {
        let polled = match self.rare().system {
            Some(_) => self.poll_watched(mail, cx),
            None => self.poll_asked(mail, cx),
        };
        let rare = self.rare();
        if polled.is_ready() {
            // The next wait begins anew.
            rare.idle = None;
        } else if rare.is_empty() {
            self.rare = None;
        }
        polled
    }

    fn poll_asked(&mut self, mail: &mut Incoming<'_, S>, cx: &mut Context<'_>) -> Poll<Letters<S>> {
        if let Some(letter) = self.rare().continues.pop_front() {
            return Poll::Ready(letter);
        }
        // In this order: a process that was started beside us may have ended, and the `Exit` then lies in what
        // is taken here; that it was started is found after that, and handled before.
        self.take_letters(mail);
        if let Poll::Ready(letter) = self.poll_background(cx) {
            return self.take_instead_of_timeout(letter);
        }
        if let Some(letter) = self.open_letter(mail) {
            return self.take_instead_of_timeout(letter);
        }
        // Asked last: a message that is there beats a time-out of zero.
        self.poll_timeout(cx)
    }

    /// The time-out that was asked for, if one was. Its time begins with the first poll of a wait.
    pub(super) fn poll_timeout(&mut self, cx: &mut Context<'_>) -> Poll<Letters<S>> {
        let Some((after, make)) = self.rare().timeout else { return Poll::Pending };
        let letter = ready!(self.poll_idle(after, make, cx));
        self.take_instead_of_timeout(letter)
    }

    /// The letter that `make` makes, some time after the wait has begun.
    pub(super) fn poll_idle(
        &mut self,
        after: Duration,
        make: MakeLetter<S>,
        cx: &mut Context<'_>,
    ) -> Poll<Letters<S>> {
        if self.rare().idle.is_none() {
            let clock = self.own().node.clock.clone();
            self.rare().idle = Some(Sleep::new(clock, after));
        }
        let idle = self.rare().idle.as_mut().expect("it was just made");
        Pin::new(idle).poll(cx).map(|()| make())
    }

    /// A message cancels the time-out. A system message does not: the time begins anew after it.
    pub(super) fn take_instead_of_timeout(&mut self, letter: Letters<S>) -> Poll<Letters<S>> {
        if !letter.is_system() {
            self.rare().timeout = None;
        }
        Poll::Ready(letter)
    }

    pub(super) fn has_timeout(&mut self) -> bool {
        self.rare().timeout.is_some()
    }

    /// Made if it is not there.
    pub(super) fn rare(&mut self) -> &mut Rare<S> {
        self.rare.get_or_insert_with(|| Box::new(Mutex::new(Rare::new()))).get_mut().expect("never locked")
    }

    pub(super) fn rare_if_any(&mut self) -> Option<&mut Rare<S>> {
        Some(self.rare.as_mut()?.get_mut().expect("never locked"))
    }

    pub(super) fn take_letters(&self, mail: &mut Incoming<'_, S>) {
        mail.refill(|| self.own().node.clock.activity());
    }

    pub(super) fn open_letter(&self, mail: &mut Incoming<'_, S>) -> Option<Letters<S>> {
        // Race: a deadly signal may come while it runs. Letters that were sent after that are not handled; this comes after
        // they were taken, so it is seen.
        if self.own().is_doomed() { None } else { mail.next() }
    }

    pub(super) fn poll_background(&mut self, cx: &mut Context<'_>) -> Poll<Letters<S>> {
        match self.rare_if_any() {
            Some(Rare { background: background @ Some(_), .. }) => poll_work(background, cx),
            _ => Poll::Pending,
        }
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

impl<S: GenServer> fmt::Debug for Cx<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cx").field("me", &self.me).finish_non_exhaustive()
    }
}
