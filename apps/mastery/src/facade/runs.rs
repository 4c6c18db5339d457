//! Runs: a quiz that is taken by students between two moments.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use perennial::prelude::*;
use tokio::sync::watch;

use super::Mastery;
use super::quizzes::{Busy, QuizError};
use super::views::{ActiveSession, Board};
use crate::boundary::names::{self, LIVE_RUNS, PROCTOR, SESSIONS};
use crate::boundary::proctor::{Change, Schedule, What, schedule};
use crate::boundary::run::tally::Tally;
use crate::boundary::run::{Find, ReadBoard, Seats, WatchBoard};
use crate::boundary::session::QuizSession;
use crate::core::email::Email;
use crate::core::field_error::{Code, FieldError};
use crate::core::slug::Slug;
use crate::store::records::{Cursor, ExportRow, Forgotten, Report, Run, RunId};

/// How long the proctor may take: the end of a run with a hundred thousand sessions takes a second or two.
const PATIENCE: Option<Duration> = Some(Duration::from_secs(60));

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
        slug: &Slug,
        start_at: Timestamp,
        end_at: Timestamp,
    ) -> Result<Run, ScheduleError> {
        let quiz = match self.quiz(slug, None).await {
            Ok(quiz) => quiz,
            Err(QuizError::NotFound) => return Err(ScheduleError::NotFound),
            Err(QuizError::Busy) => return Err(ScheduleError::Busy),
        };
        let mut errors = Vec::new();
        if quiz.quiz.templates().is_empty() {
            let message = "the quiz has templates".to_owned();
            errors.push(FieldError { path: "slug".to_owned(), code: Code::Missing, message });
        }
        errors.extend(schedule::check(start_at, end_at, self.env.clock.now()));
        if !errors.is_empty() {
            return Err(ScheduleError::Invalid(errors));
        }
        let new = Schedule { slug: slug.clone(), version: quiz.version, start_at, end_at };
        let run = PROCTOR.call_timeout(new, PATIENCE).await;
        run.unwrap_or(Err(Busy)).map_err(|Busy| ScheduleError::Busy)
    }

    /// All runs, the newest first.
    ///
    /// # Errors
    ///
    /// [`Busy`].
    pub async fn runs(&self) -> Result<Vec<Run>, Busy> {
        self.env.store.runs().await.map_err(|_| Busy)
    }

    /// One run.
    ///
    /// # Errors
    ///
    /// [`RunError`].
    pub async fn run(&self, run: RunId) -> Result<Run, RunError> {
        self.env.store.run(run).await.map_err(|_| RunError::Busy)?.ok_or(RunError::NotFound)
    }

    /// The run that is joined with this code.
    ///
    /// # Errors
    ///
    /// [`RunError`].
    pub async fn run_by_code(&self, code: &str) -> Result<Run, RunError> {
        // As it is read aloud: in any case, with spaces.
        let code: String = code.chars().filter(|c| !c.is_whitespace()).take(32).collect();
        let run = self.env.store.run_by_code(&code.to_ascii_uppercase()).await;
        run.map_err(|_| RunError::Busy)?.ok_or(RunError::NotFound)
    }

    /// Stops the taking of answers until [`resume_run`](Self::resume_run).
    ///
    /// # Errors
    ///
    /// [`ChangeRunError`].
    pub async fn pause_run(&self, run: RunId) -> Result<Run, ChangeRunError> {
        change(run, What::Pause).await
    }

    /// Takes answers again.
    ///
    /// # Errors
    ///
    /// [`ChangeRunError`].
    pub async fn resume_run(&self, run: RunId) -> Result<Run, ChangeRunError> {
        change(run, What::Resume).await
    }

    /// Moves the end of a run.
    ///
    /// # Errors
    ///
    /// [`ChangeRunError`].
    pub async fn extend_run(&self, run: RunId, end_at: Timestamp) -> Result<Run, ChangeRunError> {
        change(run, What::EndAt(end_at)).await
    }

    /// Ends a run and every session of it, in one ordered shutdown. Ending it again is no error.
    ///
    /// # Errors
    ///
    /// [`ChangeRunError`], but never `Ended`.
    pub async fn end_run(&self, run: RunId) -> Result<Run, ChangeRunError> {
        change(run, What::End).await
    }

    /// The sessions of a run that have a process now, the oldest first.
    ///
    /// # Errors
    ///
    /// [`RunError`].
    pub async fn active_sessions(&self, run: RunId) -> Result<Vec<ActiveSession>, RunError> {
        let students = SESSIONS.select(|(of, student), _, _| (*of == run).then_some(*student));
        let students = students.map_err(|_| RunError::Busy)?;
        let mut active = match names::run(run).call(Seats(students)).await {
            Ok(active) => active,
            // Without a process it has no sessions either.
            Err(CallError::NoProc | CallError::Exit(_)) => self.run(run).await.map(|_| Vec::new())?,
            Err(_) => return Err(RunError::Busy),
        };
        active.sort_unstable_by_key(|session| session.session);
        Ok(active)
    }

    /// The board of a run, now. A run that is not open has one too.
    ///
    /// # Errors
    ///
    /// [`RunError`].
    pub async fn board(&self, run: RunId) -> Result<Arc<Board>, RunError> {
        match names::run(run).call(ReadBoard).await {
            Ok(board) => Ok(board),
            Err(CallError::NoProc | CallError::Exit(_)) => self.stored_board(run).await.map(Arc::new),
            Err(_) => Err(RunError::Busy),
        }
    }

    /// The board of an open run as it changes, at most four times a second. The channel closes when the run ends or is
    /// restarted; then ask again, and [`board`](Self::board) if that says `NotFound`.
    ///
    /// # Errors
    ///
    /// [`RunError`]; `NotFound` also for a run that is not open.
    pub async fn watch_board(&self, run: RunId) -> Result<watch::Receiver<Arc<Board>>, RunError> {
        match names::run(run).call(WatchBoard).await {
            Ok(board) => Ok(board),
            Err(CallError::NoProc | CallError::Exit(_)) => Err(RunError::NotFound),
            Err(_) => Err(RunError::Busy),
        }
    }

    /// The results of a run.
    ///
    /// # Errors
    ///
    /// [`RunError`].
    pub async fn report(&self, run: RunId) -> Result<Report, RunError> {
        self.run(run).await?;
        self.env.store.report(run).await.map_err(|_| RunError::Busy)
    }

    /// The next `limit` answers of a run after `after`, by session and number; empty at the end.
    ///
    /// # Errors
    ///
    /// [`RunError`].
    pub async fn export(
        &self,
        run: RunId,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<ExportRow>, RunError> {
        self.run(run).await?;
        self.env.store.export(run, after, limit).await.map_err(|_| RunError::Busy)
    }

    /// Deletes a student with all sessions and answers, and ends the sessions that have a process.
    ///
    /// # Errors
    ///
    /// [`Busy`].
    pub async fn forget_student(&self, email: &Email) -> Result<Forgotten, Busy> {
        // First in the store, so that no process is started again, then those that run.
        let forgotten = self.env.store.forget_student(email).await.map_err(|_| Busy)?;
        let live = LIVE_RUNS.select(|_, _, run| Some(*run)).map_err(|_| Busy)?;
        for run in live {
            let Ok(Some(found)) = names::run(run).call(Find(email.clone())).await else { continue };
            if let Some(session) = SESSIONS.via::<QuizSession>((run, found.student)).pid_now() {
                // It may have ended since.
                let _ = DynamicSupervisor::terminate_child(&names::sessions(run), session).await;
            }
        }
        Ok(forgotten)
    }

    /// The board of a run without a process: what the store has.
    async fn stored_board(&self, run: RunId) -> Result<Board, RunError> {
        let run = self.run(run).await?;
        let quiz = match self.quiz(&run.slug, Some(run.version)).await {
            Ok(quiz) => quiz.quiz,
            Err(QuizError::NotFound) => return Err(RunError::NotFound),
            Err(QuizError::Busy) => return Err(RunError::Busy),
        };
        let sessions = self.env.store.sessions(run.id).await.map_err(|_| RunError::Busy)?;
        let report = self.env.store.report(run.id).await.map_err(|_| RunError::Busy)?;
        let mut tally = Tally::new(&quiz);
        tally.restore(&sessions, &report);
        Ok(tally.board(&run, 0))
    }
}

async fn change(run: RunId, what: What) -> Result<Run, ChangeRunError> {
    PROCTOR.call_timeout(Change(run, what), PATIENCE).await.unwrap_or(Err(ChangeRunError::Busy))
}
