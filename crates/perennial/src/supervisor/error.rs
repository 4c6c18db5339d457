//! What can go wrong with a request to a supervisor: one type per operation.

use crate::{
    child_spec::{ChildId, SpecError, StartError},
    exit_reason::CallError,
    pid::Pid,
};
use std::{error::Error, fmt};

/// Why `start_child` failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartChildError {
    /// A child of this id runs: its pid.
    IdRunning(Pid),
    /// A child of this id is known and does not run, or is being restarted; see `restart_child`, `delete_child`.
    AlreadyPresent,
    /// The specification is wrong.
    Spec(SpecError),
    /// The child did not start. At [`StartError::Ignore`] its specification is kept unless it is temporary; at all
    /// others nothing is.
    Start(StartError),
    /// The supervisor could not be asked, or has ended meanwhile.
    Call(CallError),
}

/// Why `restart_child` failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RestartChildError {
    /// It runs.
    Running,
    /// It is being restarted.
    Restarting,
    /// There is no child of this id.
    NotFound,
    /// It did not start. Its specification is kept.
    Start(StartError),
    /// The supervisor could not be asked, or has ended meanwhile.
    Call(CallError),
}

/// Why `terminate_child` failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TerminateChildError {
    /// There is no such child.
    NotFound,
    /// The supervisor could not be asked, or has ended meanwhile.
    Call(CallError),
}

/// Why `delete_child` failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeleteChildError {
    /// It runs; terminate it first.
    Running,
    /// It is being restarted; terminate it first.
    Restarting,
    /// There is no child of this id.
    NotFound,
    /// The supervisor could not be asked, or has ended meanwhile.
    Call(CallError),
}

/// The value in the exit reason `ShutdownWith` of a supervisor whose child did not start:
/// `{failed_to_start_child, Id, Reason}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedToStartChild {
    /// Which child.
    pub id: ChildId,
    /// Why.
    pub error: StartError,
}

macro_rules! display {
    ($($error:ident { $($pattern:pat => $text:expr),* $(,)? })*) => {$(
        impl fmt::Display for $error {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    Self::Call(error) => write!(f, "the supervisor did not answer: {error}"),
                    $($pattern => f.write_str(&$text)),*
                }
            }
        }
        impl Error for $error {}
        impl From<CallError> for $error {
            fn from(error: CallError) -> Self {
                Self::Call(error)
            }
        }
    )*};
}

display! {
    StartChildError {
        Self::IdRunning(pid) => format!("a child of this id runs already: {pid}"),
        Self::AlreadyPresent => "a child of this id is known already; restart or delete it".to_owned(),
        Self::Spec(error) => error.to_string(),
        Self::Start(error) => error.to_string(),
    }
    RestartChildError {
        Self::Running => "the child runs".to_owned(),
        Self::Restarting => "the child is being restarted".to_owned(),
        Self::NotFound => "there is no child of this id".to_owned(),
        Self::Start(error) => error.to_string(),
    }
    TerminateChildError {
        Self::NotFound => "there is no such child".to_owned(),
    }
    DeleteChildError {
        Self::Running => "the child runs; terminate it first".to_owned(),
        Self::Restarting => "the child is being restarted; terminate it first".to_owned(),
        Self::NotFound => "there is no child of this id".to_owned(),
    }
}
