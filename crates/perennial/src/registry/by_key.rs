//! The rows of a registry by key, in shards.
//!
//! A user's `Eq` runs under the lock of a shard, before anything is changed there. So one that panics leaves the
//! shard as it was, and poison says nothing.

use crate::{
    pid::Pid,
    registry::{
        options::Keys,
        rows::{Found, Row, Rows},
    },
    sync::{RwLock, RwLockReadGuard, RwLockWriteGuard},
};
use hashbrown::{HashTable, hash_table::Entry};
use std::{
    mem,
    sync::{Arc, PoisonError},
};

pub(super) struct ByKey<K, V>(Box<[RwLock<Shard<K, V>>]>);

struct Shard<K, V> {
    table: HashTable<Rows<K, V>>,
    /// How many rows there are, which with duplicate keys is more than `table` has entries.
    len: usize,
    /// Set when the registry has ended: no row comes in any more.
    closed: bool,
}

/// Why a row was not taken.
pub(super) enum Refused {
    Taken(Pid),
    /// The owner has ended.
    Ended,
    /// The registry has ended.
    Closed,
}

impl<K, V> ByKey<K, V> {
    pub(super) fn new(shards: usize) -> Self {
        Self((0..shards).map(|_| RwLock::default()).collect())
    }

    /// Puts a row in, unless somebody has its key and keys are unique. Returns the row of a dead holder, whose
    /// place it took.
    pub(super) fn insert(&self, row: &Arc<Row<K, V>>, keys: Keys) -> Result<Option<Arc<Row<K, V>>>, Refused>
    where
        K: Eq,
    {
        let mut shard = self.write(row.hash);
        if shard.closed {
            return Err(Refused::Closed);
        }
        // Race: the owner's last acts may be carried out by another thread, if it was given up. They fix the reason
        // first and come for the rows after, by this lock: so they find this row, or we see the reason.
        if row.owner.process().is_ending() {
            return Err(Refused::Ended);
        }
        let same = |rows: &Rows<K, V>| rows.first().hash == row.hash && rows.first().key == row.key;
        let evicted = match shard.table.entry(row.hash, same, |rows| rows.first().hash) {
            Entry::Vacant(vacant) => {
                vacant.insert(Rows::One(row.clone()));
                None
            }
            Entry::Occupied(mut occupied) if keys == Keys::Duplicate => {
                occupied.get_mut().add(row.clone());
                None
            }
            Entry::Occupied(mut occupied) => {
                let holder = occupied.get().first().clone();
                // Race: a holder that ends keeps its row until its last acts come to that; it has no claim any more.
                if holder.pid() == row.pid() || holder.owner.process().is_alive() {
                    return Err(Refused::Taken(holder.pid()));
                }
                *occupied.get_mut() = Rows::One(row.clone());
                Some(holder)
            }
        };
        shard.len += usize::from(evicted.is_none());
        Ok(evicted)
    }

    /// Takes out the row with this id; none if it is not there any more.
    pub(super) fn remove(&self, row: &Row<K, V>) -> Option<Arc<Row<K, V>>> {
        let mut shard = self.write(row.hash);
        // By id, so no user's `Eq` runs; and a successor's row is never meant.
        let has = |rows: &Rows<K, V>| rows.first().hash == row.hash && rows.has(row.id());
        let Ok(mut entry) = shard.table.find_entry(row.hash, has) else { return None };
        let removed = if entry.get().is_only(row.id()) {
            entry.remove().0.into_iter().next()
        } else {
            entry.get_mut().remove(row.id())
        };
        shard.len -= usize::from(removed.is_some());
        removed
    }

    /// Takes out the rows of one owner under a key. `is` tells the key.
    pub(super) fn remove_of(&self, hash: u64, is: impl Fn(&K) -> bool, owner: Pid) -> Found<K, V> {
        let mut shard = self.write(hash);
        let is = |rows: &Rows<K, V>| rows.first().hash == hash && is(&rows.first().key);
        let Ok(mut entry) = shard.table.find_entry(hash, is) else { return Found::None };
        let found = entry.get().of(owner);
        if found.len() == entry.get().len() {
            // Ours are all there are. They are in `found` still, so none is dropped here.
            drop(entry.remove().0);
        } else {
            found.iter().for_each(|row| drop(entry.get_mut().remove(row.id())));
        }
        shard.len -= found.len();
        found
    }

    /// Puts a row with another value into the place of the one with its id; returns that.
    pub(super) fn replace(&self, row: &Arc<Row<K, V>>) -> Option<Arc<Row<K, V>>> {
        let mut shard = self.write(row.hash);
        let has = |rows: &Rows<K, V>| rows.first().hash == row.hash && rows.has(row.id());
        shard.table.find_mut(row.hash, has)?.replace(row.clone())
    }

    /// Looks at the rows of a key. `is` tells the key; `look` must run no user code.
    pub(super) fn with<R>(
        &self,
        hash: u64,
        is: impl Fn(&K) -> bool,
        look: impl FnOnce(&Rows<K, V>) -> R,
    ) -> Option<R> {
        let shard = self.read(self.shard(hash));
        let is = |rows: &Rows<K, V>| rows.first().hash == hash && is(&rows.first().key);
        shard.table.find(hash, is).map(look)
    }

    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|shard| self.read(shard).len).sum()
    }

    /// The rows of all keys, shard by shard.
    pub(super) fn shards(&self) -> impl Iterator<Item = Vec<Arc<Row<K, V>>>> {
        self.0.iter().map(|shard| {
            let shard = self.read(shard);
            let mut all = Vec::with_capacity(shard.len);
            for rows in &shard.table {
                all.extend(rows.iter().cloned());
            }
            all
        })
    }

    /// Takes everything out and lets nothing in any more.
    pub(super) fn close(&self) -> Vec<Arc<Row<K, V>>> {
        let mut all = Vec::new();
        for shard in &self.0 {
            let table = {
                let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
                shard.closed = true;
                shard.len = 0;
                mem::take(&mut shard.table)
            };
            all.extend(table.into_iter().flatten());
        }
        all
    }

    fn shard(&self, hash: u64) -> &RwLock<Shard<K, V>> {
        // The lowest bits choose the bucket within the table and the highest its tag, so neither may be alike in
        // all of a shard.
        &self.0[(hash >> 32) as usize % self.0.len()]
    }

    fn read<'a>(&self, shard: &'a RwLock<Shard<K, V>>) -> RwLockReadGuard<'a, Shard<K, V>> {
        shard.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, hash: u64) -> RwLockWriteGuard<'_, Shard<K, V>> {
        self.shard(hash).write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V> Default for Shard<K, V> {
    fn default() -> Self {
        Self { table: HashTable::new(), len: 0, closed: false }
    }
}
