//! What a dynamic supervisor knows of its children: shared by its process and by those who start and stop for it.
//!
//! A start and a stop are three steps: to be let in, to run, to say how it ended. Who asks for one does all three, if
//! the supervisor is idle; else the supervisor does. What a step decides of a child is decided under one lock, and
//! children are in shards by pid, so that those who start on two cores seldom meet.
//!
//! # Invariants
//!
//! 1. Every process that a start spawns with a link has a row from when it is linked, of phase `Starting` unless the
//!    supervisor is closed. So its `Exit` finds that, also if it is handled before the start is over; it is kept there then,
//!    and handled after.
//! 2. When a start is over, one of its rows of that phase becomes the child, and others go. One that another start has
//!    made its child by then stays that.
//! 3. `close` takes all rows of a shard, and none comes there after it. What a start spawns from then on is killed at once.
//!    Who is linked still has a row that says no more; those go when the links are [told](Kin::end).
//! 4. No code of a user runs under the lock: what is taken out is dropped outside.

use crate::{
    child_spec::{Restart, Shutdown, Start},
    dynamic_supervisor::{
        ChildInfo,
        children::{Child, Children, History, Phase},
    },
    pid::Pid,
    process::{Exit, block::Public, current::Spawned, kin::Kin, links},
    registry::options::partitions,
    supervisor::{ChildCounts, ChildState},
    sync::{Line, Mutex, MutexGuard},
};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

#[derive(Debug)]
pub(crate) struct Shared {
    /// By neighborhood, so that threads that start children side by side mostly have their own.
    shards: Box<[Line<Mutex<Shard>>]>,
    /// None if there may be any number of children.
    places: Option<Places>,
    /// Set before the shards are closed, one after the other.
    closed: AtomicBool,
}

#[derive(Debug, Default)]
struct Shard {
    children: Children,
    /// No child comes any more.
    closed: bool,
    /// No link comes any more.
    told: bool,
}

/// How many children there are and are to come, and how many there may be.
#[derive(Debug)]
struct Places {
    most: usize,
    taken: AtomicUsize,
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
        let places = max_children.map(|most| Places { most, taken: AtomicUsize::new(0) });
        let shards = (0..partitions()).map(|_| Line::default()).collect();
        Self { shards, places, closed: AtomicBool::new(false) }
    }

    /// Lets one start in, which takes a place.
    pub(crate) fn admit(&self) -> Result<(), Refused> {
        // Acquire: pairs with `close`. One who comes too early finds a shard closed.
        if self.closed.load(Ordering::Acquire) {
            return Err(Refused::Closed);
        }
        let Some(Places { most, taken }) = &self.places else { return Ok(()) };
        // Relaxed: only the number matters.
        let take = |taken| (taken < *most).then_some(taken + 1);
        let taken = taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        taken.map(drop).map_err(|_| Refused::MaxChildren)
    }

    /// A start that was let in is over. `child` is what it has started.
    pub(crate) fn started(&self, spawned: &Spawned, child: Option<(Pid, Child)>) -> Over {
        if child.is_none() {
            self.give_place_back();
        }
        self.over(spawned, child)
    }

    /// The restart of the child that was `old` is over.
    pub(crate) fn restarted(&self, spawned: &Spawned, old: Pid, new: Option<Pid>) -> Over {
        let Some(new) = new else { return self.over(spawned, None) };
        // A statement of its own: the other shard is locked without this one.
        let child = self.shard(old).children.remove(old);
        match child {
            Some(mut child) => {
                child.phase = Phase::Running;
                self.over(spawned, Some((new, child)))
            }
            // Race: it was terminated while it was being restarted, so nobody wants this one.
            None => match self.over(spawned, None) {
                Over::Closed => Over::Closed,
                _ => Over::Unwanted,
            },
        }
    }

    fn over(&self, spawned: &Spawned, child: Option<(Pid, Child)>) -> Over {
        let started = child.as_ref().map(|(pid, _)| *pid);
        for pid in spawned.iter().filter(|pid| Some(*pid) != started) {
            // Statements of their own: dropped without the lock.
            let gone = self.shard(pid).children.give_up(pid);
            drop(gone);
        }
        let Some((pid, child)) = child else {
            return if self.closed.load(Ordering::Acquire) { Over::Closed } else { Over::Nothing };
        };
        let mut shard = self.shard(pid);
        if shard.closed {
            drop(shard);
            return Over::Closed;
        }
        let (early, before) = shard.children.started(pid, child);
        drop(shard);
        if before.is_some_and(|before| before.phase.is_child()) {
            // Two starts have returned one process.
            self.give_place_back();
        }
        Over::Child(early)
    }

    /// A process has ended that is linked to the supervisor.
    pub(crate) fn ended(&self, exit: &Exit) -> Ended {
        let mut shard = self.shard(exit.from);
        let Some(child) = shard.children.get(exit.from) else { return Ended::Ignored };
        match (child.phase, child.restart) {
            (Phase::Starting, _) => shard.children.keep_exit(exit),
            // Whoever stops it waits for it.
            (Phase::Stopping | Phase::Restarting | Phase::Stranger, _) => {}
            (Phase::Running, restart) if restart.applies(&exit.reason) => {
                shard.children.set_phase(exit.from, Phase::Restarting);
                return Ended::Restart(restart);
            }
            (Phase::Running, _) => {
                drop(shard);
                return self.remove(exit.from).map_or(Ended::Ignored, Ended::Forgotten);
            }
        }
        Ended::Ignored
    }

    /// How a child is started that waits for its restart; none if that was given up.
    pub(crate) fn start_of(&self, pid: Pid) -> Option<Start> {
        self.shard(pid).children.get(pid).filter(|child| child.phase == Phase::Restarting)?.start()
    }

    /// What is remembered of a child's restarts.
    pub(crate) fn with_history<R>(
        &self,
        pid: Pid,
        new: impl FnOnce() -> History,
        change: impl FnOnce(&mut History) -> R,
    ) -> Option<R> {
        self.shard(pid).children.history(pid, new).map(change)
    }

    /// A child is to stop.
    pub(crate) fn begin_stop(&self, pid: Pid) -> Stop {
        let mut shard = self.shard(pid);
        match shard.children.stop(pid) {
            None | Some((Phase::Starting | Phase::Stranger, _)) => Stop::NotFound,
            Some((Phase::Restarting, _)) => {
                drop(shard);
                self.remove(pid).map_or(Stop::NotFound, Stop::Forgotten)
            }
            Some((Phase::Running | Phase::Stopping, shutdown)) => Stop::By(shutdown),
        }
    }

    pub(crate) fn remove(&self, pid: Pid) -> Option<Child> {
        let child = self.shard(pid).children.remove(pid)?;
        self.give_place_back();
        Some(child)
    }

    fn give_place_back(&self) {
        if let Some(places) = &self.places {
            // Relaxed: as in `admit`.
            places.taken.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Takes all children, and those that are being started. Those of a shard are mostly in the order of their places in the
    /// process table: that is nearly the order of their starts, and so that of their places in memory.
    pub(crate) fn close(&self) -> Vec<(Pid, Child)> {
        self.closed.store(true, Ordering::Release);
        let take = |shard| {
            let mut shard = lock(shard);
            shard.closed = true;
            shard.children.take()
        };
        self.shards.iter().flat_map(take).collect()
    }

    pub(crate) fn counts(&self) -> ChildCounts {
        let add = |sum: ChildCounts, it: ChildCounts| ChildCounts {
            specs: sum.specs + it.specs,
            active: sum.active + it.active,
            supervisors: sum.supervisors + it.supervisors,
            workers: sum.workers + it.workers,
        };
        self.shards.iter().map(|shard| lock(shard).children.counts()).fold(ChildCounts::default(), add)
    }

    /// How many processes have been spawned by starts that are under way.
    pub(crate) fn starting(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).children.starting()).sum()
    }

    pub(crate) fn children(&self) -> Vec<ChildInfo> {
        let state = |pid, child: &Child| match child.phase {
            Phase::Restarting => ChildState::Restarting,
            _ => ChildState::Running(pid),
        };
        let info = |(pid, child): (Pid, &Child)| ChildInfo { state: state(pid, child), kind: child.kind };
        let mut all = Vec::new();
        for shard in &self.shards {
            all.extend(lock(shard).children.iter().map(info));
        }
        all
    }

    fn shard(&self, pid: Pid) -> MutexGuard<'_, Shard> {
        lock(&self.shards[pid.neighborhood() % self.shards.len()])
    }
}

fn lock(Line(shard): &Line<Mutex<Shard>>) -> MutexGuard<'_, Shard> {
    shard.lock().expect("no user code runs under this lock")
}

impl Public for Shared {
    fn kin(&self) -> Option<&dyn Kin> {
        Some(self)
    }
}

impl Kin for Shared {
    fn adopt(&self, child: Pid, by_start: bool) -> bool {
        let mut shard = self.shard(child);
        if shard.told {
            return false;
        }
        let is_late = by_start && shard.closed;
        shard.children.link(child, if by_start && !is_late { Phase::Starting } else { Phase::Stranger });
        drop(shard);
        if is_late {
            links::kill(child);
        }
        true
    }

    fn unlink(&self, child: Pid) -> bool {
        self.shard(child).children.unlink(child)
    }

    fn is_linked(&self, child: Pid) -> bool {
        self.shard(child).children.is_linked(child)
    }

    fn linked(&self) -> Vec<Pid> {
        self.shards.iter().flat_map(|shard| lock(shard).children.linked().collect::<Vec<_>>()).collect()
    }

    fn end(&self) -> Vec<Pid> {
        let end = |shard| {
            let mut shard = lock(shard);
            shard.told = true;
            shard.children.unlink_all()
        };
        self.shards.iter().flat_map(end).collect()
    }

    fn shrink(&self) {
        self.shards.iter().for_each(|shard| lock(shard).children.shrink());
    }
}
