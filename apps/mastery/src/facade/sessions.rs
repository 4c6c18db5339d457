//! Taking a quiz.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use perennial::dynamic_supervisor::StartChildError;
use perennial::prelude::*;
use serde::{Deserialize, Serialize};

use super::Mastery;
use super::views::{Answered, Next};
use crate::boundary::names::{self, PROCTOR, SESSIONS, STORE};
use crate::boundary::proctor::{Open, OpenError};
use crate::boundary::run::Enter;
use crate::boundary::run::entry::Entry;
use crate::boundary::session::{AnswerQuestion, Args, QuizSession, SelectQuestion, recall};
use crate::boundary::store::Join;
use crate::core::email::Email;
use crate::core::limits;
use crate::store::records::{Joined, NewSession, RunId, SessionId, StoredSession, StudentId};

/// How often a request is sent again when its session ends under it. One that ends it each time is refused in the end.
const ATTEMPTS: usize = 3;
/// How long a session may take. Longer than it waits for the store.
const PATIENCE: Option<Duration> = Some(Duration::from_secs(8));

/// Leads to a session, whether it has a process now or not. It carries numbers only, and is no secret: whoever serves
/// strangers must sign it or keep it to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SessionRef {
    /// The session.
    pub session: SessionId,
    /// Its run.
    pub run: RunId,
    /// Its student.
    pub student: StudentId,
}

/// A session that was joined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Taken {
    /// The session.
    pub session: SessionRef,
    /// Whether it is new.
    pub how: Joining,
}

/// Whether a session is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Joining {
    /// The student had none in this run.
    Started,
    /// It goes on where it was.
    Resumed,
}

/// The client's name for an answer: the same one when it asks again. 1 to 64 visible ASCII characters; a UUID will do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestId(String);

/// The text is no request id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a request id has 1 to 64 letters, digits or signs, without spaces")]
pub struct RequestIdError;

impl RequestId {
    /// Checks a request id.
    ///
    /// # Errors
    ///
    /// [`RequestIdError`].
    pub fn parse(text: &str) -> Result<Self, RequestIdError> {
        let fits = (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(text.to_owned())).ok_or(RequestIdError)
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why [`Mastery::take_quiz`] failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TakeError {
    /// There is no such run.
    #[error("there is no such run")]
    NotFound,
    /// It opens then.
    #[error("the run opens at {0}")]
    NotOpenYet(Timestamp),
    /// It is over.
    #[error("the run is over")]
    Closed,
    /// The student has mastered everything in this session.
    #[error("you have finished this quiz")]
    AlreadyFinished(SessionRef),
    /// As many students as the run may have are at work.
    #[error("the run is full: try again later")]
    Full,
    /// The store did not answer; ask again.
    #[error("the service is busy: try again")]
    Busy,
}

/// Why [`Mastery::select_question`] failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// The run is over, or there is no such session any more.
    #[error("the session is over")]
    Gone,
    /// The store did not answer; ask again.
    #[error("the service is busy: try again")]
    Busy,
}

/// Why [`Mastery::answer_question`] failed. Nothing was stored, except that after `Busy` it may have been.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// The question has been answered by another request; this is what comes now.
    #[error("the question has been answered")]
    Stale(Box<Next>),
    /// The answer has more than [`limits::ANSWER`] characters.
    #[error("the answer is too long")]
    TooLong,
    /// The run is paused or over, or there is no such session any more.
    #[error("the run takes no answers")]
    NotOpen,
    /// Ask again with the same request id: the answer may have been stored.
    #[error("the service is busy: try again")]
    Busy,
}

impl Mastery {
    /// Joins a run: the student's session is started, or found where it was left.
    ///
    /// # Errors
    ///
    /// [`TakeError`].
    pub async fn take_quiz(&self, run: RunId, student: &Email) -> Result<Taken, TakeError> {
        let entry = self.enter(run).await?;
        let new = NewSession {
            run,
            student: student.clone(),
            seed: self.env.seed_for(run, student),
            at: self.env.clock.now(),
        };
        let joined = match STORE.call(Join(new)).await {
            Ok(Ok(joined)) => joined.ok_or(TakeError::NotFound)?,
            Ok(Err(_)) | Err(_) => return Err(TakeError::Busy),
        };
        let Joined { session: stored, is_new } = joined;
        let session = SessionRef { session: stored.id, run, student: stored.student };
        if stored.finished_at.is_some() {
            return Err(TakeError::AlreadyFinished(session));
        }
        let how = if is_new { Joining::Started } else { Joining::Resumed };
        let args = Args { entry, session, new: is_new.then_some(stored) };
        match start(args).await {
            Ok(()) => Ok(Taken { session, how }),
            Err(ReviveError::Full) => Err(TakeError::Full),
            // It was there a moment ago.
            Err(ReviveError::Gone) => Err(TakeError::Closed),
            Err(ReviveError::Busy) => Err(TakeError::Busy),
        }
    }

    /// The session with this id, if there is one.
    ///
    /// # Errors
    ///
    /// [`SelectError`].
    pub async fn session(&self, session: SessionId) -> Result<SessionRef, SelectError> {
        let found = self.env.store.session(session).await.map_err(|_| SelectError::Busy)?;
        let StoredSession { run, student, .. } = found.ok_or(SelectError::Gone)?;
        Ok(SessionRef { session, run, student })
    }

    /// The open question of a session, the same as often as it is asked for. A paused run shows it too.
    ///
    /// # Errors
    ///
    /// [`SelectError`].
    pub async fn select_question(&self, session: SessionRef) -> Result<Next, SelectError> {
        let server = SESSIONS.via::<QuizSession>((session.run, session.student));
        for _ in 0..ATTEMPTS {
            match server.call_timeout(SelectQuestion, PATIENCE).await {
                Ok(next) => return Ok(next),
                // Nobody is there, or not any more: ended, killed, or its run was restarted.
                Err(CallError::NoProc | CallError::Exit(_)) => {}
                Err(_) => return Err(SelectError::Busy),
            }
            match self.revive(session).await {
                Ok(()) => {}
                Err(ReviveError::Gone) => return Err(SelectError::Gone),
                Err(ReviveError::Full | ReviveError::Busy) => return Err(SelectError::Busy),
            }
        }
        Err(SelectError::Busy)
    }

    /// Answers question `seq`. It returns after the answer is on disk, and a retry with the same `request` returns
    /// what was stored.
    ///
    /// # Errors
    ///
    /// [`AnswerError`].
    pub async fn answer_question(
        &self,
        session: SessionRef,
        seq: u32,
        answer: &str,
        request: &RequestId,
    ) -> Result<Answered, AnswerError> {
        let server = SESSIONS.via::<QuizSession>((session.run, session.student));
        // Refused before it is copied, let alone sent.
        if answer.len() > 4 * limits::ANSWER {
            return Err(AnswerError::TooLong);
        }
        for _ in 0..ATTEMPTS {
            let message = AnswerQuestion { seq, answer: answer.to_owned(), request: request.clone() };
            match server.call_timeout(message, PATIENCE).await {
                Ok(outcome) => return outcome,
                // Nobody is there, or it ended before it replied. To ask again is safe: the request id is the same.
                Err(CallError::NoProc | CallError::Exit(_)) => {}
                Err(_) => return Err(AnswerError::Busy),
            }
            match self.revive(session).await {
                Ok(()) => {}
                // The run is over, but the answer may have been in time.
                Err(ReviveError::Gone) => return self.stored_answer(session, seq, request).await,
                Err(ReviveError::Full | ReviveError::Busy) => return Err(AnswerError::Busy),
            }
        }
        Err(AnswerError::Busy)
    }

    /// What the sessions of a run share. Starts the run's processes if they should be there and are not.
    async fn enter(&self, run: RunId) -> Result<Arc<Entry>, TakeError> {
        let server = names::run(run);
        for _ in 0..ATTEMPTS {
            match server.call(Enter).await {
                Ok(entry) => return Ok(entry),
                Err(CallError::NoProc | CallError::Exit(_)) => {}
                Err(_) => return Err(TakeError::Busy),
            }
            match PROCTOR.call(Open(run)).await {
                Ok(Ok(())) => {}
                Ok(Err(OpenError::NotFound)) => return Err(TakeError::NotFound),
                Ok(Err(OpenError::NotOpenYet(at))) => return Err(TakeError::NotOpenYet(at)),
                Ok(Err(OpenError::Closed)) => return Err(TakeError::Closed),
                Ok(Err(OpenError::Busy)) | Err(_) => return Err(TakeError::Busy),
            }
        }
        Err(TakeError::Busy)
    }

    /// Starts the process of a session, which rebuilds itself.
    async fn revive(&self, session: SessionRef) -> Result<(), ReviveError> {
        let entry = match self.enter(session.run).await {
            Ok(entry) => entry,
            Err(TakeError::Busy | TakeError::Full) => return Err(ReviveError::Busy),
            Err(_) => return Err(ReviveError::Gone),
        };
        start(Args { entry, session, new: None }).await
    }

    /// The result of a request, from the store alone.
    async fn stored_answer(
        &self,
        session: SessionRef,
        seq: u32,
        request: &RequestId,
    ) -> Result<Answered, AnswerError> {
        let busy = |_| AnswerError::Busy;
        let store = &self.env.store;
        let Some(stored) = store.session(session.session).await.map_err(busy)? else {
            return Err(AnswerError::NotOpen);
        };
        let Some(run) = store.run(stored.run).await.map_err(busy)? else { return Err(AnswerError::NotOpen) };
        let quiz = self.quiz(&run.slug, Some(run.version)).await.map_err(|_| AnswerError::Busy)?;
        let answered = recall::stored(&self.env, quiz.quiz, &stored, seq, request).await;
        answered.map_err(|_| AnswerError::Busy)?.ok_or(AnswerError::NotOpen)
    }
}

/// Why a session has no process.
enum ReviveError {
    /// Its run is over, or it was forgotten.
    Gone,
    /// Its run has as many as it may.
    Full,
    /// The store did not answer.
    Busy,
}

/// Starts the process of a session, if it is not there.
async fn start(args: Args) -> Result<(), ReviveError> {
    let supervisor = names::sessions(args.session.run);
    match DynamicSupervisor::start_child_or_lookup(&supervisor, QuizSession::child_spec(args)).await {
        Ok(_) => Ok(()),
        Err(StartChildError::MaxChildren) => Err(ReviveError::Full),
        Err(StartChildError::Start(StartError::Ignore)) => Err(ReviveError::Gone),
        Err(error) => {
            tracing::debug!(%error, "a session did not start");
            Err(ReviveError::Busy)
        }
    }
}
