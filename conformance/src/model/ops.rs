//! The operations of the scenarios, and their results.

use super::Outside;
use super::server::Answer;
use super::start::Started;
use super::world::{Body, Id, Known, Signal as Sent, TEST, Watcher, World};
use crate::observation::{Message, Outcome};
use crate::reason::{Reason, Signal};
use crate::scenario::{ChildSpec, ChildStart, Command, Function, Letter, Op, RegistrySpec, Runner, Target};
use crate::value::Value;

impl World {
    /// Runs an operation; its result, if it has one.
    pub(super) fn perform(&mut self, runner: &Runner, op: &Op) -> Known<Option<Outcome>> {
        let me = match runner {
            Runner::Test => TEST,
            Runner::Process(target) => match self.find(target)?.filter(|id| self.is_alive(*id)) {
                Some(id) => id,
                None => return Ok(Some(Outcome::exit(Reason::NoProc))),
            },
            Runner::Client(_) => return Err(Outside("async".into())),
        };
        let result = self.perform_as(me, op)?;
        // Whoever runs an operation is busy with it: a signal reaches it afterwards.
        if self.is_alive(me) { Ok(result) } else { Err(Outside("the caller ends".into())) }
    }

    fn perform_as(&mut self, me: Id, op: &Op) -> Known<Option<Outcome>> {
        match op {
            Op::Settle {} => Ok(None),
            Op::Exit { .. } | Op::Send(_) | Op::Monitor { .. } => self.signal(me, op).map(|()| None),
            Op::Call { target, cmd, timeout: _ } => self.call(me, target, cmd).map(Some),
            Op::Cast { target, cmd } => {
                if let Some(id) = self.living(target)? {
                    self.obey(id, cmd, false)?;
                }
                some("ok")
            }
            Op::Stop { target, reason, timeout: None } => {
                let reason = reason.clone().unwrap_or(Reason::Normal);
                self.stop(me, target, &reason).map(Some)
            }
            Op::StartLink { child, init_timeout: None } => self.start(Some(me), child).map(Some),
            Op::Start { child, init_timeout: None } => self.start(None, child).map(Some),
            Op::Spawn { child } => {
                let id = self.start_bare(None, &child.label, child.trap_exit);
                some(Value::tagged("ok", self.label(id)?))
            }
            Op::SpawnLink { child } => {
                let id = self.start_bare(Some(me), &child.label, child.trap_exit);
                some(Value::tagged("ok", self.label(id)?))
            }
            Op::StartSupervisor(it) => {
                let started = self.start_supervisor(me, &it.label, &it.spec)?;
                some(self.shown_start(&started, "ignore".into())?)
            }
            Op::StartRegistry { name, keys, partitions, listeners, label } => {
                let (name, keys, listeners) = (name.clone(), *keys, listeners.clone());
                let base = label.clone().unwrap_or(name.clone());
                let spec = RegistrySpec { name, keys, partitions: *partitions, listeners };
                let started = self.start_registry(me, &base, &spec)?;
                some(self.shown_start(&started, "ignore".into())?)
            }
            Op::Link { .. } | Op::Unlink { .. } | Op::Demonitor { .. } => self.connect(me, op).map(Some),
            Op::Alive { target } => {
                let id = self.find(target)?.ok_or_else(|| Outside("nobody is alive".into()))?;
                some(self.is_alive(id))
            }
            Op::Whereis { target } => self.whereis(target).map(Some),
            Op::Register { .. }
            | Op::Unregister { .. }
            | Op::Lookup { .. }
            | Op::Keys { .. }
            | Op::Count { .. } => self.on_registry(me, op).map(Some),
            Op::AgentGet { target, fun, timeout: None } => {
                self.ask_agent(target, fun, |_, new| (None, Value::tagged("reply", new.clone())))
            }
            Op::AgentGetAndUpdate { target, fun, timeout: None } => {
                self.ask_agent(target, fun, |old, new| {
                    (Some(new.clone()), Value::tagged("reply", old.clone()))
                })
            }
            Op::AgentUpdate { target, fun, timeout: None } => {
                self.ask_agent(target, fun, |_, new| (Some(new.clone()), "ok".into()))
            }
            Op::AgentCast { target, fun } => {
                self.ask_agent(target, fun, |_, new| (Some(new.clone()), "ok".into()))?;
                some("ok")
            }
            op => self.on_supervisor(me, op).map(Some),
        }
    }

    /// What only goes out and has no result.
    fn signal(&mut self, me: Id, op: &Op) -> Known<()> {
        match op {
            Op::Exit { target, reason } => {
                let to = self.find(target)?.ok_or_else(|| Outside("an exit signal to nobody".into()))?;
                if to == me || matches!(self.processes[to].body, Body::Registry | Body::Test) {
                    return Err(Outside("an exit signal to oneself, to test or to a registry".into()));
                }
                match reason {
                    _ if !self.is_alive(to) => {}
                    Signal::Kill => self.die(to, Reason::Killed)?,
                    Signal::Exit(reason) => {
                        self.signals.push_back(Sent::Exit { to, from: me, reason: reason.clone() });
                    }
                }
                Ok(())
            }
            Op::Send(Letter::Msg(target, value)) => {
                let to = self.living(target)?;
                to.map_or(Ok(()), |to| self.take_message(to, value))
            }
            Op::Send(Letter::Command(target, command)) => {
                let to = self.living(target)?;
                to.map_or(Ok(()), |to| self.take_command(to, command))
            }
            Op::Monitor { target, monitor } => {
                let to = self.find(target)?;
                let object = match (target, to) {
                    (Target::Name(name), _) => name.clone(),
                    (_, Some(id)) => self.label(id)?,
                    (_, None) => return Err(Outside("a monitor of nobody".into())),
                };
                let monitor = monitor.clone();
                self.monitors.insert(monitor.clone(), me);
                match to.filter(|id| self.is_alive(*id)) {
                    Some(id) => {
                        self.processes[id].watchers.push(Watcher { monitor, by: me, object });
                        Ok(())
                    }
                    None => self.note(me, Message::Down { monitor, object, reason: Reason::NoProc }),
                }
            }
            op => unreachable!("{op:?} has a result"),
        }
    }

    fn connect(&mut self, me: Id, op: &Op) -> Known<Outcome> {
        match op {
            Op::Link { target } => {
                let to = self.find(target)?.ok_or_else(|| Outside("a link to nobody".into()))?;
                if self.is_alive(to) {
                    self.link(me, to);
                } else if self.processes[me].traps {
                    let label = self.label(to)?;
                    self.note(me, Message::Exit(label, Reason::NoProc))?;
                } else {
                    return Ok(raised());
                }
            }
            Op::Unlink { target } => {
                let to = self.find(target)?.ok_or_else(|| Outside("an unlink from nobody".into()))?;
                if self.processes[to].parent == Some(me) || self.processes[me].parent == Some(to) {
                    // Its exit is then no longer heard of by whoever counts on it.
                    let supervised = self.kind(me).is_some() || self.kind(to).is_some();
                    if supervised && me != TEST && to != TEST {
                        return Err(Outside("a child without a link".into()));
                    }
                }
                self.unlink(me, to);
            }
            Op::Demonitor { monitor, flush: false, info: false } => {
                if self.monitors.get(monitor) != Some(&me) {
                    return Err(Outside("a monitor of somebody else".into()));
                }
                let watches = |watcher: &Watcher| watcher.by == me && watcher.monitor == *monitor;
                self.processes.iter_mut().for_each(|it| it.watchers.retain(|watcher| !watches(watcher)));
            }
            other => return Err(Outside::of(other)),
        }
        Ok(Outcome::Value(true.into()))
    }

    pub(super) fn living(&self, target: &Target) -> Known<Option<Id>> {
        Ok(self.find(target)?.filter(|id| self.is_alive(*id)))
    }

    fn call(&mut self, me: Id, target: &Target, command: &Command) -> Known<Outcome> {
        let Some(id) = self.living(target)? else { return Ok(Outcome::exit(Reason::NoProc)) };
        if id == me {
            return Ok(Outcome::exit(Reason::Atom("calling_self".into())));
        }
        match self.obey(id, command, true)? {
            Answer::Reply(value) => Ok(Outcome::Value(Value::tagged("reply", value))),
            Answer::Ended => Ok(Outcome::exit(self.processes[id].ended.clone().expect("it has ended"))),
            Answer::Nothing => Err(Outside("a call without an answer".into())),
        }
    }

    fn stop(&mut self, me: Id, target: &Target, reason: &Reason) -> Known<Outcome> {
        let Some(id) = self.living(target)? else { return Ok(Outcome::exit(Reason::NoProc)) };
        match &self.processes[id].body {
            _ if id == me => return Err(Outside("a process stops itself".into())),
            Body::Server { .. } => self.terminate(id, reason.clone())?,
            Body::Agent(_) => self.die(id, reason.clone())?,
            Body::Static(_) | Body::Dynamic(_) => self.stop_supervisor(id, reason.clone())?,
            _ => return Err(Outside("something is stopped that is no server".into())),
        }
        match &self.processes[id].ended {
            Some(ended) if ended == reason => Ok(Outcome::Value("ok".into())),
            ended => Ok(Outcome::exit(ended.clone().expect("it has ended"))),
        }
    }

    fn start(&mut self, parent: Option<Id>, child: &ChildSpec) -> Known<Outcome> {
        let ChildStart::Server(spec) = &child.start else { return Err(Outside::of(&child.start)) };
        let started = self.start_server(parent, &child.base, child.name.as_ref(), spec)?;
        let failed = matches!(started, Started::Failed(_) | Started::Ignored);
        if failed && parent.is_some_and(|parent| !self.processes[parent].traps) {
            return Err(Outside("a failed start takes its caller along".into()));
        }
        Ok(Outcome::Value(self.shown_start(&started, "ignore".into())?))
    }

    fn whereis(&self, target: &Target) -> Known<Outcome> {
        let id = match target {
            Target::Via { registry, .. } if !self.tables.contains_key(registry) => return Ok(raised()),
            target => self.find(target)?,
        };
        Ok(Outcome::Value(match id {
            Some(id) => self.label(id)?.into(),
            None => Value::Null,
        }))
    }

    fn on_registry(&mut self, me: Id, op: &Op) -> Known<Outcome> {
        let (Op::Register { registry, .. }
        | Op::Unregister { registry, .. }
        | Op::Lookup { registry, .. }
        | Op::Keys { registry, .. }
        | Op::Count { registry }) = op
        else {
            return Err(Outside::of(op));
        };
        let target = match op {
            Op::Keys { target, .. } => self.find(target)?,
            _ => None,
        };
        let Some(table) = self.tables.get_mut(registry) else { return Ok(raised()) };
        match op {
            Op::Register { key, value, .. } => match table.register(key, me, value) {
                Ok(()) => Ok(Outcome::Value("ok".into())),
                Err(holder) => {
                    let holder = Reason::Atom(self.label(holder)?);
                    Ok(Outcome::error(Reason::tagged("already_registered", holder)))
                }
            },
            Op::Unregister { key, .. } => {
                table.unregister(key, me);
                Ok(Outcome::Value("ok".into()))
            }
            Op::Lookup { key, .. } => {
                let rows: Vec<_> = table.lookup(key).map(|(id, value)| (id, value.clone())).collect();
                let shown =
                    rows.into_iter().map(|(id, value)| Ok(Value::List(vec![self.label(id)?.into(), value])));
                Ok(Outcome::Set(shown.collect::<Known<_>>()?))
            }
            Op::Keys { .. } => {
                let id = target.ok_or_else(|| Outside("the keys of nobody".into()))?;
                Ok(Outcome::Set(table.keys(id)))
            }
            _ => Ok(Outcome::Value(number(table.count()))),
        }
    }

    /// `then` gives the new state of the agent, if there is one, and the result.
    fn ask_agent(
        &mut self,
        target: &Target,
        function: &Function,
        then: impl Fn(&Value, &Value) -> (Option<Value>, Value),
    ) -> Known<Option<Outcome>> {
        let Some(id) = self.living(target)? else { return Ok(Some(Outcome::exit(Reason::NoProc))) };
        let Some(new) = self.apply(id, function)? else {
            return Ok(Some(Outcome::exit(self.processes[id].ended.clone().expect("it has ended"))));
        };
        let Body::Agent(old) = &mut self.processes[id].body else { unreachable!("it applied a function") };
        let (state, result) = then(old, &new);
        if let Some(state) = state {
            *old = state;
        }
        Ok(Some(Outcome::Value(result)))
    }
}

fn raised() -> Outcome {
    Outcome::Value(Value::tagged("raise", "crash"))
}

pub(super) fn number(n: usize) -> Value {
    Value::Int(i64::try_from(n).expect("a count is small"))
}

fn some(value: impl Into<Value>) -> Known<Option<Outcome>> {
    Ok(Some(Outcome::Value(value.into())))
}
