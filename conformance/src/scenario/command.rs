//! Commands to the test server and to bare processes.

use std::time::Duration;

use serde::Deserialize;

use super::{millis, present};
use crate::reason::Reason;
use crate::value::Value;

/// What a process is told to do, by a call, a cast or a plain message.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs, reason = "the fields are those of the table in the README")]
pub enum Command {
    /// Replies with the state.
    Get {},
    /// Sets the state.
    Put { value: Value },
    /// Adds to the state and replies with it.
    Add { n: Value },
    /// Appends to the state; null counts as empty.
    Push { value: Value },
    /// Replies with the value.
    Echo { value: Value },
    /// Replies with the process itself.
    #[serde(rename = "self")]
    Me {},
    /// Stops, answering a call first if there is a reply.
    Stop {
        reason: Reason,
        #[serde(default, deserialize_with = "present")]
        reply: Option<Value>,
    },
    /// Raises.
    Raise {},
    /// Exits.
    Exit { reason: Reason },
    /// Returns a value that is none of the allowed ones.
    BadReturn {},
    /// Never answers.
    Noreply {},
    /// Keeps the caller under the key, no answer yet.
    Defer { key: Value },
    /// Answers the caller kept under the key.
    Release { key: Value, value: Value },
    /// Answers explicitly, then runs the command as if cast.
    ReplyThen { value: Value, then: Box<Command> },
    /// Answers, then `handle_continue` logs and runs the command as if cast.
    Continue { then: Option<Box<Command>> },
    /// Answers and asks for a time-out.
    Timeout {
        #[serde(deserialize_with = "millis")]
        ms: Duration,
    },
    /// Sleeps in the callback.
    Sleep {
        #[serde(deserialize_with = "millis")]
        ms: Duration,
    },
    /// Ends a bare process normally.
    Return {},
}
