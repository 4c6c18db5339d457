//! Steps: an operation, who runs it, and what was seen.

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::{Op, Target};
use crate::observation::Expect;

/// One step of a scenario.
#[derive(Clone, Debug)]
pub struct Step {
    /// The operation.
    pub op: Op,
    /// The name of the operation, for people.
    pub name: String,
    /// Who runs it.
    pub runner: Runner,
    /// Whether to wait until nothing moves, and to observe.
    pub settle: bool,
    /// Whether nothing forces the order of the log, which is then written in its free form already.
    pub unordered: bool,
    /// Whether the messages of an inbox are compared in order.
    pub ordered: bool,
    /// What the reference showed.
    pub expect: Expect,
}

/// Who runs an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Runner {
    /// The process `test`.
    Test,
    /// The labelled process, which is then the caller, owner, sender, linker.
    Process(Target),
    /// A fresh, unlinked, unlabelled client; its result is fetched later under this name.
    Client(String),
}

/// The keys every step may have; what is left belongs to the operation.
#[derive(Deserialize)]
struct Common {
    #[serde(rename = "as")]
    by: Option<Target>,
    #[serde(rename = "async")]
    client: Option<String>,
    #[serde(default = "super::yes")]
    settle: bool,
    #[serde(default)]
    unordered: bool,
    #[serde(default)]
    ordered: bool,
    expect: Expect,
}

impl Step {
    pub(crate) fn read(mut keys: Map<String, Json>) -> Result<Self, String> {
        let name = keys.get("op").and_then(Json::as_str).unwrap_or_default().to_owned();
        let mut common = Map::new();
        for key in ["as", "async", "settle", "unordered", "ordered", "expect"] {
            // A stream has an `ordered` of its own.
            let taken = if key == "ordered" && name == "async_stream" { None } else { keys.remove(key) };
            common.extend(taken.map(|value| (key.to_owned(), value)));
        }
        let common: Common = serde_json::from_value(Json::Object(common)).map_err(|e| e.to_string())?;
        let runner = match (common.by, common.client) {
            (None, None) => Runner::Test,
            (Some(process), None) => Runner::Process(process),
            (None, Some(name)) => Runner::Client(name),
            (Some(_), Some(_)) => return Err("a step with both `as` and `async`".into()),
        };
        let op = serde_json::from_value(Json::Object(keys)).map_err(|e| e.to_string())?;
        let Common { settle, unordered, ordered, expect, .. } = common;
        Ok(Self { op, name, runner, settle, unordered, ordered, expect })
    }
}
