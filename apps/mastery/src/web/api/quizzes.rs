//! Quizzes: list, read, build, add a template.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::Value;

use super::conflict;
use crate::core::draft::{QuizDraft, TemplateDraft};
use crate::core::field_error::Code;
use crate::core::slug::Slug;
use crate::facade::quizzes::{AddTemplateError, BuildQuizError, Built, QuizError, QuizSummary};
use crate::web::app::App;
use crate::web::error::Refusal;
use crate::web::fields;
use crate::web::input::{Draft, Named, Teacher};

/// The quizzes.
#[derive(Serialize)]
pub(in crate::web) struct Quizzes {
    quizzes: Vec<QuizSummary>,
}

/// A quiz as its author wrote it.
#[derive(Serialize)]
pub(in crate::web) struct Written {
    slug: Slug,
    version: u32,
    draft: QuizDraft,
}

/// `GET /api/quizzes`.
pub(in crate::web) async fn list(State(app): State<App>) -> Result<Json<Quizzes>, Refusal> {
    Ok(Json(Quizzes { quizzes: app.mastery.quizzes().await? }))
}

/// `GET /api/quizzes/{quiz}`: for teachers, since a draft says what is right.
pub(in crate::web) async fn get(
    State(app): State<App>,
    _: Teacher,
    Named(slug): Named<Slug>,
) -> Result<Json<Written>, Refusal> {
    let found = app.mastery.quiz(&slug, None).await.map_err(|error| match error {
        QuizError::NotFound => Refusal::not_found("quiz"),
        QuizError::Busy => Refusal::busy(error.to_string()),
    })?;
    let draft = found.quiz.draft().clone();
    Ok(Json(Written { slug: found.quiz.slug().clone(), version: found.version, draft }))
}

/// `POST /api/quizzes`.
pub(in crate::web) async fn build(
    State(app): State<App>,
    _: Teacher,
    draft: Draft,
) -> Result<(StatusCode, Json<Built>), Refusal> {
    let draft: QuizDraft = object(draft)?;
    let built = app.mastery.build_quiz(draft).await.map_err(|error| match error {
        BuildQuizError::Invalid(errors) => Refusal::invalid(errors),
        BuildQuizError::TitleTaken(_) => conflict("title_taken", error),
        BuildQuizError::Busy => Refusal::busy(error.to_string()),
    })?;
    Ok((StatusCode::CREATED, Json(built)))
}

/// `POST /api/quizzes/{quiz}/templates`.
pub(in crate::web) async fn add_template(
    State(app): State<App>,
    _: Teacher,
    Named(slug): Named<Slug>,
    draft: Draft,
) -> Result<(StatusCode, Json<Built>), Refusal> {
    let template: TemplateDraft = object(draft)?;
    let built = app.mastery.add_template(&slug, template).await.map_err(|error| match error {
        AddTemplateError::NotFound => Refusal::not_found("quiz"),
        AddTemplateError::Invalid(errors) => Refusal::invalid(errors),
        AddTemplateError::DuplicateName => conflict("duplicate_name", error),
        AddTemplateError::Busy => Refusal::busy(error.to_string()),
    })?;
    Ok((StatusCode::CREATED, Json(built)))
}

/// The draft in a document. In a draft no field can fail, so only a document that is no object can.
fn object<T: serde::de::DeserializeOwned>(Draft { 0: value }: Draft) -> Result<T, Refusal> {
    let wrong = || Refusal::invalid(vec![fields::error("", Code::WrongType, "an object belongs here")]);
    if !matches!(value, Value::Object(_)) {
        return Err(wrong());
    }
    serde_json::from_value(value).map_err(|_| wrong())
}
