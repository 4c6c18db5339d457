//! Taking a quiz: join, read the question, answer it.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::{conflict, gone};
use crate::core::email::Email;
use crate::core::field_error::Code;
use crate::core::slug::Slug;
use crate::facade::sessions::{AnswerError, Joining, RequestId, SelectError, TakeError, Taken};
use crate::facade::views::{Answered, Next};
use crate::store::records::RunId;
use crate::web::app::App;
use crate::web::cookie;
use crate::web::error::Refusal;
use crate::web::fields::{Fields, error};
use crate::web::input::{Joined, Named};
use crate::web::practice::{self, PracticeError};

/// The longest code that is looked up.
const CODE: usize = 64;
/// As long as a body may be: which answers are too long is said by the session, with a status of its own.
const ANSWER: usize = 16 * 1024;

/// `POST /api/join`.
pub(in crate::web) async fn join(State(app): State<App>, mut fields: Fields) -> Result<Response, Refusal> {
    let code = fields.word("code", CODE);
    let email = fields.email("email");
    fields.finish()?;
    let run = app.mastery.run_by_code(code.trim()).await?;
    take(&app, run.id, email).await
}

/// `POST /api/quizzes/{quiz}/practice`.
pub(in crate::web) async fn practice(
    State(app): State<App>,
    Named(quiz): Named<Slug>,
    mut fields: Fields,
) -> Result<Response, Refusal> {
    let email = fields.email("email");
    fields.finish()?;
    let run = practice::run_of(&quiz).await?;
    take(&app, run, email).await
}

async fn take(app: &App, run: RunId, email: Option<Email>) -> Result<Response, Refusal> {
    let email = email.expect("a missing address is an error of the fields");
    let taken = app.mastery.take_quiz(run, &email).await?;
    let status = match taken.how {
        Joining::Started => StatusCode::CREATED,
        Joining::Resumed => StatusCode::OK,
    };
    Ok((status, [joined(app, &taken)], Json(taken)).into_response())
}

/// The header that lets a browser act in the session it has joined.
pub(in crate::web) fn joined(app: &App, taken: &Taken) -> (header::HeaderName, header::HeaderValue) {
    (header::SET_COOKIE, cookie::for_session(&app.keys, taken.session, app.is_secure))
}

/// `GET /api/sessions/{session}/question`.
pub(in crate::web) async fn select_question(
    State(app): State<App>,
    Joined(session): Joined,
) -> Result<Json<Next>, Refusal> {
    Ok(Json(app.mastery.select_question(session).await?))
}

/// `POST /api/sessions/{session}/answers`.
pub(in crate::web) async fn answer_question(
    State(app): State<App>,
    Joined(session): Joined,
    fields: Fields,
) -> Result<Json<Answered>, Refusal> {
    let (seq, answer, request) = read_answer(fields)?;
    let answered = app.mastery.answer_question(session, seq, &answer, &request).await?;
    app.metrics.answer(answered.correct);
    Ok(Json(answered))
}

/// An answer as it is sent: by JSON and by form the same.
pub(in crate::web) fn read_answer(mut fields: Fields) -> Result<(u32, String, RequestId), Refusal> {
    let seq = fields.seq("seq");
    let answer = fields.text("answer", ANSWER);
    let request = fields.word("request_id", 64);
    fields.finish()?;
    let request = RequestId::parse(&request)
        .map_err(|why| Refusal::invalid(vec![error("request_id", Code::BadFormat, why.to_string())]))?;
    Ok((seq, answer, request))
}

impl From<PracticeError> for Refusal {
    fn from(error: PracticeError) -> Self {
        match error {
            PracticeError::NotFound => Refusal::not_found("quiz to practice"),
            PracticeError::Busy => Refusal::busy("the service is busy: try again"),
        }
    }
}

impl From<TakeError> for Refusal {
    fn from(error: TakeError) -> Self {
        match error {
            TakeError::NotFound => Refusal::not_found("run"),
            TakeError::NotOpenYet(_) => conflict("not_open_yet", error),
            TakeError::Closed => gone("closed", error),
            TakeError::AlreadyFinished(_) => conflict("already_finished", error),
            TakeError::Full => Refusal { code: "full", ..Refusal::busy(error.to_string()) },
            TakeError::Busy => Refusal::busy(error.to_string()),
        }
    }
}

impl From<SelectError> for Refusal {
    fn from(error: SelectError) -> Self {
        match error {
            SelectError::Gone => gone("gone", error),
            SelectError::Busy => Refusal::busy(error.to_string()),
        }
    }
}

impl From<AnswerError> for Refusal {
    fn from(error: AnswerError) -> Self {
        match error {
            AnswerError::Stale(_) => {
                conflict("stale", "the question has been answered: ask for the open one")
            }
            AnswerError::TooLong => {
                Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "too_long", error.to_string())
            }
            AnswerError::NotOpen => gone("not_open", error),
            AnswerError::Busy => Refusal::busy(error.to_string()),
        }
    }
}
