//! The children of a dynamic supervisor: plain data, by pid, with counters that are kept and never counted.

use crate::{
    child_spec::{ChildSpec, ChildType, Restart, Shutdown, Start},
    pid::Pid,
    supervisor::{ChildCounts, intensity::Intensity},
};
use rustc_hash::FxHashMap;
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct Child {
    /// Not kept for a temporary child, whose arguments would live as long as it does.
    pub(crate) start: Option<Start>,
    pub(crate) restart: Restart,
    pub(crate) shutdown: Shutdown,
    pub(crate) kind: ChildType,
    pub(crate) phase: Phase,
    /// Only under `intensity_per_child`, or with a back-off.
    pub(crate) history: Option<Box<History>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Running,
    /// Under its old pid, until its restart succeeds or is given up.
    Restarting,
    /// It runs, and was told to stop.
    Stopping,
}

/// What is remembered of a child's restarts.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) intensity: Intensity,
    pub(crate) failures: u32,
    pub(crate) started: Duration,
}

impl Child {
    pub(crate) fn new(spec: ChildSpec) -> Self {
        let start = (spec.restart != Restart::Temporary).then_some(spec.start);
        let ChildSpec { restart, shutdown, kind, .. } = spec;
        Self { start, restart, shutdown, kind, phase: Phase::Running, history: None }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Children {
    by_pid: FxHashMap<Pid, Child>,
    restarting: usize,
    supervisors: usize,
}

impl Children {
    pub(crate) fn insert(&mut self, pid: Pid, child: Child) {
        self.restarting += usize::from(child.phase == Phase::Restarting);
        self.supervisors += usize::from(child.kind == ChildType::Supervisor);
        self.by_pid.insert(pid, child);
    }

    pub(crate) fn remove(&mut self, pid: Pid) -> Option<Child> {
        let child = self.by_pid.remove(&pid)?;
        self.restarting -= usize::from(child.phase == Phase::Restarting);
        self.supervisors -= usize::from(child.kind == ChildType::Supervisor);
        // A map that was large once does not stay so.
        if self.by_pid.capacity() > 1024 && self.by_pid.len() < self.by_pid.capacity() / 8 {
            self.by_pid.shrink_to(self.by_pid.len() * 2);
        }
        Some(child)
    }

    pub(crate) fn get(&self, pid: Pid) -> Option<&Child> {
        self.by_pid.get(&pid)
    }

    pub(crate) fn set_phase(&mut self, pid: Pid, phase: Phase) {
        if let Some(child) = self.by_pid.get_mut(&pid) {
            self.restarting += usize::from(phase == Phase::Restarting);
            self.restarting -= usize::from(child.phase == Phase::Restarting);
            child.phase = phase;
        }
    }

    pub(crate) fn history(&mut self, pid: Pid, new: impl FnOnce() -> History) -> Option<&mut History> {
        let child = self.by_pid.get_mut(&pid)?;
        Some(child.history.get_or_insert_with(|| Box::new(new())))
    }

    pub(crate) fn len(&self) -> usize {
        self.by_pid.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Pid, &Child)> {
        self.by_pid.iter().map(|(pid, child)| (*pid, child))
    }

    pub(crate) fn counts(&self) -> ChildCounts {
        ChildCounts {
            specs: self.len(),
            active: self.len() - self.restarting,
            supervisors: self.supervisors,
            workers: self.len() - self.supervisors,
        }
    }
}
