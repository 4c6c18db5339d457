//! What can go wrong with a store, one type per operation.

use std::path::PathBuf;

/// The store could not do its work. It may be able to later.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the store failed: {message}")]
pub struct StoreError {
    message: String,
}

impl StoreError {
    /// An error with this reason.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

/// A store could not be opened. Each message is one sentence that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory or the file in it cannot be used.
    #[error("the data directory {} cannot be used ({reason}): make it writable or choose another one", dir.display())]
    Unusable {
        /// The data directory.
        dir: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Another process has it.
    #[error("the data directory {} is in use by another mastery: stop that one or choose another directory", dir.display())]
    InUse {
        /// The data directory.
        dir: PathBuf,
    },
    /// The database was written by a newer release. It was not touched.
    #[error(
        "the database {} has schema version {found}, this program knows versions up to {known}: \
         start the newer mastery that wrote it, or restore a backup made before the update",
        file.display()
    )]
    Newer {
        /// The database file.
        file: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version this program knows.
        known: i64,
    },
    /// The file is something else. It was not touched.
    #[error("{} is not a database of mastery: move it away or choose another data directory", file.display())]
    Foreign {
        /// The file.
        file: PathBuf,
    },
}

/// One response was refused; the others of its batch were not concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// There is no such session; perhaps its student was forgotten.
    #[error("there is no such session")]
    NoSession,
    /// The question has been answered by another request.
    #[error("the question has been answered by another request")]
    SeqTaken,
    /// The request has answered another question.
    #[error("the request has answered another question")]
    RequestReused,
}
