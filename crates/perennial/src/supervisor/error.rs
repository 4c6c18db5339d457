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

macro_rules! errors {
    ($($error:ident: $format:expr;)*) => {$(
        impl fmt::Display for $error {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let format: fn(&Self, &mut fmt::Formatter<'_>) -> fmt::Result = $format;
                format(self, f)
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

fn call(error: &CallError, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "the supervisor did not answer: {error}")
}

errors! {
    StartChildError: |this, f| match this {
        Self::IdRunning(pid) => write!(f, "a child of this id runs already: {pid}"),
        Self::AlreadyPresent => f.write_str("a child of this id is known already; restart or delete it"),
        Self::Spec(error) => error.fmt(f),
        Self::Start(error) => error.fmt(f),
        Self::Call(error) => call(error, f),
    };
    RestartChildError: |this, f| match this {
        Self::Running => f.write_str("the child runs"),
        Self::Restarting => f.write_str("the child is being restarted"),
        Self::NotFound => f.write_str("there is no child of this id"),
        Self::Start(error) => error.fmt(f),
        Self::Call(error) => call(error, f),
    };
    TerminateChildError: |this, f| match this {
        Self::NotFound => f.write_str("there is no such child"),
        Self::Call(error) => call(error, f),
    };
    DeleteChildError: |this, f| match this {
        Self::Running => f.write_str("the child runs; terminate it first"),
        Self::Restarting => f.write_str("the child is being restarted; terminate it first"),
        Self::NotFound => f.write_str("there is no child of this id"),
        Self::Call(error) => call(error, f),
    };
}
