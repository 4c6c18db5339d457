//! The dynamic supervisor, and the supervisor of tasks.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Outside;
use super::start::Started;
use super::static_sup::{Restarts, is_peaceful, restart};
use super::world::{Body, Id, Known, Signal, World};
use crate::reason::Reason;
use crate::scenario::{ChildSpec, DynamicSpec, Restart, TaskSpec};
use crate::value::Value;

/// A dynamic supervisor's state.
#[derive(Clone, Debug)]
pub(super) struct Dynamic {
    /// Whether it is one of tasks.
    pub(super) tasks: bool,
    argument: Option<Value>,
    max_children: Option<usize>,
    pub(super) restarts: Restarts,
    /// By process; one that is being restarted under the process it was.
    pub(super) children: BTreeMap<Id, Child>,
}

/// One of its children.
#[derive(Clone, Debug)]
pub(super) struct Child {
    pub(super) spec: Arc<ChildSpec>,
    pub(super) restarting: bool,
}

impl Dynamic {
    pub(super) fn new(spec: &DynamicSpec) -> Self {
        Self {
            tasks: false,
            argument: spec.extra_arguments.first().cloned(),
            max_children: spec.max_children,
            restarts: Restarts { max: spec.max_restarts, done: 0 },
            children: BTreeMap::new(),
        }
    }

    pub(super) fn of_tasks(spec: &TaskSpec) -> Self {
        Self {
            tasks: true,
            argument: None,
            max_children: spec.max_children,
            restarts: Restarts { max: spec.max_restarts, done: 0 },
            children: BTreeMap::new(),
        }
    }
}

impl World {
    pub(super) fn dynamic_sup(&mut self, sup: Id) -> &mut Dynamic {
        match &mut self.processes[sup].body {
            Body::Dynamic(it) => it,
            other => unreachable!("{other:?} is no dynamic supervisor"),
        }
    }

    pub(super) fn dynamic_start_child(&mut self, sup: Id, spec: &ChildSpec) -> Known<Value> {
        if spec.significant {
            return Err(Outside(
                "a significant child of a dynamic supervisor, which some versions refuse".into(),
            ));
        }
        let it = self.dynamic_sup(sup);
        if it.max_children.is_some_and(|max| it.children.len() >= max) {
            return Ok(Value::tagged("error", "max_children"));
        }
        let argument = it.argument.clone();
        let started = self.start_child(sup, spec, argument.as_ref())?;
        if let Some(id) = started.running() {
            let child = Child { spec: Arc::new(spec.clone()), restarting: false };
            self.dynamic_sup(sup).children.insert(id, child);
        }
        self.shown_start(&started, "ignore".into())
    }

    pub(super) fn dynamic_terminate_child(&mut self, sup: Id, child: Id) -> Known<Value> {
        match self.dynamic_sup(sup).children.remove(&child) {
            Some(Child { spec, restarting }) => {
                if !restarting {
                    self.stop_child(sup, child, &spec)?;
                }
                Ok("ok".into())
            }
            None => Ok(Value::tagged("error", "not_found")),
        }
    }

    /// A child has ended by itself.
    pub(super) fn dynamic_child_ended(&mut self, sup: Id, child: Id, reason: &Reason) -> Known<()> {
        let again = match restart(&self.dynamic_sup(sup).children[&child].spec) {
            Restart::Permanent => true,
            Restart::Transient => !is_peaceful(reason),
            Restart::Temporary => false,
        };
        if again {
            self.dynamic_restart(sup, child)
        } else {
            self.dynamic_sup(sup).children.remove(&child);
            Ok(())
        }
    }

    fn dynamic_restart(&mut self, sup: Id, was: Id) -> Known<()> {
        let it = self.dynamic_sup(sup);
        let spec = it.children[&was].spec.clone();
        if !it.restarts.add() {
            it.children.remove(&was);
            return self.stop_supervisor(sup, Reason::Shutdown);
        }
        let argument = it.argument.clone();
        let started = self.start_child(sup, &spec, argument.as_ref())?;
        let it = self.dynamic_sup(sup);
        it.children.remove(&was);
        match started {
            Started::Running(id) | Started::WithInfo(id, _) => {
                it.children.insert(id, Child { spec, restarting: false });
            }
            Started::Ignored => {}
            Started::Failed(_) => {
                it.children.insert(was, Child { spec, restarting: true });
                self.signals.push_back(Signal::TryDynamic { to: sup, was });
            }
        }
        Ok(())
    }

    pub(super) fn dynamic_tries_again(&mut self, sup: Id, was: Id) -> Known<()> {
        match self.dynamic_sup(sup).children.get(&was) {
            Some(child) if child.restarting => self.dynamic_restart(sup, was),
            _ => Ok(()),
        }
    }

    /// Stops all children at the same time.
    pub(super) fn stop_dynamic_children(&mut self, sup: Id) -> Known<()> {
        let children = std::mem::take(&mut self.dynamic_sup(sup).children);
        let running = children.into_iter().filter(|(_, child)| !child.restarting).collect();
        self.at_once(running, |world, (id, child): (Id, Child)| world.stop_child(sup, id, &child.spec))
    }
}
