//! The children of a supervisor, in start order, and the decisions about them: plain data, no process.

use crate::{
    child_spec::{ChildId, ChildSpec, Restart},
    exit_reason::ExitReason,
    pid::{Pid, PidMap},
    supervisor::{AutoShutdown, Strategy},
};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// The place of a child in the start order.
pub(crate) type Key = u64;

/// Whether a child runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildState {
    /// It runs.
    Running(Pid),
    /// It ended, its restart has failed, and is tried again.
    Restarting,
    /// It ended normally, was terminated, or asked not to run. It can be restarted by hand.
    NotRunning,
}

#[derive(Debug)]
pub(crate) struct Child {
    pub(crate) spec: ChildSpec,
    pub(crate) state: ChildState,
}

/// Looked up by id and by pid, walked in start order.
#[derive(Debug, Default)]
pub(crate) struct Children {
    by_key: BTreeMap<Key, Child>,
    by_id: FxHashMap<ChildId, Key>,
    by_pid: PidMap<Key>,
    next: Key,
}

/// What follows from the end of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AfterExit {
    /// It is to be restarted.
    Restart(Key),
    /// The supervisor goes on without it.
    GoOn,
    /// It was significant: the supervisor stops.
    AutoShutdown,
}

impl Children {
    /// Adds a child that does not run, behind all others. Its id must be new.
    pub(crate) fn add(&mut self, spec: ChildSpec) -> Key {
        let key = self.next;
        self.next += 1;
        self.by_id.insert(spec.id.clone(), key);
        self.by_key.insert(key, Child { spec, state: ChildState::NotRunning });
        key
    }

    pub(crate) fn get(&self, key: Key) -> Option<&Child> {
        self.by_key.get(&key)
    }

    pub(crate) fn key_of(&self, id: &ChildId) -> Option<Key> {
        self.by_id.get(id).copied()
    }

    pub(crate) fn key_of_pid(&self, pid: Pid) -> Option<Key> {
        self.by_pid.get(&pid).copied()
    }

    /// In start order.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Child> {
        self.by_key.values()
    }

    pub(crate) fn keys(&self) -> Vec<Key> {
        self.by_key.keys().copied().collect()
    }

    pub(crate) fn set(&mut self, key: Key, state: ChildState) {
        let Some(child) = self.by_key.get_mut(&key) else { return };
        if let ChildState::Running(old) = child.state {
            self.by_pid.remove(&old);
        }
        child.state = state;
        if let ChildState::Running(new) = state {
            self.by_pid.insert(new, key);
        }
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<Child> {
        self.set(key, ChildState::NotRunning);
        let child = self.by_key.remove(&key)?;
        self.by_id.remove(&child.spec.id);
        Some(child)
    }

    /// A child is down and stays so for now: a temporary one is forgotten, another keeps its specification.
    pub(crate) fn down(&mut self, key: Key) {
        match self.by_key.get(&key).map(|child| child.spec.restart) {
            Some(Restart::Temporary) => drop(self.remove(key)),
            _ => self.set(key, ChildState::NotRunning),
        }
    }

    /// A child has ended by itself.
    pub(crate) fn after_exit(&mut self, key: Key, reason: &ExitReason, auto: AutoShutdown) -> AfterExit {
        let Some(child) = self.by_key.get(&key) else { return AfterExit::GoOn };
        if child.spec.restart.applies(reason) {
            return AfterExit::Restart(key);
        }
        let significant = child.spec.significant;
        self.down(key);
        let remains =
            || self.iter().any(|child| child.spec.significant && child.state != ChildState::NotRunning);
        match auto {
            AutoShutdown::AnySignificant if significant => AfterExit::AutoShutdown,
            AutoShutdown::AllSignificant if significant && !remains() => AfterExit::AutoShutdown,
            _ => AfterExit::GoOn,
        }
    }

    /// Those who are restarted together with `key`, in start order. Under `one_for_all` and `rest_for_one` that
    /// includes those that had ended, that were terminated by hand or had asked not to run.
    pub(crate) fn group(&self, strategy: Strategy, key: Key) -> Vec<Key> {
        match strategy {
            Strategy::OneForOne => vec![key],
            Strategy::OneForAll => self.keys(),
            Strategy::RestForOne => self.by_key.range(key..).map(|(key, _)| *key).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::child_spec::StartError;

    fn pid(slot: u32) -> Pid {
        Pid { node: 0, slot, serial: 1, creation: 1 }
    }

    /// Children with ids 0, 1, … that run as the pids with these slots.
    fn children(specs: &[(Restart, bool)]) -> Children {
        let mut children = Children::default();
        for (slot, (restart, significant)) in specs.iter().enumerate() {
            let start = |()| async { Err(StartError::Ignore) };
            let spec = ChildSpec {
                restart: *restart,
                significant: *significant,
                id: ChildId::new(slot),
                ..ChildSpec::worker(start, ())
            };
            let key = children.add(spec);
            children.set(key, ChildState::Running(pid(u32::try_from(slot).unwrap())));
        }
        children
    }

    #[test]
    fn a_temporary_child_is_forgotten_and_a_transient_one_keeps_its_spec() {
        let mut all = children(&[(Restart::Temporary, false), (Restart::Transient, false)]);
        assert_eq!(all.after_exit(0, &ExitReason::Killed, AutoShutdown::Never), AfterExit::GoOn);
        assert_eq!(all.after_exit(1, &ExitReason::Normal, AutoShutdown::Never), AfterExit::GoOn);
        assert_eq!(all.keys(), [1]);
        assert_eq!(all.get(1).unwrap().state, ChildState::NotRunning);
        assert_eq!(all.key_of_pid(pid(1)), None);
        assert_eq!(all.key_of(&ChildId::new(0_usize)), None);
    }

    #[test]
    fn who_is_restarted_together() {
        let all = children(&[(Restart::Permanent, false); 4]);
        assert_eq!(all.group(Strategy::OneForOne, 1), [1]);
        assert_eq!(all.group(Strategy::RestForOne, 1), [1, 2, 3]);
        assert_eq!(all.group(Strategy::OneForAll, 1), [0, 1, 2, 3]);
    }

    #[test]
    fn auto_shutdown_is_for_significant_children_that_end_for_good() {
        let specs = [(Restart::Transient, true), (Restart::Transient, true), (Restart::Temporary, false)];
        let any = AutoShutdown::AnySignificant;
        let all = AutoShutdown::AllSignificant;
        let normal = &ExitReason::Normal;
        assert_eq!(children(&specs).after_exit(0, normal, any), AfterExit::AutoShutdown);
        assert_eq!(children(&specs).after_exit(2, normal, any), AfterExit::GoOn);
        assert_eq!(children(&specs).after_exit(0, &ExitReason::Killed, any), AfterExit::Restart(0));
        let mut some = children(&specs);
        assert_eq!(some.after_exit(0, normal, all), AfterExit::GoOn);
        assert_eq!(some.after_exit(1, normal, all), AfterExit::AutoShutdown);
        assert_eq!(children(&specs).after_exit(0, normal, AutoShutdown::Never), AfterExit::GoOn);
    }
}
