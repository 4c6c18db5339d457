//! What students and teachers are shown, as JSON would have it.

use jiff::Timestamp;
use serde::Serialize;

use crate::core::email::Email;
use crate::core::question::Kind;
use crate::core::session::Session;
use crate::store::records::{Run, SessionId, StudentId};

/// An open question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// Its number in the session, counted from 1. An answer names it.
    pub seq: u32,
    /// The question.
    pub text: String,
    /// What to do, if that is not obvious.
    pub instructions: Option<String>,
    /// What kind of input it wants.
    pub kind: Kind,
    /// The choices in the order they are shown; empty if it has none.
    pub choices: Vec<String>,
    /// How far the student has come.
    pub progress: Standing,
}

/// How far a student has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// How many right answers in a row master a template.
    pub mastery: u8,
    /// How many templates are mastered.
    pub mastered: usize,
    /// Right answers in a row, for each template in the quiz's order.
    pub rows: Vec<u8>,
}

/// What comes now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// This question.
    Question(Asked),
    /// Nothing: all is mastered.
    Finished(Standing),
}

/// A judged and stored answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answered {
    /// Whether it is right.
    pub correct: bool,
    /// A right answer, if this was a wrong one.
    pub feedback: Option<String>,
    /// What comes now.
    pub next: Next,
}

impl Standing {
    /// The standing of a session.
    pub fn of(session: &Session) -> Self {
        let progress = session.progress();
        Self { mastery: progress.mastery(), mastered: progress.mastered(), rows: progress.rows().collect() }
    }
}

impl Next {
    /// What comes now in a session.
    pub fn of(session: &Session) -> Self {
        let progress = Standing::of(session);
        match session.question() {
            None => Next::Finished(progress),
            Some(question) => Next::Question(Asked {
                seq: session.seq(),
                text: question.text.clone(),
                instructions: question.instructions.as_deref().map(str::to_owned),
                kind: question.kind(),
                choices: question.choices().to_vec(),
                progress,
            }),
        }
    }
}

/// A student at work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActiveSession {
    /// The session.
    pub session: SessionId,
    /// The student.
    pub student: StudentId,
    /// The student's address.
    pub email: Email,
}

/// A run as its teacher sees it, now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Board {
    /// The run.
    pub run: Run,
    /// How many students have joined.
    pub joined: usize,
    /// How many sessions have a process: those who answer now, or did so not long ago.
    pub active: usize,
    /// How many students have mastered everything.
    pub finished: usize,
    /// How many answers were given.
    pub answers: u64,
    /// The templates in the quiz's order.
    pub templates: Vec<TemplateBoard>,
    /// Those with the longest row of wrong answers, the longest first, at most 20; only rows of three and more.
    pub stuck: Vec<StuckStudent>,
}

/// A template on the board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TemplateBoard {
    /// Its name.
    pub template: String,
    /// How many answers were given.
    pub answers: u64,
    /// How many of them were right.
    pub right: u64,
}

/// A student who may need help.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StuckStudent {
    /// The session.
    pub session: SessionId,
    /// The student's address.
    pub email: Email,
    /// Wrong answers in a row.
    pub wrong: u32,
    /// When the last answer was given.
    pub last_at: Timestamp,
}
