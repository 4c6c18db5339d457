//! The rows of a registry by key, in shards.
//!
//! A key and its row lie here themselves, and nowhere else. So who looks one up follows no pointer but to the owner of the
//! row, and to register takes no memory for either.
//!
//! A user's `Eq` runs under the lock of a shard, before anything is changed there, and `Clone` of keys where they are
//! listed. So one that panics leaves the shard as it was. No user's value is dropped there.

use crate::{
    pid::{LocalPid, Pid},
    process::{alive::Alive, holdings::Place, state::Process},
    registry::{
        few::Few,
        key_hash::KeyHash,
        options::Keys,
        row::Row,
        rows::{Id, Rows},
        value::Value,
    },
    sync::SpinLock,
};
use hashbrown::{HashTable, hash_table::Entry as Slot};
use std::{mem, num::NonZeroU64, ops::RangeInclusive, sync::Arc};

pub(super) struct ByKey<K, V>(Box<[SpinLock<Shard<K, V>>]>);

struct Shard<K, V> {
    table: HashTable<Entry<K, V>>,
    /// How many rows there are, which with duplicate keys is more than `table` has entries.
    len: usize,
    /// The number of the last row that came in.
    last: u64,
    /// Who of the node is alive. None when the registry has ended: no row comes in any more, and what is left of it, which
    /// some thread may keep for long, is little.
    alive: Option<Arc<Alive>>,
}

/// A key, its hash, and the rows that it has. In this order, as they are read one after the other, and without a gap: with
/// one, to move a key in would wait for what was written just before.
#[repr(C)]
pub(super) struct Entry<K, V> {
    /// As the table wants it.
    hash: u64,
    key: K,
    rows: Rows<Row<V>>,
}

/// What was taken out, to be dropped without a lock.
pub(super) enum Removed<K, V> {
    /// A key with all its rows.
    Entry(Entry<K, V>),
    /// Rows of a key that has others.
    Rows(Few<Row<V>>),
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
    pub(super) fn new(shards: usize, alive: &Arc<Alive>) -> Self {
        let shard = || Shard { table: HashTable::new(), len: 0, last: 0, alive: Some(alive.clone()) };
        Self((0..shards).map(|_| SpinLock::new(shard())).collect())
    }

    /// Puts a row in, which `owner` holds from then on at `place`, to which `way` leads, unless somebody has its key and keys
    /// are unique. Returns that of a dead holder, whose place it took.
    pub(super) fn insert<T>(
        &self,
        (hash, key): (KeyHash, K),
        value: Value<V>,
        owner: &Process,
        keys: Keys,
        (place, way): (&T, impl FnOnce() -> Arc<dyn Place>),
    ) -> Result<Option<Entry<K, V>>, Refused>
    where
        K: Eq,
    {
        let pid = owner.local();
        // What is not taken is dropped without the lock.
        let (mut key, mut value) = (Some(key), Some(value));
        self.shard(hash).with(|shard| {
            let Shard { table, len, last, alive } = shard;
            let Some(alive) = alive else { return Err(Refused::Closed) };
            if owner.is_ending() {
                return Err(Refused::Ended);
            }
            let slot =
                table.entry(hash.spread(), same(hash, |it| Some(it) == key.as_ref()), |entry| entry.hash);
            if let (Slot::Occupied(taken), Keys::Unique) = (&slot, keys) {
                let holder = taken.get().rows.first();
                // Race: a holder that ends keeps its row until its last acts come to that; it has no claim any more.
                if holder.owner == pid || alive.is(holder.owner) {
                    return Err(Refused::Taken(owner.pid().beside(holder.owner)));
                }
            }
            // Lock order: shard, then process. The last acts come to the shard without the process's lock.
            let held = owner.hold_next((place, way), hash.to_bits(), *last);
            let Some(number) = held else { return Err(Refused::Ended) };
            *last = number.get();
            let row = Row { owner: pid, number, value: value.take().expect("it is used once") };
            let mut entry = |row| {
                let key = key.take().expect("it is used once");
                Entry { hash: hash.spread(), key, rows: Rows::One(row) }
            };
            let evicted = match slot {
                Slot::Vacant(slot) => {
                    slot.insert(entry(row));
                    None
                }
                Slot::Occupied(mut slot) if keys == Keys::Unique => {
                    Some(mem::replace(slot.get_mut(), entry(row)))
                }
                Slot::Occupied(mut slot) => {
                    slot.get_mut().rows.add(row);
                    None
                }
            };
            *len += usize::from(evicted.is_none());
            Ok(evicted)
        })
    }

    /// Takes out the row with this id, and its key with the last one.
    pub(super) fn remove(&self, hash: KeyHash, id: Id<LocalPid>) -> Removed<K, V> {
        self.remove_from(hash, has(hash, id), id.0, &(id.1..=id.1))
    }

    /// Takes out the rows of one owner under a key, and the key with the last one. `is` tells the key.
    pub(super) fn remove_of(&self, hash: KeyHash, is: impl Fn(&K) -> bool, owner: LocalPid) -> Removed<K, V> {
        self.remove_from(hash, same(hash, is), owner, &(NonZeroU64::MIN..=NonZeroU64::MAX))
    }

    fn remove_from(
        &self,
        hash: KeyHash,
        is: impl Fn(&Entry<K, V>) -> bool,
        owner: LocalPid,
        numbers: &RangeInclusive<NonZeroU64>,
    ) -> Removed<K, V> {
        self.shard(hash).with(|shard| {
            let Ok(mut slot) = shard.table.find_entry(hash.spread(), is) else {
                return Removed::Rows(Few::None);
            };
            let removed = match slot.get_mut().rows.take(owner, numbers) {
                Some(rows) => Removed::Rows(rows),
                None => Removed::Entry(slot.remove().0),
            };
            shard.len -= removed.len();
            removed
        })
    }

    /// Gives the row with this id another value. Returns the one that it had; none if the row is not there any more.
    pub(super) fn replace(&self, hash: KeyHash, id: Id<LocalPid>, value: Value<V>) -> Option<Value<V>> {
        // Dropped without the lock if it is not taken.
        let mut value = Some(value);
        self.shard(hash).with(|shard| {
            let row = shard.table.find_mut(hash.spread(), has(hash, id))?.rows.get_mut(id)?;
            value.take().map(|value| mem::replace(&mut row.value, value))
        })
    }

    /// The key of a row; none if it is not there any more.
    pub(super) fn key(&self, hash: KeyHash, id: Id<LocalPid>) -> Option<K>
    where
        K: Clone,
    {
        self.shard(hash)
            .with(|shard| shard.table.find(hash.spread(), has(hash, id)).map(|entry| entry.key.clone()))
    }

    /// Looks at the rows of a key. `is` tells the key; `look` must run no user code.
    pub(super) fn with<R>(
        &self,
        hash: KeyHash,
        is: impl Fn(&K) -> bool,
        look: impl FnOnce(&Rows<Row<V>>, &Alive) -> R,
    ) -> Option<R> {
        self.shard(hash).with(|shard| {
            let alive = shard.alive.as_ref()?;
            shard.table.find(hash.spread(), same(hash, is)).map(|entry| look(&entry.rows, alive))
        })
    }

    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|shard| shard.with(|shard| shard.len)).sum()
    }

    /// All keys and their rows, shard by shard.
    pub(super) fn shards(&self) -> impl Iterator<Item = Vec<(K, Few<Row<V>>)>>
    where
        K: Clone,
    {
        self.0.iter().map(|shard| {
            // In this order: if a `Clone` panics these are dropped without the lock.
            let mut all = Vec::new();
            let copy = |entry: &Entry<K, V>| (entry.key.clone(), entry.rows.iter().cloned().collect());
            shard.with(|shard| {
                all.reserve(shard.table.len());
                all.extend(shard.table.iter().map(copy));
            });
            all
        })
    }

    /// Takes everything out and lets nothing in any more. Returns what was there, shard by shard.
    pub(super) fn close(&self) -> impl Iterator<Item = (K, Rows<Row<V>>)> {
        let close = |shard: &mut Shard<K, V>| {
            shard.alive = None;
            shard.len = 0;
            mem::take(&mut shard.table)
        };
        let tables: Vec<_> = self.0.iter().map(|shard| shard.with(close)).collect();
        tables.into_iter().flatten().map(|entry| (entry.key, entry.rows))
    }

    fn shard(&self, hash: KeyHash) -> &SpinLock<Shard<K, V>> {
        &self.0[hash.shard(self.0.len())]
    }
}

impl<K, V> Removed<K, V> {
    fn len(&self) -> usize {
        match self {
            Self::Entry(entry) => entry.rows.len(),
            Self::Rows(rows) => rows.len(),
        }
    }

    pub(super) fn for_each(&self, each: impl FnMut(&Row<V>)) {
        match self {
            Self::Entry(entry) => entry.rows.for_each(each),
            Self::Rows(rows) => rows.iter().for_each(each),
        }
    }
}

/// Tells a key.
fn same<K, V>(hash: KeyHash, is: impl Fn(&K) -> bool) -> impl Fn(&Entry<K, V>) -> bool {
    move |entry| entry.hash == hash.spread() && is(&entry.key)
}

/// Tells the key of a row: by the row's id, so no user's `Eq` runs, and a successor's row is never meant.
fn has<K, V>(hash: KeyHash, id: Id<LocalPid>) -> impl Fn(&Entry<K, V>) -> bool {
    move |entry| entry.hash == hash.spread() && entry.rows.has(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_registration_has_is_small() {
        assert_eq!(size_of::<Entry<(), ()>>(), 32);
    }
}
