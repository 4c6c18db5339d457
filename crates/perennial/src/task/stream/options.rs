//! How a stream of tasks runs, and what its errors are.

use crate::{
    child_spec::Shutdown, dynamic_supervisor::StartChildError, exit_reason::ExitReason,
    task::wait::AWAIT_TIMEOUT,
};
use std::{error::Error, fmt, num::NonZeroUsize, thread, time::Duration};

/// How a stream of tasks runs: [`async_stream`](crate::task::async_stream).
#[derive(Clone, Copy, Debug)]
pub struct StreamOptions {
    /// How many tasks may run at the same time; not zero. Default: as many as there are cores.
    pub max_concurrency: usize,
    /// Whether results come in the order of the items. Those that are there before their turn are kept, and other items
    /// are begun meanwhile: while one task is slow, that may be many. Default: yes.
    pub ordered: bool,
    /// How long each task may take. Default: 5 s.
    pub timeout: Option<Duration>,
    /// What happens to a task that takes longer. Default: the stream ends.
    pub on_timeout: OnTimeout,
    /// How the supervisor stops a task, if there is one. Default: 5 s.
    pub shutdown: Shutdown,
}

impl Default for StreamOptions {
    fn default() -> Self {
        Self {
            max_concurrency: thread::available_parallelism().map_or(1, NonZeroUsize::get),
            ordered: true,
            timeout: Some(AWAIT_TIMEOUT),
            on_timeout: OnTimeout::Exit,
            shutdown: Shutdown::WORKER,
        }
    }
}

/// What a stream does when a task takes too long. The task is killed in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnTimeout {
    /// The stream ends at once: its last item is [`StreamError::Timeout`], also if results before it are not there yet,
    /// and the other tasks are killed. With `?` the reader exits.
    #[default]
    Exit,
    /// The item of the task is [`StreamError::Timeout`], and the stream goes on.
    KillTask,
}

/// Why there is no result for an item.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamError {
    /// The task ended without a result; also with the reason `Normal`.
    Exit(ExitReason),
    /// The task took too long, and was killed. With [`OnTimeout::Exit`] nothing comes after this.
    Timeout,
    /// The supervisor did not start the task. Nothing comes after this.
    Start(StartChildError),
}

impl StreamError {
    /// Whether it ends the stream.
    pub(crate) fn is_last(&self, on_timeout: OnTimeout) -> bool {
        match self {
            Self::Exit(_) => false,
            Self::Timeout => on_timeout == OnTimeout::Exit,
            Self::Start(_) => true,
        }
    }
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(reason) => write!(f, "the task ended without a result: {reason}"),
            Self::Timeout => f.write_str("the task took too long"),
            Self::Start(error) => write!(f, "the task was not started: {error}"),
        }
    }
}

impl Error for StreamError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Exit(ExitReason::Error(error)) => Some(&**error),
            Self::Start(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_errors_end_a_stream() {
        let table = [
            (StreamError::Exit(ExitReason::Timeout), false, false),
            (StreamError::Timeout, true, false),
            (StreamError::Start(StartChildError::MaxChildren), true, true),
        ];
        for (error, on_exit, on_kill) in table {
            assert_eq!(error.is_last(OnTimeout::Exit), on_exit, "{error:?}");
            assert_eq!(error.is_last(OnTimeout::KillTask), on_kill, "{error:?}");
        }
    }
}
