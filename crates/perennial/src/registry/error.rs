//! What can go wrong with a registry.

use crate::pid::Pid;
use std::{error::Error, fmt, sync::Arc};

/// Why a registry could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegistryError {
    /// No registry of this name runs on the node: not yet, not any more, or not again.
    Unknown(Arc<str>),
    /// The name belongs to another process, or to a registry with other types of keys or values.
    WrongType(Arc<str>),
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => write!(f, "registry `{name}` is not running"),
            Self::WrongType(name) => {
                write!(f, "`{name}` is another process, or a registry with other types of keys or values")
            }
        }
    }
}

impl Error for RegistryError {}

/// Why a process was not registered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegisterError {
    /// This process has the key, which is unique. It may be the current one; it may have ended meanwhile.
    AlreadyRegistered(Pid),
    /// The current process has ended: this is a `Drop` among its last acts, or it was given up as stuck.
    NoProc,
    /// There is no such registry.
    Registry(RegistryError),
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyRegistered(pid) => write!(f, "the key is registered by {pid}"),
            Self::NoProc => f.write_str("the process has ended"),
            Self::Registry(error) => error.fmt(f),
        }
    }
}

impl Error for RegisterError {}

impl From<RegistryError> for RegisterError {
    fn from(error: RegistryError) -> Self {
        Self::Registry(error)
    }
}
