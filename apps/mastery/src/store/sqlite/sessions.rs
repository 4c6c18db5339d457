//! Students and their sessions.

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqlitePool, query, query_scalar};

use super::row;
use crate::core::email::Email;
use crate::store::records::{Forgotten, Joined, RunId, SessionId, StoredSession, StudentId};

pub(super) async fn join(
    pool: &SqlitePool,
    run: RunId,
    email: &Email,
    seed: u64,
    at: Timestamp,
) -> sqlx::Result<Option<Joined>> {
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    let is_known: Option<i64> = query_scalar("SELECT 1 FROM runs WHERE id = ?1")
        .bind(run.0)
        .fetch_optional(&mut *transaction)
        .await?;
    if is_known.is_none() {
        return Ok(None);
    }
    query("INSERT INTO students (email, at) VALUES (?1, ?2) ON CONFLICT DO NOTHING")
        .bind(email.as_str())
        .bind(row::micros(at))
        .execute(&mut *transaction)
        .await?;
    let created = query(
        "INSERT INTO sessions (run, student, seed, at) SELECT ?1, id, ?3, ?4 FROM students WHERE email = ?2
         ON CONFLICT DO NOTHING",
    )
    .bind(run.0)
    .bind(email.as_str())
    .bind(seed.cast_signed())
    .bind(row::micros(at))
    .execute(&mut *transaction)
    .await?;
    let session = query(
        "SELECT sessions.*, email FROM sessions JOIN students ON students.id = student WHERE run = ?1 AND email = ?2",
    )
    .bind(run.0)
    .bind(email.as_str())
    .try_map(|row| stored(&row))
    .fetch_one(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(Some(Joined { session, is_new: created.rows_affected() == 1 }))
}

pub(super) async fn get(pool: &SqlitePool, session: SessionId) -> sqlx::Result<Option<StoredSession>> {
    query(
        "SELECT sessions.*, email FROM sessions JOIN students ON students.id = student WHERE sessions.id = ?1",
    )
    .bind(session.0)
    .try_map(|row| stored(&row))
    .fetch_optional(pool)
    .await
}

pub(super) async fn of_run(pool: &SqlitePool, run: RunId) -> sqlx::Result<Vec<StoredSession>> {
    query(
        "SELECT sessions.*, email FROM sessions JOIN students ON students.id = student WHERE run = ?1
         ORDER BY sessions.id",
    )
    .bind(run.0)
    .try_map(|row| stored(&row))
    .fetch_all(pool)
    .await
}

pub(super) async fn forget_student(pool: &SqlitePool, email: &Email) -> sqlx::Result<Forgotten> {
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    let responses = query(
        "DELETE FROM responses WHERE session IN (SELECT sessions.id FROM sessions JOIN students
         ON students.id = student WHERE email = ?1)",
    );
    let responses = responses.bind(email.as_str()).execute(&mut *transaction).await?.rows_affected();
    let sessions = query("DELETE FROM sessions WHERE student = (SELECT id FROM students WHERE email = ?1)");
    let sessions = sessions.bind(email.as_str()).execute(&mut *transaction).await?.rows_affected();
    query("DELETE FROM students WHERE email = ?1").bind(email.as_str()).execute(&mut *transaction).await?;
    transaction.commit().await?;
    // The old pages are still in the log until it is copied back and cut. A reader at work can hold that up, and
    // then the next checkpoint does it; the student is gone from every query already.
    query("PRAGMA wal_checkpoint(TRUNCATE)").execute(pool).await?;
    Ok(Forgotten { sessions, responses })
}

fn stored(row: &SqliteRow) -> sqlx::Result<StoredSession> {
    Ok(StoredSession {
        id: SessionId(row.try_get("id")?),
        run: RunId(row.try_get("run")?),
        student: StudentId(row.try_get("student")?),
        email: row::email(row)?,
        seed: row::seed(row)?,
        at: row::time(row, "at")?,
        finished_at: row::time_if_any(row, "finished_at")?,
    })
}
