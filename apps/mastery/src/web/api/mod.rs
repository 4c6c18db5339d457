//! The JSON API: each handler reads its input, asks the [facade](crate::facade), and gives each of its results a status.

pub(super) mod quizzes;
pub(super) mod results;
pub(super) mod runs;
pub(super) mod sessions;

use axum::http::StatusCode;

use super::error::Refusal;
use crate::facade::quizzes::Busy;
use crate::facade::runs::RunError;

impl From<Busy> for Refusal {
    fn from(busy: Busy) -> Self {
        Refusal::busy(busy.to_string())
    }
}

impl From<RunError> for Refusal {
    fn from(error: RunError) -> Self {
        match error {
            RunError::NotFound => Refusal::not_found("run"),
            RunError::Busy => Refusal::busy(error.to_string()),
        }
    }
}

/// 409: it cannot be done as things are.
fn conflict(code: &'static str, message: impl ToString) -> Refusal {
    Refusal::new(StatusCode::CONFLICT, code, message.to_string())
}

/// 410: it is over.
fn gone(code: &'static str, message: impl ToString) -> Refusal {
    Refusal::new(StatusCode::GONE, code, message.to_string())
}
