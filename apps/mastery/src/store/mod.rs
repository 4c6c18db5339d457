//! What outlives a process: quizzes, runs, students, sessions and responses.
//!
//! Two promises carry the service:
//!
//! 1. What a method has returned `Ok` for is on disk: neither a crash nor a power cut takes it back.
//! 2. A response is stored at most once for each question and for each request, so a client that got no reply
//!    may simply ask again.
//!
//! | store | for |
//! |---|---|
//! | [`sqlite::SqliteStore`] | service: one file in the data directory |
//! | [`memory::MemoryStore`] | tests and drills; forgets everything |
//! | [`failing::FailingStore`] | tests: another store that fails on demand |
//!
//! The tests beside this file are run against each of them.

pub mod error;
pub mod failing;
pub mod memory;
pub mod records;
pub mod sqlite;

#[cfg(test)]
mod tests;

use std::fmt;
use std::pin::Pin;

use jiff::Timestamp;

use self::error::{AppendError, StoreError};
use self::records::{
    Appended, Cursor, ExportRow, Forgotten, Joined, NewQuiz, NewResponse, NewRun, NewSession, Report, Run,
    RunChange, RunId, SessionId, StoredQuiz, StoredResponse, StoredSession,
};
use crate::core::email::Email;
use crate::core::slug::Slug;

/// A store at work. Boxed, so that servers hold an `Arc<dyn Store>` and are not generic over it; beside a commit
/// the box costs nothing.
pub type Io<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Where quizzes and answers are kept. Nothing happens before the returned future is first polled.
///
/// # Errors
///
/// Every method fails with [`StoreError`] when the store cannot be reached; what it asked for may or may not have
/// happened then, and asking again does no harm.
///
/// # Cancel safety
///
/// A dropped future leaves either all of its effect or none; which one is not known, as after an error.
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Stores a version of a quiz, if the newest one is still `replaces` (`None`: if there is no quiz of this slug).
    /// Returns the new version, counted from 1, or `None` if somebody else was faster.
    fn put_quiz<'a>(&'a self, quiz: &'a NewQuiz, replaces: Option<u32>) -> Io<'a, Option<u32>>;

    /// One version of a quiz, or its newest one.
    fn quiz<'a>(&'a self, slug: &'a Slug, version: Option<u32>) -> Io<'a, Option<StoredQuiz>>;

    /// The newest version of every quiz, by slug.
    fn quizzes(&self) -> Io<'_, Vec<StoredQuiz>>;

    /// Creates a run in the state `Scheduled`. `None` if its code is taken or there is no such quiz version.
    fn create_run<'a>(&'a self, run: &'a NewRun) -> Io<'a, Option<Run>>;

    /// One run.
    fn run(&self, run: RunId) -> Io<'_, Option<Run>>;

    /// The run that is joined with this code.
    fn run_by_code<'a>(&'a self, code: &'a str) -> Io<'a, Option<Run>>;

    /// All runs, the newest first.
    fn runs(&self) -> Io<'_, Vec<Run>>;

    /// Changes a run and returns it; `None` if there is none.
    fn change_run<'a>(&'a self, run: RunId, change: &'a RunChange) -> Io<'a, Option<Run>>;

    /// The session of this student in this run: the stored one, or a new one with the given seed. `None` if there
    /// is no such run. However often it is asked, a student has one session in a run, and it keeps its first seed.
    fn join<'a>(
        &'a self,
        run: RunId,
        student: &'a Email,
        seed: u64,
        at: Timestamp,
    ) -> Io<'a, Option<Joined>> {
        Box::pin(async move {
            let new = [NewSession { run, student: student.clone(), seed, at }];
            Ok(self.join_all(&new).await?.pop().flatten())
        })
    }

    /// As [`join`](Self::join), for many in one commit.
    fn join_all<'a>(&'a self, joins: &'a [NewSession]) -> Io<'a, Vec<Option<Joined>>>;

    /// One session.
    fn session(&self, session: SessionId) -> Io<'_, Option<StoredSession>>;

    /// The sessions of a run, the oldest first.
    fn sessions(&self, run: RunId) -> Io<'_, Vec<StoredSession>>;

    /// Stores responses in one commit, in this order, and says for each what became of it. A refused one does not
    /// hold up the others.
    fn append<'a>(&'a self, responses: &'a [NewResponse]) -> Io<'a, Vec<Result<Appended, AppendError>>>;

    /// The responses of a session in order.
    fn responses(&self, session: SessionId) -> Io<'_, Vec<StoredResponse>>;

    /// The response to one question.
    fn response(&self, session: SessionId, seq: u32) -> Io<'_, Option<StoredResponse>>;

    /// The results of a run.
    fn report(&self, run: RunId) -> Io<'_, Report>;

    /// The next `limit` responses of a run after `after`, by session and number.
    fn export(&self, run: RunId, after: Option<Cursor>, limit: u32) -> Io<'_, Vec<ExportRow>>;

    /// Deletes a student with all sessions and responses.
    fn forget_student<'a>(&'a self, student: &'a Email) -> Io<'a, Forgotten>;

    /// Ends the store's work; every call after it fails.
    fn close(&self) -> Io<'_, ()>;
}
