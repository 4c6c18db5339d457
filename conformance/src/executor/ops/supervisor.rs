//! Operations on supervisors.

use perennial::child_spec::{ChildType, StartError};
use perennial::dynamic_supervisor::{self, DynamicSupervisor};
use perennial::pid::Pid;
use perennial::supervisor::{
    ChildCounts, ChildState, DeleteChildError, RestartChildError, StartChildError, Supervisor,
    TerminateChildError,
};

use super::{not_yet, ok, partition, value};
use crate::executor::lab::{Kind, Lab};
use crate::executor::start::child_spec;
use crate::executor::supervisor;
use crate::executor::target::{self, At};
use crate::mapping;
use crate::observation::Outcome;
use crate::reason::Reason;
use crate::scenario::{ChildKey, ChildSpec, Op, SupervisorKind, Target, WhichChild};
use crate::value::Value;

pub(super) async fn run(op: &Op, lab: &Lab) -> Option<Outcome> {
    let (sup, kind) = match op {
        Op::StartSupervisor(it) => {
            let started = supervisor::start_link(&it.label, &it.spec, lab).await;
            return Some(mapping::started(&started, lab));
        }
        Op::StartChild { sup, kind, .. }
        | Op::TerminateChild(WhichChild { sup, kind, .. })
        | Op::RestartChild { sup, kind, .. }
        | Op::DeleteChild { sup, kind, .. }
        | Op::WhichChildren { sup, kind }
        | Op::CountChildren { sup, kind }
        | Op::Partitions { sup, kind } => (sup, *kind),
        other => return not_yet(other, lab),
    };
    let kind = match target::find(sup, lab) {
        Some((_, Kind::Supervisor(kind))) => kind,
        _ => kind.unwrap_or_default(),
    };
    match kind {
        SupervisorKind::Supervisor => on_static(op, &At::new(sup, lab), lab).await,
        SupervisorKind::Dynamic | SupervisorKind::Task => on_dynamic(op, sup, lab).await,
        SupervisorKind::Partition => partition::run(op, sup, lab).await,
    }
}

pub(super) async fn on_static(op: &Op, sup: &At<Supervisor>, lab: &Lab) -> Option<Outcome> {
    Some(match op {
        Op::StartChild { child, .. } => {
            match Supervisor::start_child(sup, child_spec(child, None, lab)).await {
                Ok(pid) => child_started(pid, lab),
                Err(StartChildError::IdRunning(pid)) => already_started(pid, lab),
                Err(StartChildError::AlreadyPresent) => error("already_present"),
                Err(StartChildError::Spec(wrong)) => error(mapping::spec_error(&wrong)),
                Err(StartChildError::Start(failed)) => not_started(&failed, lab),
                Err(StartChildError::Call(failed)) => mapping::call_error(&failed, lab),
                Err(other) => error(other.to_string()),
            }
        }
        Op::RestartChild { id, .. } => match Supervisor::restart_child(sup, child_id(id)).await {
            Ok(pid) => child_started(pid, lab),
            Err(RestartChildError::Running) => error("running"),
            Err(RestartChildError::Restarting) => error("restarting"),
            Err(RestartChildError::NotFound) => error("not_found"),
            Err(RestartChildError::Start(failed)) => not_started(&failed, lab),
            Err(RestartChildError::Call(failed)) => mapping::call_error(&failed, lab),
            Err(other) => error(other.to_string()),
        },
        Op::DeleteChild { id, .. } => match Supervisor::delete_child(sup, child_id(id)).await {
            Ok(()) => ok(),
            Err(DeleteChildError::Running) => error("running"),
            Err(DeleteChildError::Restarting) => error("restarting"),
            Err(DeleteChildError::NotFound) => error("not_found"),
            Err(DeleteChildError::Call(failed)) => mapping::call_error(&failed, lab),
            Err(other) => error(other.to_string()),
        },
        Op::TerminateChild(WhichChild { child: ChildKey::Id(id), .. }) => {
            terminated(Supervisor::terminate_child(sup, child_id(id)).await, lab)
        }
        Op::WhichChildren { .. } => match Supervisor::which_children(sup).await {
            Ok(children) => {
                let rows = children.iter().map(|child| {
                    let (id, modules) = mapping::child_id(&child.id);
                    row(id, child.state, child.kind, modules, lab)
                });
                Outcome::Value(Value::List(rows.collect()))
            }
            Err(failed) => mapping::call_error(&failed, lab),
        },
        Op::CountChildren { .. } => match Supervisor::count_children(sup).await {
            Ok(counts) => counted(counts),
            Err(failed) => mapping::call_error(&failed, lab),
        },
        other => return not_yet(other, lab),
    })
}

async fn on_dynamic(op: &Op, sup: &Target, lab: &Lab) -> Option<Outcome> {
    let at = &At::<DynamicSupervisor>::new(sup, lab);
    Some(match op {
        Op::StartChild { child, .. } => start_dynamic_child(child, sup, at, lab).await,
        Op::TerminateChild(WhichChild { child: ChildKey::Process(child), .. }) => {
            let Some(pid) = target::pid(child, lab) else { return Some(mapping::raised()) };
            terminated(DynamicSupervisor::terminate_child(at, pid).await, lab)
        }
        Op::WhichChildren { .. } => match DynamicSupervisor::which_children(at).await {
            Ok(children) => {
                let rows = children.iter().map(|child| {
                    let modules = match child.state {
                        ChildState::Running(pid) => lab.extra(pid).modules,
                        _ => Value::Null,
                    };
                    row("undefined".into(), child.state, child.kind, modules, lab)
                });
                Outcome::Set(rows.collect())
            }
            Err(failed) => mapping::call_error(&failed, lab),
        },
        Op::CountChildren { .. } => match DynamicSupervisor::count_children(at).await {
            Ok(counts) => counted(counts),
            Err(failed) => mapping::call_error(&failed, lab),
        },
        other => return not_yet(other, lab),
    })
}

async fn start_dynamic_child(
    child: &ChildSpec,
    sup: &Target,
    at: &At<DynamicSupervisor>,
    lab: &Lab,
) -> Outcome {
    let argument = target::pid(sup, lab).and_then(|pid| lab.extra(pid).argument);
    match DynamicSupervisor::start_child(at, child_spec(child, argument.as_ref(), lab)).await {
        Ok(pid) => child_started(pid, lab),
        Err(dynamic_supervisor::StartChildError::MaxChildren) => error("max_children"),
        Err(dynamic_supervisor::StartChildError::Spec(wrong)) => error(mapping::spec_error(&wrong)),
        Err(dynamic_supervisor::StartChildError::Start(StartError::Ignore)) => value("ignore"),
        Err(dynamic_supervisor::StartChildError::Start(failed)) => not_started(&failed, lab),
        Err(dynamic_supervisor::StartChildError::Call(failed)) => mapping::call_error(&failed, lab),
        Err(other) => error(other.to_string()),
    }
}

fn child_id(id: &Value) -> perennial::child_spec::ChildId {
    mapping::id_of_child(id, Value::Null)
}

/// The label of a child that was started, with the info its start function returned, if it did.
fn child_started(pid: Pid, lab: &Lab) -> Outcome {
    let label = Value::from(lab.shown(pid));
    value(Value::tagged(
        "ok",
        match lab.extra(pid).info {
            Some(info) => Value::List(vec![label, info]),
            None => label,
        },
    ))
}

/// A child that asked not to run is there all the same for a supervisor that keeps its specification.
fn not_started(failed: &StartError, lab: &Lab) -> Outcome {
    match failed {
        StartError::Ignore => value(Value::tagged("ok", "undefined")),
        failed => Outcome::error(mapping::start_error(failed, lab)),
    }
}

fn already_started(pid: Pid, lab: &Lab) -> Outcome {
    Outcome::error(Reason::tagged("already_started", Reason::Atom(lab.shown(pid))))
}

fn terminated(result: Result<(), TerminateChildError>, lab: &Lab) -> Outcome {
    match result {
        Ok(()) => ok(),
        Err(TerminateChildError::NotFound) => error("not_found"),
        Err(TerminateChildError::Call(failed)) => mapping::call_error(&failed, lab),
        Err(other) => error(other.to_string()),
    }
}

fn row(id: Value, state: ChildState, kind: ChildType, modules: Value, lab: &Lab) -> Value {
    let child = match state {
        ChildState::Running(pid) => lab.shown(pid),
        ChildState::Restarting => "restarting".to_owned(),
        ChildState::NotRunning => "undefined".to_owned(),
    };
    let kind = match kind {
        ChildType::Worker => "worker",
        ChildType::Supervisor => "supervisor",
    };
    Value::List(vec![id, child.into(), kind.into(), modules])
}

fn counted(counts: ChildCounts) -> Outcome {
    let ChildCounts { specs, active, supervisors, workers } = counts;
    let counts = [("specs", specs), ("active", active), ("supervisors", supervisors), ("workers", workers)];
    let count = |n: usize| Value::Int(i64::try_from(n).unwrap_or(i64::MAX));
    value(Value::Object(counts.into_iter().map(|(key, n)| (key.to_owned(), count(n))).collect()))
}

fn error(error: impl Into<Value>) -> Outcome {
    value(Value::tagged("error", error))
}
