//! Deadlines that are mostly taken back: the time-outs of calls.
//!
//! A call waits for microseconds, and for 5 s at most. Nearly all have the same limit, so their deadlines come in the
//! order in which they are set: a list is in order by itself, and to put something there and to take it out costs no
//! search. What would not be in order is a timer of the clock instead, as are all on a virtual clock.
//!
//! Each thread has a list of its own, if there are not too many. For each list that is not empty the clock has one timer. It
//! stays when its deadline is taken back, and looks again when that would have passed. If what comes then is due sooner, as
//! those that were there are gone, a sooner one takes its place.

use crate::clock::{Clock, Time, TimerId, call};
use perennial_cell::SpinLock;
use std::{
    cell::Cell,
    fmt, mem,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

/// How many lists there are.
const LISTS: usize = 16;

std::thread_local! {
    static LIST: Cell<Option<usize>> = const { Cell::new(None) };
}

/// The list of this thread.
fn list_here() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    LIST.get().unwrap_or_else(|| {
        let list = NEXT.fetch_add(1, Ordering::Relaxed) % LISTS;
        LIST.set(Some(list));
        list
    })
}

#[derive(Default)]
pub(super) struct Deadlines([SpinLock<List>; LISTS]);

/// A list whose links are indices of its entries.
struct List {
    entries: Vec<Entry>,
    /// The first and the last of those that are set, and the first of those that are free; or `NONE`.
    first: u32,
    last: u32,
    free: u32,
    set: usize,
    /// How many were ever set.
    order: u64,
    /// When it is looked at next: no later than the first has passed.
    next_look: Option<Duration>,
    /// The timer of the clock that does so.
    timer: Option<TimerId>,
}

struct Entry {
    deadline: Duration,
    /// The task that waits; none if it is free.
    waker: Option<Waker>,
    previous: u32,
    next: u32,
    /// Tells who takes a deadline back whether it is still that one.
    order: u64,
}

const NONE: u32 = u32::MAX;

/// So many entries are kept though none is set.
const MOST_KEPT: usize = 1024;

impl Default for List {
    fn default() -> Self {
        let entries = Vec::new();
        Self { entries, first: NONE, last: NONE, free: NONE, set: 0, order: 0, next_look: None, timer: None }
    }
}

impl List {
    fn entry(&mut self, index: u32) -> &mut Entry {
        &mut self.entries[index as usize]
    }

    fn first_deadline(&self) -> Option<Duration> {
        self.entries.get(self.first as usize).map(|entry| entry.deadline)
    }

    /// Puts a deadline at the end; gives it back if it would not be in order there.
    fn push(&mut self, deadline: Duration, waker: Waker) -> Result<(u32, u64), Waker> {
        if self.entries.get(self.last as usize).is_some_and(|last| last.deadline > deadline) {
            return Err(waker);
        }
        self.order += 1;
        let entry =
            Entry { deadline, waker: Some(waker), previous: self.last, next: NONE, order: self.order };
        let index = self.free;
        let index = if index == NONE {
            self.entries.push(entry);
            u32::try_from(self.entries.len() - 1).expect("fewer calls than that wait at a time")
        } else {
            self.free = self.entry(index).next;
            *self.entry(index) = entry;
            index
        };
        match mem::replace(&mut self.last, index) {
            NONE => self.first = index,
            previous => self.entry(previous).next = index,
        }
        self.set += 1;
        Ok((index, self.order))
    }

    /// Has it looked at by then; true if that needs a timer, which is to be [kept](Self::keep_timer).
    fn looks_at(&mut self, deadline: Duration) -> bool {
        let is_sooner = self.next_look.is_none_or(|next| deadline < next);
        if is_sooner {
            self.next_look = Some(deadline);
        }
        is_sooner
    }

    /// Keeps the timer that was set for that time. Returns one that is to be cancelled.
    fn keep_timer(&mut self, time: Duration, timer: TimerId) -> Option<TimerId> {
        // Race: it has fired already, or a sooner one was set meanwhile.
        if self.next_look == Some(time) { self.timer.replace(timer) } else { Some(timer) }
    }

    /// The timer that was set for that time has fired.
    fn has_looked(&mut self, time: Duration) {
        // Race: a sooner one was set, and is kept now.
        if self.next_look == Some(time) {
            self.next_look = None;
            self.timer = None;
        }
    }

    /// Who is woken by a deadline, if it is still there.
    fn waker(&mut self, index: u32, order: u64) -> Option<&mut Waker> {
        self.entries.get_mut(index as usize).filter(|entry| entry.order == order)?.waker.as_mut()
    }

    /// Takes a deadline out, if it is still there.
    fn remove(&mut self, index: u32, order: u64) -> Option<Waker> {
        let free = self.free;
        let entry = self.entries.get_mut(index as usize).filter(|entry| entry.order == order)?;
        let waker = entry.waker.take()?;
        let (previous, next) = (entry.previous, mem::replace(&mut entry.next, free));
        self.free = index;
        match previous {
            NONE => self.first = next,
            previous => self.entry(previous).next = next,
        }
        match next {
            NONE => self.last = previous,
            next => self.entry(next).previous = previous,
        }
        self.set -= 1;
        if self.set == 0 && self.entries.len() > MOST_KEPT {
            let (order, next_look, timer) = (self.order, self.next_look, self.timer);
            *self = Self { order, next_look, timer, ..Self::default() };
        }
        Some(waker)
    }

    /// Takes the first deadline out, if it has passed.
    fn pop_due(&mut self, now: Duration) -> Option<Waker> {
        let first = self.entries.get(self.first as usize).filter(|entry| entry.deadline <= now)?;
        let order = first.order;
        self.remove(self.first, order)
    }
}

/// A deadline that is set; it is taken back when this is dropped.
pub(crate) struct Deadline<'a> {
    clock: &'a Arc<Clock>,
    time: Duration,
    place: Place,
}

enum Place {
    Listed { list: usize, index: u32, order: u64 },
    Timer(TimerId, Waker),
}

impl Clock {
    /// Wakes a task after `delay`.
    pub(crate) fn deadline(self: &Arc<Self>, delay: Duration, waker: &Waker) -> Deadline<'_> {
        let time = self.now().saturating_add(delay);
        let waker = waker.clone();
        let place = match self.time {
            Time::Real(_) => self.list(time, waker).unwrap_or_else(|waker| self.wake_at(time, waker)),
            Time::Virtual(_) => self.wake_at(time, waker),
        };
        Deadline { clock: self, time, place }
    }

    fn wake_at(&self, time: Duration, waker: Waker) -> Place {
        let woken = waker.clone();
        Place::Timer(self.schedule_at(time, move || woken.wake()), waker)
    }

    fn list(self: &Arc<Self>, deadline: Duration, waker: Waker) -> Result<Place, Waker> {
        let list = list_here();
        let (index, order, is_next) = self.deadlines.with(list, |entries| {
            let (index, order) = entries.push(deadline, waker)?;
            Ok::<_, Waker>((index, order, entries.looks_at(deadline)))
        })?;
        if is_next {
            self.look_at(list, deadline);
        }
        Ok(Place::Listed { list, index, order })
    }

    /// Ends what is due in a list at that time, and looks again when the next is.
    fn look_at(self: &Arc<Self>, list: usize, time: Duration) {
        let clock = Arc::downgrade(self);
        let timer = self.schedule_at(time, move || {
            let Some(clock) = clock.upgrade() else { return };
            clock.deadlines.with(list, |entries| entries.has_looked(time));
            let now = clock.now();
            // Outside of the lock: it wakes.
            while let Some(waker) = clock.deadlines.with(list, |entries| entries.pop_due(now)) {
                call(|| waker.wake());
            }
            let next = clock
                .deadlines
                .with(list, |entries| entries.first_deadline().filter(|first| entries.looks_at(*first)));
            if let Some(next) = next {
                clock.look_at(list, next);
            }
        });
        let replaced = self.deadlines.with(list, |entries| entries.keep_timer(time, timer));
        if let Some(timer) = replaced {
            self.cancel(timer);
        }
    }
}

impl Deadlines {
    /// Uses a list: mostly that of this thread, so that nobody else is there.
    fn with<R>(&self, list: usize, f: impl FnOnce(&mut List) -> R) -> R {
        self.0[list].with(f)
    }

    /// How many are set, and how many timers of the clock look after them.
    pub(super) fn count(&self) -> (usize, usize) {
        (0..LISTS)
            .map(|list| self.with(list, |list| (list.set, usize::from(list.timer.is_some()))))
            .fold((0, 0), |(set, timers), (more_set, more_timers)| (set + more_set, timers + more_timers))
    }
}

impl Deadline<'_> {
    /// Whether it has passed; if not, the task that asks is woken then.
    pub(crate) fn poll(&mut self, cx: &Context<'_>) -> Poll<()> {
        if self.clock.now() >= self.time {
            return Poll::Ready(());
        }
        let waker = cx.waker();
        match &mut self.place {
            Place::Listed { list, index, order } => {
                let (list, same) = (*list, |before: &mut Waker| before.will_wake(waker));
                let same = self.clock.deadlines.with(list, |list| list.waker(*index, *order).map(same));
                if same == Some(false) {
                    // Neither cloned nor dropped under the lock: the one that is not needed any more is in it afterwards.
                    let mut waker = waker.clone();
                    let is_there = self.clock.deadlines.with(list, |list| {
                        list.waker(*index, *order).map(|before| mem::swap(before, &mut waker)).is_some()
                    });
                    return if is_there { Poll::Pending } else { Poll::Ready(()) };
                }
                // Race: if it is not there it has passed since we looked, and who waited before was told.
                if same.is_some() { Poll::Pending } else { Poll::Ready(()) }
            }
            Place::Timer(_, before) if before.will_wake(waker) => Poll::Pending,
            Place::Timer(timer, _) => {
                // Race: as above.
                if self.clock.cancel(*timer).is_none() {
                    return Poll::Ready(());
                }
                self.place = self.clock.wake_at(self.time, waker.clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for Deadline<'_> {
    fn drop(&mut self) {
        match &self.place {
            Place::Listed { list, index, order } => {
                // A statement of its own: the task may be dropped with it.
                let waker = self.clock.deadlines.with(*list, |list| list.remove(*index, *order));
                drop(waker);
            }
            Place::Timer(timer, _) => drop(self.clock.cancel(*timer)),
        }
    }
}

impl fmt::Debug for Deadline<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Deadline(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::Mutex as StdMutex, task::Wake};

    struct Note(u32, Arc<StdMutex<Vec<u32>>>);

    impl Wake for Note {
        fn wake(self: Arc<Self>) {
            self.1.lock().unwrap().push(self.0);
        }
    }

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn a_list_is_in_order_and_what_is_taken_out_is_gone() {
        let notes = Arc::default();
        let note = |n| Waker::from(Arc::new(Note(n, Arc::clone(&notes))));
        let mut list = List::default();
        let places: Vec<_> = (1..=5).map(|n| list.push(seconds(n), note(n as u32)).ok().unwrap()).collect();
        assert!(list.push(seconds(4), note(9)).is_err(), "it would not be in order");
        // From the middle, the beginning and the end; a second time it is gone.
        for at in [2, 0, 4] {
            let (index, order) = places[at];
            assert!(list.remove(index, order).is_some());
            assert!(list.remove(index, order).is_none());
        }
        // The place of one that is gone is used again; who had it before does not take that out.
        let again = list.push(seconds(6), note(6)).ok().unwrap();
        assert_eq!(again.0, places[4].0);
        assert!(list.remove(places[4].0, places[4].1).is_none());
        assert_eq!(list.first_deadline(), Some(seconds(2)));
        while let Some(waker) = list.pop_due(seconds(5)) {
            waker.wake();
        }
        assert_eq!(*notes.lock().unwrap(), [2, 4]);
        assert_eq!((list.set, list.first_deadline()), (1, Some(seconds(6))));
    }

    #[test]
    fn a_list_is_looked_at_when_its_first_has_passed_and_by_one_timer() {
        let mut list = List::default();
        let timer = |n| TimerId { deadline: seconds(n), order: n };
        assert!(list.looks_at(seconds(3600)));
        assert_eq!(list.keep_timer(seconds(3600), timer(3600)), None);
        assert!(!list.looks_at(seconds(3600)) && !list.looks_at(seconds(4000)));
        // Sooner, as those that were there are gone; the timer before is not needed any more.
        assert!(list.looks_at(seconds(5)));
        assert_eq!(list.keep_timer(seconds(5), timer(5)), Some(timer(3600)));
        // It could have fired just before.
        list.has_looked(seconds(3600));
        assert!(!list.looks_at(seconds(7)));
        list.has_looked(seconds(5));
        assert!(list.timer.is_none() && list.looks_at(seconds(7)));
        // One that fires before it is kept is not kept.
        list.has_looked(seconds(7));
        assert_eq!(list.keep_timer(seconds(7), timer(7)), Some(timer(7)));
    }

    #[test]
    fn a_list_does_not_keep_what_it_needed_in_a_rush() {
        let mut list = List::default();
        let places: Vec<_> =
            (0..2 * MOST_KEPT).map(|_| list.push(seconds(1), Waker::noop().clone()).ok().unwrap()).collect();
        for (index, order) in places {
            assert!(list.remove(index, order).is_some());
        }
        assert_eq!((list.entries.len(), list.set), (0, 0));
        let (_, order) = list.push(seconds(1), Waker::noop().clone()).ok().unwrap();
        assert!(order > 2 * MOST_KEPT as u64, "an old place is never taken for a new one");
    }
}
