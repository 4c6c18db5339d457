//! Taking a quiz.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Mastery;
use super::views::{Answered, Next};
use crate::core::email::Email;
use crate::store::records::{RunId, SessionId, StudentId};

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
    /// The answer has more than [`limits::ANSWER`](crate::core::limits::ANSWER) characters.
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
    pub async fn take_quiz(&self, _run: RunId, _student: &Email) -> Result<Taken, TakeError> {
        Err(TakeError::Busy)
    }

    /// The session with this id, if there is one.
    ///
    /// # Errors
    ///
    /// [`SelectError`].
    pub async fn session(&self, _session: SessionId) -> Result<SessionRef, SelectError> {
        Err(SelectError::Busy)
    }

    /// The open question of a session, the same as often as it is asked for. A paused run shows it too.
    ///
    /// # Errors
    ///
    /// [`SelectError`].
    pub async fn select_question(&self, _session: SessionRef) -> Result<Next, SelectError> {
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
        _session: SessionRef,
        _seq: u32,
        _answer: &str,
        _request: &RequestId,
    ) -> Result<Answered, AnswerError> {
        Err(AnswerError::Busy)
    }
}
