//! Whether the service lives, and whether it can work.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::app::App;
use super::error::Refusal;
use crate::store::records::RunId;

/// How long the store may take to answer one who only asks whether it does.
const PATIENCE: Duration = Duration::from_secs(2);

/// `GET /livez`: whoever gets an answer has it.
pub(super) async fn live() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// `GET /readyz`: the store answers, and so do the processes in front of it.
pub(super) async fn ready(State(app): State<App>) -> Result<Json<Value>, Refusal> {
    let asked = async {
        // The processes may know the quizzes by heart, so the store is asked itself: for a run that never is.
        app.mastery.env.store.run(RunId(0)).await.is_ok() && app.mastery.quizzes().await.is_ok()
    };
    if tokio::time::timeout(PATIENCE, asked).await.unwrap_or(false) {
        return Ok(Json(json!({ "status": "ok" })));
    }
    let message = "the store or a process in front of it does not answer";
    Err(Refusal { code: "not_ready", ..Refusal::busy(message) })
}
