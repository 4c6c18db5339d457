//! From a data directory to an open database, or to a sentence that says why not.
//!
//! The file is looked at before anything is changed: a database of a newer release and a foreign one stay
//! as they are, to the byte.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, raw_sql};

use super::schema::{APPLICATION_ID, STEPS, VERSION};
use crate::store::error::OpenError;

/// The database's name in the data directory.
pub(super) const FILE: &str = "mastery.db";
/// Held locked by the process that uses the directory.
const LOCK: &str = "mastery.lock";
/// Readers beside the one writer; more would only queue at the disk.
const READERS: u32 = 4;

/// An open database.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) writer: SqlitePool,
    pub(super) readers: SqlitePool,
    /// Locked until it is dropped; the system unlocks it when the process is killed.
    pub(super) lock: File,
}

pub(super) async fn open(dir: &Path) -> Result<Opened, OpenError> {
    let unusable = |reason: &dyn std::fmt::Display| OpenError::Unusable {
        dir: dir.to_owned(),
        reason: reason.to_string(),
    };
    fs::create_dir_all(dir).map_err(|error| unusable(&error))?;
    let file = dir.join(FILE);
    if !dir.join(LOCK).exists() {
        // A copy that nobody has opened here: if it is refused, not even a lock is left behind.
        inspect(&file).await?;
    }
    let lock = lock(dir)?;
    if let Err(error) = File::open(&file)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        // Else a file that may not be read would be taken for a foreign one.
        return Err(unusable(&error));
    }
    let version = inspect(&file).await?;
    let options = SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        // FULL waits for the disk at every commit: an acknowledged answer survives a power cut, not only a crash.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(5))
        // What is deleted is overwritten: a forgotten student is not to be found in the free pages.
        .pragma("secure_delete", "ON")
        .optimize_on_close(true, None);
    let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone());
    let writer = writer.await.map_err(|error| unusable(&error))?;
    migrate(&writer, version).await.map_err(|error| unusable(&error))?;
    let readers =
        SqlitePoolOptions::new().max_connections(READERS).connect_with(options.create_if_missing(false));
    let readers = readers.await.map_err(|error| unusable(&error))?;
    Ok(Opened { writer, readers, lock })
}

fn lock(dir: &Path) -> Result<File, OpenError> {
    let unusable =
        |error: std::io::Error| OpenError::Unusable { dir: dir.to_owned(), reason: error.to_string() };
    let lock =
        File::options().create(true).truncate(false).write(true).open(dir.join(LOCK)).map_err(unusable)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { dir: dir.to_owned() }),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}

/// The version of the database in this file; 0 if there is no file yet.
async fn inspect(file: &Path) -> Result<i64, OpenError> {
    let is_new = fs::metadata(file).map_or(true, |found| found.len() == 0);
    if is_new {
        return Ok(0);
    }
    let foreign = || OpenError::Foreign { file: file.to_owned() };
    // Without a log beside it the file is all there is. Said to be immutable, it is read without making one.
    let has_log = file.with_file_name(format!("{FILE}-wal")).exists();
    let options = SqliteConnectOptions::new().filename(file).read_only(true).immutable(!has_log);
    let mut connection = options.connect().await.map_err(|_| foreign())?;
    let marks = marks(&mut connection).await;
    // Closing may fail like reading; what was read decides.
    let _ = connection.close().await;
    match marks.map_err(|_| foreign())? {
        (APPLICATION_ID, found) if found > VERSION => {
            Err(OpenError::Newer { file: PathBuf::from(file), found, known: VERSION })
        }
        (APPLICATION_ID, found) => Ok(found),
        _ => Err(foreign()),
    }
}

async fn marks(connection: &mut SqliteConnection) -> sqlx::Result<(i64, i64)> {
    let application = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *connection).await?;
    let version = sqlx::query_scalar("PRAGMA user_version").fetch_one(connection).await?;
    Ok((application, version))
}

/// Takes the steps that are missing, all in one transaction: a crash in between leaves the old version.
async fn migrate(writer: &SqlitePool, version: i64) -> sqlx::Result<()> {
    if version == VERSION {
        return Ok(());
    }
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
    for step in STEPS.iter().skip(usize::try_from(version).unwrap_or(0)) {
        raw_sql(*step).execute(&mut *transaction).await?;
    }
    // A pragma takes no parameters; both numbers are constants of this program.
    let marks = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}");
    raw_sql(sqlx::AssertSqlSafe(marks)).execute(&mut *transaction).await?;
    transaction.commit().await
}
