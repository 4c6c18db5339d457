//! What is asked of supervisors, and what they answer.

use std::sync::Arc;

use super::Outside;
use super::ops::number;
use super::start::Started;
use super::static_sup::{Child, ChildState, restart};
use super::world::{Body, Id, Known, World};
use crate::observation::Outcome;
use crate::reason::Reason;
use crate::scenario::{
    Action, ChildKey, ChildSpec, ChildStart, Modules, Op, Plan, Restart, Shutdown, SupervisorKind, Type,
    WhichChild,
};
use crate::value::Value;

impl World {
    pub(super) fn on_supervisor(&mut self, me: Id, op: &Op) -> Known<Outcome> {
        let (Op::StartChild { sup, .. }
        | Op::TerminateChild(WhichChild { sup, .. })
        | Op::RestartChild { sup, .. }
        | Op::DeleteChild { sup, .. }
        | Op::WhichChildren { sup, .. }
        | Op::CountChildren { sup, .. }
        | Op::TaskStartChild { sup, .. }) = op
        else {
            return Err(Outside::of(op));
        };
        let Some(sup) = self.living(sup)? else { return Ok(Outcome::exit(Reason::NoProc)) };
        if self.processes[me].parent == Some(sup) {
            return Err(Outside("a child asks its own supervisor".into()));
        }
        let kind = self.kind(sup).ok_or_else(|| Outside("what is no supervisor is asked as one".into()))?;
        let is_static = kind == SupervisorKind::Supervisor;
        Ok(Outcome::Value(match op {
            Op::StartChild { child, .. } if is_static => self.static_start_child(sup, child)?,
            Op::StartChild { child, .. } => self.dynamic_start_child(sup, child)?,
            Op::TaskStartChild { label, action, restart, shutdown, .. } if kind == SupervisorKind::Task => {
                let spec = task_spec(label, action, restart.unwrap_or(Restart::Temporary), *shutdown);
                self.dynamic_start_child(sup, &spec)?
            }
            Op::TerminateChild(WhichChild { child: ChildKey::Id(id), .. }) if is_static => {
                self.static_terminate_child(sup, id)?
            }
            Op::TerminateChild(WhichChild { child: ChildKey::Process(child), .. }) if !is_static => {
                let child = self.find(child)?.ok_or_else(|| Outside("nobody is terminated".into()))?;
                self.dynamic_terminate_child(sup, child)?
            }
            Op::RestartChild { id, .. } if is_static => self.static_restart_child(sup, id)?,
            Op::DeleteChild { id, .. } if is_static => self.static_delete_child(sup, id),
            Op::WhichChildren { .. } => return self.which_children(sup),
            Op::CountChildren { .. } => self.count_children(sup),
            other => return Err(Outside::of(other)),
        }))
    }

    /// Id, state and specification of each child, the last one first.
    fn children(&self, sup: Id) -> Vec<(Value, ChildState, &ChildSpec)> {
        match &self.processes[sup].body {
            Body::Static(it) => {
                let children = it.children.iter().rev();
                children.map(|child| (child.spec.id.clone(), child.state, child.spec.as_ref())).collect()
            }
            Body::Dynamic(it) => {
                let state = |id: Id, restarting| {
                    if restarting { ChildState::Restarting } else { ChildState::Running(id) }
                };
                let children = it.children.iter();
                children
                    .map(|(id, child)| {
                        ("undefined".into(), state(*id, child.restarting), child.spec.as_ref())
                    })
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    fn which_children(&self, sup: Id) -> Known<Outcome> {
        let rows = self.children(sup).into_iter().map(|(id, state, spec)| {
            let child = match state {
                ChildState::Running(id) => self.label(id)?,
                ChildState::Undefined => "undefined".into(),
                ChildState::Restarting => "restarting".into(),
            };
            let kind = match spec.kind {
                Type::Worker => "worker",
                Type::Supervisor => "supervisor",
            };
            let modules = match &spec.modules {
                None => Value::Null,
                Some(Modules::Dynamic) => "dynamic".into(),
                Some(Modules::List(names)) => Value::List(names.clone()),
            };
            Ok(Value::List(vec![id, child.into(), kind.into(), modules]))
        });
        let rows = rows.collect::<Known<Vec<_>>>()?;
        Ok(match self.processes[sup].body {
            Body::Static(_) => Outcome::Value(Value::List(rows)),
            _ => Outcome::Set(rows),
        })
    }

    fn count_children(&self, sup: Id) -> Value {
        let children = self.children(sup);
        let count = |of: &dyn Fn(&(Value, ChildState, &ChildSpec)) -> bool| {
            number(children.iter().filter(|child| of(child)).count())
        };
        Value::Object(
            [
                ("specs", count(&|_| true)),
                ("active", count(&|(_, state, _)| matches!(state, ChildState::Running(_)))),
                ("supervisors", count(&|(_, _, spec)| spec.kind == Type::Supervisor)),
                ("workers", count(&|(_, _, spec)| spec.kind == Type::Worker)),
            ]
            .map(|(key, n)| (key.to_owned(), n))
            .into(),
        )
    }

    pub(super) fn static_start_child(&mut self, sup: Id, spec: &ChildSpec) -> Known<Value> {
        let error = |what: Value| Ok(Value::tagged("error", what));
        if let Some(wrong) = self.static_sup(sup).refuses(spec) {
            return error(wrong);
        }
        if let Some(at) = self.static_sup(sup).child(&spec.id) {
            return match self.static_sup(sup).children[at].state {
                ChildState::Running(id) => error(self.already_started(id)?.into()),
                _ => error("already_present".into()),
            };
        }
        let started = self.start_child(sup, spec, None)?;
        let state = match started {
            Started::Running(id) | Started::WithInfo(id, _) => Some(ChildState::Running(id)),
            Started::Ignored if restart(spec) != Restart::Temporary => Some(ChildState::Undefined),
            Started::Ignored | Started::Failed(_) => None,
        };
        if let Some(state) = state {
            self.static_sup(sup).children.push(Child { spec: Arc::new(spec.clone()), state });
        }
        self.shown_start(&started, Value::tagged("ok", "undefined"))
    }

    pub(super) fn static_terminate_child(&mut self, sup: Id, id: &Value) -> Known<Value> {
        let Some(at) = self.static_sup(sup).child(id) else {
            return Ok(Value::tagged("error", "not_found"));
        };
        let Child { spec, state } = self.static_sup(sup).children[at].clone();
        if let ChildState::Running(child) = state {
            self.stop_child(sup, child, &spec)?;
        }
        self.drop_child(sup, at);
        Ok("ok".into())
    }

    pub(super) fn static_restart_child(&mut self, sup: Id, id: &Value) -> Known<Value> {
        let error = |what: &str| Ok(Value::tagged("error", what));
        let Some(at) = self.static_sup(sup).child(id) else { return error("not_found") };
        let Child { spec, state } = self.static_sup(sup).children[at].clone();
        match state {
            ChildState::Running(_) => error("running"),
            ChildState::Restarting => error("restarting"),
            ChildState::Undefined => {
                let started = self.start_child(sup, &spec, None)?;
                if let Some(id) = started.running() {
                    self.static_sup(sup).children[at].state = ChildState::Running(id);
                }
                self.shown_start(&started, Value::tagged("ok", "undefined"))
            }
        }
    }

    pub(super) fn static_delete_child(&mut self, sup: Id, id: &Value) -> Value {
        let error = |what: &str| Value::tagged("error", what);
        let Some(at) = self.static_sup(sup).child(id) else { return error("not_found") };
        match self.static_sup(sup).children[at].state {
            ChildState::Running(_) => error("running"),
            ChildState::Restarting => error("restarting"),
            ChildState::Undefined => {
                self.static_sup(sup).children.remove(at);
                "ok".into()
            }
        }
    }

    /// The result of a start; `ignored` is what this supervisor says of a child that did.
    pub(super) fn shown_start(&self, started: &Started, ignored: Value) -> Known<Value> {
        Ok(match started {
            Started::Running(id) => Value::tagged("ok", self.label(*id)?),
            Started::WithInfo(id, info) => {
                Value::tagged("ok", vec![Value::from(self.label(*id)?), info.clone()])
            }
            Started::Ignored => ignored,
            Started::Failed(reason) => Value::tagged("error", Value::from(reason.clone())),
        })
    }
}

/// What a task supervisor makes of a task.
fn task_spec(label: &str, action: &Action, restart: Restart, shutdown: Option<Shutdown>) -> ChildSpec {
    ChildSpec {
        id: "undefined".into(),
        base: label.to_owned(),
        restart: Some(restart),
        shutdown,
        kind: Type::Worker,
        modules: Some(Modules::List(vec!["Elixir.Task.Supervised".into()])),
        significant: false,
        name: None,
        plan: Plan::default(),
        start: ChildStart::Task(action.clone()),
    }
}
