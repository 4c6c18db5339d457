//! Why a task gave no result.

use crate::exit_reason::ExitReason;
use std::{error::Error, fmt};

/// Why a [`Task`](crate::task::Task) gave no result to the one who awaited it.
///
/// With `?` in a callback, or in another task, it is the reason of the one who awaits. A task that was shut down makes
/// the one who awaits it shut down too, which is no crash.
///
/// # OTP
///
/// The reason of `exit({Reason, {Task, await, _}})`, as a value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AwaitError {
    /// No result came in time. The task runs on; its result goes nowhere.
    Timeout,
    /// The task ended without a result; also with the reason `Normal`. `NoProc` if its result was taken before.
    Exit(ExitReason),
}

impl fmt::Display for AwaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("the task took too long"),
            Self::Exit(reason) => write!(f, "the task ended without a result: {reason}"),
        }
    }
}

impl Error for AwaitError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Exit(ExitReason::Error(error)) => Some(&**error),
            _ => None,
        }
    }
}
