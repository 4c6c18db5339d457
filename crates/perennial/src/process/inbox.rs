//! Bare processes: a future with an inbox.

use crate::{
    exit_reason::ExitReason,
    pid::Pid,
    process::{
        block::{Block, BodyTurn, Kind, ProcRef, Receive, Trap},
        messages::{Down, Exit},
        monitors, node, panics,
        recipient::Recipient,
        run,
        spawn::{self, Spawn},
        state::Process,
        timer::{self, Timer},
    },
};
use perennial_cell::{Batch, Erase, Letter, Reading};
use std::{
    any::type_name,
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

/// What a process may return: nothing, a reason, or a result whose error is the reason.
pub trait IntoExitReason {
    /// The reason with which the process ends.
    fn into_exit_reason(self) -> ExitReason;
}

impl IntoExitReason for () {
    fn into_exit_reason(self) -> ExitReason {
        ExitReason::Normal
    }
}

impl IntoExitReason for ExitReason {
    fn into_exit_reason(self) -> ExitReason {
        self
    }
}

impl<T: IntoExitReason, E: Into<ExitReason>> IntoExitReason for Result<T, E> {
    fn into_exit_reason(self) -> ExitReason {
        self.map_or_else(Into::into, T::into_exit_reason)
    }
}

/// The type of `loop {}`, which cannot be written yet: what a `fn() -> !` returns.
#[allow(unnameable_types, reason = "public only because it stands in an impl of a public trait")]
#[doc(hidden)]
pub trait Returns {
    /// What it returns.
    type Output;
}

impl<T> Returns for fn() -> T {
    type Output = T;
}

impl IntoExitReason for <fn() -> ! as Returns>::Output {
    fn into_exit_reason(self) -> ExitReason {
        self
    }
}

/// A letter of a bare process. What is in it is made into an `M` by the one who reads it, not by the one who sends:
/// that is user code, which is not to run under a lock or in the last acts of another process.
pub(crate) trait Open<M>: Send {
    fn open(&mut self) -> M;
}

impl<M: From<T>, T: Send> Open<M> for Letter<dyn Open<M>, T> {
    fn open(&mut self) -> M {
        M::from(self.take_value())
    }
}

impl<M: From<T> + 'static, T: Send + 'static> Erase<T> for dyn Open<M> {
    fn erase(letter: &mut Letter<Self, T>) -> &mut Self {
        letter
    }
}

/// A bare process.
pub(crate) type Bare<M> = Block<dyn Open<M>>;

impl<M> Kind for dyn Open<M> {
    /// The type of its future.
    type Own = &'static str;
    type Body = BareBody;
    /// Whoever has the inbox.
    const READING: Reading = Reading::Anywhere;

    fn behaviour(block: &Bare<M>) -> &'static str {
        block.own
    }
    fn poll(_: &Arc<Bare<M>>, turn: &mut BodyTurn<'_, Self>, cx: &mut Context<'_>) -> Poll<ExitReason> {
        turn.with(|body| body.as_mut().map_or(Poll::Pending, |body| body.as_mut().poll(cx)))
    }
    fn drop_body(turn: &mut BodyTurn<'_, Self>) {
        drop(turn.with(Option::take));
    }
    fn close(block: &Bare<M>) {
        block.turns.close().for_each(panics::drop_quietly);
    }
    fn request_stop(_: &Arc<Bare<M>>, _: ExitReason) -> bool {
        false
    }
}

/// What a bare process runs; none when it has ended.
pub(crate) type BareBody = Option<Pin<Box<dyn Future<Output = ExitReason> + Send>>>;

impl<T: Send + 'static, M: From<T> + Send + 'static> Receive<T> for Bare<M> {
    fn receive(self: Arc<Self>, message: T) -> Result<(), T> {
        self.send(message)
    }
    fn process(&self) -> &Process {
        &self.process
    }
}

impl<M: From<Exit> + Send + 'static> Trap for Bare<M> {
    fn trapped(self: Arc<Self>, exit: Exit) {
        // An error says that it has ended.
        let _ = self.send(exit);
    }
}

/// The messages of a bare process, in arrival order.
///
/// # OTP
///
/// `receive` without patterns.
pub struct Inbox<M> {
    block: Arc<Bare<M>>,
    taken: Batch<dyn Open<M>>,
}

impl<M: Send + 'static> Inbox<M> {
    pub(crate) fn new(block: Arc<Bare<M>>) -> Self {
        Self { block, taken: Batch::default() }
    }

    /// Waits for the next message.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a message is taken only when the future is ready.
    pub async fn receive(&mut self) -> M {
        poll_fn(|cx| self.poll_receive(cx)).await
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<M> {
        if let Some(message) = self.try_receive() {
            return Poll::Ready(message);
        }
        if run::polls_with(&self.block, cx.waker()) {
            return Poll::Pending;
        }
        // We are in another task, or in a set of futures that polls only those that were woken.
        self.block.set_reader(cx.waker());
        // Race: a message that came just before was not told to us.
        self.try_receive().map_or(Poll::Pending, Poll::Ready)
    }

    /// The next message, if there is one already.
    pub fn try_receive(&mut self) -> Option<M> {
        if self.taken.is_empty() {
            self.taken = self.block.turns.take();
        }
        // Race: a deadly signal may come while it runs. What was sent after that is not received; this comes after it was
        // taken, so it is seen.
        if self.block.process.is_doomed() {
            return None;
        }
        let mut letter = self.taken.next()?;
        self.block.process.stats.count_message();
        Some(letter.open())
    }

    /// The pid of this process.
    pub fn pid(&self) -> Pid {
        self.block.pid()
    }

    /// Where others send to.
    pub fn recipient(&self) -> Recipient<M> {
        Recipient::new(self.block.clone())
    }

    /// From now on exit signals, but for kill, come as [`Exit`] messages. Returns whether they did before.
    #[doc(alias = "process_flag/2")]
    pub fn trap_exit(&self, trap: bool) -> bool
    where
        M: From<Exit>,
    {
        let new = trap.then(|| self.block.clone() as Arc<dyn Trap>);
        let old = self.block.process.set_trap(new);
        old.is_some()
    }

    /// Has the end of a process come as a [`Down`] message.
    pub fn monitor(&self, pid: Pid) -> crate::pid::Ref
    where
        M: From<Down>,
    {
        let me: ProcRef = self.block.clone();
        let target = node::find(pid);
        monitors::watch_as(&me, self.block.clone(), target, Some(pid), None)
    }

    /// As [`monitor`](Self::monitor), of whoever has the name now; the [`Down`] carries the name.
    pub fn monitor_name(&self, name: impl Into<Arc<str>>) -> crate::pid::Ref
    where
        M: From<Down>,
    {
        let me: ProcRef = self.block.clone();
        let name = name.into();
        let target = me.process().node.names.get(&name);
        let pid = target.as_ref().map(|target| target.process().pid());
        monitors::watch_as(&me, self.block.clone(), target, pid, Some(name))
    }

    /// Removes a monitor; false if its `Down` was delivered already.
    pub fn demonitor(&self, monitor: crate::pid::Ref) -> bool {
        let me: ProcRef = self.block.clone();
        monitors::demonitor(&me, monitor)
    }

    /// Sends `message` to this process after `delay`.
    pub fn send_after(&self, delay: Duration, message: M) -> Timer {
        timer::send_after::<M>(self.block.clone(), delay, message)
    }

    /// Sends a clone of `message` to this process every `period`, first after one `period`.
    ///
    /// It keeps its beat: a tick is counted from the moment at which the one before it was due. It goes on until it
    /// is [cancelled](Timer::cancel) or the process ends.
    ///
    /// # Panics
    ///
    /// If the period is zero.
    #[doc(alias = "timer:send_interval/2")]
    #[track_caller]
    pub fn send_interval(&self, period: Duration, message: M) -> Timer
    where
        M: Clone,
    {
        timer::send_interval::<M>(self.block.clone(), period, move || message.clone())
    }
}

impl<M> fmt::Debug for Inbox<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inbox({})", self.block.process.pid())
    }
}

/// Spawns a process that runs the future made by `body`. It is linked to nobody.
///
/// It is in the process table, and can be sent to, before this returns.
///
/// # Panics
///
/// If there is no node and no tokio runtime: see [`Node::current`](crate::node::Node::current).
///
/// # Examples
///
/// ```
/// # #[perennial::main] async fn main() {
/// use perennial::process;
/// let echo = process::spawn_receiver(|mut inbox: process::Inbox<u32>| async move {
///     assert_eq!(inbox.receive().await, 7);
/// });
/// let ended = process::monitor(echo.pid());
/// echo.send(7).unwrap();
/// assert!(ended.await.reason.is_normal());
/// # }
/// ```
#[doc(alias = "spawn/1")]
pub fn spawn<M, F>(body: impl FnOnce(Inbox<M>) -> F) -> Pid
where
    M: Send + 'static,
    F: Future<Output: IntoExitReason> + Send + 'static,
{
    start(false, body).pid()
}

/// Like [`spawn`], linked with the current process, if there is one, before it first runs.
#[doc(alias = "spawn_link/1")]
pub fn spawn_link<M, F>(body: impl FnOnce(Inbox<M>) -> F) -> Pid
where
    M: Send + 'static,
    F: Future<Output: IntoExitReason> + Send + 'static,
{
    start(true, body).pid()
}

/// Like [`spawn`], monitored before it first runs.
#[doc(alias = "spawn_monitor/1")]
pub fn spawn_monitor<M, F>(body: impl FnOnce(Inbox<M>) -> F) -> (Pid, monitors::Monitor)
where
    M: Send + 'static,
    F: Future<Output: IntoExitReason> + Send + 'static,
{
    let mut monitor = None;
    let block = start(false, |inbox: Inbox<M>| {
        monitor = Some(monitors::monitor(inbox.pid()));
        body(inbox)
    });
    (block.pid(), monitor.expect("the body was made"))
}

/// Like [`spawn`]; returns where to send to.
pub fn spawn_receiver<M, F>(body: impl FnOnce(Inbox<M>) -> F) -> Recipient<M>
where
    M: Send + 'static,
    F: Future<Output: IntoExitReason> + Send + 'static,
{
    Recipient::new(start(false, body))
}

pub(crate) fn start<M, F>(link: bool, body: impl FnOnce(Inbox<M>) -> F) -> Arc<Bare<M>>
where
    M: Send + 'static,
    F: Future<Output: IntoExitReason> + Send + 'static,
{
    start_with(Spawn { link, ..Spawn::default() }, body)
}

/// Spawns a bare process. Its behaviour is the type of its future.
pub(crate) fn start_with<M, F>(spawn: Spawn, body: impl FnOnce(Inbox<M>) -> F) -> Arc<Bare<M>>
where
    M: Send + 'static,
    F: Future<Output: IntoExitReason> + Send + 'static,
{
    spawn_as(spawn, type_name::<F>(), |block| {
        let running = body(Inbox::new(block));
        async move { running.await.into_exit_reason() }
    })
}

/// Spawns a bare process that is shown as `behaviour`. `body` makes what it runs from its own block.
pub(crate) fn spawn_as<M, F>(
    spawn: Spawn,
    behaviour: &'static str,
    body: impl FnOnce(Arc<Bare<M>>) -> F,
) -> Arc<Bare<M>>
where
    M: Send + 'static,
    F: Future<Output = ExitReason> + Send + 'static,
{
    spawn::spawn(spawn, behaviour, |block: &Arc<Bare<M>>, turn, _| {
        let future = Box::pin(body(block.clone()));
        turn.with(|body| *body = Some(future));
        Poll::Pending
    })
}
