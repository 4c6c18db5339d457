//! Runs: schedule, list, pause, extend, end.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use super::conflict;
use crate::core::field_error::Code;
use crate::core::limits;
use crate::core::slug::Slug;
use crate::facade::runs::{ChangeRunError, ScheduleError};
use crate::store::records::{Run, RunId};
use crate::web::app::App;
use crate::web::error::Refusal;
use crate::web::fields::{Fields, error};
use crate::web::input::{Named, Teacher};

/// The runs.
#[derive(Serialize)]
pub(in crate::web) struct Runs {
    runs: Vec<Run>,
}

/// `GET /api/runs`.
pub(in crate::web) async fn list(State(app): State<App>, _: Teacher) -> Result<Json<Runs>, Refusal> {
    Ok(Json(Runs { runs: app.mastery.runs().await? }))
}

/// `GET /api/runs/{run}`.
pub(in crate::web) async fn get(
    State(app): State<App>,
    _: Teacher,
    Named(run): Named<RunId>,
) -> Result<Json<Run>, Refusal> {
    Ok(Json(app.mastery.run(run).await?))
}

/// `POST /api/runs`.
pub(in crate::web) async fn schedule(
    State(app): State<App>,
    _: Teacher,
    mut fields: Fields,
) -> Result<(StatusCode, Json<Run>), Refusal> {
    let slug = fields.word("quiz", limits::SLUG);
    let (start, end) = (fields.time("start_at"), fields.time("end_at"));
    fields.finish()?;
    let slug = Slug::parse(&slug)
        .map_err(|why| Refusal::invalid(vec![error("quiz", Code::BadFormat, why.to_string())]))?;
    let run = app.mastery.schedule_quiz(&slug, start, end).await.map_err(|error| match error {
        ScheduleError::NotFound => Refusal::not_found("quiz"),
        ScheduleError::Invalid(errors) => Refusal::invalid(errors),
        ScheduleError::Busy => Refusal::busy(error.to_string()),
    })?;
    Ok((StatusCode::CREATED, Json(run)))
}

/// `POST /api/runs/{run}/pause`.
pub(in crate::web) async fn pause(
    State(app): State<App>,
    _: Teacher,
    Named(run): Named<RunId>,
) -> Result<Json<Run>, Refusal> {
    Ok(Json(app.mastery.pause_run(run).await?))
}

/// `POST /api/runs/{run}/resume`.
pub(in crate::web) async fn resume(
    State(app): State<App>,
    _: Teacher,
    Named(run): Named<RunId>,
) -> Result<Json<Run>, Refusal> {
    Ok(Json(app.mastery.resume_run(run).await?))
}

/// `POST /api/runs/{run}/extend`.
pub(in crate::web) async fn extend(
    State(app): State<App>,
    _: Teacher,
    Named(run): Named<RunId>,
    mut fields: Fields,
) -> Result<Json<Run>, Refusal> {
    let end = fields.time("end_at");
    fields.finish()?;
    Ok(Json(app.mastery.extend_run(run, end).await?))
}

/// `POST /api/runs/{run}/end`.
pub(in crate::web) async fn end(
    State(app): State<App>,
    _: Teacher,
    Named(run): Named<RunId>,
) -> Result<Json<Run>, Refusal> {
    Ok(Json(app.mastery.end_run(run).await?))
}

impl From<ChangeRunError> for Refusal {
    fn from(error: ChangeRunError) -> Self {
        match error {
            ChangeRunError::NotFound => Refusal::not_found("run"),
            ChangeRunError::Ended => conflict("ended", error),
            ChangeRunError::Invalid(errors) => Refusal::invalid(errors),
            ChangeRunError::Busy => Refusal::busy(error.to_string()),
        }
    }
}
