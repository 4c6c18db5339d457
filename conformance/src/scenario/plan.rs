//! Plans: what a start function or an `init` does, call by call.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value as Json;

use super::{Command, Wait, millis};
use crate::reason::Reason;
use crate::value::Value;

/// Entries for the first, second, … time; the last one repeats.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<T>")]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub struct Plan<T>(Vec<T>);

/// One call of a start function.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Json")]
pub struct StartPlan {
    /// How long it sleeps before it returns an error.
    pub sleep: Duration,
    /// What it does.
    pub action: StartAction,
}

/// What a start function does. Everything but a plain start logs an attempt first.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartAction {
    /// Starts the child.
    Ok,
    /// Returns `ignore`.
    Ignore,
    /// Raises.
    Raise,
    /// Returns `"bad"`, which is none of the allowed values.
    BadReturn,
    /// Returns the error.
    Error(Reason),
    /// Exits.
    Exit(Reason),
    /// Throws a value.
    Throw(Value),
    /// Starts the child and returns an extra info.
    Info(Value),
}

/// One `init` of the test server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Json")]
pub struct InitPlan {
    /// How long it sleeps before.
    pub sleep: Duration,
    /// What it does.
    pub action: InitAction,
}

/// What `init` of the test server does.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InitAction {
    /// Returns the state.
    Ok,
    /// Returns `ignore`.
    Ignore,
    /// Raises.
    Raise,
    /// Returns `"bad"`, which is none of the allowed values.
    BadReturn,
    /// Returns `stop` with the reason.
    Stop(Reason),
    /// Exits.
    Exit(Reason),
    /// Returns the state and continues with the command.
    Continue(Command),
    /// Returns the state and a time-out.
    #[serde(deserialize_with = "millis")]
    Timeout(Duration),
}

/// What `terminate` of the test server does after logging.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnTerminate {
    /// Sleeps.
    Sleep(Wait),
    /// Exits.
    Exit(Reason),
    /// Throws a value.
    Throw(Value),
    /// Raises.
    Raise,
}

impl<T> Plan<T> {
    /// Returns the entry for the `n`th time, counted from 1.
    pub fn nth(&self, n: usize) -> &T {
        self.0.get(n - 1).or(self.0.last()).expect("a plan has an entry")
    }
}

impl Default for Plan<StartPlan> {
    fn default() -> Self {
        Self(vec![StartPlan { sleep: Duration::ZERO, action: StartAction::Ok }])
    }
}

impl Default for Plan<InitPlan> {
    fn default() -> Self {
        Self(vec![InitPlan { sleep: Duration::ZERO, action: InitAction::Ok }])
    }
}

impl<T> TryFrom<Vec<T>> for Plan<T> {
    type Error = &'static str;

    fn try_from(entries: Vec<T>) -> Result<Self, Self::Error> {
        if entries.is_empty() { Err("a plan has at least one entry") } else { Ok(Self(entries)) }
    }
}

impl TryFrom<Json> for StartPlan {
    type Error = String;

    /// Reads `{"error": r, "sleep": ms}`, or one of the entries that do not sleep.
    fn try_from(mut json: Json) -> Result<Self, String> {
        let sleep = match &mut json {
            Json::Object(keys) if keys.contains_key("error") => keys.remove("sleep"),
            _ => None,
        };
        let sleep = sleep.map(read).transpose()?.map_or(Duration::ZERO, Duration::from_millis);
        Ok(Self { sleep, action: read(json)? })
    }
}

impl TryFrom<Json> for InitPlan {
    type Error = String;

    /// Reads `{"sleep": ms, "then": entry}`, or one of the entries that do not sleep.
    fn try_from(json: Json) -> Result<Self, String> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Sleep {
            #[serde(deserialize_with = "millis")]
            sleep: Duration,
            then: InitPlan,
        }
        if json.get("sleep").is_none() {
            return Ok(Self { sleep: Duration::ZERO, action: read(json)? });
        }
        let Sleep { sleep, then } = read(json)?;
        Ok(Self { sleep: sleep + then.sleep, action: then.action })
    }
}

fn read<T: for<'de> Deserialize<'de>>(json: Json) -> Result<T, String> {
    let text = json.to_string();
    serde_json::from_value(json).map_err(|e| format!("{e} in the entry {text} of a plan"))
}
