//! What a teacher wants to know about a run.

use sqlx::{Row, SqlitePool, query};

use super::row;
use crate::core::response::Response;
use crate::store::records::{Cursor, ExportRow, Report, RunId, SessionId, StudentReport, TemplateReport};

pub(super) async fn report(pool: &SqlitePool, run: RunId) -> sqlx::Result<Report> {
    // One transaction, so that both halves are of one moment and add up.
    let mut transaction = pool.begin().await?;
    let students = query(
        "SELECT sessions.id, email, finished_at, count(responses.seq) AS answers,
                coalesce(sum(correct), 0) AS right, max(responses.at) AS last_at
         FROM sessions JOIN students ON students.id = student LEFT JOIN responses ON session = sessions.id
         WHERE run = ?1 GROUP BY sessions.id ORDER BY email",
    )
    .bind(run.0)
    .try_map(|row| {
        Ok(StudentReport {
            session: SessionId(row.try_get("id")?),
            email: row::email(&row)?,
            answers: row.try_get("answers")?,
            right: row.try_get("right")?,
            last_at: row::time_if_any(&row, "last_at")?,
            finished_at: row::time_if_any(&row, "finished_at")?,
        })
    })
    .fetch_all(&mut *transaction)
    .await?;
    let templates = query(
        "SELECT template, count(*) AS answers, sum(correct) AS right
         FROM responses JOIN sessions ON sessions.id = session WHERE run = ?1 GROUP BY template ORDER BY template",
    )
    .bind(run.0)
    .try_map(|row| {
        let (template, answers, right) = (row.try_get("template")?, row.try_get("answers")?, row.try_get("right")?);
        Ok(TemplateReport { template, answers, right })
    })
    .fetch_all(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(Report { students, templates })
}

pub(super) async fn export(
    pool: &SqlitePool,
    run: RunId,
    after: Option<Cursor>,
    limit: u32,
) -> sqlx::Result<Vec<ExportRow>> {
    // Sessions and numbers count from 1, so this is before all of them.
    let after = after.unwrap_or(Cursor { session: SessionId(0), seq: 0 });
    query(
        "SELECT responses.*, slug, email FROM responses JOIN sessions ON sessions.id = session
         JOIN students ON students.id = student JOIN runs ON runs.id = run
         WHERE run = ?1 AND (session, seq) > (?2, ?3) ORDER BY session, seq LIMIT ?4",
    )
    .bind(run.0)
    .bind(after.session.0)
    .bind(after.seq)
    .bind(limit)
    .try_map(|row| {
        let cursor = Cursor { session: SessionId(row.try_get("session")?), seq: row.try_get("seq")? };
        let response = Response {
            quiz: row::slug(&row)?,
            template: row.try_get("template")?,
            question: row.try_get("question")?,
            email: row::email(&row)?,
            answer: row.try_get("answer")?,
            correct: row.try_get("correct")?,
            at: row::time(&row, "at")?,
        };
        Ok(ExportRow { cursor, response })
    })
    .fetch_all(pool)
    .await
}
