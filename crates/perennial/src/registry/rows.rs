//! Rows, and small sets of them; those of process groups too.

use crate::{
    pid::Pid,
    process::{
        block::ProcRef,
        holdings::{Held, HeldId, Tied},
    },
    registry::{few::Few, key_hash::KeyHash},
    sync::AtomicBool,
};
use std::{
    collections::{BTreeMap, btree_map},
    mem,
    ops::RangeInclusive,
    sync::{Arc, atomic::Ordering},
};

/// One registration, but for its key. Made once and shared by the table, the process that it names and whoever reads it, so
/// that no lock is held while a value is cloned, shown to a closure or dropped.
///
/// In this order, so that what is read of each row that is found lies together.
#[repr(C)]
pub(crate) struct Row<V, T> {
    pid: Pid,
    pub(crate) hash: KeyHash,
    /// The owner is known to be ending. Written under its lock.
    is_over: AtomicBool,
    /// Of the registration; kept when the value is replaced.
    pub(crate) number: u64,
    pub(crate) owner: ProcRef,
    /// The table that it is in.
    pub(crate) table: Arc<T>,
    pub(crate) value: V,
}

/// Tells one registration from another: of one process they are in the order in which they were made.
pub(crate) type Id = (Pid, u64);

/// The ids of all rows of a process.
fn all_of(owner: Pid) -> RangeInclusive<Id> {
    (owner, 0)..=(owner, u64::MAX)
}

/// A table that has rows.
pub(crate) trait Home<V>: Send + Sync + Sized + 'static {
    /// Takes out a row whose owner ends, if it is there, and drops what nobody else has.
    fn row_ends(&self, row: &Row<V, Self>);
}

impl<V, T> Row<V, T> {
    pub(crate) fn new(value: V, hash: KeyHash, number: u64, owner: ProcRef, table: Arc<T>) -> Self {
        let pid = owner.process().pid;
        Self { pid, hash, is_over: AtomicBool::new(false), number, owner, table, value }
    }

    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    pub(crate) fn id(&self) -> Id {
        (self.pid, self.number)
    }

    /// As its owner knows it.
    pub(crate) fn held_id(&self) -> HeldId {
        HeldId::new(&*self.table, self.number)
    }

    /// Whether its owner is alive: not ending, and no deadly signal has arrived.
    pub(crate) fn is_alive(&self) -> bool {
        // Relaxed: nothing is read because of it. Who knows of a signal or an end by other means comes after this was
        // written.
        !self.is_over.load(Ordering::Relaxed)
    }
}

impl<V, T> Held for Row<V, T>
where
    V: Send + Sync + 'static,
    T: Home<V>,
{
    fn id(&self) -> HeldId {
        self.held_id()
    }

    fn owner_is_over(&self) {
        // Relaxed: see `is_alive`.
        self.is_over.store(true, Ordering::Relaxed);
    }

    fn release(&self, _: Pid) -> Option<Tied> {
        self.table.row_ends(self);
        None
    }
}

/// The rows of one key, with its hash: one or more. Most keys have one, so that case costs no more than a pointer.
pub(crate) enum Rows<V, T> {
    One {
        hash: KeyHash,
        row: Arc<Row<V, T>>,
    },
    /// Never empty.
    Many {
        hash: KeyHash,
        #[expect(clippy::box_collection, reason = "the other case is as small as a pointer")]
        rows: Box<BTreeMap<Id, Arc<Row<V, T>>>>,
    },
}

/// Rows as somebody found them, to be looked at without a lock.
pub(crate) type Found<V, T> = Few<Arc<Row<V, T>>>;

impl<V, T> Rows<V, T> {
    pub(crate) fn new(row: Arc<Row<V, T>>) -> Self {
        Self::One { hash: row.hash, row }
    }

    /// Of their key. Looks at no row, which would have to be fetched from memory.
    pub(crate) fn hash(&self) -> KeyHash {
        match self {
            Self::One { hash, .. } | Self::Many { hash, .. } => *hash,
        }
    }

    pub(crate) fn first(&self) -> &Arc<Row<V, T>> {
        match self {
            Self::One { row, .. } => row,
            Self::Many { rows, .. } => rows.values().next().expect("never empty"),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::One { .. } => 1,
            Self::Many { rows, .. } => rows.len(),
        }
    }

    /// Whether the row with this id is here, and no other.
    pub(crate) fn is_only(&self, id: Id) -> bool {
        self.len() == 1 && self.first().id() == id
    }

    pub(crate) fn has(&self, id: Id) -> bool {
        match self {
            Self::One { row, .. } => row.id() == id,
            Self::Many { rows, .. } => rows.contains_key(&id),
        }
    }

    /// All rows: those of one owner in the order in which it got them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Row<V, T>>> {
        let (one, many) = match self {
            Self::One { row, .. } => (Some(row), None),
            Self::Many { rows, .. } => (None, Some(rows.values())),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }

    pub(crate) fn found(&self) -> Found<V, T> {
        match self {
            Self::One { row, .. } => Few::One(row.clone()),
            Self::Many { rows, .. } => rows.values().cloned().collect(),
        }
    }

    /// What `pick` makes of each row whose owner is alive.
    pub(crate) fn living<R>(&self, pick: impl Fn(&Arc<Row<V, T>>) -> R) -> Few<R> {
        match self {
            Self::One { row, .. } if row.is_alive() => Few::One(pick(row)),
            Self::One { .. } => Few::None,
            Self::Many { rows, .. } => rows.values().filter(|row| row.is_alive()).map(pick).collect(),
        }
    }

    pub(crate) fn for_each(&self, mut each: impl FnMut(&Arc<Row<V, T>>)) {
        match self {
            Self::One { row, .. } => each(row),
            Self::Many { rows, .. } => rows.values().for_each(each),
        }
    }

    /// The newest row of one owner.
    pub(crate) fn last_of(&self, pid: Pid) -> Option<Id> {
        match self {
            Self::One { row, .. } => Some(row.id()).filter(|id| id.0 == pid),
            Self::Many { rows, .. } => rows.range(all_of(pid)).next_back().map(|(id, _)| *id),
        }
    }

    /// The rows of one owner, without a look at those of others.
    pub(crate) fn of(&self, pid: Pid) -> Found<V, T> {
        match self {
            Self::One { row, .. } if row.pid() == pid => Few::One(row.clone()),
            Self::One { .. } => Few::None,
            Self::Many { rows, .. } => rows.range(all_of(pid)).map(|(_, row)| row.clone()).collect(),
        }
    }

    pub(crate) fn add(&mut self, row: Arc<Row<V, T>>) {
        if let Self::One { hash, row: first } = self {
            let (hash, first) = (*hash, first.clone());
            *self = Self::Many { hash, rows: Box::new(BTreeMap::from([(first.id(), first)])) };
        }
        if let Self::Many { rows, .. } = self {
            rows.insert(row.id(), row);
        }
    }

    /// Takes out the rows of one owner with these numbers; none if they are all there are: then the set is to be removed.
    pub(crate) fn take(&mut self, owner: Pid, numbers: &RangeInclusive<u64>) -> Option<Found<V, T>> {
        match self {
            Self::One { row, .. } if row.pid == owner && numbers.contains(&row.number) => None,
            Self::One { .. } => Some(Few::None),
            Self::Many { rows, .. } => {
                let ids = (owner, *numbers.start())..=(owner, *numbers.end());
                let taken: Few<_> = rows.range(ids).map(|(_, row)| row.clone()).collect();
                if taken.len() == rows.len() {
                    return None;
                }
                // They are in `taken` still, so none is dropped here.
                taken.iter().for_each(|row| drop(rows.remove(&row.id())));
                Some(taken)
            }
        }
    }

    /// Takes out one of several rows.
    pub(crate) fn remove(&mut self, id: Id) -> Option<Arc<Row<V, T>>> {
        match self {
            // The only one is removed by removing the set.
            Self::One { .. } => None,
            Self::Many { rows, .. } => rows.remove(&id),
        }
    }

    /// Puts a row into the place of the one with its id; returns that.
    pub(crate) fn replace(&mut self, row: Arc<Row<V, T>>) -> Option<Arc<Row<V, T>>> {
        let id = row.id();
        let place = match self {
            Self::One { row, .. } => Some(row).filter(|row| row.id() == id),
            Self::Many { rows, .. } => rows.get_mut(&id),
        };
        place.map(|place| mem::replace(place, row))
    }
}

impl<V, T> IntoIterator for Rows<V, T> {
    type Item = Arc<Row<V, T>>;
    type IntoIter = IntoRows<V, T>;

    fn into_iter(self) -> Self::IntoIter {
        match self {
            Self::One { row, .. } => IntoRows::One(Some(row)),
            Self::Many { rows, .. } => IntoRows::Many(rows.into_values()),
        }
    }
}

pub(crate) enum IntoRows<V, T> {
    One(Option<Arc<Row<V, T>>>),
    Many(btree_map::IntoValues<Id, Arc<Row<V, T>>>),
}

impl<V, T> Iterator for IntoRows<V, T> {
    type Item = Arc<Row<V, T>>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::One(row) => row.take(),
            Self::Many(rows) => rows.next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_registration_has_is_small() {
        assert_eq!(size_of::<Rows<(), ()>>(), 16);
        #[cfg(not(perennial_loom))]
        assert_eq!(size_of::<Row<(), ()>>(), 56);
    }
}
