//! Rows, and small sets of them.

use crate::{pid::Pid, process::block::ProcRef};
use std::{
    collections::{BTreeMap, btree_map},
    mem,
    ops::Deref,
    slice,
    sync::Arc,
};

/// One registration. Made once and shared by the two indexes of the table and by whoever reads it, so that no lock
/// is held while a key or a value is cloned, shown to a closure or dropped.
pub(crate) struct Row<K, V> {
    pub(crate) key: K,
    pub(crate) value: V,
    /// Of the key, so that no user's `Hash` runs under a lock.
    pub(crate) hash: u64,
    /// Of the registration; kept when the value is replaced.
    pub(crate) number: u64,
    pub(crate) owner: ProcRef,
}

/// Tells one registration from another: of one process they are in the order in which they were made.
pub(crate) type Id = (Pid, u64);

impl<K, V> Row<K, V> {
    pub(crate) fn pid(&self) -> Pid {
        self.owner.process().pid
    }

    pub(crate) fn id(&self) -> Id {
        (self.pid(), self.number)
    }
}

/// One row or more. Most keys have one and most owners too, so that case costs no more than a pointer.
pub(crate) enum Rows<K, V> {
    One(Arc<Row<K, V>>),
    /// Never empty.
    #[allow(clippy::box_collection, reason = "so that the one form is as small as its pointer")]
    Many(Box<BTreeMap<Id, Arc<Row<K, V>>>>),
}

impl<K, V> Rows<K, V> {
    pub(crate) fn first(&self) -> &Arc<Row<K, V>> {
        match self {
            Self::One(row) => row,
            Self::Many(rows) => rows.values().next().expect("never empty"),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(rows) => rows.len(),
        }
    }

    /// Whether the row with this id is here, and no other.
    pub(crate) fn is_only(&self, id: Id) -> bool {
        self.len() == 1 && self.first().id() == id
    }

    pub(crate) fn found(&self) -> Found<K, V> {
        match self {
            Self::One(row) => Found::One(row.clone()),
            Self::Many(rows) => Found::Many(rows.values().cloned().collect()),
        }
    }

    pub(crate) fn get(&self, id: Id) -> Option<&Arc<Row<K, V>>> {
        match self {
            Self::One(row) => Some(row).filter(|row| row.id() == id),
            Self::Many(rows) => rows.get(&id),
        }
    }

    pub(crate) fn has(&self, id: Id) -> bool {
        self.get(id).is_some()
    }

    /// All rows: those of one owner in the order in which it got them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Row<K, V>>> {
        let (one, many) = match self {
            Self::One(row) => (Some(row), None),
            Self::Many(rows) => (None, Some(rows.values())),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }

    /// The newest row of one owner.
    pub(crate) fn last_of(&self, pid: Pid) -> Option<Id> {
        match self {
            Self::One(row) => Some(row.id()).filter(|id| id.0 == pid),
            Self::Many(rows) => rows.range((pid, 0)..=(pid, u64::MAX)).next_back().map(|(id, _)| *id),
        }
    }

    /// The rows of one owner, without a look at those of others.
    pub(crate) fn of(&self, pid: Pid) -> Found<K, V> {
        match self {
            Self::One(row) if row.pid() == pid => Found::One(row.clone()),
            Self::One(_) => Found::None,
            Self::Many(rows) => {
                let range = rows.range((pid, 0)..=(pid, u64::MAX));
                Found::Many(range.map(|(_, row)| row.clone()).collect())
            }
        }
    }

    pub(crate) fn add(&mut self, row: Arc<Row<K, V>>) {
        if let Self::One(first) = self {
            let first = first.clone();
            *self = Self::Many(Box::new(BTreeMap::from([(first.id(), first)])));
        }
        if let Self::Many(rows) = self {
            rows.insert(row.id(), row);
        }
    }

    /// Takes out one of several rows.
    pub(crate) fn remove(&mut self, id: Id) -> Option<Arc<Row<K, V>>> {
        match self {
            // The only one is removed by removing the set.
            Self::One(_) => None,
            Self::Many(rows) => rows.remove(&id),
        }
    }

    /// Puts a row into the place of the one with its id; returns that.
    pub(crate) fn replace(&mut self, row: Arc<Row<K, V>>) -> Option<Arc<Row<K, V>>> {
        let id = row.id();
        let place = match self {
            Self::One(first) => Some(first).filter(|first| first.id() == id),
            Self::Many(rows) => rows.get_mut(&id),
        };
        place.map(|place| mem::replace(place, row))
    }
}

/// Rows as somebody found them, to be looked at without a lock. To find one, as one mostly does, takes no memory.
#[derive(Default)]
pub(crate) enum Found<K, V> {
    #[default]
    None,
    One(Arc<Row<K, V>>),
    Many(Vec<Arc<Row<K, V>>>),
}

impl<K, V> Found<K, V> {
    /// Keeps those that `keep` accepts.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&Row<K, V>) -> bool) {
        match self {
            Self::One(row) if !keep(row) => *self = Self::None,
            Self::One(_) | Self::None => {}
            Self::Many(rows) => rows.retain(|row| keep(row)),
        }
    }
}

impl<K, V> Deref for Found<K, V> {
    type Target = [Arc<Row<K, V>>];

    fn deref(&self) -> &Self::Target {
        match self {
            Self::None => &[],
            Self::One(row) => slice::from_ref(row),
            Self::Many(rows) => rows,
        }
    }
}

impl<K, V> IntoIterator for Rows<K, V> {
    type Item = Arc<Row<K, V>>;
    type IntoIter = IntoRows<K, V>;

    fn into_iter(self) -> Self::IntoIter {
        match self {
            Self::One(row) => IntoRows::One(Some(row)),
            Self::Many(rows) => IntoRows::Many(rows.into_values()),
        }
    }
}

pub(crate) enum IntoRows<K, V> {
    One(Option<Arc<Row<K, V>>>),
    Many(btree_map::IntoValues<Id, Arc<Row<K, V>>>),
}

impl<K, V> Iterator for IntoRows<K, V> {
    type Item = Arc<Row<K, V>>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::One(row) => row.take(),
            Self::Many(rows) => rows.next(),
        }
    }
}
