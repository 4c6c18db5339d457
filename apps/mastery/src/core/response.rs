//! One answer of one student, as it is kept.

use jiff::Timestamp;
use serde::Serialize;

use super::email::Email;
use super::slug::Slug;

/// Who answered what to which question, when, and whether it was right. It says everything by itself, so that it
/// can be exported and read without the quiz.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Response {
    /// The quiz.
    pub quiz: Slug,
    /// The template the question was drawn from.
    pub template: String,
    /// The question as the student read it.
    pub question: String,
    /// The student.
    pub email: Email,
    /// The answer as it was typed.
    pub answer: String,
    /// Whether it counted as right.
    pub correct: bool,
    /// When it arrived, UTC.
    pub at: Timestamp,
}
