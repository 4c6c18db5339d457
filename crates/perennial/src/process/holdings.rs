//! What a process holds elsewhere, and gives up when it ends: rows of registries, places in groups.
//!
//! What is held lies in its place. The process keeps a light handle of it: the place, and by what that finds it.
//!
//! # Invariants
//!
//! 1. What is held is known to its process from when it is put where it is, at the latest, and as long as it is there, or
//!    until the process ends. Who puts something there has the lock of that place, and then takes the process's: so the two
//!    agree. What is in several places is held before it comes to the first.
//! 2. Of what a process itself has let go of it still holds one thing at most, the last one. The next one at that place takes
//!    its stead, or it goes when something else is let go of. So one that holds one thing after the other takes its lock
//!    once for each. It keeps the way to the place, which must be no more than a little memory when all has been taken out.
//!    What is let go of beside its loop, by a start that a supervisor has others run for it, goes at once.
//! 3. One who ends takes all that it holds, under its lock, after its reason is fixed; from then on it holds nothing new.
//!    It comes to the places without its lock.

use crate::{
    exit_reason::ExitReason,
    pid::Pid,
    process::{
        block::ProcRef,
        current,
        state::{Process, State},
    },
};
use rustc_hash::FxHashMap;
use std::{
    any::Any,
    mem,
    num::NonZeroU64,
    ptr,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
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

/// What a process has let go of, and still holds. Nobody but the process itself reads and writes it, in its turn.
#[derive(Debug, Default)]
pub(crate) struct LetGo {
    place: AtomicUsize,
    /// 0 if there is nothing.
    number: AtomicU64,
}

impl LetGo {
    fn get(&self) -> Option<HeldId> {
        // Relaxed, here and below: one turn of the process comes after the other.
        let number = NonZeroU64::new(self.number.load(Ordering::Relaxed))?;
        Some(HeldId { place: self.place.load(Ordering::Relaxed), number })
    }

    fn set(&self, id: Option<HeldId>) {
        self.place.store(id.map_or(0, |id| id.place), Ordering::Relaxed);
        self.number.store(id.map_or(0, |id| id.number.get()), Ordering::Relaxed);
    }
}

/// Processes that are tied to one that ends, though not linked to it, and the reason that they are given.
pub(crate) struct Tied {
    pub(crate) processes: Vec<ProcRef>,
    pub(crate) reason: ExitReason,
}

/// All that a process holds.
pub(crate) enum Holdings {
    One(Arc<dyn Place>, Mark),
    /// More, or nothing.
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
            Self::Map(None) => *self = Self::One(held.place, held.mark),
            Self::One(place, mark) => {
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

    /// No number here is greater.
    fn last(&self) -> u64 {
        match self {
            Self::One(_, mark) => mark.number.get(),
            Self::Map(many) => many.as_ref().map_or(0, |many| many.last),
        }
    }

    /// Puts something in the stead of `old`, at the same place; false if that is not all that is here.
    fn replace(&mut self, old: HeldId, mark: Mark) -> bool {
        match self {
            Self::One(place, only) if old.is(&**place, *only) => {
                *only = mark;
                true
            }
            _ => false,
        }
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

    fn get(&self, id: HeldId) -> Option<Held> {
        match self {
            Self::One(place, mark) => {
                id.is(&**place, *mark).then(|| Held { place: place.clone(), mark: *mark })
            }
            Self::Map(many) => many.as_ref()?.by_id.get(&id).cloned(),
        }
    }

    /// All, in no order.
    fn iter(&self) -> impl Iterator<Item = (&Arc<dyn Place>, Mark)> {
        let (one, many) = match self {
            Self::One(place, mark) => (Some((place, *mark)), None),
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
            Self::One(place, mark) => (Some(Held { place, mark }), Vec::new()),
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
                *self = last.map_or(Self::Map(None), |held| Self::One(held.place, held.mark));
            }
            Self::Map(Some(many)) => many.by_id.shrink_to_fit(),
            Self::One(..) | Self::Map(None) => {}
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

    /// As [`hold`](Self::hold), by the process itself, at a place to which a way leads, with a number that is greater than
    /// `above` and than that of all that the process holds. Returns the number; none if the process has ended. Who finds it
    /// there is told by [`Alive`](super::alive::Alive) whether the process is alive. The way runs under the lock of the
    /// process.
    pub(crate) fn hold_next<T>(
        &self,
        (place, way): (&T, impl FnOnce() -> Arc<dyn Place>),
        hint: u32,
        above: u64,
    ) -> Option<NonZeroU64> {
        let mut state = self.lock();
        // Race: see `hold`.
        if !state.is_alive() {
            return None;
        }
        let held = &mut state.ties().held;
        let number = NonZeroU64::MIN.saturating_add(held.last().max(above));
        let mark = Mark { number, hint };
        let let_go = self.rare_if_any().map(|rare| &rare.let_go);
        if let Some(let_go) = let_go
            && !current::is_beside()
            && let Some(old) = let_go.get().filter(|old| old.place == address_of(place))
            && held.replace(old, mark)
        {
            let_go.set(None);
            return Some(number);
        }
        held.insert(Held { place: way(), mark });
        // Race: one that has got a deadly signal before is known to be ending.
        if self.is_alive() {
            self.node.table.alive.add(self.local());
        }
        Some(number)
    }

    /// The process does not hold this any more. It is to be dropped without a lock.
    pub(crate) fn let_go(&self, id: HeldId) -> Option<Held> {
        self.lock().ties.as_mut()?.held.remove(id)
    }

    /// The process itself lets go of this, which it holds for a while nevertheless: see the [module](self). What it let go of
    /// before is dropped, so this is not to be called under a lock.
    pub(crate) fn let_go_of_own(&self, id: HeldId) {
        // Race: starts that others run act for the process in no turn of it, and several at once.
        if current::is_beside() {
            drop(self.let_go(id));
            return;
        }
        self.let_go_of_last();
        self.rare().let_go.set(Some(id));
    }

    /// The process itself does not hold any more what it has let go of, which is dropped: not to be called under a lock.
    pub(crate) fn let_go_of_last(&self) {
        if let Some(let_go) = self.rare_if_any().map(|rare| &rare.let_go)
            && let Some(last) = let_go.get()
        {
            let_go.set(None);
            drop(self.let_go(last));
        }
    }

    /// What the process holds under an id.
    pub(crate) fn held(&self, id: HeldId) -> Option<Held> {
        self.lock().ties.as_ref()?.held.get(id)
    }

    /// What the process holds at a place, in the order of the numbers there; also what it has let go of.
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

    /// Tells those who find what the process holds that it is to end.
    pub(super) fn tell_finders(&self, state: &State) {
        if state.ties.is_some() {
            self.node.table.alive.remove(self.local());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::{
        Inbox,
        node::{Node, Time},
        spawn,
    };
    use std::cell::RefCell;

    struct Everywhere;
    impl Place for Everywhere {
        fn address(&self) -> usize {
            0
        }
        fn release(&self, _: Pid, _: Mark) -> Option<Tied> {
            None
        }
    }

    /// With an address of its own.
    struct Somewhere(#[expect(dead_code, reason = "it takes a place in memory")] u8);
    impl Place for Somewhere {
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

    /// Runs `f` with a process, as if it were that.
    fn as_process(f: impl FnOnce(&Process)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let node = Node::new(Time::Paused);
            let _entered = node.enter();
            let pid = spawn(|_: Inbox<()>| std::future::pending::<()>());
            f(node.process(pid).unwrap().process());
        });
    }

    #[test]
    fn what_a_process_has_let_go_of_gives_way() {
        as_process(|me| {
            let (here, there) = (Arc::new(Somewhere(1)), Arc::new(Somewhere(2)));
            let all = || numbers(&me.lock().ties().held);
            let hold = || me.hold_next((&*here, || here.clone()), 0, 0).unwrap();
            let let_go = |number| me.let_go_of_own(HeldId::new(&*here, number));
            // One after the other.
            let first = hold();
            let_go(first);
            assert_eq!(all(), [1]);
            let second = hold();
            assert_eq!(all(), [2]);
            // One of several, until another one is let go of.
            let third = hold();
            let_go(third);
            assert_eq!(all(), [2, 3]);
            let_go(second);
            assert_eq!(all(), [2]);
            // It does not give way to what is elsewhere.
            me.hold_next((&*there, || there.clone()), 0, 0).unwrap();
            assert_eq!(all(), [2, 4]);
            me.let_go_of_last();
            assert_eq!(all(), [4]);
            me.let_go_of_last();
            assert_eq!(all(), [4]);
        });
    }

    #[test]
    fn what_is_let_go_of_beside_the_loop_goes_at_once() {
        as_process(|me| {
            let here = Arc::new(Somewhere(1));
            let all = || numbers(&me.lock().ties().held);
            let hold = || me.hold_next((&*here, || here.clone()), 0, 0).unwrap();
            let let_go = |number| me.let_go_of_own(HeldId::new(&*here, number));
            let first = hold();
            let_go(first);
            current::start_beside(None, &RefCell::default(), || {
                // It leaves alone what the process has let go of in its turn.
                let second = hold();
                assert_eq!(all(), [1, 2]);
                let_go(second);
                assert_eq!(all(), [1]);
            });
            me.let_go_of_last();
            assert!(all().is_empty());
        });
    }

    #[test]
    fn what_replaces_the_only_one_takes_its_way() {
        let place = Arc::new(Everywhere);
        let mut all = Holdings::default();
        let mark = |of| Mark { number: number(of), hint: 0 };
        assert!(!all.replace(id(1), mark(2)));
        all.insert(Held { place: place.clone(), mark: mark(1) });
        assert!(!all.replace(id(2), mark(3)));
        assert!(all.replace(id(1), mark(2)));
        assert_eq!((numbers(&all), all.last(), Arc::strong_count(&place)), (vec![2], 2, 2));
        all.insert(Held { place: place.clone(), mark: mark(3) });
        assert!(!all.replace(id(2), mark(4)) && !all.replace(id(3), mark(4)));
        assert_eq!((numbers(&all), all.last(), Arc::strong_count(&place)), (vec![2, 3], 3, 3));
    }
}
