//! Lengths of time: milliseconds, or a word.

use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;

/// A time to wait, possibly for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Json")]
pub enum Wait {
    /// That long.
    For(Duration),
    /// `"infinity"`.
    Infinity,
}

/// How long a process that is told to stop may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Json")]
pub enum Shutdown {
    /// `"brutal_kill"`: it is killed at once.
    BrutalKill,
    /// It is killed after that long.
    Timeout(Duration),
    /// `"infinity"`: it is never killed.
    Infinity,
}

impl Wait {
    /// The length, `None` if it has no end.
    pub fn limit(self) -> Option<Duration> {
        match self {
            Self::For(length) => Some(length),
            Self::Infinity => None,
        }
    }
}

impl TryFrom<Json> for Wait {
    type Error = String;

    fn try_from(json: Json) -> Result<Self, String> {
        match (json.as_u64(), json.as_str()) {
            (Some(ms), _) => Ok(Self::For(Duration::from_millis(ms))),
            (_, Some("infinity")) => Ok(Self::Infinity),
            _ => Err(format!("{json} is neither milliseconds nor `infinity`")),
        }
    }
}

impl TryFrom<Json> for Shutdown {
    type Error = String;

    fn try_from(json: Json) -> Result<Self, String> {
        if json == "brutal_kill" {
            return Ok(Self::BrutalKill);
        }
        Ok(match Wait::try_from(json)? {
            Wait::For(length) => Self::Timeout(length),
            Wait::Infinity => Self::Infinity,
        })
    }
}

/// Reads a number of milliseconds.
///
/// # Errors
///
/// It is not a whole number of them.
pub fn millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(Duration::from_millis)
}
