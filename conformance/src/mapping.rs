//! What the reference says untyped and the library says typed, and what only one of the two has.
//!
//! Everything that stands between a recording and what the library shows is here and in the table of the README,
//! "How a typed library is compared"; every other observation is compared as it is.

use std::hash::{Hash, Hasher};

use perennial::child_spec::{ChildId, SpecError, StartError, StartResult};
use perennial::exit_reason::{CallError, ExitReason, Payload};
use perennial::registry::{RegisterError, RegistryError};
use perennial::supervisor::FailedToStartChild;

use crate::executor::lab::Lab;
use crate::observation::{Event, Log, LogEntry, Observation, Outcome};
use crate::reason::Reason;
use crate::scenario::Modules;
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
        ExitReason::Panic(_) => Reason::Crash,
        ExitReason::Error(error) => {
            let spec = (**error).downcast_ref::<SpecError>();
            spec.map_or(Reason::Crash, |error| Reason::Value(start_spec_error(error)))
        }
        ExitReason::Other(value) => payload(value, lab),
        other => unknown(other),
    }
}

fn payload(value: &Payload, lab: &Lab) -> Reason {
    if let Some(FailedToStartChild { id, error, .. }) = value.downcast_ref() {
        // The reason of the supervisor is `{shutdown, ThisPair}`; the shutdown is around the payload already.
        let pair = Value::List(vec![child_id(id).0, start_error(error, lab).into()]);
        return Reason::tagged("failed_to_start_child", Reason::Value(pair));
    }
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
        Err(StartError::Exit(reason)) if is_mistake(reason) => raised(),
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

/// The id of a child, which carries the modules of its specification: the library has none.
#[derive(Clone, Debug, Eq)]
struct Id {
    id: Value,
    modules: Value,
}

impl PartialEq for Id {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Hash for Id {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

/// The library's id for the id of a specification, and its modules.
pub(crate) fn id_of_child(id: &Value, modules: Value) -> ChildId {
    ChildId::new(Id { id: id.clone(), modules })
}

/// The id and the modules of a child as the reference shows them.
pub(crate) fn child_id(id: &ChildId) -> (Value, Value) {
    match id.downcast_ref::<Id>() {
        Some(Id { id, modules }) => (id.clone(), modules.clone()),
        // That of a partition is the library's own.
        None => (partition(id).unwrap_or_else(|| Value::from(format!("{id:?}"))), Value::Null),
    }
}

fn partition(id: &ChildId) -> Option<Value> {
    i64::try_from(*id.downcast_ref::<usize>()?).ok().map(Value::Int)
}

/// The modules of a specification as `which_children` shows them.
pub(crate) fn modules(modules: Option<&Modules>) -> Value {
    match modules {
        None => Value::Null,
        Some(Modules::Dynamic) => "dynamic".into(),
        Some(Modules::List(names)) => Value::List(names.clone()),
    }
}

/// What is wrong with a specification.
pub(crate) fn spec_error(error: &SpecError) -> Value {
    let combination = |key: &str, value: &str| {
        let parts = vec![Value::tagged(key, value), Value::tagged("significant", true)];
        Value::tagged("bad_combination", parts)
    };
    match error {
        SpecError::DuplicateId(id) => Value::tagged("duplicate_child_name", child_id(id).0),
        SpecError::SignificantWithoutAutoShutdown(_) => combination("auto_shutdown", "never"),
        SpecError::SignificantPermanent(_) => combination("restart", "permanent"),
        other => other.to_string().into(),
    }
}

/// What is wrong with one of the specifications that a supervisor is started with.
fn start_spec_error(error: &SpecError) -> Value {
    Value::tagged("start_spec", spec_error(error))
}

/// Whether a start failed because of the name that was asked for: in a registry that does not run, or that has
/// duplicate keys. The reference raises in the caller; the library's start fails with an error or a text.
fn is_mistake(reason: &ExitReason) -> bool {
    match reason {
        ExitReason::Error(error) => error.is::<RegistryError>() || error.is::<RegisterError>(),
        ExitReason::Other(payload) => payload.downcast_ref::<String>().is_some(),
        _ => false,
    }
}

/// The library's key for a key of meta data: there it is a string, in the reference an atom or a tuple.
pub(crate) fn meta_key(key: &Value) -> String {
    key.to_string()
}

/// The log with each `continue` right after what its process did before. A server continues when its starter, or its
/// caller, has been answered; on one thread it does so at once, as was recorded, on several while those go on. A log
/// whose order is free in places is left alone.
pub(crate) fn unraced(log: &Log) -> Log {
    let plain = log.iter().map(|entry| match entry {
        LogEntry::Event(event) => Some(event.clone()),
        LogEntry::Par(_) => None,
    });
    match plain.collect::<Option<Vec<_>>>() {
        Some(events) => unraced_events(events).into_iter().map(LogEntry::Event).collect(),
        None => log.clone(),
    }
}

/// What was seen, its log brought into the same form.
pub(crate) fn unraced_seen(seen: &Observation) -> Observation {
    Observation { log: unraced_events(seen.log.clone()), ..seen.clone() }
}

fn unraced_events(events: Vec<Event>) -> Vec<Event> {
    let mut ordered: Vec<Event> = Vec::with_capacity(events.len());
    for event in events {
        let at = match &event {
            Event::Continue(label) => {
                ordered.iter().rposition(|before| before.label() == label).map_or(0, |before| before + 1)
            }
            _ => ordered.len(),
        };
        ordered.insert(at, event);
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_continue_may_come_later_but_stays_in_the_order_of_its_process() {
        let log = |words: &str| -> Vec<Event> {
            let event = |word: &str| match word.split_at(1) {
                (label, "i") => Event::Init(label.into()),
                (label, "c") => Event::Continue(label.into()),
                (label, _) => Event::Terminate(label.into(), Reason::Normal),
            };
            words.split_whitespace().map(event).collect()
        };
        for (recorded, seen, same) in [
            ("ai ac bi", "ai bi ac", true),
            ("ac bi", "bi ac", true),
            ("ai ac at", "ai at ac", false),
            ("ai bi", "bi ai", false),
            ("ai ac bi ac", "ai bi ac ac", true),
        ] {
            let (recorded, seen) = (unraced_events(log(recorded)), unraced_events(log(seen)));
            assert_eq!(recorded == seen, same, "{recorded:?} {seen:?}");
        }
    }

    #[test]
    fn every_reason_of_a_scenario_comes_back_from_the_library_as_it_was() {
        let lab = Lab::default();
        let atom = |name: &str| Reason::Atom(name.into());
        for before in [
            Reason::Normal,
            Reason::Shutdown,
            Reason::ShutdownWith(Box::new(atom("x"))),
            Reason::Killed,
            Reason::NoProc,
            Reason::Timeout,
            atom("kill"),
            Reason::bad_return_value(),
            Reason::Value(Value::Null),
        ] {
            assert_eq!(reason(&exit_reason(&before), &lab), before);
        }
    }
}
