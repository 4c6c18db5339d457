//! What one step showed.
//!
//! The recorded form ([`Expect`]) knows which orders are free; the seen form ([`Observation`]) is plain: events as
//! they came, messages as they came, and a result that says whether its order means anything.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::reason::Reason;
use crate::value::Value;

pub use event::{Event, Log, LogEntry};
pub use message::Message;

mod event;
mod message;

/// What the reference showed after a step; an absent key means "nothing".
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The result of the operation.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// The events, with the freedom their order has.
    #[serde(default)]
    pub log: Log,
    /// Labelled processes whose end has been seen, and their reasons.
    #[serde(default)]
    pub exits: BTreeMap<String, Reason>,
    /// Messages by the label of the process that received them.
    #[serde(default)]
    pub inbox: BTreeMap<String, Vec<Message>>,
}

/// What a subject showed after a step.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    /// The result of the operation, if it has one.
    pub result: Option<Outcome>,
    /// The events since the last observation, as they came.
    pub log: Vec<Event>,
    /// Labelled processes whose end has been seen since the last observation.
    pub exits: BTreeMap<String, Reason>,
    /// Messages received since the last observation, by label, as they came.
    pub inbox: BTreeMap<String, Vec<Message>>,
}

/// The result of an operation, in the form of the recordings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A result compared as it is.
    Value(Value),
    /// A list whose order means nothing.
    Set(Vec<Value>),
}

impl Outcome {
    /// `{"exit": reason}`: the caller's operation exited.
    pub fn exit(reason: Reason) -> Self {
        Self::Value(Value::tagged("exit", reason))
    }

    /// `{"error": reason}`.
    pub fn error(reason: Reason) -> Self {
        Self::Value(Value::tagged("error", reason))
    }
}

impl From<Outcome> for Value {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Value(value) => value,
            Outcome::Set(values) => Value::List(values),
        }
    }
}

/// Keeps `null` apart from an absent key.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_result_and_the_result_null_are_read_as_they_were_written() {
        for result in [None, Some(Value::Null)] {
            let expect = Expect { result, ..Expect::default() };
            let written = serde_json::to_string(&expect).unwrap();
            assert_eq!(serde_json::from_str::<Expect>(&written).unwrap(), expect);
        }
    }
}
