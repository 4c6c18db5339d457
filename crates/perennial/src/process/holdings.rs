//! What a process holds elsewhere, and gives up when it ends: rows of registries, places in groups.
//!
//! # Invariants
//!
//! 1. What is held is known to its process from when it is put where it is, at the latest, and as long as it is there, or
//!    until the process ends. Who puts something there has the lock of that place, and then takes the process's: so the two
//!    agree. What is in several places is held before it comes to the first.
//! 2. One who ends takes all that it holds, under its lock, after its reason is fixed; from then on it holds nothing new.
//!    It comes to the places without its lock.

use crate::{
    exit_reason::ExitReason,
    pid::Pid,
    process::block::{ProcRef, Process, State},
};
use rustc_hash::FxHashMap;
use std::{any::Any, mem, ptr, sync::Arc};

/// Something that a process holds elsewhere.
pub(crate) trait Held: Any + Send + Sync {
    fn id(&self) -> HeldId;

    /// The owner is known to be ending. Under its lock, so all that may be done is to note it.
    fn owner_is_over(&self) {}

    /// Gives it up, as one of the last acts of `owner`. Returns who is to be told of its end, as if linked to it.
    fn release(&self, owner: Pid) -> Option<Tied>;
}

/// Tells one from another of what a process holds: by the place where it is, and its number there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct HeldId {
    place: usize,
    number: u64,
}

impl HeldId {
    pub(crate) fn new<T>(place: &T, number: u64) -> Self {
        Self { place: ptr::from_ref(place).addr(), number }
    }
}

/// Processes that are tied to one that ends, though not linked to it, and the reason that they are given.
pub(crate) struct Tied {
    pub(crate) processes: Vec<ProcRef>,
    pub(crate) reason: ExitReason,
}

/// All that a process holds.
pub(crate) enum Holdings {
    One(Arc<dyn Held>),
    /// Any other number; none if there is nothing.
    Map(Option<Box<FxHashMap<HeldId, Arc<dyn Held>>>>),
}

impl Holdings {
    fn insert(&mut self, held: Arc<dyn Held>) {
        match self {
            Self::Map(None) => *self = Self::One(held),
            Self::One(one) => {
                let both = [one.clone(), held].map(|it| (it.id(), it));
                *self = Self::Map(Some(Box::new(both.into_iter().collect())));
            }
            Self::Map(Some(map)) => drop(map.insert(held.id(), held)),
        }
    }

    fn remove(&mut self, id: HeldId) -> Option<Arc<dyn Held>> {
        match self {
            Self::One(one) if one.id() == id => match mem::take(self) {
                Self::One(one) => Some(one),
                Self::Map(_) => None,
            },
            Self::Map(Some(map)) => map.remove(&id),
            Self::One(_) | Self::Map(None) => None,
        }
    }

    fn get(&self, id: HeldId) -> Option<&Arc<dyn Held>> {
        match self {
            Self::One(one) => Some(one).filter(|one| one.id() == id),
            Self::Map(map) => map.as_ref()?.get(&id),
        }
    }

    fn get_mut(&mut self, id: HeldId) -> Option<&mut Arc<dyn Held>> {
        match self {
            Self::One(one) => Some(one).filter(|one| one.id() == id),
            Self::Map(map) => map.as_mut()?.get_mut(&id),
        }
    }

    /// All, in no order.
    fn iter(&self) -> impl Iterator<Item = &Arc<dyn Held>> {
        let (one, map) = match self {
            Self::One(one) => (Some(one), None),
            Self::Map(map) => (None, map.as_ref().map(|map| map.values())),
        };
        one.into_iter().chain(map.into_iter().flatten())
    }

    #[cfg(all(test, perennial_loom))]
    pub(super) fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// All; those of one place in the order of their numbers there.
    pub(super) fn into_iter(self) -> impl Iterator<Item = Arc<dyn Held>> {
        let (one, mut many): (_, Vec<_>) = match self {
            Self::One(one) => (Some(one), Vec::new()),
            Self::Map(map) => (None, map.map(|map| map.into_values().collect()).unwrap_or_default()),
        };
        many.sort_by_key(|held| held.id().number);
        one.into_iter().chain(many)
    }

    /// Gives back what is in reserve.
    pub(super) fn shrink(&mut self) {
        match self {
            Self::Map(Some(map)) if map.len() < 2 => {
                let last = mem::take(&mut **map).into_values().next();
                *self = last.map_or(Self::Map(None), Self::One);
            }
            Self::Map(Some(map)) => map.shrink_to_fit(),
            Self::One(_) | Self::Map(None) => {}
        }
    }
}

impl Default for Holdings {
    fn default() -> Self {
        Self::Map(None)
    }
}

impl Process {
    /// From now on the process holds this; false if it has ended, and would not give it up. To be called under the lock of
    /// the place where it is held.
    pub(crate) fn hold(&self, held: Arc<dyn Held>) -> bool {
        let mut state = self.lock();
        // Race: one who ends fixes its reason first, and takes what it holds after. So it finds this, or we see that it
        // ends.
        state.is_alive() && {
            self.tell_doom(&*held);
            state.ties().held.insert(held);
            true
        }
    }

    /// Puts this into the place of what the process holds with the same id; returns that, to be dropped without a lock. To
    /// be called under the lock of the place where it is held.
    pub(crate) fn hold_instead(&self, held: Arc<dyn Held>) -> Option<Arc<dyn Held>> {
        let mut state = self.lock();
        self.tell_doom(&*held);
        state.ties.as_mut()?.held.get_mut(held.id()).map(|place| mem::replace(place, held))
    }

    /// Under the lock of the process.
    fn tell_doom(&self, held: &dyn Held) {
        // Race: an end, or a deadly signal, told only what was there.
        if !self.is_alive() {
            held.owner_is_over();
        }
    }

    /// The process does not hold this any more. It is to be dropped without a lock.
    pub(crate) fn let_go(&self, id: HeldId) -> Option<Arc<dyn Held>> {
        self.lock().ties.as_mut()?.held.remove(id)
    }

    /// What the process holds under an id.
    pub(crate) fn held(&self, id: HeldId) -> Option<Arc<dyn Held>> {
        self.lock().ties.as_ref()?.held.get(id).cloned()
    }

    /// What the process holds at a place, in the order of the numbers there.
    pub(crate) fn held_at<T>(&self, place: &T) -> Vec<Arc<dyn Held>> {
        let place = HeldId::new(place, 0).place;
        let mut held: Vec<_> = {
            let state = self.lock();
            let all = state.ties.iter().flat_map(|ties| ties.held.iter());
            all.filter(|held| held.id().place == place).cloned().collect()
        };
        held.sort_by_key(|held| held.id());
        held
    }
}

impl State {
    /// Notes for others who look at what the process holds that it is to end.
    pub(super) fn tell_held(&self) {
        if let Some(ties) = &self.ties {
            ties.held.iter().for_each(|held| held.owner_is_over());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Thing(u64);
    impl Held for Thing {
        fn id(&self) -> HeldId {
            HeldId { place: 0, number: self.0 }
        }
        fn release(&self, _: Pid) -> Option<Tied> {
            None
        }
    }

    #[test]
    fn holdings_are_a_set_of_any_size() {
        let id = |number| HeldId { place: 0, number };
        let mut all = Holdings::default();
        let numbers = |all: &Holdings| {
            let mut numbers: Vec<_> = all.iter().map(|held| held.id().number).collect();
            numbers.sort_unstable();
            numbers
        };
        for size in 0..4 {
            assert_eq!(numbers(&all), (0..size).collect::<Vec<_>>());
            assert!(all.get_mut(id(size)).is_none() && all.remove(id(size)).is_none());
            all.insert(Arc::new(Thing(size)));
            assert!(all.get_mut(id(size)).is_some_and(|held| held.id() == id(size)));
        }
        for size in (0..4).rev() {
            assert!(all.remove(id(size)).is_some_and(|held| held.id() == id(size)));
            all.shrink();
            assert_eq!(numbers(&all), (0..size).collect::<Vec<_>>());
        }
        all.insert(Arc::new(Thing(7)));
        assert_eq!(all.into_iter().count(), 1);
    }
}
