//! The rows of a registry by key, in shards.
//!
//! A key lies here itself, beside the pointer to its rows, and nowhere else. So who looks one up follows one pointer less,
//! and the key and its row are fetched from memory at the same time.
//!
//! A user's `Eq` runs under the lock of a shard, before anything is changed there, and `Clone` of keys where they are
//! listed. So one that panics leaves the shard as it was, and poison says nothing.

use crate::{
    pid::Pid,
    registry::{
        few::Few,
        key_hash::KeyHash,
        options::Keys,
        rows::{Found, Home, Row, Rows},
    },
    sync::{RwLock, RwLockReadGuard, RwLockWriteGuard},
};
use hashbrown::{HashTable, hash_table::Entry as Slot};
use std::{
    mem,
    ops::RangeInclusive,
    sync::{Arc, PoisonError},
};

pub(super) struct ByKey<K, V, T>(Box<[RwLock<Shard<K, V, T>>]>);

struct Shard<K, V, T> {
    table: HashTable<Entry<K, V, T>>,
    /// How many rows there are, which with duplicate keys is more than `table` has entries.
    len: usize,
    /// Set when the registry has ended: no row comes in any more.
    closed: bool,
}

/// A key, and the rows that it has.
pub(super) struct Entry<K, V, T> {
    key: K,
    rows: Rows<V, T>,
}

/// What was taken out, to be dropped without a lock.
pub(super) enum Removed<K, V, T> {
    /// A key with all its rows.
    Entry(Entry<K, V, T>),
    /// Rows of a key that has others.
    Rows(Found<V, T>),
}

/// Why a row was not taken.
pub(super) enum Refused {
    Taken(Pid),
    /// The owner has ended.
    Ended,
    /// The registry has ended.
    Closed,
}

impl<K, V, T> ByKey<K, V, T> {
    pub(super) fn new(shards: usize) -> Self {
        Self((0..shards).map(|_| RwLock::default()).collect())
    }

    /// Puts a row in, which its owner holds from then on, unless somebody has its key and keys are unique. Returns that of a
    /// dead holder, whose place it took.
    pub(super) fn insert(
        &self,
        key: K,
        row: &Arc<Row<V, T>>,
        keys: Keys,
    ) -> Result<impl Sized + use<K, V, T>, Refused>
    where
        K: Eq,
        V: Send + Sync + 'static,
        T: Home<V>,
    {
        let mut shard = self.write(row.hash);
        if shard.closed {
            return Err(Refused::Closed);
        }
        if row.owner.process().is_ending() {
            return Err(Refused::Ended);
        }
        let slot = shard.table.entry(row.hash.spread(), same(row.hash, |it| *it == key), Entry::spread);
        if let (Slot::Occupied(taken), Keys::Unique) = (&slot, keys) {
            let holder = taken.get().rows.first();
            // Race: a holder that ends keeps its row until its last acts come to that; it has no claim any more.
            if holder.pid() == row.pid() || holder.is_alive() {
                return Err(Refused::Taken(holder.pid()));
            }
        }
        // Lock order: shard, then process. The last acts come to the shard without the process's lock.
        if !row.owner.process().hold(row.clone()) {
            return Err(Refused::Ended);
        }
        let evicted = match slot {
            Slot::Vacant(slot) => {
                slot.insert(Entry::new(key, row));
                None
            }
            Slot::Occupied(mut slot) if keys == Keys::Duplicate => {
                slot.get_mut().rows.add(row.clone());
                None
            }
            Slot::Occupied(mut slot) => Some(mem::replace(slot.get_mut(), Entry::new(key, row))),
        };
        shard.len += usize::from(evicted.is_none());
        Ok(evicted)
    }

    /// Takes out the row with this id, and its key with the last one.
    pub(super) fn remove(&self, row: &Row<V, T>) -> Removed<K, V, T> {
        self.remove_from(row.hash, has(row), row.pid(), &(row.number..=row.number))
    }

    /// Takes out the rows of one owner under a key, and the key with the last one. `is` tells the key.
    pub(super) fn remove_of(&self, hash: KeyHash, is: impl Fn(&K) -> bool, owner: Pid) -> Removed<K, V, T> {
        self.remove_from(hash, same(hash, is), owner, &(0..=u64::MAX))
    }

    fn remove_from(
        &self,
        hash: KeyHash,
        is: impl Fn(&Entry<K, V, T>) -> bool,
        owner: Pid,
        numbers: &RangeInclusive<u64>,
    ) -> Removed<K, V, T> {
        let mut shard = self.write(hash);
        let Ok(mut slot) = shard.table.find_entry(hash.spread(), is) else { return Removed::Rows(Few::None) };
        let removed = match slot.get_mut().rows.take(owner, numbers) {
            Some(rows) => Removed::Rows(rows),
            None => Removed::Entry(slot.remove().0),
        };
        shard.len -= removed.len();
        removed
    }

    /// Puts a row with another value into the place of the one with its id, here and where its owner holds it. Returns
    /// what was there; none if it is not there any more.
    pub(super) fn replace(&self, row: &Arc<Row<V, T>>) -> Option<impl Sized + use<K, V, T>>
    where
        V: Send + Sync + 'static,
        T: Home<V>,
    {
        let mut shard = self.write(row.hash);
        let old = shard.table.find_mut(row.hash.spread(), has(row))?.rows.replace(row.clone())?;
        Some((old, row.owner.process().hold_instead(row.clone())))
    }

    /// The key of a row; none if it is not there any more.
    pub(super) fn key(&self, row: &Row<V, T>) -> Option<K>
    where
        K: Clone,
    {
        let shard = self.read(self.shard(row.hash));
        shard.table.find(row.hash.spread(), has(row)).map(|entry| entry.key.clone())
    }

    /// Looks at the rows of a key. `is` tells the key; `look` must run no user code.
    pub(super) fn with<R>(
        &self,
        hash: KeyHash,
        is: impl Fn(&K) -> bool,
        look: impl FnOnce(&Rows<V, T>) -> R,
    ) -> Option<R> {
        let shard = self.read(self.shard(hash));
        shard.table.find(hash.spread(), same(hash, is)).map(|entry| look(&entry.rows))
    }

    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|shard| self.read(shard).len).sum()
    }

    /// All keys and their rows, shard by shard.
    pub(super) fn shards(&self) -> impl Iterator<Item = Vec<(K, Found<V, T>)>>
    where
        K: Clone,
    {
        self.0.iter().map(|shard| {
            // In this order: if a `Clone` panics these are dropped without the lock.
            let mut all = Vec::new();
            let shard = self.read(shard);
            all.reserve(shard.table.len());
            all.extend(shard.table.iter().map(|entry| (entry.key.clone(), entry.rows.found())));
            all
        })
    }

    /// Takes everything out and lets nothing in any more. Returns what was there, shard by shard.
    pub(super) fn close(&self) -> impl Iterator<Item = (K, Rows<V, T>)> {
        let tables: Vec<_> = self
            .0
            .iter()
            .map(|shard| {
                let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
                shard.closed = true;
                shard.len = 0;
                mem::take(&mut shard.table)
            })
            .collect();
        tables.into_iter().flatten().map(|entry| (entry.key, entry.rows))
    }

    fn shard(&self, hash: KeyHash) -> &RwLock<Shard<K, V, T>> {
        &self.0[hash.shard(self.0.len())]
    }

    fn read<'a>(&self, shard: &'a RwLock<Shard<K, V, T>>) -> RwLockReadGuard<'a, Shard<K, V, T>> {
        shard.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, hash: KeyHash) -> RwLockWriteGuard<'_, Shard<K, V, T>> {
        self.shard(hash).write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V, T> Default for Shard<K, V, T> {
    fn default() -> Self {
        Self { table: HashTable::new(), len: 0, closed: false }
    }
}

impl<K, V, T> Removed<K, V, T> {
    fn len(&self) -> usize {
        match self {
            Self::Entry(entry) => entry.rows.len(),
            Self::Rows(rows) => rows.len(),
        }
    }

    pub(super) fn for_each(&self, each: impl FnMut(&Arc<Row<V, T>>)) {
        match self {
            Self::Entry(entry) => entry.rows.for_each(each),
            Self::Rows(rows) => rows.iter().for_each(each),
        }
    }
}

impl<K, V, T> Entry<K, V, T> {
    fn new(key: K, row: &Arc<Row<V, T>>) -> Self {
        Self { key, rows: Rows::new(row.clone()) }
    }

    fn spread(&self) -> u64 {
        self.rows.hash().spread()
    }
}

/// Tells a key.
fn same<K, V, T>(hash: KeyHash, is: impl Fn(&K) -> bool) -> impl Fn(&Entry<K, V, T>) -> bool {
    move |entry| entry.rows.hash() == hash && is(&entry.key)
}

/// Tells the key of a row: by the row's id, so no user's `Eq` runs, and a successor's row is never meant.
fn has<K, V, T>(row: &Row<V, T>) -> impl Fn(&Entry<K, V, T>) -> bool {
    move |entry| entry.rows.hash() == row.hash && entry.rows.has(row.id())
}
