//! Events of the log, and logs whose order is partly free.

use serde::{Deserialize, Serialize};

use crate::reason::Reason;
use crate::value::Value;

/// Something a labelled process did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub enum Event {
    /// The process has begun, also if its init then fails.
    Init(String),
    /// `handle_continue` runs.
    Continue(String),
    /// The terminate callback runs, with this reason.
    Terminate(String, Reason),
    /// A start function was called for this base and did something other than a plain start.
    Attempt(String),
}

/// Events in order, with places where the order is free.
pub type Log = Vec<LogEntry>;

/// One element of a [`Log`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub enum LogEntry {
    /// The next event is this one.
    Event(Event),
    /// The next events are those of these logs in any interleaving, each log in its own order.
    Par(Vec<Log>),
}

impl Event {
    /// The label (of an attempt, the base) by which the event belongs to one log of a [`LogEntry::Par`].
    pub fn label(&self) -> &str {
        match self {
            Self::Init(label) | Self::Continue(label) | Self::Terminate(label, _) | Self::Attempt(label) => {
                label
            }
        }
    }
}

impl TryFrom<Value> for Event {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let unknown = || format!("{value} is no event");
        let Value::List(parts) = &value else { return Err(unknown()) };
        match parts.as_slice() {
            [Value::String(kind), Value::String(label)] => match kind.as_str() {
                "init" => Ok(Self::Init(label.clone())),
                "continue" => Ok(Self::Continue(label.clone())),
                "attempt" => Ok(Self::Attempt(label.clone())),
                _ => Err(unknown()),
            },
            [Value::String(kind), Value::String(label), reason] if kind == "terminate" => {
                Ok(Self::Terminate(label.clone(), reason.clone().into()))
            }
            _ => Err(unknown()),
        }
    }
}

impl From<Event> for Value {
    fn from(event: Event) -> Self {
        let pair = |kind: &str, label: String| Value::from(vec![Value::from(kind), label.into()]);
        match event {
            Event::Init(label) => pair("init", label),
            Event::Continue(label) => pair("continue", label),
            Event::Attempt(label) => pair("attempt", label),
            Event::Terminate(label, reason) => {
                Value::from(vec![Value::from("terminate"), label.into(), reason.into()])
            }
        }
    }
}

impl TryFrom<Value> for LogEntry {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let Some(logs) = value.under("par") else { return Event::try_from(value).map(Self::Event) };
        let Value::List(logs) = logs else { return Err(format!("`par` holds logs, not {logs}")) };
        let log = |log: &Value| match log {
            Value::List(entries) => entries.iter().cloned().map(Self::try_from).collect(),
            other => Err(format!("{other} is no log")),
        };
        logs.iter().map(log).collect::<Result<_, _>>().map(Self::Par)
    }
}

impl From<LogEntry> for Value {
    fn from(entry: LogEntry) -> Self {
        match entry {
            LogEntry::Event(event) => event.into(),
            LogEntry::Par(logs) => Value::tagged("par", logs),
        }
    }
}
