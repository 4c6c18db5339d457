//! Responses: the only table that grows by the second.

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Connection, Row, SqlitePool, query};

use super::{bulk, row};
use crate::store::error::AppendError;
use crate::store::records::{Appended, NewResponse, SessionId, StoredResponse};

type Outcome = Result<Appended, AppendError>;

pub(super) async fn append(pool: &SqlitePool, responses: &[NewResponse]) -> sqlx::Result<Vec<Outcome>> {
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    let mut outcomes = Vec::with_capacity(responses.len());
    let mut waiting = responses;
    while !waiting.is_empty() {
        let (chunk, rest) = waiting.split_at(bulk::chunk(waiting.len()));
        waiting = rest;
        if all_are_new(&mut transaction, chunk).await? {
            outcomes.extend(chunk.iter().map(|_| Ok(Appended::Stored)));
        } else {
            for response in chunk {
                outcomes.push(one_by_one(&mut transaction, response).await?);
            }
        }
    }
    for (response, outcome) in responses.iter().zip(&outcomes) {
        if response.finishes && *outcome == Ok(Appended::Stored) {
            finish(&mut transaction, response).await?;
        }
    }
    // Nobody has been told anything yet: if the commit fails, no promise is broken.
    transaction.commit().await?;
    Ok(outcomes)
}

/// Inserts a chunk if all of it is new, which is nearly always so; else nothing is inserted.
async fn all_are_new(connection: &mut SqliteConnection, chunk: &[NewResponse]) -> sqlx::Result<bool> {
    if chunk.len() == 1 {
        return Ok(false);
    }
    let mut savepoint = connection.begin().await?;
    let is_complete = bulk::insert(&mut savepoint, chunk).await? == chunk.len() as u64;
    if is_complete {
        savepoint.commit().await?;
    } else {
        savepoint.rollback().await?;
    }
    Ok(is_complete)
}

async fn one_by_one(connection: &mut SqliteConnection, response: &NewResponse) -> sqlx::Result<Outcome> {
    if insert(connection, response).await? {
        Ok(Ok(Appended::Stored))
    } else {
        refusal(connection, response).await
    }
}

/// Whether the response was new and its session is there.
async fn insert(connection: &mut SqliteConnection, response: &NewResponse) -> sqlx::Result<bool> {
    let done = query(
        "INSERT INTO responses (session, seq, request_id, template, question, answer, correct, at)
         SELECT id, ?2, ?3, ?4, ?5, ?6, ?7, ?8 FROM sessions WHERE id = ?1 ON CONFLICT DO NOTHING",
    )
    .bind(response.session.0)
    .bind(response.seq)
    .bind(&response.request_id)
    .bind(&response.template)
    .bind(&response.question)
    .bind(&response.answer)
    .bind(response.correct)
    .bind(row::micros(response.at))
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

async fn finish(connection: &mut SqliteConnection, response: &NewResponse) -> sqlx::Result<()> {
    query("UPDATE sessions SET finished_at = coalesce(finished_at, ?2) WHERE id = ?1")
        .bind(response.session.0)
        .bind(row::micros(response.at))
        .execute(connection)
        .await?;
    Ok(())
}

/// Why a response was not inserted. The request decides first: a retry must find its own response.
async fn refusal(connection: &mut SqliteConnection, response: &NewResponse) -> sqlx::Result<Outcome> {
    let by_request = query("SELECT * FROM responses WHERE session = ?1 AND request_id = ?2")
        .bind(response.session.0)
        .bind(&response.request_id)
        .try_map(|row| stored(&row))
        .fetch_optional(&mut *connection)
        .await?;
    Ok(match by_request {
        Some(stored) if stored.seq == response.seq => Ok(Appended::Already(stored)),
        Some(_) => Err(AppendError::RequestReused),
        None if one(connection, response.session, response.seq).await?.is_some() => {
            Err(AppendError::SeqTaken)
        }
        None => Err(AppendError::NoSession),
    })
}

pub(super) async fn of_session(pool: &SqlitePool, session: SessionId) -> sqlx::Result<Vec<StoredResponse>> {
    query("SELECT * FROM responses WHERE session = ?1 ORDER BY seq")
        .bind(session.0)
        .try_map(|row| stored(&row))
        .fetch_all(pool)
        .await
}

pub(super) async fn get(
    pool: &SqlitePool,
    session: SessionId,
    seq: u32,
) -> sqlx::Result<Option<StoredResponse>> {
    one(&mut *pool.acquire().await?, session, seq).await
}

async fn one(
    connection: &mut SqliteConnection,
    session: SessionId,
    seq: u32,
) -> sqlx::Result<Option<StoredResponse>> {
    query("SELECT * FROM responses WHERE session = ?1 AND seq = ?2")
        .bind(session.0)
        .bind(seq)
        .try_map(|row| stored(&row))
        .fetch_optional(connection)
        .await
}

fn stored(row: &SqliteRow) -> sqlx::Result<StoredResponse> {
    Ok(StoredResponse {
        seq: row.try_get("seq")?,
        request_id: row.try_get("request_id")?,
        template: row.try_get("template")?,
        question: row.try_get("question")?,
        answer: row.try_get("answer")?,
        correct: row.try_get("correct")?,
        at: row::time(row, "at")?,
    })
}
