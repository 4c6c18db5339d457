//! What can go wrong with a request to a dynamic supervisor.

use crate::{
    child_spec::{SpecError, StartError},
    exit_reason::CallError,
    pid::Pid,
};
use std::{error::Error, fmt};

pub use crate::supervisor::TerminateChildError;

/// Why `start_child` failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartChildError {
    /// There are as many children as there may be; nothing was started.
    MaxChildren,
    /// The specification is wrong.
    Spec(SpecError),
    /// The child did not start; nothing of it is kept.
    Start(StartError),
    /// It was started, and is of another type than was asked for.
    WrongServer(Pid),
    /// The supervisor could not be asked, or has ended meanwhile.
    Call(CallError),
}

impl StartChildError {
    /// The process that has the child's name, if that is why it did not start.
    pub fn already_started(&self) -> Option<Pid> {
        match self {
            Self::Start(StartError::AlreadyStarted(pid)) => Some(*pid),
            _ => None,
        }
    }
}

impl fmt::Display for StartChildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MaxChildren => f.write_str("the supervisor has as many children as it may"),
            Self::Spec(error) => error.fmt(f),
            Self::Start(error) => error.fmt(f),
            Self::WrongServer(pid) => write!(f, "the child {pid} is a server of another type"),
            Self::Call(error) => write!(f, "the supervisor did not answer: {error}"),
        }
    }
}

impl Error for StartChildError {}

impl From<CallError> for StartChildError {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}
