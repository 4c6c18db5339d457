//! What a process holds elsewhere, and gives up when it ends: rows of registries, places in groups.
//!
//! What is held lies in its place. The process keeps a light handle of it: the place, and by what that finds it.
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
    process::{
        block::{ProcRef, Process, State},
        ties::Ties,
    },
    sync::AtomicBool,
};
use rustc_hash::FxHashMap;
use std::{
    any::Any,
    mem,
    num::NonZeroU64,
    ptr,
    sync::{Arc, atomic::Ordering},
};

/// Where processes hold something.
pub(crate) trait Place: Any + Send + Sync {
    /// What tells it from others: its address, or that of what it is a part of.
    fn address(&self) -> usize {
        address_of(self)
    }

    /// Takes out what `owner` holds here, as one of its last acts. Returns who is to be told of its end, as if linked to it.
    fn release(&self, owner: Pid, held: Mark) -> Option<Tied>;
}

/// Of no use but to tell one from another.
pub(crate) fn address_of<T: ?Sized>(place: &T) -> usize {
    ptr::from_ref(place).addr()
}

/// By what a place finds what is held there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Of this owner, no two at one place have the same.
    pub(crate) number: NonZeroU64,
    /// Where to look.
    pub(crate) hint: u32,
}

/// Something that a process holds elsewhere.
#[derive(Clone)]
pub(crate) struct Held {
    pub(crate) place: Arc<dyn Place>,
    mark: Mark,
}

/// Tells one from another of what a process holds: by the place where it is, and its number there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct HeldId {
    place: usize,
    number: NonZeroU64,
}

impl HeldId {
    pub(crate) fn new<T>(place: &T, number: NonZeroU64) -> Self {
        Self { place: address_of(place), number }
    }

    fn is(self, place: &dyn Place, mark: Mark) -> bool {
        self.number == mark.number && self.place == place.address()
    }
}

impl Held {
    pub(crate) fn new(place: Arc<dyn Place>, number: NonZeroU64) -> Self {
        Self { place, mark: Mark { number, hint: 0 } }
    }

    fn id(&self) -> HeldId {
        HeldId { place: self.place.address(), number: self.mark.number }
    }

    /// Gives it up, as one of the last acts of `owner`; see [`Place::release`].
    pub(super) fn release(&self, owner: Pid) -> Option<Tied> {
        self.place.release(owner, self.mark)
    }
}

/// A process as those know it who find what it holds: little, and by itself in memory. So who finds many, and asks no more of
/// most than whether they are alive, reads nothing of the processes.
pub(crate) struct Holder {
    pub(crate) pid: Pid,
    /// It is known to be ending. Written under its lock.
    is_over: AtomicBool,
    pub(crate) process: ProcRef,
}

impl Holder {
    /// Whether it is alive: not ending, and no deadly signal has arrived.
    pub(crate) fn is_alive(&self) -> bool {
        // Relaxed: nothing is read because of it. Who knows of a signal or an end by other means comes after this was
        // written.
        !self.is_over.load(Ordering::Relaxed)
    }
}

/// Processes that are tied to one that ends, though not linked to it, and the reason that they are given.
pub(crate) struct Tied {
    pub(crate) processes: Vec<ProcRef>,
    pub(crate) reason: ExitReason,
}

/// All that a process holds.
pub(crate) enum Holdings {
    /// One thing; or none, but the place of the last one, as the next one often comes there too.
    One(Arc<dyn Place>, Option<Mark>),
    /// Any other number; none if there is nothing.
    Map(Option<Box<Many>>),
}

pub(crate) struct Many {
    by_id: FxHashMap<HeldId, Held>,
    /// No number was greater.
    last: u64,
}

impl Holdings {
    fn insert(&mut self, held: Held) {
        match self {
            Self::Map(None) | Self::One(_, None) => *self = Self::One(held.place, Some(held.mark)),
            Self::One(place, Some(mark)) => {
                let last = mark.number.max(held.mark.number).get();
                let one = Held { place: place.clone(), mark: *mark };
                let by_id = [one, held].map(|it| (it.id(), it)).into_iter().collect();
                *self = Self::Map(Some(Box::new(Many { by_id, last })));
            }
            Self::Map(Some(many)) => {
                many.last = many.last.max(held.mark.number.get());
                many.by_id.insert(held.id(), held);
            }
        }
    }

    /// Puts something there with a number that is greater than `above` and than that of all that is here. `way` leads to
    /// `place`.
    fn insert_next<T>(
        &mut self,
        place: &T,
        way: impl FnOnce() -> Arc<dyn Place>,
        hint: u32,
        above: u64,
    ) -> NonZeroU64 {
        let last = match self {
            Self::One(_, mark) => mark.map_or(0, |mark| mark.number.get()),
            Self::Map(many) => many.as_ref().map_or(0, |many| many.last),
        };
        let number = NonZeroU64::MIN.saturating_add(last.max(above));
        let mark = Mark { number, hint };
        match self {
            Self::One(at, none @ None) if address_of(&**at) == address_of(place) => *none = Some(mark),
            _ => self.insert(Held { place: way(), mark }),
        }
        number
    }

    fn remove(&mut self, id: HeldId) -> Option<Held> {
        match self {
            Self::One(..) => {
                self.get(id)?;
                mem::take(self).into_iter().next()
            }
            Self::Map(many) => many.as_mut()?.by_id.remove(&id),
        }
    }

    /// As [`remove`](Self::remove), but the place stays, if there is nothing else.
    fn remove_but_place(&mut self, id: HeldId) -> Option<Held> {
        match self {
            Self::One(place, mark) if mark.is_some_and(|mark| id.is(&**place, mark)) => {
                *mark = None;
                None
            }
            Self::One(..) => None,
            Self::Map(many) => many.as_mut()?.by_id.remove(&id),
        }
    }

    fn get(&self, id: HeldId) -> Option<Held> {
        match self {
            Self::One(place, mark) => {
                let mark = mark.filter(|mark| id.is(&**place, *mark))?;
                Some(Held { place: place.clone(), mark })
            }
            Self::Map(many) => many.as_ref()?.by_id.get(&id).cloned(),
        }
    }

    /// All, in no order.
    fn iter(&self) -> impl Iterator<Item = (&Arc<dyn Place>, Mark)> {
        let (one, many) = match self {
            Self::One(place, mark) => (mark.map(|mark| (place, mark)), None),
            Self::Map(many) => (None, many.as_ref().map(|many| many.by_id.values())),
        };
        one.into_iter().chain(many.into_iter().flatten().map(|held| (&held.place, held.mark)))
    }

    #[cfg(all(test, perennial_loom))]
    pub(super) fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// All; those of one place in the order of their numbers there.
    pub(super) fn into_iter(self) -> impl Iterator<Item = Held> {
        let (one, mut many): (_, Vec<_>) = match self {
            Self::One(place, mark) => (mark.map(|mark| Held { place, mark }), Vec::new()),
            Self::Map(many) => {
                (None, many.map(|many| many.by_id.into_values().collect()).unwrap_or_default())
            }
        };
        many.sort_by_key(|held| held.mark.number);
        one.into_iter().chain(many)
    }

    /// Gives back what is in reserve.
    pub(super) fn shrink(&mut self) {
        match self {
            Self::Map(Some(many)) if many.by_id.len() < 2 => {
                let last = mem::take(&mut many.by_id).into_values().next();
                *self = last.map_or(Self::Map(None), |held| Self::One(held.place, Some(held.mark)));
            }
            Self::Map(Some(many)) => many.by_id.shrink_to_fit(),
            Self::One(_, None) => *self = Self::Map(None),
            Self::One(_, Some(_)) | Self::Map(None) => {}
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
    pub(crate) fn hold(&self, held: Held) -> bool {
        let mut state = self.lock();
        // Race: one who ends fixes its reason first, and takes what it holds after. So it finds this, or we see that it
        // ends.
        let holds = state.is_alive();
        if holds {
            state.ties().held.insert(held);
        }
        holds
    }

    /// As [`hold`](Self::hold), at a place to which a way leads, with a number that is greater than `above` and than that
    /// of all that the process holds. Returns the number, and who holds it; none if the process has ended. `me` and the way
    /// run under the lock of the process.
    pub(crate) fn hold_next<T>(
        &self,
        me: impl FnOnce() -> ProcRef,
        (place, way): (&T, impl FnOnce() -> Arc<dyn Place>),
        hint: u32,
        above: u64,
    ) -> Option<(NonZeroU64, Arc<Holder>)> {
        let mut state = self.lock();
        // Race: see `hold`.
        if !state.is_alive() {
            return None;
        }
        let Ties { held, holder, .. } = state.ties();
        // Race: a deadly signal told only the holder that was there.
        let new = || Holder { pid: self.pid, is_over: AtomicBool::new(!self.is_alive()), process: me() };
        let holder = holder.get_or_insert_with(|| Arc::new(new()));
        Some((held.insert_next(place, way, hint, above), holder.clone()))
    }

    /// The process does not hold this any more. It is to be dropped without a lock.
    pub(crate) fn let_go(&self, id: HeldId) -> Option<Held> {
        self.lock().ties.as_mut()?.held.remove(id)
    }

    /// As [`let_go`](Self::let_go), but the process keeps the way to the place, if it holds nothing else: until it ends, or
    /// holds something elsewhere. So the place must be no more than a little memory when all has been taken out of it.
    pub(crate) fn let_go_but_place(&self, id: HeldId) -> Option<Held> {
        self.lock().ties.as_mut()?.held.remove_but_place(id)
    }

    /// What the process holds under an id.
    pub(crate) fn held(&self, id: HeldId) -> Option<Held> {
        self.lock().ties.as_ref()?.held.get(id)
    }

    /// What the process holds at a place, in the order of the numbers there.
    pub(crate) fn held_at<T>(&self, place: &T) -> Vec<Mark> {
        let place = address_of(place);
        let mut held: Vec<Mark> = {
            let state = self.lock();
            let all = state.ties.iter().flat_map(|ties| ties.held.iter());
            all.filter(|(at, _)| at.address() == place).map(|(_, mark)| mark).collect()
        };
        held.sort_by_key(|mark| mark.number);
        held
    }
}

impl State {
    /// Tells those who look at what the process holds that it is to end.
    pub(super) fn tell_holder(&self) {
        if let Some(holder) = self.ties.as_ref().and_then(|ties| ties.holder.as_ref()) {
            // Relaxed: see `is_alive`.
            holder.is_over.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Everywhere;
    impl Place for Everywhere {
        fn address(&self) -> usize {
            0
        }
        fn release(&self, _: Pid, _: Mark) -> Option<Tied> {
            None
        }
    }

    fn number(number: u64) -> NonZeroU64 {
        NonZeroU64::new(number).unwrap()
    }

    fn id(of: u64) -> HeldId {
        HeldId { place: 0, number: number(of) }
    }

    fn numbers(all: &Holdings) -> Vec<u64> {
        let mut numbers: Vec<_> = all.iter().map(|(_, mark)| mark.number.get()).collect();
        numbers.sort_unstable();
        numbers
    }

    #[test]
    fn holdings_are_a_set_of_any_size() {
        let mut all = Holdings::default();
        for size in 1..5 {
            assert_eq!(numbers(&all), (1..size).collect::<Vec<_>>());
            assert!(all.get(id(size)).is_none() && all.remove(id(size)).is_none());
            all.insert(Held::new(Arc::new(Everywhere), number(size)));
            assert!(all.get(id(size)).is_some_and(|held| held.id() == id(size)));
        }
        for size in (1..5).rev() {
            assert!(all.remove(id(size)).is_some_and(|held| held.id() == id(size)));
            all.shrink();
            assert_eq!(numbers(&all), (1..size).collect::<Vec<_>>());
        }
        all.insert(Held::new(Arc::new(Everywhere), number(7)));
        assert_eq!(all.into_iter().count(), 1);
    }

    #[test]
    fn the_way_to_a_place_is_kept_and_is_nothing_that_is_held() {
        let place = Arc::new(Everywhere);
        let mut all = Holdings::default();
        let next = |all: &mut Holdings, above| {
            let way = place.clone();
            all.insert_next(&*place, move || way, 0, above).get()
        };
        assert_eq!((next(&mut all, 4), Arc::strong_count(&place)), (5, 2));
        assert!(all.remove_but_place(id(5)).is_none() && all.remove_but_place(id(5)).is_none());
        assert_eq!((numbers(&all), Arc::strong_count(&place)), (vec![], 2));
        assert!(all.get(id(5)).is_none() && all.remove(id(5)).is_none());
        assert_eq!((next(&mut all, 5), next(&mut all, 0)), (6, 7));
        assert_eq!((numbers(&all), Arc::strong_count(&place)), (vec![6, 7], 3));
        assert!(all.remove_but_place(id(6)).is_some() && all.remove_but_place(id(7)).is_some());
        assert_eq!((numbers(&all), Arc::strong_count(&place)), (vec![], 1));
        all.shrink();
        next(&mut all, 8);
        assert!(all.remove_but_place(id(9)).is_none());
        all.shrink();
        assert_eq!(Arc::strong_count(&place), 1);
    }
}
