//! The first difference between what was recorded and what was seen.
//!
//! | key | compared |
//! |---|---|
//! | `result` | as it is; a set without its order; of `raise` only the fact |
//! | `log` | event by event; a `par` in any interleaving of its logs |
//! | `exits` | by label |
//! | `inbox` | by label; without the order of the messages unless the step says `ordered` |
//!
//! An absent key means "nothing". A step that does not settle is not observed: only its result is compared. The order
//! between log, exits and inbox is not compared.

use std::fmt;

use serde::Serialize;

use crate::observation::Observation;
use crate::scenario::Step;
use crate::value::Value;

mod inbox;
mod log;
mod result;

/// Where a subject differs from the recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The step, counted from 0 as the elements of `steps` are; none if the scenario did not get so far.
    pub step: Option<usize>,
    /// What differs.
    pub key: Key,
    /// What the reference showed; none for "nothing".
    pub expected: Option<Value>,
    /// What was seen instead.
    pub got: Option<Value>,
}

/// What can differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Key {
    /// The file could not be read as a scenario.
    File,
    /// The step could not be run or came to no end.
    Run,
    /// The result of the operation.
    Result,
    /// The events.
    Log,
    /// The ends of processes.
    Exits,
    /// The messages.
    Inbox,
}

impl Difference {
    /// Makes the difference of a scenario that could not be read, or of a step that could not be run.
    pub fn trouble(key: Key, step: Option<usize>, problem: impl fmt::Display) -> Self {
        Self { step, key, expected: None, got: Some(problem.to_string().into()) }
    }
}

/// Returns the first difference of `seen` from what `step`, the one with the number `index`, expects.
pub fn difference(index: usize, step: &Step, seen: &Observation) -> Option<Difference> {
    let expect = &step.expect;
    let differs = |key, expected: Option<Value>, got: Option<Value>| {
        Some(Difference { step: Some(index), key, expected, got })
    };
    if !result::matches(expect.result.as_ref(), seen.result.as_ref()) {
        return differs(Key::Result, expect.result.clone(), seen.result.clone().map(Value::from));
    }
    if !step.settle {
        return None;
    }
    if !log::matches(&expect.log, &seen.log) {
        return differs(Key::Log, Some(expect.log.clone().into()), Some(seen.log.clone().into()));
    }
    if expect.exits != seen.exits {
        return differs(Key::Exits, Some(object(&expect.exits)), Some(object(&seen.exits)));
    }
    if !inbox::matches(&expect.inbox, &seen.inbox, step.ordered) {
        return differs(Key::Inbox, Some(object(&expect.inbox)), Some(object(&seen.inbox)));
    }
    None
}

fn object<'a, T: Clone + Into<Value> + 'a>(entries: impl IntoIterator<Item = (&'a String, &'a T)>) -> Value {
    Value::Object(entries.into_iter().map(|(key, entry)| (key.clone(), entry.clone().into())).collect())
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "file",
            Self::Run => "run",
            Self::Result => "result",
            Self::Log => "log",
            Self::Exits => "exits",
            Self::Inbox => "inbox",
        })
    }
}
