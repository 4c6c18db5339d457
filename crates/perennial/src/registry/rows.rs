//! Small sets of rows; those of process groups too.

use crate::registry::few::Few;
use std::{
    collections::{BTreeMap, btree_map},
    num::NonZeroU64,
    ops::RangeInclusive,
    sync::Arc,
};

/// Tells one registration from another: of one process they are in the order in which they were made.
pub(crate) type Id<O> = (O, NonZeroU64);

/// A row, or what leads to one.
pub(crate) trait HasId {
    /// Tells owners apart.
    type Owner: Copy + Ord;

    fn id(&self) -> Id<Self::Owner>;
}

impl<R: HasId> HasId for Arc<R> {
    type Owner = R::Owner;

    fn id(&self) -> Id<R::Owner> {
        (**self).id()
    }
}

/// The ids of all rows of a process.
fn all_of<O: Copy>(owner: O) -> RangeInclusive<Id<O>> {
    (owner, NonZeroU64::MIN)..=(owner, NonZeroU64::MAX)
}

/// The rows of one key: one or more. Most keys have one, so that case costs no more than the row.
pub(crate) enum Rows<R: HasId> {
    One(R),
    /// Never empty.
    #[expect(clippy::box_collection, reason = "so that it is no larger than the other case")]
    Many(Box<BTreeMap<Id<R::Owner>, R>>),
}

impl<R: HasId + Clone> Rows<R> {
    pub(crate) fn first(&self) -> &R {
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
    pub(crate) fn is_only(&self, id: Id<R::Owner>) -> bool {
        self.len() == 1 && self.first().id() == id
    }

    pub(crate) fn has(&self, id: Id<R::Owner>) -> bool {
        match self {
            Self::One(row) => row.id() == id,
            Self::Many(rows) => rows.contains_key(&id),
        }
    }

    /// All rows: those of one owner in the order in which it got them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &R> {
        let (one, many) = match self {
            Self::One(row) => (Some(row), None),
            Self::Many(rows) => (None, Some(rows.values())),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }

    /// What `pick` makes of each row, where it makes something.
    pub(crate) fn pick<T>(&self, pick: impl Fn(&R) -> Option<T>) -> Few<T> {
        match self {
            Self::One(row) => pick(row).map_or(Few::None, Few::One),
            Self::Many(rows) => rows.values().filter_map(pick).collect(),
        }
    }

    pub(crate) fn for_each(&self, mut each: impl FnMut(&R)) {
        match self {
            Self::One(row) => each(row),
            Self::Many(rows) => rows.values().for_each(each),
        }
    }

    /// The newest row of one owner.
    pub(crate) fn last_of(&self, owner: R::Owner) -> Option<Id<R::Owner>> {
        match self {
            Self::One(row) => Some(row.id()).filter(|id| id.0 == owner),
            Self::Many(rows) => rows.range(all_of(owner)).next_back().map(|(id, _)| *id),
        }
    }

    /// The rows of one owner, without a look at those of others.
    pub(crate) fn of(&self, owner: R::Owner) -> Few<R> {
        match self {
            Self::One(row) if row.id().0 == owner => Few::One(row.clone()),
            Self::One(_) => Few::None,
            Self::Many(rows) => rows.range(all_of(owner)).map(|(_, row)| row.clone()).collect(),
        }
    }

    pub(crate) fn add(&mut self, row: R) {
        if let Self::One(first) = self {
            let first = first.clone();
            *self = Self::Many(Box::new(BTreeMap::from([(first.id(), first)])));
        }
        if let Self::Many(rows) = self {
            rows.insert(row.id(), row);
        }
    }

    /// Takes out the rows of one owner with these numbers; none if they are all there are: then the set is to be removed.
    #[inline]
    pub(crate) fn take(&mut self, owner: R::Owner, numbers: &RangeInclusive<NonZeroU64>) -> Option<Few<R>> {
        match self {
            Self::One(row) => {
                let (of, number) = row.id();
                (of != owner || !numbers.contains(&number)).then_some(Few::None)
            }
            Self::Many(rows) => {
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
    pub(crate) fn remove(&mut self, id: Id<R::Owner>) -> Option<R> {
        match self {
            // The only one is removed by removing the set.
            Self::One(_) => None,
            Self::Many(rows) => rows.remove(&id),
        }
    }

    /// The row with this id.
    pub(crate) fn get_mut(&mut self, id: Id<R::Owner>) -> Option<&mut R> {
        match self {
            Self::One(row) => Some(row).filter(|row| row.id() == id),
            Self::Many(rows) => rows.get_mut(&id),
        }
    }
}

impl<R: HasId> IntoIterator for Rows<R> {
    type Item = R;
    type IntoIter = IntoRows<R>;

    fn into_iter(self) -> Self::IntoIter {
        match self {
            Self::One(row) => IntoRows::One(Some(row)),
            Self::Many(rows) => IntoRows::Many(rows.into_values()),
        }
    }
}

pub(crate) enum IntoRows<R: HasId> {
    One(Option<R>),
    Many(btree_map::IntoValues<Id<R::Owner>, R>),
}

impl<R: HasId> Iterator for IntoRows<R> {
    type Item = R;

    fn next(&mut self) -> Option<R> {
        match self {
            Self::One(row) => row.take(),
            Self::Many(rows) => rows.next(),
        }
    }
}
