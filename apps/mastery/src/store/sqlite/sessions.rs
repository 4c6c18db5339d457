//! Students and their sessions.

use std::collections::HashMap;

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Row, SqlitePool, query, query_scalar};

use super::row;
use crate::core::email::Email;
use crate::store::records::{Forgotten, Joined, NewSession, RunId, SessionId, StoredSession, StudentId};

pub(super) async fn join_all(pool: &SqlitePool, joins: &[NewSession]) -> sqlx::Result<Vec<Option<Joined>>> {
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    // Most join one and the same run, so it is not asked for each time.
    let mut runs: HashMap<RunId, bool> = HashMap::new();
    let mut joined = Vec::with_capacity(joins.len());
    for new in joins {
        let is_known = match runs.get(&new.run) {
            Some(is_known) => *is_known,
            None => is_run(&mut transaction, new.run).await?,
        };
        runs.insert(new.run, is_known);
        joined.push(if is_known { Some(join(&mut transaction, new).await?) } else { None });
    }
    transaction.commit().await?;
    Ok(joined)
}

async fn is_run(connection: &mut SqliteConnection, run: RunId) -> sqlx::Result<bool> {
    let found: Option<i64> =
        query_scalar("SELECT 1 FROM runs WHERE id = ?1").bind(run.0).fetch_optional(connection).await?;
    Ok(found.is_some())
}

async fn join(connection: &mut SqliteConnection, new: &NewSession) -> sqlx::Result<Joined> {
    query("INSERT INTO students (email, at) VALUES (?1, ?2) ON CONFLICT DO NOTHING")
        .bind(new.student.as_str())
        .bind(row::micros(new.at))
        .execute(&mut *connection)
        .await?;
    let created = query(
        "INSERT INTO sessions (run, student, seed, at) SELECT ?1, id, ?3, ?4 FROM students WHERE email = ?2
         ON CONFLICT DO NOTHING RETURNING *, ?2 AS email",
    );
    let created = created
        .bind(new.run.0)
        .bind(new.student.as_str())
        .bind(new.seed.cast_signed())
        .bind(row::micros(new.at))
        .try_map(|row| stored(&row))
        .fetch_optional(&mut *connection)
        .await?;
    if let Some(session) = created {
        return Ok(Joined { session, is_new: true });
    }
    let session = query(
        "SELECT sessions.*, email FROM sessions JOIN students ON students.id = student WHERE run = ?1 AND email = ?2",
    );
    let session = session.bind(new.run.0).bind(new.student.as_str()).try_map(|row| stored(&row));
    Ok(Joined { session: session.fetch_one(connection).await?, is_new: false })
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
