//! What a request gets that cannot be served: one shape for every failure, whoever found it.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::core::field_error::FieldError;

/// A refusal: a status, a code for programs, a sentence for people, and what is wrong with which field.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    /// The HTTP status.
    pub(super) status: StatusCode,
    /// What kind of refusal, for programs.
    pub(super) code: &'static str,
    /// What to do, for people.
    pub(super) message: String,
    /// The fields that are wrong, all of them, in field order.
    pub(super) errors: Vec<FieldError>,
    /// When asking again may help.
    pub(super) retry_after: Option<Duration>,
}

/// The body of a refusal.
#[derive(Serialize)]
struct Body<'a> {
    code: &'a str,
    message: &'a str,
    errors: &'a [FieldError],
}

impl Refusal {
    /// A refusal without fields.
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), errors: Vec::new(), retry_after: None }
    }

    /// 422: these fields are wrong.
    pub(super) fn invalid(errors: Vec<FieldError>) -> Self {
        let message = match &errors[..] {
            [one] if one.path.is_empty() => one.message.clone(),
            [one] => format!("{}: {}", one.path, one.message),
            _ => format!("{} fields are wrong; see errors", errors.len()),
        };
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message) }
    }

    /// 404: there is nothing of this kind and name.
    pub(super) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("there is no such {what}"))
    }

    /// 429: too many requests.
    pub(super) fn too_many(retry_after: Duration) -> Self {
        let message = "too many requests: wait as long as Retry-After says";
        let refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", message);
        Self { retry_after: Some(retry_after), ..refusal }
    }

    /// 503: not now.
    pub(super) fn busy(message: impl Into<String>) -> Self {
        let refusal = Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message);
        Self { retry_after: Some(Duration::from_secs(1)), ..refusal }
    }

    /// The `Retry-After` header: whole seconds, never zero, so that nobody asks again at once.
    fn retry_after_header(&self) -> Option<HeaderValue> {
        self.retry_after.map(|wait| HeaderValue::from(wait.as_secs_f64().ceil().max(1.0) as u64))
    }

    /// Gives a response of another form, such as a page, this refusal's status and headers.
    pub(super) fn stamp(&self, mut response: Response) -> Response {
        *response.status_mut() = self.status;
        if let Some(wait) = self.retry_after_header() {
            response.headers_mut().insert(header::RETRY_AFTER, wait);
        }
        response
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = Body { code: self.code, message: &self.message, errors: &self.errors };
        let mut response = self.stamp(Json(body).into_response());
        // For who makes a page of it, if that is what the client wants.
        response.extensions_mut().insert(self);
        response
    }
}
