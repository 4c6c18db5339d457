//! What a dynamic supervisor knows of its children: shared by its process and by those who start and stop for it.
//!
//! A start and a stop are three steps: to be let in, to run, to say how it ended. Who asks for one does all three, if
//! the supervisor is idle; else the supervisor does. What a step decides is decided under one lock.
//!
//! # Invariants
//!
//! 1. Every process that a start spawns with a link has a row, of phase `Starting`, before it is linked. So its `Exit`
//!    finds that, also if it is handled before the start is over; it is kept there then, and handled after.
//! 2. Rows of that phase are those of their start alone. When it is over one becomes the child, and others go.
//! 3. `close` takes all rows, and none comes after it. What a start spawns from then on is killed at once.
//! 4. No code of a user runs under the lock: what is taken out is dropped outside.

use crate::{
    child_spec::{Restart, Shutdown, Start},
    dynamic_supervisor::{
        ChildInfo,
        children::{Child, Children, History, Phase},
    },
    pid::Pid,
    process::{Exit, block::Public, current::Spawned, links},
    supervisor::{ChildCounts, ChildState},
    sync::{Mutex, MutexGuard},
};
use std::mem;

#[derive(Debug)]
pub(crate) struct Shared(Mutex<Core>);

#[derive(Debug)]
struct Core {
    max_children: Option<usize>,
    children: Children,
    /// How many `start_child` are under way.
    starting: usize,
    closed: bool,
}

/// Why no child may be started.
pub(crate) enum Refused {
    MaxChildren,
    /// The supervisor is stopping, or has ended.
    Closed,
}

/// How a start is over for the supervisor.
pub(crate) enum Over {
    /// Its child is one of the supervisor's; with its end, if that came already.
    Child(Option<Exit>),
    /// There is no child.
    Nothing,
    /// Nobody wants the child.
    Unwanted,
    /// The supervisor is stopping, or has ended, and takes what the start has spawned with it.
    Closed,
}

/// What a child's end asks for.
pub(crate) enum Ended {
    /// Nothing: it is no child, or it is known already.
    Ignored,
    Forgotten(Child),
    Restart(Restart),
}

/// What is to be done to stop a child.
pub(crate) enum Stop {
    NotFound,
    /// It did not run; its restart is given up.
    Forgotten(Child),
    By(Shutdown),
}

impl Shared {
    pub(crate) fn new(max_children: Option<usize>) -> Self {
        let children = Children::default();
        Self(Mutex::new(Core { max_children, children, starting: 0, closed: false }))
    }

    /// Lets one start in.
    pub(crate) fn admit(&self) -> Result<(), Refused> {
        let mut core = self.lock();
        if core.closed {
            return Err(Refused::Closed);
        }
        if core.max_children.is_some_and(|max| core.children.len() + core.starting >= max) {
            return Err(Refused::MaxChildren);
        }
        core.starting += 1;
        Ok(())
    }

    /// A start that was let in is over. `child` is what it has started.
    pub(crate) fn started(&self, spawned: &Spawned, child: Option<(Pid, Child)>) -> Over {
        let mut core = self.lock();
        core.starting -= 1;
        self.over(core, spawned, child)
    }

    /// The restart of the child that was `old` is over.
    pub(crate) fn restarted(&self, spawned: &Spawned, old: Pid, new: Option<Pid>) -> Over {
        let mut core = self.lock();
        let Some(new) = new else { return self.over(core, spawned, None) };
        match core.children.remove(old) {
            Some(child) => self.over(core, spawned, Some((new, Child { phase: Phase::Running, ..child }))),
            // Race: it was terminated while it was being restarted, so nobody wants this one.
            None => match self.over(core, spawned, None) {
                Over::Closed => Over::Closed,
                _ => Over::Unwanted,
            },
        }
    }

    fn over(&self, mut core: MutexGuard<'_, Core>, spawned: &Spawned, child: Option<(Pid, Child)>) -> Over {
        if core.closed {
            drop(core);
            return Over::Closed;
        }
        let started = child.as_ref().map(|(pid, _)| *pid);
        let others = spawned.iter().filter(|pid| Some(*pid) != started);
        let gone: Vec<_> = others.map(|pid| core.children.remove(pid)).collect();
        let over = child.map(|(pid, child)| core.children.started(pid, child));
        drop(core);
        drop(gone);
        match over {
            Some((early, _)) => Over::Child(early),
            None => Over::Nothing,
        }
    }

    /// A process has ended that is linked to the supervisor.
    pub(crate) fn ended(&self, exit: &Exit) -> Ended {
        let mut core = self.lock();
        let Some(child) = core.children.get(exit.from) else { return Ended::Ignored };
        match (child.phase, child.restart) {
            (Phase::Starting, _) => core.children.keep_exit(exit),
            // Whoever stops it waits for it.
            (Phase::Stopping | Phase::Restarting, _) => {}
            (Phase::Running, restart) if restart.applies(&exit.reason) => {
                core.children.set_phase(exit.from, Phase::Restarting);
                return Ended::Restart(restart);
            }
            (Phase::Running, _) => {
                return core.children.remove(exit.from).map_or(Ended::Ignored, Ended::Forgotten);
            }
        }
        Ended::Ignored
    }

    /// How a child is started that waits for its restart; none if that was given up.
    pub(crate) fn start_of(&self, pid: Pid) -> Option<Start> {
        self.lock().children.get(pid).filter(|child| child.phase == Phase::Restarting)?.start()
    }

    /// What is remembered of a child's restarts.
    pub(crate) fn with_history<R>(
        &self,
        pid: Pid,
        new: impl FnOnce() -> History,
        change: impl FnOnce(&mut History) -> R,
    ) -> Option<R> {
        self.lock().children.history(pid, new).map(change)
    }

    /// A child is to stop.
    pub(crate) fn begin_stop(&self, pid: Pid) -> Stop {
        let mut core = self.lock();
        match core.children.get(pid).map(|child| (child.phase, child.shutdown)) {
            None | Some((Phase::Starting, _)) => Stop::NotFound,
            Some((Phase::Restarting, _)) => core.children.remove(pid).map_or(Stop::NotFound, Stop::Forgotten),
            Some((_, shutdown)) => {
                core.children.set_phase(pid, Phase::Stopping);
                Stop::By(shutdown)
            }
        }
    }

    pub(crate) fn remove(&self, pid: Pid) -> Option<Child> {
        self.lock().children.remove(pid)
    }

    /// Takes all children, and those that are being started.
    pub(crate) fn close(&self) -> Children {
        let mut core = self.lock();
        core.closed = true;
        mem::take(&mut core.children)
    }

    pub(crate) fn counts(&self) -> ChildCounts {
        self.lock().children.counts()
    }

    /// How many `start_child` are under way.
    pub(crate) fn starting(&self) -> usize {
        self.lock().starting
    }

    pub(crate) fn children(&self) -> Vec<ChildInfo> {
        let state = |pid, child: &Child| match child.phase {
            Phase::Restarting => ChildState::Restarting,
            _ => ChildState::Running(pid),
        };
        let info = |(pid, child): (Pid, &Child)| ChildInfo { state: state(pid, child), kind: child.kind };
        self.lock().children.iter().map(info).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Core> {
        self.0.lock().expect("no user code runs under this lock")
    }
}

impl Public for Shared {
    fn spawned(&self, pid: Pid) {
        let mut core = self.lock();
        if !core.closed {
            core.children.note(pid);
            return;
        }
        drop(core);
        links::kill(pid);
    }
}
