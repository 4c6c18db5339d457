//! Why a state was not shown or replaced.

use crate::exit_reason::{CallError, ExitReason};
use std::{error::Error, fmt};

/// Why [`get_state`](super::get_state), [`with_state`](super::with_state) or [`replace_state`](super::replace_state)
/// failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateError {
    /// The server did not answer.
    Call(CallError),
    /// The function that was to run there panicked. The server lives, with the state that it had.
    CallbackFailed(ExitReason),
}

impl From<CallError> for StateError {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(error) => error.fmt(f),
            Self::CallbackFailed(reason) => write!(f, "the function failed in the server: {reason}"),
        }
    }
}

impl Error for StateError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Call(error) => Some(error),
            Self::CallbackFailed(_) => None,
        }
    }
}
