//! Many responses in one statement.
//!
//! A statement is a trip to the thread that owns the connection and back, which takes longer than the insertion of a
//! row. A class answers one by one, but at a deadline thousands of answers wait for one commit.

use std::sync::LazyLock;

use sqlx::query;
use sqlx::sqlite::SqliteConnection;

use super::row;
use crate::store::records::NewResponse;

/// How many rows the statements take, the largest first; 1 is left to the caller. A few fixed sizes keep the number
/// of prepared statements small.
const SIZES: [usize; 3] = [128, 32, 8];

static STATEMENTS: LazyLock<[String; SIZES.len()]> = LazyLock::new(|| SIZES.map(statement));

/// Rows without a session are left out and those that exist are skipped, as for a single row.
fn statement(rows: usize) -> String {
    let rows = vec!["(?, ?, ?, ?, ?, ?, ?, ?)"; rows].join(", ");
    format!(
        "INSERT INTO responses (session, seq, request_id, template, question, answer, correct, at)
         SELECT * FROM (VALUES {rows}) WHERE column1 IN (SELECT id FROM sessions) ON CONFLICT DO NOTHING"
    )
}

/// How many of so many responses should be tried at once; 1 if they are too few.
pub(super) fn chunk(waiting: usize) -> usize {
    SIZES.into_iter().find(|size| *size <= waiting).unwrap_or(1)
}

/// Inserts a [`chunk`] and says how many rows were new. If that is not all of them, it does not say which.
///
/// # Panics
///
/// If the number of responses is not one of the chunks' sizes.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    responses: &[NewResponse],
) -> sqlx::Result<u64> {
    let size =
        SIZES.iter().position(|size| *size == responses.len()).expect("the caller has asked for the size");
    let mut insertion = query(STATEMENTS[size].as_str());
    for response in responses {
        insertion = insertion
            .bind(response.session.0)
            .bind(response.seq)
            .bind(&response.request_id)
            .bind(&response.template)
            .bind(&response.question)
            .bind(&response.answer)
            .bind(response.correct)
            .bind(row::micros(response.at));
    }
    Ok(insertion.execute(connection).await?.rows_affected())
}
