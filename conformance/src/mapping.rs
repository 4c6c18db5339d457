//! What the reference says untyped and the library says typed, and what only one of the two has.
//!
//! Everything that stands between a recording and what the library shows is here and in the table of the README,
//! "How a typed library is compared"; every other observation is compared as it is.

use perennial::child_spec::{StartError, StartResult};
use perennial::exit_reason::{CallError, ExitReason, Payload};

use crate::executor::lab::Lab;
use crate::observation::Outcome;
use crate::reason::Reason;
use crate::value::Value;

/// The library's reason for a reason of a scenario.
pub(crate) fn exit_reason(reason: &Reason) -> ExitReason {
    match reason {
        Reason::Normal => ExitReason::Normal,
        Reason::Shutdown => ExitReason::Shutdown,
        Reason::ShutdownWith(with) => ExitReason::shutdown_with((**with).clone()),
        Reason::Killed => ExitReason::Killed,
        Reason::NoProc => ExitReason::NoProc,
        Reason::Timeout => ExitReason::Timeout,
        other => ExitReason::other(other.clone()),
    }
}

/// A reason of the library as a scenario writes it. A panic is an exception, and so is an error that a callback
/// returned: which one is not compared.
pub(crate) fn reason(reason: &ExitReason, lab: &Lab) -> Reason {
    match reason {
        ExitReason::Normal => Reason::Normal,
        ExitReason::Shutdown => Reason::Shutdown,
        ExitReason::ShutdownWith(with) => Reason::ShutdownWith(Box::new(payload(with, lab))),
        ExitReason::Killed => Reason::Killed,
        ExitReason::NoProc => Reason::NoProc,
        ExitReason::NoConnection => Reason::Atom("noconnection".into()),
        ExitReason::Timeout => Reason::Timeout,
        ExitReason::Panic(_) | ExitReason::Error(_) => Reason::Crash,
        ExitReason::Other(value) => payload(value, lab),
        other => unknown(other),
    }
}

fn payload(value: &Payload, _: &Lab) -> Reason {
    value.downcast_ref::<Reason>().cloned().unwrap_or_else(|| unknown(value))
}

/// Shown as it prints, so that it differs from every recorded reason.
fn unknown(value: &dyn std::fmt::Debug) -> Reason {
    Reason::Value(Value::from(format!("{value:?}")))
}

/// A failed call: the reference's caller exits where the library's is given an error.
pub(crate) fn call_error(error: &CallError, lab: &Lab) -> Outcome {
    Outcome::exit(match error {
        CallError::NoProc => Reason::NoProc,
        CallError::Timeout => Reason::Timeout,
        CallError::CallingSelf => Reason::Atom("calling_self".into()),
        CallError::Exit(ended) => reason(ended, lab),
        other => unknown(other),
    })
}

/// The result of a start.
pub(crate) fn started(result: &StartResult, lab: &Lab) -> Outcome {
    match result {
        Ok(pid) => Outcome::Value(Value::tagged("ok", lab.shown(*pid))),
        Err(StartError::Ignore) => Outcome::Value("ignore".into()),
        Err(error) => Outcome::error(start_error(error, lab)),
    }
}

/// The `e` of `{"error": e}` of a failed start.
pub(crate) fn start_error(error: &StartError, lab: &Lab) -> Reason {
    match error {
        StartError::AlreadyStarted(pid) => Reason::tagged("already_started", Reason::Atom(lab.shown(*pid))),
        StartError::Timeout => Reason::Timeout,
        StartError::Exit(ended) => reason(ended, lab),
        other => unknown(other),
    }
}

/// A caller's mistake. The reference raises; the library panics, or returns an error. Only the fact is compared.
pub(crate) fn raised() -> Outcome {
    Outcome::Value(Value::tagged("raise", "crash"))
}
