//! The children of a process that has very many, as it is linked to them: in shards.
//!
//! Its lock would be fought over by all who start children for it, on whatever core, and each change of it would take from
//! them what else lies beside it and is read at each start.
//!
//! # Invariants
//!
//! 1. A link with a child is here or among the other links of the process, if it was made by that one's birth or later.
//! 2. The lock of a shard is taken last: no other one is taken under it.
//! 3. The end closes all shards, under the lock of the process, when that tells its links. What was here before is told;
//!    what comes later is refused.

use crate::{
    pid::{ByPid, Pid},
    sync::{Line, Mutex, MutexGuard},
};
use std::mem;

/// Links with children, by neighborhood: threads that start children side by side mostly have shards of their own.
#[derive(Debug)]
pub(crate) struct Kin(Box<[Line<Mutex<Shard>>]>);

#[derive(Debug, Default)]
struct Shard {
    pids: ByPid<()>,
    closed: bool,
}

impl Kin {
    pub(crate) fn new(shards: usize) -> Self {
        Self((0..shards).map(|_| Line::default()).collect())
    }

    /// False if it is closed.
    pub(super) fn insert(&self, pid: Pid) -> bool {
        let mut shard = self.shard(pid);
        if !shard.closed {
            shard.pids.insert(pid, ());
        }
        !shard.closed
    }

    /// False if it was not there.
    pub(super) fn remove(&self, pid: Pid) -> bool {
        self.shard(pid).pids.remove(pid).is_some()
    }

    pub(super) fn contains(&self, pid: Pid) -> bool {
        self.shard(pid).pids.get(pid).is_some()
    }

    pub(super) fn all(&self) -> Vec<Pid> {
        self.0
            .iter()
            .flat_map(|shard| lock(shard).pids.iter().map(|(pid, ())| pid).collect::<Vec<_>>())
            .collect()
    }

    /// Takes all, shard by shard, and lets none in any more.
    pub(super) fn close(&self) -> Vec<ByPid<()>> {
        let close = |shard| {
            let mut shard = lock(shard);
            shard.closed = true;
            mem::take(&mut shard.pids)
        };
        self.0.iter().map(close).filter(|pids| !pids.is_empty()).collect()
    }

    /// Gives back what is in reserve.
    pub(super) fn shrink(&self) {
        self.0.iter().for_each(|shard| lock(shard).pids.shrink_to_fit());
    }

    fn shard(&self, pid: Pid) -> MutexGuard<'_, Shard> {
        lock(&self.0[pid.neighborhood() % self.0.len()])
    }
}

fn lock(Line(shard): &Line<Mutex<Shard>>) -> MutexGuard<'_, Shard> {
    shard.lock().expect("no user code runs under this lock")
}
