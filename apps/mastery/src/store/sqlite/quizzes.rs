//! Quizzes by version.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqlitePool, query};

use super::row;
use crate::core::slug::Slug;
use crate::store::records::{NewQuiz, StoredQuiz};

pub(super) async fn put(
    pool: &SqlitePool,
    quiz: &NewQuiz,
    replaces: Option<u32>,
) -> sqlx::Result<Option<u32>> {
    let version = replaces.unwrap_or(0) + 1;
    // The condition and the insertion are one statement: nobody comes between.
    let done = query(
        "INSERT INTO quizzes (slug, version, title, body, at) SELECT ?1, ?2, ?3, ?4, ?5
         WHERE ?2 = 1 + (SELECT coalesce(max(version), 0) FROM quizzes WHERE slug = ?1)",
    )
    .bind(quiz.slug.as_str())
    .bind(version)
    .bind(&quiz.title)
    .bind(&quiz.body)
    .bind(row::micros(quiz.at))
    .execute(pool)
    .await?;
    Ok((done.rows_affected() == 1).then_some(version))
}

pub(super) async fn get(
    pool: &SqlitePool,
    slug: &Slug,
    version: Option<u32>,
) -> sqlx::Result<Option<StoredQuiz>> {
    query("SELECT * FROM quizzes WHERE slug = ?1 AND (?2 IS NULL OR version = ?2) ORDER BY version DESC LIMIT 1")
        .bind(slug.as_str())
        .bind(version)
        .try_map(|row| stored(&row))
        .fetch_optional(pool)
        .await
}

pub(super) async fn newest(pool: &SqlitePool) -> sqlx::Result<Vec<StoredQuiz>> {
    query(
        "SELECT * FROM quizzes AS q WHERE version = (SELECT max(version) FROM quizzes WHERE slug = q.slug)
         ORDER BY slug",
    )
    .try_map(|row| stored(&row))
    .fetch_all(pool)
    .await
}

fn stored(row: &SqliteRow) -> sqlx::Result<StoredQuiz> {
    Ok(StoredQuiz {
        slug: row::slug(row)?,
        version: row.try_get("version")?,
        title: row.try_get("title")?,
        body: row.try_get("body")?,
        at: row::time(row, "at")?,
    })
}
