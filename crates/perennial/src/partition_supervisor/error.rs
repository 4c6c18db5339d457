//! What can be wrong with the partitions that a supervisor is started with, and with a change of their number.

use crate::{child_spec::StartError, exit_reason::CallError};
use std::{error::Error, fmt};

/// What is wrong with the partitions that a supervisor is started with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PartitionError {
    /// There are none.
    NoPartitions,
    /// This partition is no server of the type that the name says. It was killed.
    WrongServer {
        /// Its number.
        partition: usize,
        /// The type that the name says.
        expected: &'static str,
    },
}

/// Why the number of partitions was not changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResizeError {
    /// There cannot be more partitions than the supervisor was started with: so many.
    TooMany(usize),
    /// This partition did not start.
    Start {
        /// Its number.
        partition: usize,
        /// Why.
        error: StartError,
    },
    /// The supervisor has forgotten this partition, which is temporary and has ended, or was deleted by hand.
    Forgotten {
        /// Its number.
        partition: usize,
    },
    /// The supervisor could not be asked, or has ended meanwhile.
    Call(CallError),
}

impl From<CallError> for ResizeError {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl fmt::Display for PartitionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPartitions => {
                f.write_str("partitions: a partition supervisor is started with at least one")
            }
            Self::WrongServer { partition, expected } => {
                write!(f, "template: partition {partition} is no `{expected}`, which is what the name says")
            }
        }
    }
}

impl fmt::Display for ResizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany(max) => write!(f, "there can be {max} partitions at most, as many as were started"),
            Self::Start { partition, error } => write!(f, "partition {partition} did not start: {error}"),
            Self::Forgotten { partition } => {
                write!(f, "partition {partition} is not known any more: a temporary child that ended")
            }
            Self::Call(error) => write!(f, "the supervisor did not answer: {error}"),
        }
    }
}

impl Error for PartitionError {}
impl Error for ResizeError {}
