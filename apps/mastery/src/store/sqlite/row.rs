//! Between columns and the types of the records.

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Error, Row};

use crate::core::email::Email;
use crate::core::slug::Slug;
use crate::store::records::RunState;

pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(super) fn time(row: &SqliteRow, column: &str) -> sqlx::Result<Timestamp> {
    Timestamp::from_microsecond(row.try_get(column)?).map_err(broken)
}

pub(super) fn time_if_any(row: &SqliteRow, column: &str) -> sqlx::Result<Option<Timestamp>> {
    let at: Option<i64> = row.try_get(column)?;
    at.map(Timestamp::from_microsecond).transpose().map_err(broken)
}

pub(super) fn slug(row: &SqliteRow) -> sqlx::Result<Slug> {
    Slug::parse(row.try_get("slug")?).map_err(broken)
}

pub(super) fn email(row: &SqliteRow) -> sqlx::Result<Email> {
    Email::parse(row.try_get("email")?).map_err(broken)
}

/// SQLite has signed numbers only; the bits are kept.
pub(super) fn seed(row: &SqliteRow) -> sqlx::Result<u64> {
    row.try_get::<i64, _>("seed").map(i64::cast_unsigned)
}

pub(super) fn state_name(state: RunState) -> &'static str {
    match state {
        RunState::Scheduled => "scheduled",
        RunState::Open => "open",
        RunState::Paused => "paused",
        RunState::Ended => "ended",
    }
}

pub(super) fn state(row: &SqliteRow) -> sqlx::Result<RunState> {
    let name: &str = row.try_get("state")?;
    [RunState::Scheduled, RunState::Open, RunState::Paused, RunState::Ended]
        .into_iter()
        .find(|state| state_name(*state) == name)
        .ok_or_else(|| broken(format!("there is no run state {name:?}")))
}

/// What we wrote is not what we read: somebody else has written to the file.
fn broken(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Decode(error.into())
}
