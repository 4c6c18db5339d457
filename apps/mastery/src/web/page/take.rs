//! Joining by form.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::{TOKEN, expect_ours, go_to};
use crate::core::limits;
use crate::core::slug::Slug;
use crate::facade::sessions::{SessionRef, TakeError};
use crate::web::app::App;
use crate::web::cookie;
use crate::web::error::Refusal;
use crate::web::input::Form;
use crate::web::practice;

/// `POST /take`.
pub(in crate::web) async fn take(
    State(app): State<App>,
    headers: HeaderMap,
    Form(mut fields): Form,
) -> Result<Response, Refusal> {
    let token = fields.text("token", TOKEN);
    let quiz = fields.word("quiz", limits::SLUG);
    let email = fields.email("email");
    fields.finish()?;
    expect_ours(&app, &headers, &token)?;
    let email = email.expect("a missing address is an error of the fields");
    let quiz = Slug::parse(&quiz).map_err(|_| Refusal::not_found("quiz"))?;
    let run = practice::run_of(&quiz).await?;
    match app.mastery.take_quiz(run, &email).await {
        Ok(taken) => Ok(enter(&app, taken.session)),
        // The page of the session says so, and how it went.
        Err(TakeError::AlreadyFinished(session)) => Ok(enter(&app, session)),
        Err(error) => Err(error.into()),
    }
}

fn enter(app: &App, session: SessionRef) -> Response {
    let path = format!("/sessions/{}", session.session);
    go_to(&path, [cookie::for_session(&app.keys, session, app.is_secure)])
}
