//! The rows of a registry by owner, in shards; of a scope of process groups too.
//!
//! # Invariant
//!
//! A process that has not ended is here exactly while the registry is in the list of what its last acts release. So
//! it is tied to the registry only while it has rows, and once however many it has.

use crate::{
    pid::Pid,
    process::block::{ProcRef, Release},
    registry::rows::{Found, Id, Row, Rows},
    sync::{Mutex, MutexGuard},
};
use rustc_hash::FxHashMap;
use std::{collections::hash_map::Entry, mem, sync::Arc};

type Shard<K, V> = FxHashMap<Pid, Rows<K, V>>;

pub(crate) struct ByOwner<K, V>(Box<[Mutex<Shard<K, V>>]>);

impl<K, V> ByOwner<K, V> {
    pub(crate) fn new(shards: usize) -> Self {
        Self((0..shards).map(|_| Mutex::default()).collect())
    }

    /// Adds a row; ties its owner with the first one.
    pub(crate) fn add(&self, row: Arc<Row<K, V>>, registry: impl FnOnce() -> Arc<dyn Release>) {
        match self.lock(row.pid()).entry(row.pid()) {
            Entry::Occupied(mut rows) => rows.get_mut().add(row),
            Entry::Vacant(none) => {
                // Lock order: shard, then process. The last acts come to the shard without the process's lock.
                row.owner.process().lock().ties().rows.push(registry());
                none.insert(Rows::One(row));
            }
        }
    }

    /// Takes a row out; unties its owner with the last one.
    pub(crate) fn remove(&self, row: &Row<K, V>, place: *const ()) {
        let removed = {
            let mut shard = self.lock(row.pid());
            let Entry::Occupied(mut rows) = shard.entry(row.pid()) else { return };
            if rows.get().is_only(row.id()) {
                (Some(rows.remove()), None, untie(&row.owner, place))
            } else {
                (None, rows.get_mut().remove(row.id()), None)
            }
        };
        // Only now, without the lock.
        drop(removed);
    }

    /// Puts a row into the place of the one with its id.
    pub(crate) fn replace(&self, row: Arc<Row<K, V>>) {
        let old = self.lock(row.pid()).get_mut(&row.pid()).and_then(|rows| rows.replace(row));
        drop(old);
    }

    /// The rows of a process, in the order in which it registered them.
    pub(crate) fn of(&self, pid: Pid) -> Found<K, V> {
        self.lock(pid).get(&pid).map(Rows::found).unwrap_or_default()
    }

    /// The row with this id.
    pub(crate) fn get(&self, id: Id) -> Option<Arc<Row<K, V>>> {
        self.lock(id.0).get(&id.0)?.get(id).cloned()
    }

    /// Takes out all rows of a process that ends, which is thereby untied.
    pub(crate) fn take(&self, pid: Pid) -> Option<Rows<K, V>> {
        self.lock(pid).remove(&pid)
    }

    /// Takes everything out and unties all owners.
    pub(crate) fn close(&self, place: *const ()) -> Vec<Rows<K, V>> {
        let mut all = Vec::new();
        for shard in &self.0 {
            let owners = {
                let mut shard = shard.lock().expect("no user code runs under this lock");
                let untied: Vec<_> = shard.values().map(|rows| untie(&rows.first().owner, place)).collect();
                (mem::take(&mut *shard), untied)
            };
            all.extend(owners.0.into_values());
        }
        all
    }

    fn lock(&self, pid: Pid) -> MutexGuard<'_, Shard<K, V>> {
        self.0[pid.slot as usize % self.0.len()].lock().expect("no user code runs under this lock")
    }
}

/// Takes the registry out of what the last acts of `owner` release, to be dropped without a lock.
fn untie(owner: &ProcRef, place: *const ()) -> Option<Arc<dyn Release>> {
    owner.process().lock().ties.as_mut()?.rows.remove(place)
}
