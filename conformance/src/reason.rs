//! Exit reasons in their normal form.
//!
//! The recordings show a reason without what is particular to one system: any raised exception is `"crash"`, a wrong
//! return value `{"bad_return_value": "bad"}`, and a failed call's reason comes without the description of the call.
//! Whatever a subject has for reasons it brings into this form; two reasons are then the same if they are equal.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::value::Value;

/// Why a process ended, as a scenario writes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Value", into = "Value")]
pub enum Reason {
    /// `"normal"`.
    Normal,
    /// `"shutdown"`.
    Shutdown,
    /// `{"shutdown": r}`.
    ShutdownWith(Box<Reason>),
    /// `"killed"`: what the others see of a kill.
    Killed,
    /// `"noproc"`: there was no such process.
    NoProc,
    /// `"timeout"`.
    Timeout,
    /// `"crash"`: an exception, whichever, or a value thrown and not caught.
    Crash,
    /// Any other atom. `"kill"` as a reason is one of these; the signal is [`Signal::Kill`].
    Atom(String),
    /// `{"tag": r}`: a pair whose first element is an atom.
    Tagged(String, Box<Reason>),
    /// Anything else.
    Value(Value),
}

impl Reason {
    /// The reason of a server whose callback returned `"bad"`, which is none of the allowed values.
    pub fn bad_return_value() -> Self {
        Self::tagged("bad_return_value", Self::Atom("bad".into()))
    }

    /// The reason of a supervisor that did not start because of a child.
    pub fn failed_to_start_child(id: Value, reason: Reason) -> Self {
        let pair = Value::List(vec![id, reason.into()]);
        Self::ShutdownWith(Box::new(Self::tagged("failed_to_start_child", Self::Value(pair))))
    }

    /// Makes the reason `{"tag": reason}`.
    pub fn tagged(tag: &str, reason: Reason) -> Self {
        Self::Tagged(tag.into(), Box::new(reason))
    }
}

/// An exit signal. The kill is a signal, untrappable, and not a reason.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Reason")]
pub enum Signal {
    /// Ends the process whatever it traps; others see [`Reason::Killed`].
    Kill,
    /// An ordinary exit with that reason.
    Exit(Reason),
}

impl From<Reason> for Signal {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Atom(name) if name == "kill" => Self::Kill,
            reason => Self::Exit(reason),
        }
    }
}

impl From<Value> for Reason {
    fn from(value: Value) -> Self {
        match value {
            Value::String(name) => match name.as_str() {
                "normal" => Self::Normal,
                "shutdown" => Self::Shutdown,
                "killed" => Self::Killed,
                "noproc" => Self::NoProc,
                "timeout" => Self::Timeout,
                "crash" => Self::Crash,
                _ => Self::Atom(name),
            },
            Value::Object(mut entries) if entries.len() == 1 => {
                let (tag, value) = entries.pop_first().expect("the object has one entry");
                let reason = Box::new(Self::from(value));
                if tag == "shutdown" { Self::ShutdownWith(reason) } else { Self::Tagged(tag, reason) }
            }
            value => Self::Value(value),
        }
    }
}

impl From<Reason> for Value {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Normal => "normal".into(),
            Reason::Shutdown => "shutdown".into(),
            Reason::ShutdownWith(reason) => Value::tagged("shutdown", *reason),
            Reason::Killed => "killed".into(),
            Reason::NoProc => "noproc".into(),
            Reason::Timeout => "timeout".into(),
            Reason::Crash => "crash".into(),
            Reason::Atom(name) => name.into(),
            Reason::Tagged(tag, reason) => Value::tagged(&tag, *reason),
            Reason::Value(value) => value,
        }
    }
}

impl fmt::Display for Reason {
    /// Writes the reason as one line of JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Value::from(self.clone()).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_reason_is_read_and_written_again() {
        let shutdown = |reason| Reason::ShutdownWith(Box::new(reason));
        let table = [
            (r#""normal""#, Reason::Normal),
            (r#""shutdown""#, Reason::Shutdown),
            (r#"{"shutdown":"x"}"#, shutdown(Reason::Atom("x".into()))),
            (r#"{"shutdown":{"shutdown":"x"}}"#, shutdown(shutdown(Reason::Atom("x".into())))),
            (r#""killed""#, Reason::Killed),
            (r#""noproc""#, Reason::NoProc),
            (r#""timeout""#, Reason::Timeout),
            (r#""crash""#, Reason::Crash),
            (r#""boom""#, Reason::Atom("boom".into())),
            (r#""kill""#, Reason::Atom("kill".into())),
            (r#"{"bad_return_value":"bad"}"#, Reason::bad_return_value()),
            (
                r#"{"tag":{"deep":"x"}}"#,
                Reason::tagged("tag", Reason::tagged("deep", Reason::Atom("x".into()))),
            ),
            (
                r#"{"shutdown":{"failed_to_start_child":["w1",{"already_started":"w1#1"}]}}"#,
                Reason::failed_to_start_child(
                    "w1".into(),
                    Reason::tagged("already_started", Reason::Atom("w1#1".into())),
                ),
            ),
            ("7", Reason::Value(Value::Int(7))),
            (r#"{"t":[1,2]}"#, Reason::Value(Value::Tuple(vec![Value::Int(1), Value::Int(2)]))),
        ];
        for (json, reason) in table {
            assert_eq!(serde_json::from_str::<Reason>(json).unwrap(), reason);
            assert_eq!(reason.to_string(), json);
        }
    }

    #[test]
    fn kill_is_a_signal_and_killed_is_not() {
        let signal = |json| serde_json::from_str::<Signal>(json).unwrap();
        assert_eq!(signal(r#""kill""#), Signal::Kill);
        assert_eq!(signal(r#""killed""#), Signal::Exit(Reason::Killed));
    }
}
