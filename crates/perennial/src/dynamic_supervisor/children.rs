//! The children of a dynamic supervisor, and whoever else it is linked to: plain data, by pid, with counters that are kept
//! and never counted.

use crate::{
    child_spec::{ChildSpec, ChildType, Restart, Shutdown, Start},
    pid::{ByPid, Pid},
    process::Exit,
    supervisor::{ChildCounts, intensity::Intensity},
};
use std::{mem, time::Duration};

/// Sixteen bytes: there may be very many.
#[derive(Debug)]
pub(crate) struct Child {
    pub(crate) restart: Restart,
    shutdown: HowToStop,
    pub(crate) kind: ChildType,
    pub(crate) phase: Phase,
    /// Whether the supervisor is linked to it.
    linked: bool,
    /// What not all have: nothing of it is kept for a temporary child, whose arguments would live as long as it does.
    pub(crate) kept: Option<Box<Kept>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It is linked, and that is all: it is no child, and not to become one.
    Stranger,
    /// It was spawned by a start that is under way. It is no child yet, and in no list.
    Starting,
    Running,
    /// Under its old pid, until its restart succeeds or is given up.
    Restarting,
    /// It runs, and was told to stop.
    Stopping,
}

impl Phase {
    pub(crate) fn is_child(self) -> bool {
        !matches!(self, Self::Stranger | Self::Starting)
    }
}

/// A [`Shutdown`], but for a time-out that few have, which is [kept](Kept) beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HowToStop {
    BrutalKill,
    /// As workers are by default.
    Worker,
    Infinity,
    Kept,
}

impl HowToStop {
    fn of(shutdown: Shutdown) -> Self {
        match shutdown {
            Shutdown::BrutalKill => Self::BrutalKill,
            Shutdown::WORKER => Self::Worker,
            Shutdown::Timeout(_) => Self::Kept,
            Shutdown::Infinity => Self::Infinity,
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Kept {
    timeout: Duration,
    start: Option<Start>,
    /// Only under `intensity_per_child`, or with a back-off.
    history: Option<History>,
    /// Of one whose start is under way: its end, which is handled after the start.
    early: Option<Exit>,
}

/// What is remembered of a child's restarts.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) intensity: Intensity,
    pub(crate) failures: u32,
    pub(crate) started: Duration,
}

impl Child {
    /// A child as `spec` describes it. What of that is needed only once is the specification's still.
    pub(crate) fn new(spec: &ChildSpec) -> Self {
        let start = (spec.restart != Restart::Temporary).then(|| spec.start.clone());
        let mut kept = start.map(|start| Box::new(Kept { start: Some(start), ..Kept::default() }));
        let ChildSpec { restart, shutdown, kind, .. } = *spec;
        let how = HowToStop::of(shutdown);
        if let (HowToStop::Kept, Shutdown::Timeout(timeout)) = (how, shutdown) {
            kept.get_or_insert_default().timeout = timeout;
        }
        Self { restart, shutdown: how, kind, phase: Phase::Running, linked: false, kept }
    }

    /// One that is linked, and of which no more is known.
    fn linked(phase: Phase) -> Self {
        let (restart, shutdown) = (Restart::Temporary, HowToStop::BrutalKill);
        Self { restart, shutdown, kind: ChildType::Worker, phase, linked: true, kept: None }
    }

    pub(crate) fn shutdown(&self) -> Shutdown {
        match self.shutdown {
            HowToStop::BrutalKill => Shutdown::BrutalKill,
            HowToStop::Worker => Shutdown::WORKER,
            HowToStop::Infinity => Shutdown::Infinity,
            HowToStop::Kept => {
                Shutdown::Timeout(self.kept.as_ref().map(|kept| kept.timeout).unwrap_or_default())
            }
        }
    }

    pub(crate) fn start(&self) -> Option<Start> {
        self.kept.as_ref()?.start.clone()
    }
}

/// The children, and whoever else the supervisor is linked to as it is to them.
#[derive(Debug, Default)]
pub(crate) struct Children {
    by_pid: ByPid<Child>,
    strangers: usize,
    starting: usize,
    restarting: usize,
    supervisors: usize,
}

impl Children {
    /// Links one: as what it is, if another start has made it a child already, else as `phase` says.
    pub(crate) fn link(&mut self, pid: Pid, phase: Phase) {
        if let Some(child) = self.by_pid.get_mut(pid) {
            child.linked = true;
            return;
        }
        let new = Child::linked(phase);
        self.count(phase, new.kind, 1);
        self.by_pid.insert(pid, new);
    }

    /// False if it was not linked.
    pub(crate) fn unlink(&mut self, pid: Pid) -> bool {
        let Some(child) = self.by_pid.get_mut(pid) else { return false };
        let was_linked = mem::take(&mut child.linked);
        if child.phase == Phase::Stranger {
            self.strangers -= 1;
            self.by_pid.remove(pid);
        }
        was_linked
    }

    pub(crate) fn is_linked(&self, pid: Pid) -> bool {
        self.by_pid.get(pid).is_some_and(|child| child.linked)
    }

    /// All that are linked.
    pub(crate) fn linked(&self) -> impl Iterator<Item = Pid> {
        self.by_pid.iter().filter(|(_, child)| child.linked).map(|(pid, _)| pid)
    }

    /// Returns who was linked.
    pub(crate) fn unlink_all(&mut self) -> Vec<Pid> {
        let linked: Vec<_> = self.linked().collect();
        for pid in &linked {
            self.unlink(*pid);
        }
        linked
    }

    /// A start is over, and this is its child. Returns the end of it, if that came already, and what was there before,
    /// to be dropped without a lock.
    pub(crate) fn started(&mut self, pid: Pid, child: Child) -> (Option<Exit>, Option<Child>) {
        self.count(child.phase, child.kind, 1);
        let Some(place) = self.by_pid.get_mut(pid) else {
            self.by_pid.insert(pid, child);
            return (None, None);
        };
        let linked = place.linked;
        let mut before = mem::replace(place, Child { linked, ..child });
        self.count(before.phase, before.kind, -1);
        let early = before.kept.as_mut().and_then(|kept| kept.early.take());
        (early, Some(before))
    }

    /// Removes a child, or one that is being started. Its link stays.
    pub(crate) fn remove(&mut self, pid: Pid) -> Option<Child> {
        self.get(pid)?;
        let mut child = self.by_pid.remove(pid)?;
        self.count(child.phase, child.kind, -1);
        if mem::take(&mut child.linked) {
            self.link(pid, Phase::Stranger);
        }
        Some(child)
    }

    /// Removes one that is being started, unless another start has made it its child.
    pub(crate) fn give_up(&mut self, pid: Pid) -> Option<Child> {
        self.by_pid.get(pid).filter(|child| child.phase == Phase::Starting)?;
        self.remove(pid)
    }

    /// Takes all children, and those that are being started, mostly in the order of their slots in the process table. The
    /// links stay.
    pub(crate) fn take(&mut self) -> Vec<(Pid, Child)> {
        let mut taken = Vec::with_capacity(self.by_pid.len() - self.strangers);
        self.by_pid.replace_in_order(|pid, child| {
            let linked = child.linked.then(|| Child::linked(Phase::Stranger));
            if child.phase != Phase::Stranger {
                taken.push((pid, child));
            }
            linked
        });
        *self = Self { strangers: self.by_pid.len(), by_pid: mem::take(&mut self.by_pid), ..Self::default() };
        taken
    }

    /// A child, or one that is being started.
    pub(crate) fn get(&self, pid: Pid) -> Option<&Child> {
        self.by_pid.get(pid).filter(|child| child.phase != Phase::Stranger)
    }

    fn get_mut(&mut self, pid: Pid) -> Option<&mut Child> {
        self.by_pid.get_mut(pid).filter(|child| child.phase != Phase::Stranger)
    }

    pub(crate) fn set_phase(&mut self, pid: Pid, phase: Phase) {
        if let Some(child) = self.get_mut(pid) {
            let (before, kind) = (child.phase, child.kind);
            child.phase = phase;
            self.count(before, kind, -1);
            self.count(phase, kind, 1);
        }
    }

    /// One is to stop, if it runs. Returns what it did before, and how it is stopped.
    pub(crate) fn stop(&mut self, pid: Pid) -> Option<(Phase, Shutdown)> {
        let child = self.get_mut(pid)?;
        let before = child.phase;
        if before == Phase::Running {
            // It counts as it did.
            child.phase = Phase::Stopping;
        }
        Some((before, child.shutdown()))
    }

    /// Keeps the end of one that is being started: the first that is heard of, as one who links it then hears of another.
    pub(crate) fn keep_exit(&mut self, exit: &Exit) {
        if let Some(child) = self.get_mut(exit.from) {
            child.kept.get_or_insert_default().early.get_or_insert_with(|| exit.clone());
        }
    }

    pub(crate) fn history(&mut self, pid: Pid, new: impl FnOnce() -> History) -> Option<&mut History> {
        let child = self.get_mut(pid)?;
        Some(child.kept.get_or_insert_default().history.get_or_insert_with(new))
    }

    /// How many children there are.
    pub(crate) fn len(&self) -> usize {
        self.by_pid.len() - self.starting - self.strangers
    }

    /// The children.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Pid, &Child)> {
        self.by_pid.iter().filter(|(_, child)| child.phase.is_child())
    }

    /// Gives back what is in reserve.
    pub(crate) fn shrink(&mut self) {
        self.by_pid.shrink_to_fit();
    }

    /// How many are being started.
    pub(crate) fn starting(&self) -> usize {
        self.starting
    }

    pub(crate) fn counts(&self) -> ChildCounts {
        ChildCounts {
            specs: self.len(),
            active: self.len() - self.restarting,
            supervisors: self.supervisors,
            workers: self.len() - self.supervisors,
        }
    }

    fn count(&mut self, phase: Phase, kind: ChildType, change: isize) {
        let add = |count: &mut usize, counts: bool| {
            if counts {
                *count = count.strict_add_signed(change);
            }
        };
        add(&mut self.strangers, phase == Phase::Stranger);
        add(&mut self.starting, phase == Phase::Starting);
        add(&mut self.restarting, phase == Phase::Restarting);
        add(&mut self.supervisors, kind == ChildType::Supervisor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHO: Pid = Pid { node: 1, slot: 2, serial: 3, creation: 4 };

    fn child() -> Child {
        Child::new(&ChildSpec::task("child", || async {}))
    }

    fn seen(children: &Children) -> (bool, bool, usize, usize) {
        (children.is_linked(WHO), children.get(WHO).is_some(), children.len(), children.starting())
    }

    #[test]
    fn a_link_and_a_child_come_and_go_each_by_itself() {
        let mut children = Children::default();
        children.link(WHO, Phase::Starting);
        assert_eq!(seen(&children), (true, true, 0, 1));
        assert_eq!(children.started(WHO, child()).1.map(|before| before.phase), Some(Phase::Starting));
        assert_eq!(seen(&children), (true, true, 1, 0));
        assert!(children.remove(WHO).is_some() && children.remove(WHO).is_none());
        assert_eq!((seen(&children), children.counts().specs), ((true, false, 0, 0), 0));
        assert!(children.stop(WHO).is_none());
        // A start returns one that it has not spawned.
        assert_eq!(children.started(WHO, child()).1.map(|before| before.phase), Some(Phase::Stranger));
        assert!(children.unlink(WHO) && !children.unlink(WHO));
        assert_eq!(seen(&children), (false, true, 1, 0));
        assert!(children.remove(WHO).is_some());
        assert_eq!((seen(&children), children.by_pid.len()), ((false, false, 0, 0), 0));
    }

    #[test]
    fn links_stay_when_all_children_are_taken() {
        let mut children = Children::default();
        children.link(WHO, Phase::Starting);
        let other = Pid { slot: 3, ..WHO };
        children.started(other, child());
        let taken: Vec<_> = children.take().into_iter().map(|(pid, child)| (pid, child.phase)).collect();
        assert_eq!(taken, [(WHO, Phase::Starting), (other, Phase::Running)]);
        assert_eq!(seen(&children), (true, false, 0, 0));
        assert!(children.take().is_empty() && children.is_linked(WHO));
        assert_eq!((children.unlink_all(), children.by_pid.len()), (vec![WHO], 0));
        assert!(!children.unlink(WHO));
    }

    #[test]
    fn a_child_is_stopped_as_its_specification_says_and_takes_little() {
        assert_eq!(size_of::<Option<Child>>(), 16);
        let timeout = |ms| Shutdown::Timeout(Duration::from_millis(ms));
        for shutdown in [Shutdown::BrutalKill, Shutdown::Infinity, timeout(0), timeout(5000), timeout(5001)] {
            for restart in [Restart::Temporary, Restart::Permanent] {
                let spec = ChildSpec { restart, shutdown, ..ChildSpec::task("child", || async {}) };
                let child = Child::new(&spec);
                assert_eq!((child.shutdown(), child.restart), (shutdown, restart));
                assert_eq!(child.start().is_some(), restart == Restart::Permanent);
            }
        }
    }
}
