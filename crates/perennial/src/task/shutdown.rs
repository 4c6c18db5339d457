//! Ending a task, and letting go of one.

use crate::{
    child_spec::Shutdown, exit_reason::ExitReason, process::links, supervisor::stop_child::stop_child,
    task::handle::Task,
};
use std::future::poll_fn;

impl<T> Task<T> {
    /// Ends the task and waits for that. A result that is there already wins.
    ///
    /// The link with the process that spawned it is removed first, so that one hears nothing of this end. Then the task
    /// is sent `Shutdown`, and killed if it does not end in time; with [`Shutdown::BrutalKill`] it is killed at once.
    ///
    /// | returns | when |
    /// |---|---|
    /// | `Some(Ok(value))` | it has a result, from before or in reply to the signal |
    /// | `None` | it died of our signal: `Shutdown`, or with `BrutalKill` `Killed` |
    /// | `Some(Err(reason))` | it ended otherwise; `Killed` if it did not end in time; `NoProc` if its result was taken before |
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped the task has been told to end, is linked to nobody, and is not killed in time.
    ///
    /// # Examples
    ///
    /// ```
    /// # perennial::runtime::run_test(perennial::runtime::TestOptions::default().paused(), async {
    /// use perennial::{child_spec::Shutdown, task::Task, time};
    /// use std::time::Duration;
    /// let mut task = Task::spawn(time::sleep(Duration::from_secs(60)));
    /// let result = match task.yield_for(Duration::from_secs(1)).await {
    ///     Some(result) => Some(result),
    ///     None => task.shutdown(Shutdown::BrutalKill).await,
    /// };
    /// assert_eq!(result, None);
    /// # });
    /// ```
    ///
    /// # OTP
    ///
    /// `Task.shutdown/2`. Differs: one that is [completed](Self::completed) gives its value. A task that never awaits
    /// is given up five seconds after the kill.
    #[doc(alias = "Task.shutdown/2")]
    pub async fn shutdown(mut self, shutdown: Shutdown) -> Option<Result<T, ExitReason>> {
        self.shut_down(shutdown).await
    }

    /// Lets go of the task: it runs on, linked to the process that spawned it no more. Its result goes nowhere, unless
    /// it is there already.
    ///
    /// # OTP
    ///
    /// `Task.ignore/1`.
    #[doc(alias = "Task.ignore/1")]
    pub fn ignore(mut self) -> Option<Result<T, ExitReason>> {
        self.let_go()
    }

    pub(crate) async fn shut_down(&mut self, shutdown: Shutdown) -> Option<Result<T, ExitReason>> {
        // Nothing can end us between these two, so the task is never left without a link and without the signal.
        self.unlink();
        if let Some(pid) = self.pid() {
            stop_child(pid, shutdown).await;
        }
        let outcome = poll_fn(|cx| self.poll_outcome(cx)).await;
        answer(shutdown, outcome.unwrap_or(Err(ExitReason::NoProc)))
    }

    pub(crate) fn let_go(&mut self) -> Option<Result<T, ExitReason>> {
        self.unlink();
        self.try_outcome()
    }

    fn kill(&self) {
        self.unlink();
        if let Some(pid) = self.pid() {
            links::kill(pid);
        }
    }
}

/// What a shutdown returns for a task that ended so.
fn answer<T>(shutdown: Shutdown, outcome: Result<T, ExitReason>) -> Option<Result<T, ExitReason>> {
    match (shutdown, &outcome) {
        (Shutdown::BrutalKill, Err(ExitReason::Killed)) => None,
        (Shutdown::Timeout(_) | Shutdown::Infinity, Err(ExitReason::Shutdown)) => None,
        _ => Some(outcome),
    }
}

/// A task that is killed when nobody wants it any more.
#[derive(Debug)]
pub(crate) struct KillOnDrop<T>(Option<Task<T>>);

impl<T> KillOnDrop<T> {
    pub(crate) fn new(task: Task<T>) -> Self {
        Self(Some(task))
    }

    pub(crate) fn task(&mut self) -> &mut Task<T> {
        self.0.as_mut().expect("it is there until it is released")
    }

    pub(crate) fn release(mut self) -> Task<T> {
        self.0.take().expect("it is released once")
    }
}

impl<T> Drop for KillOnDrop<T> {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.kill();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn who_died_of_our_signal_is_none() {
        let soft = Shutdown::Timeout(Duration::from_secs(5));
        let table = [
            (soft, Ok(1), Some(Ok(1))),
            (Shutdown::BrutalKill, Ok(1), Some(Ok(1))),
            (soft, Err(ExitReason::Shutdown), None),
            (Shutdown::Infinity, Err(ExitReason::Shutdown), None),
            (soft, Err(ExitReason::Killed), Some(Err(ExitReason::Killed))),
            (Shutdown::BrutalKill, Err(ExitReason::Killed), None),
            (Shutdown::BrutalKill, Err(ExitReason::Shutdown), Some(Err(ExitReason::Shutdown))),
            (soft, Err(ExitReason::Normal), Some(Err(ExitReason::Normal))),
            (soft, Err(ExitReason::NoProc), Some(Err(ExitReason::NoProc))),
        ];
        for (shutdown, outcome, expected) in table {
            assert_eq!(answer(shutdown, outcome.clone()), expected, "{shutdown:?} {outcome:?}");
        }
    }
}
