//! A map that mostly has no entry, or one.

use std::{
    collections::{BTreeMap, btree_map},
    iter, mem, option,
};

/// A map in the order of its keys. Empty it is one word and has no memory of its own; one entry takes the box and no more.
#[derive(Debug)]
pub(crate) struct SmallMap<K, V>(Option<Box<Entries<K, V>>>);

#[derive(Debug)]
enum Entries<K, V> {
    One(K, V),
    /// Any number: what has been many stays so until it [shrinks](SmallMap::shrink).
    Many(BTreeMap<K, V>),
}

impl<K, V> Default for SmallMap<K, V> {
    fn default() -> Self {
        Self(None)
    }
}

impl<K: Copy + Ord, V> SmallMap<K, V> {
    /// Returns the value that the key had before.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.0.as_deref_mut() {
            None => {
                self.0 = Some(Box::new(Entries::One(key, value)));
                None
            }
            Some(Entries::One(one, before)) if *one == key => Some(mem::replace(before, value)),
            Some(entries) => entries.many().insert(key, value),
        }
    }

    pub(crate) fn remove(&mut self, key: K) -> Option<V> {
        match self.0.as_deref_mut()? {
            Entries::One(one, _) if *one == key => mem::take(self).into_iter().next().map(|(_, value)| value),
            Entries::One(..) => None,
            Entries::Many(many) => many.remove(&key),
        }
    }

    pub(crate) fn contains(&self, key: K) -> bool {
        match self.0.as_deref() {
            None => false,
            Some(Entries::One(one, _)) => *one == key,
            Some(Entries::Many(many)) => many.contains_key(&key),
        }
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = K> {
        let (one, many) = match self.0.as_deref() {
            None => (None, None),
            Some(Entries::One(one, _)) => (Some(*one), None),
            Some(Entries::Many(many)) => (None, Some(many.keys().copied())),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }

    pub(crate) fn len(&self) -> usize {
        match self.0.as_deref() {
            None => 0,
            Some(Entries::One(..)) => 1,
            Some(Entries::Many(many)) => many.len(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Gives back what is in reserve.
    pub(crate) fn shrink(&mut self) {
        if self.len() < 2 {
            *self = mem::take(self).into_iter().collect();
        }
    }
}

impl<K: Copy + Ord, V> Entries<K, V> {
    fn many(&mut self) -> &mut BTreeMap<K, V> {
        if let Self::One(..) = self
            && let Self::One(key, value) = mem::replace(self, Self::Many(BTreeMap::new()))
        {
            self.many().insert(key, value);
        }
        match self {
            Self::Many(many) => many,
            Self::One(..) => unreachable!("it was replaced"),
        }
    }
}

impl<K: Copy + Ord, V> FromIterator<(K, V)> for SmallMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut all = Self::default();
        for (key, value) in entries {
            all.insert(key, value);
        }
        all
    }
}

impl<K, V> IntoIterator for SmallMap<K, V> {
    type Item = (K, V);
    type IntoIter = iter::Chain<option::IntoIter<(K, V)>, btree_map::IntoIter<K, V>>;

    fn into_iter(self) -> Self::IntoIter {
        let (one, many) = match self.0.map(|entries| *entries) {
            None => (None, BTreeMap::new()),
            Some(Entries::One(key, value)) => (Some((key, value)), BTreeMap::new()),
            Some(Entries::Many(many)) => (None, many),
        };
        one.into_iter().chain(many)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        pid::{Pid, Ref},
        process::watchers::Watcher,
    };

    #[test]
    fn one_entry_is_small() {
        assert_eq!(size_of::<SmallMap<Ref, Watcher>>(), size_of::<usize>());
        assert_eq!((size_of::<Entries<Pid, ()>>(), size_of::<Entries<Ref, Watcher>>()), (32, 48));
    }

    #[test]
    fn it_is_a_map_of_any_size_in_order() {
        for size in 0..5 {
            let mut map: SmallMap<_, _> = (0..size).rev().map(|key| (key, -key)).collect();
            for key in 0..size {
                assert_eq!((map.insert(key, key), map.contains(key)), (Some(-key), true));
            }
            assert_eq!((map.contains(size), map.remove(size)), (false, None));
            for left in (0..=size).rev() {
                assert_eq!((map.len(), map.is_empty()), (usize::try_from(left).unwrap(), left == 0));
                assert!(map.keys().eq(0..left));
                if left % 2 == 1 {
                    map.shrink();
                    assert!(map.keys().eq(0..left));
                }
                if left > 0 {
                    assert_eq!((map.remove(left - 1), map.remove(left - 1)), (Some(left - 1), None));
                }
            }
            map.shrink();
            assert!(map.0.is_none());
            (0..size).for_each(|key| assert_eq!(map.insert(key, key), None));
            assert!(map.into_iter().eq((0..size).map(|key| (key, key))));
        }
    }

    #[test]
    fn one_entry_is_no_table() {
        let mut map = SmallMap::default();
        let is_one = |map: &SmallMap<_, _>| matches!(map.0.as_deref(), Some(Entries::One(..)));
        map.insert(1, ());
        map.insert(1, ());
        assert!(is_one(&map));
        map.insert(2, ());
        map.remove(1);
        assert!(!is_one(&map));
        map.shrink();
        assert!(is_one(&map));
        assert_eq!(map.remove(2), Some(()));
        assert!(map.0.is_none());
    }
}
