//! Waiting for the results of many tasks.

use crate::{
    child_spec::Shutdown,
    exit_reason::{AwaitError, ExitReason},
    process::{node::Node, time},
    task::{handle::Task, wait::AWAIT_TIMEOUT},
};
use futures_util::{StreamExt, future::join_all, stream::FuturesUnordered};
use std::{
    future::{Future, poll_fn},
    time::Duration,
};
use tokio::task::unconstrained;

/// Waits for the results of all tasks, together so long or without a limit, and returns them in the order asked.
///
/// # Errors
///
/// As [`Task::wait`], as soon as one task ends without a result. The others run on; their results go nowhere.
///
/// # Examples
///
/// ```
/// # #[perennial::main] async fn main() {
/// use perennial::task::{self, Task};
/// let squares = (1..4).map(|n| Task::spawn(async move { n * n }));
/// assert_eq!(task::await_many(squares, None).await, Ok(vec![1, 4, 9]));
/// # }
/// ```
///
/// # OTP
///
/// `Task.await_many/2`.
#[doc(alias = "Task.await_many/2")]
pub async fn await_many<T>(
    tasks: impl IntoIterator<Item = Task<T>>,
    timeout: Option<Duration>,
) -> Result<Vec<T>, AwaitError> {
    let mut tasks: Vec<_> = tasks.into_iter().collect();
    let mut results: Vec<Option<T>> = tasks.iter().map(|_| None).collect();
    let gather = async {
        let mut waiting = outcomes(&mut tasks);
        while let Some((index, outcome)) = waiting.next().await {
            results[index] = Some(outcome.unwrap_or(Err(ExitReason::NoProc)).map_err(AwaitError::Exit)?);
        }
        Ok(())
    };
    within(timeout, gather).await.unwrap_or(Err(AwaitError::Timeout))?;
    Ok(results.into_iter().flatten().collect())
}

/// What is done with tasks that have no result when the time is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnYieldTimeout {
    /// Nothing: they can be asked again.
    #[default]
    Nothing,
    /// As [`Task::ignore`].
    Ignore,
    /// They are killed, as by [`Task::shutdown`] with [`Shutdown::BrutalKill`].
    KillTask,
}

/// How long to wait, and for how many: [`yield_many`].
#[derive(Clone, Copy, Debug)]
pub struct YieldManyOptions {
    /// Enough when so many have answered. Default: all.
    pub limit: Option<usize>,
    /// Default: 5 s.
    pub timeout: Option<Duration>,
    /// Default: nothing. Not done when [`limit`](Self::limit) was reached.
    pub on_timeout: OnYieldTimeout,
}

impl Default for YieldManyOptions {
    fn default() -> Self {
        Self { limit: None, timeout: Some(AWAIT_TIMEOUT), on_timeout: OnYieldTimeout::Nothing }
    }
}

/// Waits until all tasks, or as many as are enough, have ended, and returns for each what [`Task::yield_for`] does, in
/// the order asked.
///
/// # Cancel safety
///
/// If the future is dropped, results that it had taken are lost.
///
/// # Examples
///
/// ```
/// # perennial::runtime::run_test(perennial::runtime::TestOptions::default().paused(), async {
/// use perennial::{task::{self, OnYieldTimeout, Task, YieldManyOptions}, time};
/// use std::time::Duration;
/// let mut tasks = [1, 10].map(|seconds| Task::spawn(async move {
///     time::sleep(Duration::from_secs(seconds)).await;
///     seconds
/// }));
/// let options = YieldManyOptions { on_timeout: OnYieldTimeout::KillTask, ..YieldManyOptions::default() };
/// assert_eq!(task::yield_many(&mut tasks, options).await, [Some(Ok(1)), None]);
/// # });
/// ```
///
/// # OTP
///
/// `Task.yield_many/2`. Differs: the answers come without the tasks.
#[doc(alias = "Task.yield_many/2")]
pub async fn yield_many<T>(
    tasks: &mut [Task<T>],
    options: YieldManyOptions,
) -> Vec<Option<Result<T, ExitReason>>> {
    let mut answers: Vec<_> = tasks.iter().map(|_| None).collect();
    let mut wanted = options.limit.unwrap_or(usize::MAX);
    let gather = async {
        let mut waiting = outcomes(tasks);
        while wanted > 0
            && let Some((index, outcome)) = waiting.next().await
        {
            wanted -= usize::from(outcome.is_some());
            answers[index] = outcome;
        }
    };
    if within(options.timeout, gather).await.is_some() {
        return answers;
    }
    let late = tasks.iter_mut().zip(&mut answers).filter(|(_, answer)| answer.is_none());
    match options.on_timeout {
        OnYieldTimeout::Nothing => {}
        OnYieldTimeout::Ignore => late.for_each(|(task, answer)| *answer = task.let_go()),
        OnYieldTimeout::KillTask => {
            let kill = late.map(|(task, answer)| {
                unconstrained(async move { *answer = task.shut_down(Shutdown::BrutalKill).await })
            });
            join_all(kill).await;
        }
    }
    answers
}

/// How each task ended, with its index, as they end.
fn outcomes<T>(
    tasks: &mut [Task<T>],
) -> FuturesUnordered<impl Future<Output = (usize, Option<Result<T, ExitReason>>)>> {
    let tasks = tasks.iter_mut().enumerate();
    // Unconstrained: once the budget of the task is spent all that are polled would wake themselves.
    let outcomes = tasks.map(|(index, task)| {
        unconstrained(poll_fn(move |cx| task.poll_outcome(cx).map(|outcome| (index, outcome))))
    });
    outcomes.collect()
}

async fn within<F: Future>(timeout: Option<Duration>, future: F) -> Option<F::Output> {
    match timeout {
        Some(timeout) => time::timeout_on(&Node::current().0.clock, timeout, future).await,
        None => Some(future.await),
    }
}
