//! A map by pid for many that are neighbors: the children of a supervisor.
//!
//! Processes that are started one after the other have slots one after the other. So what a map has of them lies together
//! in pages of a few slots, and only pages are hashed. That takes less memory than a table of all, and much less while it
//! grows, when a table is copied as a whole. As long as there are few they are in a table, which is smaller then.

use crate::pid::{Pid, PidMap};
use std::{
    array,
    collections::HashMap,
    hash::{BuildHasher, Hash},
    mem,
};

/// So many slots share a page.
const PAGE: u32 = 8;

/// So many are in a table at most: then the next one would make that larger.
const FEW: usize = 3;

/// A map whose keys are pids of one node.
///
/// # Invariants
///
/// 1. A place whose value is there belongs to the pid that its page, its index and its serial tell.
/// 2. A pid is in its place or among the strays, not in both. It is a stray if there were few, and no page, or if its place
///    was another one's when it came: one that had the slot before it, has ended, and was not removed yet.
#[derive(Debug)]
pub(crate) struct ByPid<V> {
    /// By the pid of a page: its number in place of a slot, and no serial.
    pages: PidMap<Box<Page<V>>>,
    strays: PidMap<V>,
    len: usize,
}

#[derive(Debug)]
struct Page<V> {
    serials: [u32; PAGE as usize],
    values: [Option<V>; PAGE as usize],
    len: u32,
}

fn page_of(pid: Pid) -> (Pid, usize) {
    (Pid { slot: pid.slot / PAGE, serial: 0, ..pid }, (pid.slot % PAGE) as usize)
}

fn pid_of(page: Pid, index: usize, serial: u32) -> Pid {
    let index = u32::try_from(index).expect("less than PAGE");
    Pid { slot: page.slot * PAGE + index, serial, ..page }
}

impl<V> ByPid<V> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn get(&self, pid: Pid) -> Option<&V> {
        let (page, index) = page_of(pid);
        let value = self.pages.get(&page).and_then(|page| page.values[page.find(index, pid)?].as_ref());
        value.or_else(|| self.strays.get(&pid))
    }

    pub(crate) fn get_mut(&mut self, pid: Pid) -> Option<&mut V> {
        let (page, index) = page_of(pid);
        let value = self.pages.get_mut(&page).and_then(|page| page.values[page.find(index, pid)?].as_mut());
        value.or_else(|| self.strays.get_mut(&pid))
    }

    /// Returns what was there before.
    pub(crate) fn insert(&mut self, pid: Pid, value: V) -> Option<V> {
        let before = if let Some(place) = self.strays.get_mut(&pid) {
            Some(mem::replace(place, value))
        } else if self.pages.is_empty() && self.len < FEW {
            self.strays.insert(pid, value)
        } else {
            if self.pages.is_empty() {
                mem::take(&mut self.strays).into_iter().for_each(|(pid, few)| drop(self.put(pid, few)));
            }
            self.put(pid, value)
        };
        self.len += usize::from(before.is_none());
        before
    }

    /// Puts one into its page that is no stray. Returns what was there before.
    fn put(&mut self, pid: Pid, value: V) -> Option<V> {
        let (page, index) = page_of(pid);
        let page = self.pages.entry(page).or_default();
        if page.values[index].is_some() && page.find(index, pid).is_none() {
            return self.strays.insert(pid, value);
        }
        page.serials[index] = pid.serial;
        let before = page.values[index].replace(value);
        page.len += u32::from(before.is_none());
        before
    }

    pub(crate) fn remove(&mut self, pid: Pid) -> Option<V> {
        let removed = self.remove_from_page(pid).or_else(|| {
            let stray = self.strays.remove(&pid)?;
            shrink(&mut self.strays);
            Some(stray)
        })?;
        self.len -= 1;
        Some(removed)
    }

    fn remove_from_page(&mut self, pid: Pid) -> Option<V> {
        let (number, index) = page_of(pid);
        let page = self.pages.get_mut(&number)?;
        let removed = page.values[page.find(index, pid)?].take()?;
        page.len -= 1;
        // The last page stays, for one child after the other.
        if page.len == 0 && self.pages.len() > 1 {
            self.pages.remove(&number);
            shrink(&mut self.pages);
        }
        Some(removed)
    }

    /// All, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Pid, &V)> {
        let pages = self.pages.iter().flat_map(|(number, page)| page.iter(*number));
        pages.chain(self.strays.iter().map(|(pid, value)| (*pid, value)))
    }

    /// Puts what `f` makes of each value in its stead, or removes it. First those of pages, in the order of the slots, then
    /// strays.
    pub(crate) fn replace_in_order(&mut self, mut f: impl FnMut(Pid, V) -> Option<V>) {
        let mut pages: Vec<_> = self.pages.iter_mut().collect();
        pages.sort_unstable_by_key(|(number, _)| number.slot);
        let mut strays: Vec<_> = self.strays.drain().collect();
        strays.sort_unstable_by_key(|(pid, _)| pid.slot);
        for (number, page) in pages {
            let places = page.values.iter_mut().zip(page.serials).enumerate();
            for (index, (place, serial)) in places {
                let Some(value) = place.take() else { continue };
                *place = f(pid_of(*number, index, serial), value);
                let removed = place.is_none();
                page.len -= u32::from(removed);
                self.len -= usize::from(removed);
            }
        }
        for (pid, value) in strays {
            match f(pid, value) {
                Some(value) => drop(self.strays.insert(pid, value)),
                None => self.len -= 1,
            }
        }
        self.pages.retain(|_, page| page.len > 0);
    }

    /// Gives back what is in reserve.
    pub(crate) fn shrink_to_fit(&mut self) {
        self.pages.retain(|_, page| page.len > 0);
        self.pages.shrink_to_fit();
        self.strays.shrink_to_fit();
    }
}

impl<V> Page<V> {
    /// The place of a pid, if its serial is that of what is or was there.
    fn find(&self, index: usize, pid: Pid) -> Option<usize> {
        Some(index).filter(|index| self.serials[*index] == pid.serial)
    }

    fn iter(&self, number: Pid) -> impl Iterator<Item = (Pid, &V)> {
        let places = self.values.iter().zip(self.serials).enumerate();
        places.filter_map(move |(index, (value, serial))| {
            Some((pid_of(number, index, serial), value.as_ref()?))
        })
    }
}

impl<V> Default for Page<V> {
    fn default() -> Self {
        Self { serials: [0; PAGE as usize], values: array::from_fn(|_| None), len: 0 }
    }
}

impl<V> Default for ByPid<V> {
    fn default() -> Self {
        Self { pages: PidMap::default(), strays: PidMap::default(), len: 0 }
    }
}

/// A map that was large once does not stay so.
fn shrink<K: Eq + Hash, V, S: BuildHasher>(map: &mut HashMap<K, V, S>) {
    if map.capacity() > 128 && map.len() < map.capacity() / 8 {
        map.shrink_to(map.len() * 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn pid(slot: u32, serial: u32) -> Pid {
        Pid { node: 3, slot, serial, creation: 1 }
    }

    fn sorted(map: &ByPid<u32>) -> Vec<(Pid, u32)> {
        let mut all: Vec<_> = map.iter().map(|(pid, value)| (pid, *value)).collect();
        all.sort_unstable();
        all
    }

    /// Against a plain map: few slots, each of which has several pids at a time.
    #[test]
    fn it_is_a_map() {
        let (mut map, mut model) = (ByPid::default(), BTreeMap::new());
        let mut random = 1_u32;
        for step in 0..20_000 {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let pid = pid((random >> 16) % 40, 1 + (random >> 24) % 3);
            if random & 0x400 == 0 {
                assert_eq!(map.insert(pid, step), model.insert(pid, step));
            } else {
                assert_eq!(map.remove(pid), model.remove(&pid));
            }
            assert_eq!((map.get(pid), map.len()), (model.get(&pid), model.len()));
            assert_eq!(map.get_mut(pid).copied(), model.get(&pid).copied());
            if step % 100 == 0 {
                assert_eq!(sorted(&map), model.clone().into_iter().collect::<Vec<_>>());
                map.shrink_to_fit();
            }
        }
        map.replace_in_order(|pid, value| {
            assert_eq!(model.remove(&pid), Some(value));
            None
        });
        assert!(map.len() == 0 && sorted(&map).is_empty() && model.is_empty());
    }

    #[test]
    fn they_are_replaced_in_order() {
        for all in [3, 1000] {
            let (mut map, mut seen) = (ByPid::default(), Vec::new());
            (0..all).rev().for_each(|slot| assert_eq!(map.insert(pid(slot, 1), slot), None));
            map.replace_in_order(|pid, value| {
                seen.push(pid.slot);
                (value % 9 == 0).then_some(value + 1)
            });
            assert!(seen.into_iter().eq(0..all));
            let left: Vec<_> = (0..all).step_by(9).map(|slot| (pid(slot, 1), slot + 1)).collect();
            assert_eq!((sorted(&map), map.len()), (left.clone(), left.len()));
        }
    }

    #[test]
    fn what_was_large_is_small_again_and_keeps_one_page() {
        let mut map = ByPid::default();
        (0..10_000).for_each(|slot| assert_eq!(map.insert(pid(slot, 1), slot), None));
        (0..10_000).for_each(|slot| assert_eq!(map.remove(pid(slot, 1)), Some(slot)));
        assert!(map.len() == 0 && map.pages.len() == 1 && map.pages.capacity() < 256);
        // The slots of those that are not forgotten are taken again.
        for serial in [1, 2] {
            (0..10_000).for_each(|slot| assert_eq!(map.insert(pid(slot, serial), slot), None));
        }
        (0..10_000).for_each(|slot| assert_eq!(map.remove(pid(slot, 2)), Some(slot)));
        assert!(map.strays.is_empty() && map.strays.capacity() < 256);
    }
}
