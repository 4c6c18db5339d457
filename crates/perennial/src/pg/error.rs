//! What can go wrong with groups.

use crate::pid::Pid;
use std::{error::Error, fmt, sync::Arc};

/// Why a scope could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScopeError {
    /// No scope of this name runs on the node: not yet, not any more, or not again.
    Unknown(Arc<str>),
    /// The name belongs to another process, or to a scope with groups of another type.
    WrongType(Arc<str>),
}

impl fmt::Display for ScopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => write!(f, "scope `{name}` is not running"),
            Self::WrongType(name) => {
                write!(f, "`{name}` is another process, or a scope with groups of another type")
            }
        }
    }
}

impl Error for ScopeError {}

/// Why nobody joined.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JoinError {
    /// This process is of another node than the scope.
    NotLocal(Pid),
    /// There is no such scope.
    Scope(ScopeError),
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLocal(pid) => write!(f, "{pid} is a process of another node"),
            Self::Scope(error) => error.fmt(f),
        }
    }
}

impl Error for JoinError {}

impl From<ScopeError> for JoinError {
    fn from(error: ScopeError) -> Self {
        Self::Scope(error)
    }
}

/// Why nobody left.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeaveError {
    /// It is not in the group; of several, none is.
    NotJoined,
    /// There is no such scope.
    Scope(ScopeError),
}

impl fmt::Display for LeaveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJoined => f.write_str("not in the group"),
            Self::Scope(error) => error.fmt(f),
        }
    }
}

impl Error for LeaveError {}

impl From<ScopeError> for LeaveError {
    fn from(error: ScopeError) -> Self {
        Self::Scope(error)
    }
}
