//! What tasks do, and the first function of an agent.

use serde::Deserialize;

use super::{Wait, present};
use crate::reason::Reason;
use crate::value::Value;

/// The work of a task.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Raw")]
pub struct Action {
    /// Whether it traps exits.
    pub trap_exit: bool,
    /// Whether it first waits for the message `go`.
    pub wait: bool,
    /// What it does if an `EXIT` comes while it waits, which ends the waiting.
    pub on_exit: Option<Box<Action>>,
    /// How long it sleeps then.
    pub sleep: Option<Wait>,
    /// How it ends.
    pub ending: Ending,
}

/// How a task ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Returns the value; null if the action says nothing.
    Return(Value),
    /// Exits.
    Exit(Reason),
    /// Raises.
    Raise,
    /// Throws the value.
    Throw(Value),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    trap_exit: bool,
    #[serde(default)]
    wait: bool,
    on_exit: Option<Box<Action>>,
    sleep: Option<Wait>,
    #[serde(default, rename = "return", deserialize_with = "present")]
    value: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    exit: Option<Reason>,
    #[serde(default)]
    raise: bool,
    #[serde(default, deserialize_with = "present")]
    throw: Option<Value>,
}

impl TryFrom<Raw> for Action {
    type Error = &'static str;

    fn try_from(raw: Raw) -> Result<Self, Self::Error> {
        let ending = match (raw.value, raw.exit, raw.raise, raw.throw) {
            (value, None, false, None) => Ending::Return(value.unwrap_or_default()),
            (None, Some(reason), false, None) => Ending::Exit(reason),
            (None, None, true, None) => Ending::Raise,
            (None, None, false, Some(value)) => Ending::Throw(value),
            _ => return Err("an action has one of `return`, `exit`, `raise`, `throw`"),
        };
        let Raw { trap_exit, wait, on_exit, sleep, .. } = raw;
        Ok(Self { trap_exit, wait, on_exit, sleep, ending })
    }
}
