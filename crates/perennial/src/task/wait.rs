//! Waiting for the result of one task.

use crate::{
    exit_reason::{AwaitError, ExitReason},
    process::{
        node::Node,
        time::{self, Sleep},
    },
    task::handle::Task,
};
use std::{
    fmt,
    future::{Future, IntoFuture, poll_fn},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

/// How long `task.await` waits.
pub const AWAIT_TIMEOUT: Duration = Duration::from_secs(5);

impl<T> Task<T> {
    /// Waits for the result, so long or without a limit. `task.await` is this, for 5 s.
    ///
    /// After a time-out the task runs on, and its result goes nowhere. Its link stays: it ends if its owner fails.
    ///
    /// # Errors
    ///
    /// * [`AwaitError::Exit`]: the task ended without a result; carries the reason, also if that is `Normal`.
    /// * [`AwaitError::Timeout`]: no result in time.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the handle: the task runs on. [`yield_for`](Self::yield_for) keeps it.
    ///
    /// # Examples
    ///
    /// ```
    /// # perennial::runtime::run_test(perennial::runtime::TestOptions::default().paused(), async {
    /// use perennial::{task::{AwaitError, Task}, time};
    /// use std::time::Duration;
    /// let slow = Task::spawn(time::sleep(Duration::from_secs(60)));
    /// assert_eq!(slow.await, Err(AwaitError::Timeout));
    /// let slow = Task::spawn(time::sleep(Duration::from_secs(60)));
    /// assert_eq!(slow.wait(None).await, Ok(()));
    /// # });
    /// ```
    ///
    /// # OTP
    ///
    /// `Task.await/2`. Differs: what exits there is an `Err` here; `?` in a process makes it an exit. A result that
    /// was taken by [`yield_for`](Self::yield_for) is `Exit(NoProc)` at once.
    #[doc(alias = "Task.await/2")]
    #[doc(alias = "await")]
    pub fn wait(self, timeout: Option<Duration>) -> Await<T> {
        // A task that belongs to no node any more has ended.
        let node = self.pid().and_then(Node::of);
        let limit = timeout.zip(node).map(|(timeout, node)| Sleep::new(node.0.clock.clone(), timeout));
        Await { task: self, limit }
    }

    /// Waits for the result, so long. None if there is none yet; then it can be asked again.
    ///
    /// The result is given once: after that it is `None` at once.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a result is taken only when the future is ready.
    ///
    /// # Examples
    ///
    /// ```
    /// # perennial::runtime::run_test(perennial::runtime::TestOptions::default().paused(), async {
    /// use perennial::{task::Task, time};
    /// use std::time::Duration;
    /// let second = Duration::from_secs(1);
    /// let mut task = Task::spawn(async move { time::sleep(second * 3).await; "done" });
    /// assert_eq!(task.yield_for(second).await, None);
    /// assert_eq!(task.yield_for(second * 5).await, Some(Ok("done")));
    /// # });
    /// ```
    ///
    /// # OTP
    ///
    /// `Task.yield/2`.
    #[doc(alias = "Task.yield/2")]
    #[doc(alias = "yield")]
    pub async fn yield_for(&mut self, timeout: Duration) -> Option<Result<T, ExitReason>> {
        self.outcome_within(Some(timeout)).await
    }

    /// The result, if there is one already; can be asked again.
    #[doc(alias = "Task.yield/2")]
    pub fn try_yield(&mut self) -> Option<Result<T, ExitReason>> {
        self.try_outcome()
    }

    pub(crate) async fn outcome_within(
        &mut self,
        timeout: Option<Duration>,
    ) -> Option<Result<T, ExitReason>> {
        let node = self.pid().and_then(Node::of);
        let outcome = poll_fn(|cx| self.poll_outcome(cx));
        match timeout.zip(node) {
            Some((timeout, node)) => time::timeout_on(&node.0.clock, timeout, outcome).await?,
            None => outcome.await,
        }
    }
}

/// Future of [`Task::wait`], and of `task.await`.
#[must_use = "futures do nothing unless polled"]
pub struct Await<T> {
    task: Task<T>,
    limit: Option<Sleep>,
}

impl<T> Future for Await<T> {
    type Output = Result<T, AwaitError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if let Poll::Ready(outcome) = this.task.poll_outcome(cx) {
            return Poll::Ready(outcome.unwrap_or(Err(ExitReason::NoProc)).map_err(AwaitError::Exit));
        }
        match &mut this.limit {
            Some(limit) => Pin::new(limit).poll(cx).map(|()| Err(AwaitError::Timeout)),
            None => Poll::Pending,
        }
    }
}

impl<T> IntoFuture for Task<T> {
    type Output = Result<T, AwaitError>;
    type IntoFuture = Await<T>;

    /// Waits for the result for 5 s: see [`wait`](Self::wait).
    fn into_future(self) -> Await<T> {
        self.wait(Some(AWAIT_TIMEOUT))
    }
}

impl<T> fmt::Debug for Await<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Await").field(&self.task).finish()
    }
}
