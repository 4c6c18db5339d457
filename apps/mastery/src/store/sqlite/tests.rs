use std::fs;

use sqlx::{Connection, SqliteConnection, raw_sql};

use super::open::FILE;
use super::schema::VERSION;
use super::*;
use crate::store::tests::{email, new_response, time, with_run};

async fn raw(file: &Path, sql: &'static str) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path()).await.unwrap();
    let run = with_run(&store).await;
    let session = store.join(run.id, &email("a@b"), 7, time(1)).await.unwrap().unwrap().session;
    store.append(&[new_response(session.id, 1, "r1")]).await.unwrap()[0].clone().unwrap();
    // Without closing it: all that a killed process leaves behind. The lock is the system's to release.
    store.opened.lock.unlock().unwrap();
    let again = SqliteStore::open(dir.path()).await.unwrap();
    assert_eq!(again.session(session.id).await.unwrap(), Some(session.clone()));
    assert_eq!(again.responses(session.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn commits_wait_for_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path()).await.unwrap();
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(store.writer()).await.unwrap();
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(store.writer()).await.unwrap();
    let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(store.writer()).await.unwrap();
    assert_eq!((mode.as_str(), synchronous, version), ("wal", 2, VERSION));
}

#[tokio::test]
async fn a_newer_database_is_refused_and_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    SqliteStore::open(dir.path()).await.unwrap().close().await.unwrap();
    let file = dir.path().join(FILE);
    raw(&file, "PRAGMA user_version = 999").await;
    let before = fs::read(&file).unwrap();
    let error = SqliteStore::open(dir.path()).await.unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 999, known: VERSION, .. }), "{error}");
    assert!(error.to_string().contains("start the newer mastery"), "{error}");
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[tokio::test]
async fn a_foreign_file_is_refused_and_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(FILE);
    fs::write(&file, "not a database, but a letter to grandmother, who likes long ones; this is one")
        .unwrap();
    let before = fs::read(&file).unwrap();
    assert!(matches!(SqliteStore::open(dir.path()).await, Err(OpenError::Foreign { .. })));
    assert_eq!(fs::read(&file).unwrap(), before);
    fs::remove_file(&file).unwrap();
    raw(&file, "CREATE TABLE letters (body TEXT)").await;
    assert!(matches!(SqliteStore::open(dir.path()).await, Err(OpenError::Foreign { .. })));
}

#[tokio::test]
async fn a_directory_that_cannot_be_used_is_refused_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    for unusable in [file.clone(), file.join("below")] {
        let error = SqliteStore::open(&unusable).await.unwrap_err();
        assert!(matches!(error, OpenError::Unusable { .. }), "{error:?}");
        assert!(error.to_string().contains("make it writable or choose another one"), "{error}");
    }
}

#[tokio::test]
async fn two_processes_cannot_have_one_directory() {
    let dir = tempfile::tempdir().unwrap();
    let first = SqliteStore::open(dir.path()).await.unwrap();
    assert!(matches!(SqliteStore::open(dir.path()).await, Err(OpenError::InUse { .. })));
    first.close().await.unwrap();
    SqliteStore::open(dir.path()).await.unwrap();
}

#[tokio::test]
async fn a_forgotten_student_is_in_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path()).await.unwrap();
    let run = with_run(&store).await;
    let session = store.join(run.id, &email("unforgettable@b"), 7, time(1)).await.unwrap().unwrap().session;
    store.append(&[new_response(session.id, 1, "r1")]).await.unwrap()[0].clone().unwrap();
    store.forget_student(&email("unforgettable@b")).await.unwrap();
    for file in fs::read_dir(dir.path()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(13).any(|window| window == b"unforgettable"));
    }
}
