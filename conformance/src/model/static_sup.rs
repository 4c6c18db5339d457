//! The static supervisor.

use std::sync::Arc;

use super::Outside;
use super::start::Started;
use super::world::{Body, Id, Known, Process, Signal, World};
use crate::reason::Reason;
use crate::scenario::{AutoShutdown, ChildSpec, Restart, Shutdown, StaticSpec, Strategy, Type};
use crate::value::Value;

/// A supervisor's state; the children in the order of their start.
#[derive(Clone, Debug)]
pub(super) struct Static {
    strategy: Strategy,
    auto_shutdown: AutoShutdown,
    pub(super) children: Vec<Child>,
    pub(super) restarts: Restarts,
}

/// One of its children.
#[derive(Clone, Debug)]
pub(super) struct Child {
    pub(super) spec: Arc<ChildSpec>,
    pub(super) state: ChildState,
}

/// What a child is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChildState {
    Running(Id),
    Undefined,
    /// Its start has failed and will be tried again.
    Restarting,
}

/// How many restarts there were and may be. No time passes, so all of them are in the window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Restarts {
    pub(super) max: u32,
    pub(super) done: u32,
}

impl Restarts {
    /// Counts one more; false if that was too many.
    pub(super) fn add(&mut self) -> bool {
        self.done += 1;
        self.done <= self.max
    }
}

impl Static {
    pub(super) fn new(spec: &StaticSpec) -> Self {
        Self {
            strategy: spec.strategy,
            auto_shutdown: spec.auto_shutdown,
            children: Vec::new(),
            restarts: Restarts { max: spec.max_restarts, done: 0 },
        }
    }

    pub(super) fn child_running(&self, process: Id) -> Option<usize> {
        self.children.iter().position(|child| child.state == ChildState::Running(process))
    }

    pub(super) fn child(&self, id: &Value) -> Option<usize> {
        self.children.iter().position(|child| child.spec.id == *id)
    }

    /// What is wrong with a specification.
    pub(super) fn refuses(&self, spec: &ChildSpec) -> Option<Value> {
        let combination = |key: &str, value: &str| {
            let parts = vec![Value::tagged(key, value), Value::tagged("significant", true)];
            Value::tagged("bad_combination", parts)
        };
        match (spec.significant, self.auto_shutdown, restart(spec)) {
            (true, AutoShutdown::Never, _) => Some(combination("auto_shutdown", "never")),
            (true, _, Restart::Permanent) => Some(combination("restart", "permanent")),
            _ => None,
        }
    }
}

/// When a child is restarted.
pub(super) fn restart(spec: &ChildSpec) -> Restart {
    spec.restart.unwrap_or(Restart::Permanent)
}

/// The reasons that a transient child ends with in peace.
pub(super) fn is_peaceful(reason: &Reason) -> bool {
    matches!(reason, Reason::Normal | Reason::Shutdown | Reason::ShutdownWith(_))
}

impl World {
    pub(super) fn static_sup(&mut self, sup: Id) -> &mut Static {
        match &mut self.processes[sup].body {
            Body::Static(it) => it,
            other => unreachable!("{other:?} is no static supervisor"),
        }
    }

    /// Starts the children a supervisor is started with; the reason it ends with if one fails.
    pub(super) fn start_children(
        &mut self,
        sup: Id,
        specs: Vec<Arc<ChildSpec>>,
    ) -> Known<Result<(), Reason>> {
        for (at, spec) in specs.iter().enumerate() {
            let wrong = match self.static_sup(sup).refuses(spec) {
                Some(wrong) => wrong,
                None if specs[..at].iter().any(|before| before.id == spec.id) => {
                    Value::tagged("duplicate_child_name", spec.id.clone())
                }
                None => continue,
            };
            return Ok(Err(Reason::from(Value::tagged("start_spec", wrong))));
        }
        for spec in specs {
            match self.start_child(sup, &spec, None)? {
                Started::Failed(reason) => {
                    self.stop_children(sup, 0)?;
                    return Ok(Err(Reason::failed_to_start_child(spec.id.clone(), reason)));
                }
                Started::Ignored if restart(&spec) == Restart::Temporary => {}
                started => {
                    let state = started.running().map_or(ChildState::Undefined, ChildState::Running);
                    self.static_sup(sup).children.push(Child { spec, state });
                }
            }
        }
        Ok(Ok(()))
    }

    /// A child has ended by itself.
    pub(super) fn static_child_ended(&mut self, sup: Id, child: usize, reason: &Reason) -> Known<()> {
        let spec = self.static_sup(sup).children[child].spec.clone();
        match restart(&spec) {
            Restart::Permanent => self.static_restart(sup, child),
            Restart::Transient if !is_peaceful(reason) => self.static_restart(sup, child),
            Restart::Transient | Restart::Temporary => {
                self.drop_child(sup, child);
                self.consider_shutdown(sup, &spec)
            }
        }
    }

    /// A child runs no more and is not started again: only its specification stays, unless it is temporary.
    pub(super) fn drop_child(&mut self, sup: Id, child: usize) {
        let children = &mut self.static_sup(sup).children;
        if restart(&children[child].spec) == Restart::Temporary {
            children.remove(child);
        } else {
            children[child].state = ChildState::Undefined;
        }
    }

    /// Whether the end of a child for good is the end of its supervisor.
    fn consider_shutdown(&mut self, sup: Id, ended: &ChildSpec) -> Known<()> {
        let it = self.static_sup(sup);
        let remains =
            it.children.iter().any(|child| child.spec.significant && child.state != ChildState::Undefined);
        let ends = match it.auto_shutdown {
            AutoShutdown::Never => false,
            AutoShutdown::AnySignificant => ended.significant,
            AutoShutdown::AllSignificant => ended.significant && !remains,
        };
        if ends { self.stop_supervisor(sup, Reason::Shutdown) } else { Ok(()) }
    }

    /// Restarts a child, and with it those that the strategy names; too often, and the supervisor gives up.
    fn static_restart(&mut self, sup: Id, child: usize) -> Known<()> {
        if !self.static_sup(sup).restarts.add() {
            self.drop_child(sup, child);
            return self.stop_supervisor(sup, Reason::Shutdown);
        }
        match self.static_sup(sup).strategy {
            Strategy::OneForOne => {
                let spec = self.static_sup(sup).children[child].spec.clone();
                self.static_sup(sup).children[child].state = ChildState::Undefined;
                self.start_or_retry(sup, &spec).map(drop)
            }
            Strategy::RestForOne => {
                self.static_sup(sup).children[child].state = ChildState::Undefined;
                self.stop_and_start(sup, child)
            }
            Strategy::OneForAll => {
                self.drop_child(sup, child);
                self.stop_and_start(sup, 0)
            }
        }
    }

    fn stop_and_start(&mut self, sup: Id, from: usize) -> Known<()> {
        self.stop_children(sup, from)?;
        let specs: Vec<_> =
            self.static_sup(sup).children[from..].iter().map(|child| child.spec.clone()).collect();
        for spec in specs {
            if !self.start_or_retry(sup, &spec)? {
                break;
            }
        }
        Ok(())
    }

    /// Starts a child again; false if it has failed and will be tried again.
    fn start_or_retry(&mut self, sup: Id, spec: &Arc<ChildSpec>) -> Known<bool> {
        let started = self.start_child(sup, spec, None)?;
        let at = self.static_sup(sup).child(&spec.id).expect("its specification is kept");
        let state = match started {
            Started::Running(id) | Started::WithInfo(id, _) => ChildState::Running(id),
            Started::Ignored => ChildState::Undefined,
            Started::Failed(_) => ChildState::Restarting,
        };
        self.static_sup(sup).children[at].state = state;
        if state == ChildState::Restarting {
            self.signals.push_back(Signal::TryStatic { to: sup, id: spec.id.clone() });
        }
        Ok(state != ChildState::Restarting)
    }

    pub(super) fn static_tries_again(&mut self, sup: Id, id: &Value) -> Known<()> {
        let it = self.static_sup(sup);
        match it.child(id).filter(|child| it.children[*child].state == ChildState::Restarting) {
            Some(child) => self.static_restart(sup, child),
            None => Ok(()),
        }
    }

    /// Stops the children from the place `from` on, the last one first.
    pub(super) fn stop_children(&mut self, sup: Id, from: usize) -> Known<()> {
        for at in (from..self.static_sup(sup).children.len()).rev() {
            let Child { spec, state } = self.static_sup(sup).children[at].clone();
            if let ChildState::Running(id) = state {
                self.stop_child(sup, id, &spec)?;
            }
            self.drop_child(sup, at);
        }
        Ok(())
    }

    /// A supervisor stops one child and waits for its end.
    pub(super) fn stop_child(&mut self, sup: Id, child: Id, spec: &ChildSpec) -> Known<()> {
        self.unlink(sup, child);
        if !self.is_alive(child) {
            return Ok(());
        }
        let default = match spec.kind {
            Type::Worker => Shutdown::Timeout(std::time::Duration::from_secs(5)),
            Type::Supervisor => Shutdown::Infinity,
        };
        match (spec.shutdown.unwrap_or(default), &self.processes[child].body) {
            (Shutdown::BrutalKill, Body::Static(_) | Body::Dynamic(_)) if self.has_children(child) => {
                // They find out on their own while their supervisor's supervisor goes on.
                Err(Outside("a supervisor is killed by its own".into()))
            }
            (Shutdown::BrutalKill, _) => self.die(child, Reason::Killed),
            (Shutdown::Timeout(time), _) if time.as_millis() < 500 && self.processes[child].traps => {
                Err(Outside("a shutdown that may come too late".into()))
            }
            (_, Body::Static(_) | Body::Dynamic(_)) => self.stop_supervisor(child, Reason::Shutdown),
            (_, Body::Server { .. }) if self.processes[child].traps => {
                self.terminate(child, Reason::Shutdown)
            }
            _ if self.processes[child].traps => Err(Outside("a child that does not obey".into())),
            _ => self.die(child, Reason::Shutdown),
        }
    }

    /// A supervisor of either kind ends: its children first.
    pub(super) fn stop_supervisor(&mut self, sup: Id, reason: Reason) -> Known<()> {
        match &self.processes[sup].body {
            Body::Static(_) => self.stop_children(sup, 0)?,
            _ => self.stop_dynamic_children(sup)?,
        }
        self.die(sup, reason)
    }

    /// Whether a supervisor runs anybody.
    pub(super) fn has_children(&self, sup: Id) -> bool {
        let runs = |process: &Process| process.parent == Some(sup) && process.ended.is_none();
        self.processes.iter().any(runs)
    }
}
