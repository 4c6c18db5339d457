//! What became of a run: who is at work, the board, the report, the export; and forgetting a student.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;

use crate::facade::Mastery;
use crate::facade::runs::RunError;
use crate::facade::views::{ActiveSession, Board};
use crate::store::records::{Cursor, ExportRow, Forgotten, Report, RunId};
use crate::web::app::App;
use crate::web::csv;
use crate::web::error::Refusal;
use crate::web::fields::Fields;
use crate::web::input::{Named, Teacher};

/// The sessions that have a process.
#[derive(Serialize)]
pub(in crate::web) struct Active {
    sessions: Vec<ActiveSession>,
}

/// `GET /api/runs/{run}/sessions`.
pub(in crate::web) async fn active_sessions(
    State(app): State<App>,
    _: Teacher,
    Named(run): Named<RunId>,
) -> Result<Json<Active>, Refusal> {
    Ok(Json(Active { sessions: app.mastery.active_sessions(run).await? }))
}

/// `GET /api/runs/{run}/board`.
pub(in crate::web) async fn board(
    State(app): State<App>,
    _: Teacher,
    Named(run): Named<RunId>,
) -> Result<Json<Board>, Refusal> {
    Ok(Json(Arc::unwrap_or_clone(app.mastery.board(run).await?)))
}

/// `GET /api/runs/{run}/report`.
pub(in crate::web) async fn report(
    State(app): State<App>,
    _: Teacher,
    Named(run): Named<RunId>,
) -> Result<Json<Report>, Refusal> {
    Ok(Json(app.mastery.report(run).await?))
}

/// `POST /api/students/forget`. The address is in the body, since paths end up in logs.
pub(in crate::web) async fn forget(
    State(app): State<App>,
    _: Teacher,
    mut fields: Fields,
) -> Result<Json<Forgotten>, Refusal> {
    let email = fields.email("email");
    fields.finish()?;
    let email = email.expect("a missing address is an error of the fields");
    Ok(Json(app.mastery.forget_student(&email).await?))
}

/// Answers of one piece of an export.
const PIECE: u32 = 1_000;

/// The columns of an export.
const COLUMNS: [&str; 9] =
    ["quiz", "session", "number", "template", "question", "email", "answer", "correct", "at"];

/// `GET /api/runs/{run}/export`: CSV, piece by piece, so that a million answers need no more memory than a thousand. The
/// first piece is fetched before the status is sent; if a later one fails the connection breaks, which a client sees.
pub(in crate::web) async fn export(
    State(app): State<App>,
    _: Teacher,
    Named(run): Named<RunId>,
) -> Result<Response, Refusal> {
    let first = app.mastery.export(run, None, PIECE).await?;
    let mut head = String::new();
    csv::row(&mut head, COLUMNS);
    head.push_str(&text(&first));
    let start = Piece { mastery: app.mastery.clone(), run, after: cursor(&first), text: head };
    let pieces = stream::try_unfold(Some(start), |piece| async {
        let Some(piece) = piece else { return Ok::<_, RunError>(None) };
        let Piece { mastery, run, after, text: ready } = piece;
        let next = match after {
            None => None,
            Some(_) => {
                let rows = mastery.export(run, after, PIECE).await?;
                Some(Piece { mastery, run, after: cursor(&rows), text: text(&rows) })
            }
        };
        Ok(Some((ready, next)))
    });
    let name = format!("attachment; filename=\"run-{run}.csv\"");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (header::CONTENT_DISPOSITION, HeaderValue::try_from(name).expect("a number is fit for a header")),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
}

/// A piece that is ready, and where the next one begins.
struct Piece {
    mastery: Mastery,
    run: RunId,
    after: Option<Cursor>,
    text: String,
}

/// Where the next piece begins; nothing after the last one.
fn cursor(rows: &[ExportRow]) -> Option<Cursor> {
    rows.last().filter(|_| rows.len() == PIECE as usize).map(|row| row.cursor)
}

fn text(rows: &[ExportRow]) -> String {
    let mut out = String::new();
    for ExportRow { cursor, response } in rows {
        let (session, seq, at) =
            (cursor.session.to_string(), cursor.seq.to_string(), response.at.to_string());
        let correct = if response.correct { "yes" } else { "no" };
        let [quiz, email] = [response.quiz.as_str(), response.email.as_str()];
        let [template, question, answer] = [&response.template, &response.question, &response.answer];
        csv::row(&mut out, [quiz, &session, &seq, template, question, email, answer, correct, &at]);
    }
    out
}
