//! What handlers take out of a request. Each failure is a [`Refusal`], never a plain text.

use std::time::Instant;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::Value;

use super::app::App;
use super::error::Refusal;
use super::fields::{Fields, error};
use super::rate::Key;
use super::{Teachers, cookie};
use crate::core::field_error::Code;
use crate::core::limits;
use crate::core::slug::Slug;
use crate::facade::sessions::SessionRef;
use crate::store::records::{RunId, SessionId};

/// The most bytes of a request that has only a few short fields.
const SMALL: usize = 16 * 1024;

/// A JSON document of at most `LIMIT` bytes.
#[derive(Debug)]
pub(super) struct Json<const LIMIT: usize>(pub(super) Value);

/// A quiz or a template as JSON.
pub(super) type Draft = Json<{ limits::FILE_BYTES }>;

impl<S: Sync, const LIMIT: usize> FromRequest<S> for Json<LIMIT> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        expect_type(request.headers(), "application/json")?;
        let bytes = read(request.into_body(), LIMIT).await?;
        let value = serde_json::from_slice(&bytes).map_err(|why| {
            let errors = vec![error("", Code::Syntax, why.to_string())];
            let message = format!("the body is not JSON: {why}");
            Refusal { errors, ..Refusal::new(StatusCode::BAD_REQUEST, "not_json", message) }
        })?;
        Ok(Self(value))
    }
}

impl<S: Sync> FromRequest<S> for Fields {
    type Rejection = Refusal;

    /// The fields of a JSON object.
    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let Json(value) = Json::<SMALL>::from_request(request, state).await?;
        Fields::of(value)
    }
}

/// The fields of an HTML form.
#[derive(Debug)]
pub(super) struct Form(pub(super) Fields);

impl<S: Sync> FromRequest<S> for Form {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        expect_type(request.headers(), "application/x-www-form-urlencoded")?;
        let bytes = read(request.into_body(), SMALL).await?;
        Ok(Self(Fields::of_form(form_urlencoded::parse(&bytes).into_owned().collect())))
    }
}

/// The part of a path that names something.
#[derive(Debug)]
pub(super) struct Named<T>(pub(super) T);

/// What can be named in a path.
pub(super) trait Segment: Sized + Send {
    /// What it is called when there is none.
    const WHAT: &'static str;

    fn parse(text: &str) -> Option<Self>;
}

impl Segment for Slug {
    const WHAT: &'static str = "quiz";

    fn parse(text: &str) -> Option<Self> {
        Slug::parse(text).ok()
    }
}

impl Segment for RunId {
    const WHAT: &'static str = "run";

    fn parse(text: &str) -> Option<Self> {
        id(text).map(Self)
    }
}

impl Segment for SessionId {
    const WHAT: &'static str = "session";

    fn parse(text: &str) -> Option<Self> {
        id(text).map(Self)
    }
}

/// A number in the one spelling that we write, so that nothing has two addresses.
fn id(text: &str) -> Option<i64> {
    let number: i64 = text.parse().ok()?;
    (number > 0 && number.to_string() == text).then_some(number)
}

impl<S: Sync + Send, T: Segment> FromRequestParts<S> for Named<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| Refusal::not_found(T::WHAT))?;
        T::parse(&text).map(Self).ok_or_else(|| Refusal::not_found(T::WHAT))
    }
}

/// The request comes from a teacher.
#[derive(Debug)]
pub(super) struct Teacher;

impl FromRequestParts<App> for Teacher {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let shown = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = shown
            .and_then(|value| value.split_once(' '))
            .filter(|(kind, _)| kind.eq_ignore_ascii_case("bearer"));
        let is_teacher = match app.teachers {
            Teachers::Everybody => true,
            Teachers::WithToken => token.is_some_and(|(_, token)| app.keys.verify("teacher", "", token)),
        };
        let message = "this is for teachers: send the token as Authorization: Bearer";
        is_teacher
            .then_some(Self)
            .ok_or_else(|| Refusal::new(StatusCode::UNAUTHORIZED, "not_a_teacher", message))
    }
}

/// The session in the path, in which the request may act.
#[derive(Debug)]
pub(super) struct Joined(pub(super) SessionRef);

impl FromRequestParts<App> for Joined {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let Named(session) = Named::<SessionId>::from_request_parts(parts, app).await?;
        let found = cookie::session(&app.keys, &parts.headers, session).ok_or_else(|| {
            Refusal::new(
                StatusCode::UNAUTHORIZED,
                "not_joined",
                "join the run first: there is no cookie for this session",
            )
        })?;
        app.sessions.take(Key::Session(session.0), Instant::now()).map_err(Refusal::too_many)?;
        Ok(Self(found))
    }
}

fn expect_type(headers: &HeaderMap, expected: &str) -> Result<(), Refusal> {
    let found = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = found.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(expected) {
        return Ok(());
    }
    let message = format!("the body must be {expected}, and Content-Type must say so");
    Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "wrong_content_type", message))
}

async fn read(body: Body, limit: usize) -> Result<Vec<u8>, Refusal> {
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok(body.to_bytes().into()),
        Err(error) if error.is::<LengthLimitError>() => {
            let message = format!("the body has more than {limit} bytes");
            Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message))
        }
        Err(_) => Err(Refusal::new(StatusCode::BAD_REQUEST, "body_incomplete", "the body ended too early")),
    }
}
