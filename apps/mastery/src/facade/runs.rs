//! Runs: a quiz that is taken by students between two moments.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;

use super::Mastery;
use super::quizzes::Busy;
use super::views::{ActiveSession, Board};
use crate::core::email::Email;
use crate::core::field_error::FieldError;
use crate::core::slug::Slug;
use crate::store::records::{Cursor, ExportRow, Forgotten, Report, Run, RunId};

/// Why [`Mastery::schedule_quiz`] failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// There is no such quiz.
    #[error("there is no such quiz")]
    NotFound,
    /// `start_at` is not before `end_at`, `end_at` is past, or the quiz has no templates (path `slug`).
    #[error("the run has {} errors", .0.len())]
    Invalid(Vec<FieldError>),
    /// The store did not answer; ask again.
    #[error("the store is busy: try again")]
    Busy,
}

/// Why a run could not be read or watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// There is no such run.
    #[error("there is no such run")]
    NotFound,
    /// The store did not answer; ask again.
    #[error("the store is busy: try again")]
    Busy,
}

/// Why a run could not be paused, resumed, extended or ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeRunError {
    /// There is no such run.
    #[error("there is no such run")]
    NotFound,
    /// It has ended.
    #[error("the run has ended")]
    Ended,
    /// The new end is past, or not after the start.
    #[error("the run has {} errors", .0.len())]
    Invalid(Vec<FieldError>),
    /// The store did not answer; ask again.
    #[error("the store is busy: try again")]
    Busy,
}

impl Mastery {
    /// Schedules the newest version of a quiz. A start in the past opens the run at once.
    ///
    /// # Errors
    ///
    /// [`ScheduleError`].
    pub async fn schedule_quiz(
        &self,
        _slug: &Slug,
        _start_at: Timestamp,
        _end_at: Timestamp,
    ) -> Result<Run, ScheduleError> {
        Err(ScheduleError::Busy)
    }

    /// All runs, the newest first.
    ///
    /// # Errors
    ///
    /// [`Busy`].
    pub async fn runs(&self) -> Result<Vec<Run>, Busy> {
        Err(Busy)
    }

    /// One run.
    ///
    /// # Errors
    ///
    /// [`RunError`].
    pub async fn run(&self, _run: RunId) -> Result<Run, RunError> {
        Err(RunError::Busy)
    }

    /// The run that is joined with this code.
    ///
    /// # Errors
    ///
    /// [`RunError`].
    pub async fn run_by_code(&self, _code: &str) -> Result<Run, RunError> {
        Err(RunError::Busy)
    }

    /// Stops the taking of answers until [`resume_run`](Self::resume_run).
    ///
    /// # Errors
    ///
    /// [`ChangeRunError`].
    pub async fn pause_run(&self, _run: RunId) -> Result<Run, ChangeRunError> {
        Err(ChangeRunError::Busy)
    }

    /// Takes answers again.
    ///
    /// # Errors
    ///
    /// [`ChangeRunError`].
    pub async fn resume_run(&self, _run: RunId) -> Result<Run, ChangeRunError> {
        Err(ChangeRunError::Busy)
    }

    /// Moves the end of a run.
    ///
    /// # Errors
    ///
    /// [`ChangeRunError`].
    pub async fn extend_run(&self, _run: RunId, _end_at: Timestamp) -> Result<Run, ChangeRunError> {
        Err(ChangeRunError::Busy)
    }

    /// Ends a run and every session of it, in one ordered shutdown. Ending it again is no error.
    ///
    /// # Errors
    ///
    /// [`ChangeRunError`], but never `Ended`.
    pub async fn end_run(&self, _run: RunId) -> Result<Run, ChangeRunError> {
        Err(ChangeRunError::Busy)
    }

    /// The sessions of a run that have a process now, the oldest first.
    ///
    /// # Errors
    ///
    /// [`RunError`].
    pub async fn active_sessions(&self, _run: RunId) -> Result<Vec<ActiveSession>, RunError> {
        Err(RunError::Busy)
    }

    /// The board of a run, now. A run that is not open has one too.
    ///
    /// # Errors
    ///
    /// [`RunError`].
    pub async fn board(&self, _run: RunId) -> Result<Arc<Board>, RunError> {
        Err(RunError::Busy)
    }

    /// The board of an open run as it changes, at most four times a second. The channel closes when the run ends or is
    /// restarted; then ask again, and [`board`](Self::board) if that says `NotFound`.
    ///
    /// # Errors
    ///
    /// [`RunError`]; `NotFound` also for a run that is not open.
    pub async fn watch_board(&self, _run: RunId) -> Result<watch::Receiver<Arc<Board>>, RunError> {
        Err(RunError::Busy)
    }

    /// The results of a run.
    ///
    /// # Errors
    ///
    /// [`RunError`].
    pub async fn report(&self, _run: RunId) -> Result<Report, RunError> {
        Err(RunError::Busy)
    }

    /// The next `limit` answers of a run after `after`, by session and number; empty at the end.
    ///
    /// # Errors
    ///
    /// [`RunError`].
    pub async fn export(
        &self,
        _run: RunId,
        _after: Option<Cursor>,
        _limit: u32,
    ) -> Result<Vec<ExportRow>, RunError> {
        Err(RunError::Busy)
    }

    /// Deletes a student with all sessions and answers, and ends the sessions that have a process.
    ///
    /// # Errors
    ///
    /// [`Busy`].
    pub async fn forget_student(&self, _email: &Email) -> Result<Forgotten, Busy> {
        Err(Busy)
    }
}
