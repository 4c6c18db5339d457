//! Operations on registries.

use perennial::dynamic_supervisor::DynamicSupervisor;
use perennial::pid::Pid;
use perennial::registry::{RegisterError, RegistryError};
use perennial::supervisor::ChildState;

use super::process::send_msg;
use super::{not_yet, ok, value};
use crate::executor::lab::Lab;
use crate::executor::target::{self, At, Registry, registry_named};
use crate::executor::{function, registry};
use crate::guard::Guard;
use crate::mapping;
use crate::observation::Outcome;
use crate::pattern::{Bindings, Pattern};
use crate::reason::Reason;
use crate::scenario::{Op, RegistrySpec, Target};
use crate::value::Value;

/// Runs an operation; one on a registry that does not run raises in the reference.
pub(super) async fn run(op: &Op, lab: &Lab) -> Option<Outcome> {
    let done = match op {
        Op::StartRegistry { name, keys, partitions, listeners, label } => {
            let spec = RegistrySpec {
                name: name.clone(),
                keys: *keys,
                partitions: *partitions,
                listeners: listeners.clone(),
            };
            let started = registry::start_link(label.as_ref().unwrap_or(name), &spec, lab).await;
            Ok(mapping::started(&started, lab))
        }
        Op::ActiveSessions { sup, registry, title } => active_sessions(sup, registry, title, lab).await,
        Op::Register { .. }
        | Op::Unregister { .. }
        | Op::UnregisterMatch { .. }
        | Op::UpdateValue { .. }
        | Op::PutMeta { .. }
        | Op::DeleteMeta { .. }
        | Op::Dispatch { .. } => write(op, lab),
        Op::Lookup { .. }
        | Op::Keys { .. }
        | Op::Values { .. }
        | Op::Count { .. }
        | Op::Match { .. }
        | Op::CountMatch { .. }
        | Op::Select { .. }
        | Op::GetMeta { .. } => read(op, lab),
        other => return not_yet(other, lab),
    };
    Some(done.unwrap_or_else(|_| mapping::raised()))
}

/// What changes something, and what sends.
fn write(op: &Op, lab: &Lab) -> Result<Outcome, RegistryError> {
    match op {
        Op::Register { registry, key, value } => {
            match registry_named(registry).register(key.clone(), value.clone()) {
                Ok(()) => Ok(ok()),
                Err(RegisterError::AlreadyRegistered(pid)) => {
                    let holder = Reason::Atom(lab.shown(pid));
                    Ok(Outcome::error(Reason::tagged("already_registered", holder)))
                }
                Err(_) => Ok(mapping::raised()),
            }
        }
        Op::Unregister { registry, key } => registry_named(registry).unregister(key).map(|()| ok()),
        Op::UnregisterMatch { registry, key, pattern, guards } => {
            let matches = |value: &Value| bound(pattern, value, guards).is_some();
            registry_named(registry).unregister_match(key, matches).map(|()| ok())
        }
        Op::UpdateValue { registry, key, fun } => {
            let updated = registry_named(registry).update_value(key, |value| function::apply(fun, value))?;
            Ok(match updated {
                None => value("error"),
                Some((new, old)) => {
                    let entries = [("new".to_owned(), new), ("old".to_owned(), old)];
                    value(Value::Object(entries.into()))
                }
            })
        }
        Op::PutMeta { registry, key, value } => {
            registry_named(registry).put_meta(mapping::meta_key(key), value.clone()).map(|()| ok())
        }
        Op::DeleteMeta { registry, key } => {
            registry_named(registry).delete_meta(&mapping::meta_key(key)).map(|()| ok())
        }
        Op::Dispatch { registry, key, msg } => {
            let send = |rows: &[(Pid, &Value)]| {
                for (pid, value) in rows {
                    send_msg(*pid, Value::List(vec![msg.clone(), (*value).clone()]), lab);
                }
            };
            registry_named(registry).dispatch(key, send).map(|()| ok())
        }
        _ => unreachable!("asked for what writes"),
    }
}

/// What only looks.
fn read(op: &Op, lab: &Lab) -> Result<Outcome, RegistryError> {
    let row = |pid, value| Value::List(vec![lab.shown(pid).into(), value]);
    let count = |n: usize| value(Value::Int(i64::try_from(n).unwrap_or(i64::MAX)));
    match op {
        Op::Lookup { registry, key } => {
            let rows = registry_named(registry).lookup(key)?;
            Ok(Outcome::Set(rows.into_iter().map(|(pid, value)| row(pid, value)).collect()))
        }
        Op::Keys { registry, target } => {
            of_process(target, lab, |pid| registry_named(registry).keys(pid).map(Outcome::Set))
        }
        Op::Values { registry, key, target } => {
            of_process(target, lab, |pid| registry_named(registry).values(key, pid).map(Outcome::Set))
        }
        Op::Count { registry } => registry_named(registry).count().map(count),
        Op::Match { registry, key, pattern, guards } => {
            let rows = registry_named(registry).lookup(key)?.into_iter();
            let rows = rows.filter(|(_, value)| bound(pattern, value, guards).is_some());
            Ok(Outcome::Set(rows.map(|(pid, value)| row(pid, value)).collect()))
        }
        Op::CountMatch { registry, key, pattern, guards } => {
            let matches = |value: &Value| bound(pattern, value, guards).is_some();
            registry_named(registry).count_match(key, matches).map(count)
        }
        Op::Select { registry, key, pid, value, guards, body } => {
            let pick = |k: &Value, p: Pid, v: &Value| {
                let mut bindings = Bindings::new();
                let matches = key.matches(k, &mut bindings)
                    && pid.matches(&lab.shown(p).into(), &mut bindings)
                    && value.matches(v, &mut bindings)
                    && guards.iter().all(|guard| guard.holds(&bindings));
                let mut picked =
                    body.iter().map(|variable| bindings.get(variable).cloned().unwrap_or_default());
                matches.then(|| match body.len() {
                    1 => picked.next().unwrap_or_default(),
                    _ => Value::List(picked.collect()),
                })
            };
            registry_named(registry).select(pick).map(Outcome::Set)
        }
        Op::GetMeta { registry, key } => {
            let found = registry_named(registry).meta::<Value>(&mapping::meta_key(key))?;
            Ok(found.map_or_else(|| value("error"), |found| value(Value::tagged("ok", found))))
        }
        _ => unreachable!("asked for what reads"),
    }
}

/// What the variables of a pattern have matched, if it does match and the guards hold.
fn bound(pattern: &Pattern, value: &Value, guards: &[Guard]) -> Option<Bindings> {
    let mut bindings = Bindings::new();
    let matches = pattern.matches(value, &mut bindings) && guards.iter().all(|guard| guard.holds(&bindings));
    matches.then_some(bindings)
}

fn of_process(
    target: &Target,
    lab: &Lab,
    ask: impl FnOnce(Pid) -> Result<Outcome, RegistryError>,
) -> Result<Outcome, RegistryError> {
    target::pid(target, lab).map_or_else(|| Ok(mapping::raised()), ask)
}

/// The keys `{title, _}` registered by the children of a dynamic supervisor.
async fn active_sessions(
    sup: &Target,
    registry: &str,
    title: &Value,
    lab: &Lab,
) -> Result<Outcome, RegistryError> {
    let registry: Registry = registry_named(registry);
    let children = match DynamicSupervisor::which_children(&At::new(sup, lab)).await {
        Ok(children) => children,
        Err(failed) => return Ok(mapping::call_error(&failed, lab)),
    };
    let mut keys = Vec::new();
    for child in children {
        if let ChildState::Running(pid) = child.state {
            keys.extend(registry.keys(pid)?);
        }
    }
    keys.retain(|key| matches!(key, Value::Tuple(parts) if parts.len() == 2 && parts[0] == *title));
    Ok(Outcome::Set(keys))
}
