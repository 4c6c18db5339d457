//! The laboratory book of one scenario: who is who, what was given a name, and what has happened.
//!
//! Everything that runs writes into it, the driver reads it after each step. What is noted of a message keeps pids and
//! references; they become labels and names when the step is observed, for a process may receive a message of one
//! whose label is not drawn yet.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use perennial::exit_reason::ExitReason;
use perennial::pid::{Pid, Ref};
use perennial::process::{Down, Exit, Timer};
use perennial::registry::RegistryEvent;
use perennial::task::Task;

use crate::mapping;
use crate::observation::{Event, Message, Observation, Outcome};
use crate::scenario::SupervisorKind;
use crate::value::Value;

/// The label of the process that runs the steps.
pub(crate) const TEST: &str = "test";

/// The book, shared by all processes of a scenario.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lab(Arc<Mutex<Book>>);

/// What a labelled process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A test server; `test` is one.
    Probe,
    /// A bare process.
    Bare,
    /// A supervisor.
    Supervisor(SupervisorKind),
    /// An agent.
    Agent,
    /// A registry.
    Registry,
}

/// A message as it was received.
#[derive(Clone, Debug)]
pub(crate) enum Note {
    /// A plain message.
    Msg(Value),
    /// An exit signal, trapped.
    Exit(Exit),
    /// The end of a monitored process.
    Down(Down),
    /// What a listener is told.
    Registry(RegistryEvent<Value, Value>),
    /// The time-out that a callback asked for.
    Timeout,
}

/// What the reference keeps of a process and the library does not; see the mapping.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extra {
    /// The extra info that a child's start function returned.
    pub(crate) info: Option<Value>,
    /// The modules of the specification of a dynamic supervisor's child.
    pub(crate) modules: Value,
    /// The extra argument of a dynamic supervisor.
    pub(crate) argument: Option<Value>,
}

#[derive(Debug, Default)]
struct Book {
    labels: HashMap<String, (Pid, Kind)>,
    pids: HashMap<Pid, String>,
    drawn: HashMap<String, usize>,
    attempts: HashMap<String, usize>,
    extras: HashMap<Pid, Extra>,
    log: Vec<Event>,
    inbox: Vec<(String, Note)>,
    ended: Vec<(Pid, ExitReason)>,
    monitors: HashMap<String, Ref>,
    monitor_names: HashMap<Ref, String>,
    timers: HashMap<String, Timer>,
    clients: HashMap<String, Option<Outcome>>,
    tasks: HashMap<String, Task<Value>>,
    trouble: Option<String>,
}

impl Lab {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().expect("nobody panics while writing into the book")
    }

    /// Draws the next label of `base` for a process; returns it and its number.
    pub(crate) fn draw(&self, base: &str, pid: Pid, kind: Kind) -> (String, usize) {
        let mut book = self.book();
        let number = book.drawn.entry(base.to_owned()).or_default();
        *number += 1;
        let number = *number;
        let label = format!("{base}#{number}");
        book.labels.insert(label.clone(), (pid, kind));
        book.pids.insert(pid, label.clone());
        (label, number)
    }

    /// Gives the process that runs the steps its label.
    pub(crate) fn adopt_test(&self, pid: Pid) {
        let mut book = self.book();
        book.labels.insert(TEST.to_owned(), (pid, Kind::Probe));
        book.pids.insert(pid, TEST.to_owned());
    }

    /// Counts a call of the start function of the base; returns how many there were.
    pub(crate) fn attempt(&self, base: &str) -> usize {
        let mut book = self.book();
        let attempts = book.attempts.entry(base.to_owned()).or_default();
        *attempts += 1;
        *attempts
    }

    /// Changes what is kept of a process besides.
    pub(crate) fn keep(&self, pid: Pid, change: impl FnOnce(&mut Extra)) {
        change(self.book().extras.entry(pid).or_default());
    }

    /// Returns what is kept of a process besides.
    pub(crate) fn extra(&self, pid: Pid) -> Extra {
        self.book().extras.get(&pid).cloned().unwrap_or_default()
    }

    /// Returns the label of a process.
    pub(crate) fn label(&self, pid: Pid) -> Option<String> {
        self.book().pids.get(&pid).cloned()
    }

    /// Returns the process that has the label.
    pub(crate) fn find(&self, label: &str) -> Option<(Pid, Kind)> {
        self.book().labels.get(label).copied()
    }

    /// Returns the process that drew the latest label of the base.
    pub(crate) fn latest(&self, base: &str) -> Option<(Pid, Kind)> {
        let book = self.book();
        let number = book.drawn.get(base)?;
        book.labels.get(&format!("{base}#{number}")).copied()
    }

    /// Writes an event into the log.
    pub(crate) fn log(&self, event: Event) {
        self.book().log.push(event);
    }

    /// Notes that the process with the label has received a message.
    pub(crate) fn note(&self, label: &str, note: Note) {
        self.book().inbox.push((label.to_owned(), note));
    }

    /// Notes that a process has ended.
    pub(crate) fn ended(&self, pid: Pid, reason: ExitReason) {
        self.book().ended.push((pid, reason));
    }

    /// Names a monitor.
    pub(crate) fn name_monitor(&self, name: &str, monitor: Ref) {
        let mut book = self.book();
        book.monitors.insert(name.to_owned(), monitor);
        book.monitor_names.insert(monitor, name.to_owned());
    }

    /// Returns the monitor with the name.
    pub(crate) fn monitor(&self, name: &str) -> Option<Ref> {
        self.book().monitors.get(name).copied()
    }

    fn monitor_name(&self, monitor: Ref) -> Option<String> {
        self.book().monitor_names.get(&monitor).cloned()
    }

    /// Drops the `Down` of a monitor that a process has received and nobody has looked at; says whether there was one.
    pub(crate) fn flush(&self, monitor: Ref) -> bool {
        let mut book = self.book();
        let before = book.inbox.len();
        book.inbox.retain(|(_, note)| !matches!(note, Note::Down(down) if down.monitor == monitor));
        book.inbox.len() < before
    }

    /// Names a timer.
    pub(crate) fn name_timer(&self, name: &str, timer: Timer) {
        self.book().timers.insert(name.to_owned(), timer);
    }

    /// Returns the timer with the name.
    pub(crate) fn timer(&self, name: &str) -> Option<Timer> {
        self.book().timers.get(name).copied()
    }

    /// Keeps the result of a client.
    pub(crate) fn finish_client(&self, name: &str, outcome: Option<Outcome>) {
        self.book().clients.insert(name.to_owned(), outcome);
    }

    /// Returns the result of a client, if it has one.
    pub(crate) fn client(&self, name: &str) -> Option<Option<Outcome>> {
        self.book().clients.get(name).cloned()
    }

    /// Keeps the handle of a task.
    pub(crate) fn keep_task(&self, label: &str, task: Task<Value>) {
        self.book().tasks.insert(label.to_owned(), task);
    }

    /// Takes the handle of a task; none if it is used up.
    pub(crate) fn take_task(&self, label: &str) -> Option<Task<Value>> {
        self.book().tasks.remove(label)
    }

    /// Notes that the scenario asks for something that cannot be done; the first one counts.
    pub(crate) fn trouble(&self, problem: impl Into<String>) {
        self.book().trouble.get_or_insert(problem.into());
    }

    /// Returns what could not be done.
    pub(crate) fn take_trouble(&self) -> Option<String> {
        self.book().trouble.take()
    }

    /// Takes what has happened since the last time; without the result.
    pub(crate) fn observe(&self) -> Observation {
        let mut book = self.book();
        let log = std::mem::take(&mut book.log);
        let notes = std::mem::take(&mut book.inbox);
        // One without a label may be given one later: a supervisor is, when its start has succeeded.
        let (ended, rest) =
            std::mem::take(&mut book.ended).into_iter().partition(|(pid, _)| book.pids.contains_key(pid));
        book.ended = rest;
        drop(book);
        let ended: Vec<(Pid, ExitReason)> = ended;
        let exits = ended.into_iter().map(|(pid, reason)| (self.shown(pid), mapping::reason(&reason, self)));
        let mut seen = Observation { result: None, log, exits: exits.collect(), inbox: BTreeMap::new() };
        seen.exits.remove(TEST);
        for (label, note) in notes {
            if let Some(message) = self.message(note) {
                seen.inbox.entry(label).or_default().push(message);
            }
        }
        seen
    }

    /// A note as a message; none for an `Exit` from one without a label.
    fn message(&self, note: Note) -> Option<Message> {
        Some(match note {
            Note::Msg(value) => Message::Msg(value),
            Note::Timeout => Message::Timeout,
            Note::Registry(RegistryEvent::Register { registry, key, pid, value }) => {
                Message::Register { registry: registry.to_string(), key, label: self.shown(pid), value }
            }
            Note::Registry(RegistryEvent::Unregister { registry, key, pid }) => {
                Message::Unregister { registry: registry.to_string(), key, label: self.shown(pid) }
            }
            Note::Exit(exit) => Message::Exit(self.label(exit.from)?, mapping::reason(&exit.reason, self)),
            Note::Down(down) => Message::Down {
                monitor: self.monitor_name(down.monitor).unwrap_or_else(unknown),
                object: match (down.name, down.pid) {
                    (Some(name), _) => name.to_string(),
                    (None, Some(pid)) => self.shown(pid),
                    (None, None) => unknown(),
                },
                reason: mapping::reason(&down.reason, self),
            },
        })
    }

    /// Returns how results show a process.
    pub(crate) fn shown(&self, pid: Pid) -> String {
        self.label(pid).unwrap_or_else(unknown)
    }
}

fn unknown() -> String {
    "?".to_owned()
}
