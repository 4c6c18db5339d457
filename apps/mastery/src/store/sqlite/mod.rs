//! The store of the service: SQLite in one file of the data directory.
//!
//! One connection writes and a few read beside it, which the write-ahead log allows. Every commit waits for the disk.
//! Writers queue for the one connection; who has many responses at hand appends them in one call, since the
//! wait for the disk is the same for one and for a thousand.

mod bulk;
mod open;
mod quizzes;
mod reports;
mod responses;
mod row;
mod runs;
mod schema;
mod sessions;

#[cfg(test)]
mod tests;

use std::path::Path;

use sqlx::SqlitePool;

use super::error::{AppendError, OpenError, StoreError};
use super::records::{
    Appended, Cursor, ExportRow, Forgotten, Joined, NewQuiz, NewResponse, NewRun, NewSession, Report, Run,
    RunChange, RunId, SessionId, StoredQuiz, StoredResponse, StoredSession,
};
use super::{Io, Store};
use crate::core::email::Email;
use crate::core::slug::Slug;

/// See the [module](self).
#[derive(Debug)]
pub struct SqliteStore {
    opened: open::Opened,
}

impl SqliteStore {
    /// Opens the database in a data directory, and makes both if they are not there.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; a database that was refused was not touched.
    pub async fn open(dir: &Path) -> Result<Self, OpenError> {
        open::open(dir).await.map(|opened| Self { opened })
    }

    fn readers(&self) -> &SqlitePool {
        &self.opened.readers
    }

    fn writer(&self) -> &SqlitePool {
        &self.opened.writer
    }
}

fn io<'a, T>(work: impl Future<Output = sqlx::Result<T>> + Send + 'a) -> Io<'a, T> {
    Box::pin(async move { work.await.map_err(|error| StoreError::new(error.to_string())) })
}

impl Store for SqliteStore {
    fn put_quiz<'a>(&'a self, quiz: &'a NewQuiz, replaces: Option<u32>) -> Io<'a, Option<u32>> {
        io(quizzes::put(self.writer(), quiz, replaces))
    }

    fn quiz<'a>(&'a self, slug: &'a Slug, version: Option<u32>) -> Io<'a, Option<StoredQuiz>> {
        io(quizzes::get(self.readers(), slug, version))
    }

    fn quizzes(&self) -> Io<'_, Vec<StoredQuiz>> {
        io(quizzes::newest(self.readers()))
    }

    fn create_run<'a>(&'a self, run: &'a NewRun) -> Io<'a, Option<Run>> {
        io(runs::create(self.writer(), run))
    }

    fn run(&self, run: RunId) -> Io<'_, Option<Run>> {
        io(runs::get(self.readers(), run))
    }

    fn run_by_code<'a>(&'a self, code: &'a str) -> Io<'a, Option<Run>> {
        io(runs::by_code(self.readers(), code))
    }

    fn runs(&self) -> Io<'_, Vec<Run>> {
        io(runs::all(self.readers()))
    }

    fn change_run<'a>(&'a self, run: RunId, change: &'a RunChange) -> Io<'a, Option<Run>> {
        io(runs::change(self.writer(), run, change))
    }

    fn join_all<'a>(&'a self, joins: &'a [NewSession]) -> Io<'a, Vec<Option<Joined>>> {
        io(sessions::join_all(self.writer(), joins))
    }

    fn session(&self, session: SessionId) -> Io<'_, Option<StoredSession>> {
        io(sessions::get(self.readers(), session))
    }

    fn sessions(&self, run: RunId) -> Io<'_, Vec<StoredSession>> {
        io(sessions::of_run(self.readers(), run))
    }

    fn append<'a>(&'a self, responses: &'a [NewResponse]) -> Io<'a, Vec<Result<Appended, AppendError>>> {
        io(responses::append(self.writer(), responses))
    }

    fn responses(&self, session: SessionId) -> Io<'_, Vec<StoredResponse>> {
        io(responses::of_session(self.readers(), session))
    }

    fn response(&self, session: SessionId, seq: u32) -> Io<'_, Option<StoredResponse>> {
        io(responses::get(self.readers(), session, seq))
    }

    fn report(&self, run: RunId) -> Io<'_, Report> {
        io(reports::report(self.readers(), run))
    }

    fn export(&self, run: RunId, after: Option<Cursor>, limit: u32) -> Io<'_, Vec<ExportRow>> {
        io(reports::export(self.readers(), run, after, limit))
    }

    fn forget_student<'a>(&'a self, student: &'a Email) -> Io<'a, Forgotten> {
        io(sessions::forget_student(self.writer(), student))
    }

    fn close(&self) -> Io<'_, ()> {
        io(async {
            self.readers().close().await;
            self.writer().close().await;
            // Only now may another process have the directory. Unlocking again is no error.
            self.opened.lock.unlock().map_err(sqlx::Error::Io)
        })
    }
}
