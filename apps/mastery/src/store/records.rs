//! What goes into a store and comes out of it. All times are UTC, kept to the microsecond.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::core::email::Email;
use crate::core::response::Response;
use crate::core::slug::Slug;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident,)*) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )* };
}

ids! {
    /// Names a run.
    RunId,
    /// Names a student without saying who it is, which is what logs need.
    StudentId,
    /// Names a session.
    SessionId,
}

/// A quiz to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewQuiz {
    /// The name in addresses.
    pub slug: Slug,
    /// The title.
    pub title: String,
    /// The draft as JSON.
    pub body: String,
    /// When it was written.
    pub at: Timestamp,
}

/// A stored version of a quiz.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredQuiz {
    /// The name in addresses.
    pub slug: Slug,
    /// Counted from 1.
    pub version: u32,
    /// The title.
    pub title: String,
    /// The draft as JSON.
    pub body: String,
    /// When it was written.
    pub at: Timestamp,
}

/// A run to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRun {
    /// The quiz.
    pub slug: Slug,
    /// Its version; a run keeps it, whatever becomes of the quiz.
    pub version: u32,
    /// What students type to join; unique.
    pub code: String,
    /// When it opens.
    pub start_at: Timestamp,
    /// When it closes.
    pub end_at: Timestamp,
    /// When it was created.
    pub at: Timestamp,
}

/// A quiz that is, was or will be taken by students.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Run {
    /// Its name.
    pub id: RunId,
    /// The quiz.
    pub slug: Slug,
    /// Its version.
    pub version: u32,
    /// What students type to join.
    pub code: String,
    /// When it opens.
    pub start_at: Timestamp,
    /// When it closes.
    pub end_at: Timestamp,
    /// How far it is.
    pub state: RunState,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// It has not opened yet.
    Scheduled,
    /// Answers are taken.
    Open,
    /// The teacher has paused it.
    Paused,
    /// It is over.
    Ended,
}

/// What to change in a run; `None` leaves things as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunChange {
    /// The new state.
    pub state: Option<RunState>,
    /// The new beginning.
    pub start_at: Option<Timestamp>,
    /// The new end.
    pub end_at: Option<Timestamp>,
}

/// A student in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSession {
    /// Its name.
    pub id: SessionId,
    /// The run.
    pub run: RunId,
    /// The student.
    pub student: StudentId,
    /// The student's address.
    pub email: Email,
    /// What the questions are drawn with; never changed.
    pub seed: u64,
    /// When the student joined.
    pub at: Timestamp,
    /// When everything was mastered.
    pub finished_at: Option<Timestamp>,
}

/// A student who joins a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// The run.
    pub run: RunId,
    /// The student.
    pub student: Email,
    /// What the questions are drawn with, if the student has no session yet.
    pub seed: u64,
    /// When it was asked for.
    pub at: Timestamp,
}

/// A session, new or found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The session.
    pub session: StoredSession,
    /// Whether it was created by this call.
    pub is_new: bool,
}

/// A response to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewResponse {
    /// The session.
    pub session: SessionId,
    /// The number of the question.
    pub seq: u32,
    /// The client's name for its request: the same one when it asks again.
    pub request_id: String,
    /// The template's name.
    pub template: String,
    /// The question as the student read it.
    pub question: String,
    /// The answer as typed.
    pub answer: String,
    /// Whether it is right.
    pub correct: bool,
    /// Whether the session is finished with it, which is stored in the same commit.
    pub finishes: bool,
    /// When it arrived.
    pub at: Timestamp,
}

/// A stored response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredResponse {
    /// The number of the question.
    pub seq: u32,
    /// The client's name for its request.
    pub request_id: String,
    /// The template's name.
    pub template: String,
    /// The question.
    pub question: String,
    /// The answer.
    pub answer: String,
    /// Whether it is right.
    pub correct: bool,
    /// When it arrived.
    pub at: Timestamp,
}

/// What became of a response that was not refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    /// It was stored now.
    Stored,
    /// The same request had stored this for the same question before: a retry. The new answer was not looked at.
    Already(StoredResponse),
}

/// The results of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// By address.
    pub students: Vec<StudentReport>,
    /// By name, only those that were answered.
    pub templates: Vec<TemplateReport>,
}

/// The results of a student in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StudentReport {
    /// The session.
    pub session: SessionId,
    /// The student.
    pub email: Email,
    /// How many answers were given.
    pub answers: u32,
    /// How many of them were right.
    pub right: u32,
    /// When the last one was given.
    pub last_at: Option<Timestamp>,
    /// When everything was mastered.
    pub finished_at: Option<Timestamp>,
}

/// The results of a template in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TemplateReport {
    /// The template's name.
    pub template: String,
    /// How many answers were given.
    pub answers: u32,
    /// How many of them were right.
    pub right: u32,
}

/// A place in an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// The session.
    pub session: SessionId,
    /// The number of the question.
    pub seq: u32,
}

/// A row of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportRow {
    /// Its place, from which the export goes on.
    #[serde(skip)]
    pub cursor: Cursor,
    /// What it says.
    #[serde(flatten)]
    pub response: Response,
}

/// What was deleted with a student.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Forgotten {
    /// How many sessions.
    pub sessions: u64,
    /// How many responses.
    pub responses: u64,
}

/// A time as stores keep it: to the microsecond, so that what is read equals what was written.
pub fn kept(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}
