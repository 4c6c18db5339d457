//! The handle of a task.

use crate::{
    child_spec::{ChildId, ChildSpec, Restart},
    exit_reason::ExitReason,
    pid::Pid,
    process::{Inbox, IntoExitReason, current, links, node},
    task::body::{self, Ties},
};
use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::sync::oneshot::{self, error::TryRecvError};

/// A task, for the one who wants its result. See the [module](super).
///
/// | | waits | the handle after it |
/// |---|---|---|
/// | `task.await`, [`wait`](Self::wait) | until there is a result, 5 s if nothing else is said | used up |
/// | [`yield_for`](Self::yield_for), [`try_yield`](Self::try_yield) | so long, not at all | can be asked again |
/// | [`shutdown`](Self::shutdown) | until the task has ended | used up |
/// | [`ignore`](Self::ignore) | not at all | used up |
///
/// Whoever has the handle may wait. It can be moved to another process, and the link stays where it was made.
///
/// # OTP
///
/// The struct `Task`. Differs: nobody else than its holder can ask, so there is no check of the owner; it brings no
/// message, so none is left behind; the result comes when the task has ended, not shortly before.
#[must_use = "a task whose handle is dropped runs on; `task::start_link` is for those whose result is not wanted"]
pub struct Task<T> {
    pid: Option<Pid>,
    /// The process that it was linked to when it was spawned.
    owner: Option<Pid>,
    state: State<T>,
    /// Its failure was kept back for one poll.
    kept_back: bool,
}

enum State<T> {
    Running {
        /// Told last of all, also after those who are linked.
        end: oneshot::Receiver<ExitReason>,
        value: oneshot::Receiver<T>,
    },
    /// None when it was taken.
    Ended(Option<Result<T, ExitReason>>),
}

impl<T: Send + 'static> Task<T> {
    /// Spawns a task that is linked to the current process, if there is one, before it first runs.
    ///
    /// # Panics
    ///
    /// If there is no node and no tokio runtime: see [`Node::current`](crate::node::Node::current).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[perennial::main] async fn main() {
    /// use perennial::task::Task;
    /// let task = Task::spawn(async { 6 * 7 });
    /// assert_eq!(task.await, Ok(42));
    /// # }
    /// ```
    ///
    /// # OTP
    ///
    /// `Task.async/1`. Differs: it may be called outside of a process; then there is no link.
    #[doc(alias = "Task.async/1")]
    #[doc(alias = "async")]
    pub fn spawn(future: impl Future<Output = T> + Send + 'static) -> Self {
        body::spawn(Ties::linked(), |_: Inbox<()>| future)
    }

    /// As [`spawn`](Self::spawn), with an inbox: for a task that others send to, or that traps exits to clean up.
    #[doc(alias = "Task.async/1")]
    pub fn spawn_process<M, F>(body: impl FnOnce(Inbox<M>) -> F) -> Self
    where
        M: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        body::spawn(Ties::linked(), body)
    }
}

impl Task<()> {
    /// How a supervisor starts a task: as [`ChildSpec::task`], but temporary, as OTP has it for tasks. It is started
    /// once and not again. What it returns is the reason of its end.
    ///
    /// ```
    /// use perennial::{child_spec::Restart, task::Task};
    /// assert_eq!(Task::child_spec("warm the cache", || async {}).restart, Restart::Temporary);
    /// ```
    #[doc(alias = "Task.child_spec/1")]
    pub fn child_spec<F, Fut>(id: impl Into<ChildId>, function: F) -> ChildSpec
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output: IntoExitReason> + Send + 'static,
    {
        ChildSpec { restart: Restart::Temporary, ..ChildSpec::task(id, function) }
    }
}

impl<T> Task<T> {
    /// A task that has its result already. There is no process.
    #[doc(alias = "Task.completed/1")]
    pub fn completed(value: T) -> Self {
        Self { pid: None, owner: None, state: State::Ended(Some(Ok(value))), kept_back: false }
    }

    /// Its process, which may have ended; none if it was born [completed](Self::completed).
    pub fn pid(&self) -> Option<Pid> {
        self.pid
    }

    pub(crate) fn running(
        pid: Pid,
        owner: Option<Pid>,
        end: oneshot::Receiver<ExitReason>,
        value: oneshot::Receiver<T>,
    ) -> Self {
        Self { pid: Some(pid), owner, state: State::Running { end, value }, kept_back: false }
    }

    /// How it ended, or none if that was taken before.
    pub(crate) fn poll_outcome(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, ExitReason>>> {
        if let State::Running { end, .. } = &mut self.state {
            // The sender goes unused only with the whole node.
            let reason = ready!(Pin::new(end).poll(cx)).unwrap_or(ExitReason::Killed);
            self.end(reason);
        }
        // Race: a task that is linked to us may fail while we run. Then we are doomed before the handle is told, and end
        // when this poll returns: we are not to see the failure before. Only once, for one who blocks in its poll.
        if matches!(self.state, State::Ended(Some(Err(_)))) && !self.kept_back && is_doomed() {
            self.kept_back = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.take())
    }

    /// As [`poll_outcome`](Self::poll_outcome), without waiting; also none if it runs.
    pub(crate) fn try_outcome(&mut self) -> Option<Result<T, ExitReason>> {
        if let State::Running { end, .. } = &mut self.state {
            let reason = match end.try_recv() {
                Ok(reason) => reason,
                Err(TryRecvError::Empty) => return None,
                Err(TryRecvError::Closed) => ExitReason::Killed,
            };
            self.end(reason);
        }
        self.take()
    }

    /// The process has ended: a value that has not come by now never will.
    fn end(&mut self, reason: ExitReason) {
        if let State::Running { value, .. } = &mut self.state {
            let outcome = value.try_recv().map_err(|_| reason);
            self.state = State::Ended(Some(outcome));
        }
    }

    fn take(&mut self) -> Option<Result<T, ExitReason>> {
        match &mut self.state {
            State::Running { .. } => None,
            State::Ended(outcome) => outcome.take(),
        }
    }

    /// Removes the link with the process that spawned it.
    pub(crate) fn unlink(&self) {
        let owner = self.owner.and_then(node::find);
        if let (Some(pid), Some(owner)) = (self.pid, owner) {
            links::unlink_from(&owner, pid);
        }
    }
}

/// Whether the current process ends when its poll returns.
fn is_doomed() -> bool {
    current::process().is_some_and(|me| me.process().is_doomed())
}

/// The value is never pinned.
impl<T> Unpin for Task<T> {}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pid {
            Some(pid) => write!(f, "Task({pid})"),
            None => f.write_str("Task(completed)"),
        }
    }
}
