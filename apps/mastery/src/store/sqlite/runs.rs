//! Runs.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqlitePool, query};

use super::row;
use crate::store::records::{NewRun, Run, RunChange, RunId, RunState};

pub(super) async fn create(pool: &SqlitePool, run: &NewRun) -> sqlx::Result<Option<Run>> {
    query(
        "INSERT INTO runs (slug, version, code, start_at, end_at, state, at)
         SELECT slug, version, ?3, ?4, ?5, ?6, ?7 FROM quizzes WHERE slug = ?1 AND version = ?2
         ON CONFLICT (code) DO NOTHING RETURNING *",
    )
    .bind(run.slug.as_str())
    .bind(run.version)
    .bind(&run.code)
    .bind(row::micros(run.start_at))
    .bind(row::micros(run.end_at))
    .bind(row::state_name(RunState::Scheduled))
    .bind(row::micros(run.at))
    .try_map(|row| stored(&row))
    .fetch_optional(pool)
    .await
}

pub(super) async fn get(pool: &SqlitePool, run: RunId) -> sqlx::Result<Option<Run>> {
    query("SELECT * FROM runs WHERE id = ?1")
        .bind(run.0)
        .try_map(|row| stored(&row))
        .fetch_optional(pool)
        .await
}

pub(super) async fn by_code(pool: &SqlitePool, code: &str) -> sqlx::Result<Option<Run>> {
    query("SELECT * FROM runs WHERE code = ?1")
        .bind(code)
        .try_map(|row| stored(&row))
        .fetch_optional(pool)
        .await
}

pub(super) async fn all(pool: &SqlitePool) -> sqlx::Result<Vec<Run>> {
    query("SELECT * FROM runs ORDER BY id DESC").try_map(|row| stored(&row)).fetch_all(pool).await
}

pub(super) async fn change(pool: &SqlitePool, run: RunId, change: &RunChange) -> sqlx::Result<Option<Run>> {
    query(
        "UPDATE runs SET state = coalesce(?2, state), start_at = coalesce(?3, start_at),
         end_at = coalesce(?4, end_at) WHERE id = ?1 RETURNING *",
    )
    .bind(run.0)
    .bind(change.state.map(row::state_name))
    .bind(change.start_at.map(row::micros))
    .bind(change.end_at.map(row::micros))
    .try_map(|row| stored(&row))
    .fetch_optional(pool)
    .await
}

fn stored(row: &SqliteRow) -> sqlx::Result<Run> {
    Ok(Run {
        id: RunId(row.try_get("id")?),
        slug: row::slug(row)?,
        version: row.try_get("version")?,
        code: row.try_get("code")?,
        start_at: row::time(row, "start_at")?,
        end_at: row::time(row, "end_at")?,
        state: row::state(row)?,
    })
}
