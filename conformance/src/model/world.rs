//! The processes as data.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Outside;
use super::dynamic_sup::Dynamic;
use super::recorded::Trail;
use super::registry::Table;
use super::static_sup::Static;
use crate::observation::{Event, Expect, Log, LogEntry, Message};
use crate::reason::Reason;
use crate::scenario::{Action, ServerSpec, SupervisorKind, Target};
use crate::value::Value;

/// A process, by its place in the table; places are not used again.
pub(super) type Id = usize;

/// The process that runs the steps.
pub(super) const TEST: Id = 0;

/// Something the model may not know.
pub(super) type Known<T> = Result<T, Outside>;

/// Everything there is.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    pub(super) processes: Vec<Process>,
    labels: BTreeMap<String, Id>,
    drawn: BTreeMap<String, usize>,
    attempts: BTreeMap<String, usize>,
    pub(super) tables: BTreeMap<String, Table>,
    /// Who set which monitor.
    pub(super) monitors: BTreeMap<String, Id>,
    pub(super) signals: VecDeque<Signal>,
    /// The log; on top of it the logs of those that stop at the same time as others.
    logs: Vec<Log>,
    trail: Trail,
    exits: BTreeMap<String, Reason>,
    inbox: BTreeMap<String, Vec<Message>>,
}

/// A process, dead or alive.
#[derive(Clone, Debug)]
pub(super) struct Process {
    pub(super) label: Option<String>,
    pub(super) body: Body,
    /// Who started it with a link.
    pub(super) parent: Option<Id>,
    pub(super) traps: bool,
    /// Why it ended; none while it lives.
    pub(super) ended: Option<Reason>,
    pub(super) links: BTreeSet<Id>,
    pub(super) watchers: Vec<Watcher>,
    pub(super) name: Option<String>,
}

/// What a process is.
#[derive(Clone, Debug)]
pub(super) enum Body {
    Test,
    Server { spec: Box<ServerSpec>, state: Value },
    Bare,
    Task(Action),
    Agent(Value),
    Registry,
    Static(Static),
    Dynamic(Dynamic),
}

/// Who monitors a process.
#[derive(Clone, Debug)]
pub(super) struct Watcher {
    pub(super) monitor: String,
    pub(super) by: Id,
    /// The label or name that the message will carry.
    pub(super) object: String,
}

/// What is on its way to a process.
#[derive(Clone, Debug)]
pub(super) enum Signal {
    /// An exit signal: of one that has ended, or one that was sent.
    Exit { to: Id, from: Id, reason: Reason },
    /// A static supervisor is to try again to start the child with the id.
    TryStatic { to: Id, id: Value },
    /// A dynamic supervisor is to try again to start the child that was this process.
    TryDynamic { to: Id, was: Id },
}

impl World {
    pub(super) fn new(trap_exit: bool) -> Self {
        let mut world = Self { logs: vec![Log::new()], ..Self::default() };
        let test = world.spawn(Body::Test, None);
        world.processes[test].traps = trap_exit;
        world.processes[test].label = Some("test".into());
        world.labels.insert("test".into(), test);
        world
    }

    /// Adds a process; one with a parent is linked to it.
    pub(super) fn spawn(&mut self, body: Body, parent: Option<Id>) -> Id {
        let id = self.processes.len();
        self.processes.push(Process {
            label: None,
            body,
            parent,
            traps: false,
            ended: None,
            links: BTreeSet::new(),
            watchers: Vec::new(),
            name: None,
        });
        if let Some(parent) = parent {
            self.link(id, parent);
        }
        id
    }

    pub(super) fn is_alive(&self, id: Id) -> bool {
        self.processes[id].ended.is_none()
    }

    pub(super) fn link(&mut self, a: Id, b: Id) {
        if a != b {
            self.processes[a].links.insert(b);
            self.processes[b].links.insert(a);
        }
    }

    pub(super) fn unlink(&mut self, a: Id, b: Id) {
        self.processes[a].links.remove(&b);
        self.processes[b].links.remove(&a);
    }

    /// Draws the next label of the base; returns its number.
    pub(super) fn draw(&mut self, id: Id, base: &str) -> usize {
        let number = self.drawn.entry(base.to_owned()).or_default();
        *number += 1;
        let (number, label) = (*number, format!("{base}#{number}"));
        self.labels.insert(label.clone(), id);
        self.processes[id].label = Some(label);
        number
    }

    /// Counts a call of the start function of the base.
    pub(super) fn attempt(&mut self, base: &str) -> usize {
        let attempts = self.attempts.entry(base.to_owned()).or_default();
        *attempts += 1;
        *attempts
    }

    /// The label of a process, which has one.
    pub(super) fn label(&self, id: Id) -> Known<String> {
        self.processes[id].label.clone().ok_or_else(|| Outside("a process without a label is shown".into()))
    }

    /// Who is at the target; none if nobody is.
    pub(super) fn find(&self, target: &Target) -> Known<Option<Id>> {
        Ok(match target {
            Target::Test => Some(TEST),
            Target::Label(label) => {
                Some(*self.labels.get(label).ok_or_else(|| Outside("a label nobody has".into()))?)
            }
            Target::Base(base) => {
                let number = self.drawn.get(base).ok_or_else(|| Outside("a base nobody has".into()))?;
                self.labels.get(&format!("{base}#{number}")).copied()
            }
            Target::Name(name) => self.named(name),
            Target::Via { registry, key } => self.tables.get(registry).and_then(|table| table.holder(key)),
            Target::Partition { .. } => return Err(Outside("partition supervisors".into())),
        })
    }

    /// Who has the local name.
    pub(super) fn named(&self, name: &str) -> Option<Id> {
        self.processes.iter().position(|process| process.name.as_deref() == Some(name))
    }

    pub(super) fn kind(&self, id: Id) -> Option<SupervisorKind> {
        match &self.processes[id].body {
            Body::Static(_) => Some(SupervisorKind::Supervisor),
            Body::Dynamic(it) if it.tasks => Some(SupervisorKind::Task),
            Body::Dynamic(_) => Some(SupervisorKind::Dynamic),
            _ => None,
        }
    }

    pub(super) fn log(&mut self, event: Event) {
        let above = match &event {
            Event::Terminate(label, _) => self.dynamics_above(self.labels[label]),
            _ => Vec::new(),
        };
        self.trail.push(event.clone(), above);
        self.logs.last_mut().expect("the log itself is always there").push(LogEntry::Event(event));
    }

    /// The dynamic supervisors above a process, the outermost first, each with its child on the way.
    fn dynamics_above(&self, mut id: Id) -> Vec<(Id, Id)> {
        let mut above = Vec::new();
        while let Some(parent) = self.processes[id].parent {
            if let Body::Dynamic(_) = self.processes[parent].body {
                above.push((parent, id));
            }
            id = parent;
        }
        above.reverse();
        above
    }

    /// Runs each part with a log of its own; their events come in any interleaving.
    pub(super) fn at_once<T>(
        &mut self,
        parts: Vec<T>,
        mut run: impl FnMut(&mut Self, T) -> Known<()>,
    ) -> Known<()> {
        let mut logs = Vec::new();
        for part in parts {
            self.logs.push(Log::new());
            run(self, part)?;
            logs.extend(self.logs.pop().filter(|log| !log.is_empty()));
        }
        let log = self.logs.last_mut().expect("the log itself is always there");
        match logs.len() {
            0 | 1 => log.extend(logs.into_iter().flatten()),
            _ => log.push(LogEntry::Par(logs)),
        }
        Ok(())
    }

    /// A message that a process receives and keeps. One about a process without a label is not shown.
    pub(super) fn note(&mut self, id: Id, message: Message) -> Known<()> {
        self.inbox.entry(self.label(id)?).or_default().push(message);
        Ok(())
    }

    pub(super) fn note_end(&mut self, id: Id, reason: Reason) {
        if let Some(label) = self.processes[id].label.clone() {
            self.exits.insert(label, reason);
        }
    }

    /// Takes what has happened since the last time, without the result.
    pub(super) fn observe(&mut self) -> (Expect, Trail) {
        let expect = Expect {
            result: None,
            log: std::mem::take(&mut self.logs[0]),
            exits: std::mem::take(&mut self.exits),
            inbox: std::mem::take(&mut self.inbox),
        };
        (expect, std::mem::take(&mut self.trail))
    }
}
