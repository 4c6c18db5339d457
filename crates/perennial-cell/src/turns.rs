//! A value that whoever has its turn may use: the body of a process, polled by a worker or by a caller.
//!
//! ```text
//!            notify                begin                  end
//!   0 ─────────────────> NOTIFIED ───────> RUNNING ──────────────────> 0
//!   0 ─ notify_message ─> 1, 2, .. ──────> RUNNING
//!   RESERVED ────────────────────────────> RUNNING                          (claim: the first turn)
//!   0 ──────────────────────────────────> RUNNING                          (try_begin)
//!                            NOTIFIED ──> RUNNING | QUEUED                 (begin_early: somebody is still to call begin)
//!                        notify: RUNNING | NOTIFIED ── end ──> NOTIFIED     (whoever ended it schedules it)
//!                                                   ── done ─> DONE
//! ```
//!
//! *Notified* is one whose `NOTIFIED` is set, or whose count of messages is not zero.
//!
//! # Invariants
//!
//! 1. There is at most one [`Turn`] at a time: `RUNNING` is set by whoever makes one, in one atomic step from a
//!    state without it, and cleared when that turn ends. Only through a turn is the value reached.
//! 2. Of those who notify, one is told to schedule: the one whose step set `NOTIFIED` while nobody ran, or the one
//!    who ended a turn and found it set. It calls `begin`, once. Until then `try_begin` finds `NOTIFIED` and fails.
//!    `QUEUED` says that the turn it was told to take has begun early, and that it has not called `begin` since. Nobody
//!    else is told to schedule meanwhile: what it was notified of before that `begin` is looked at by the turn of that.
//!    Of one with nothing but `QUEUED` set nobody is to have a turn, and `try_begin` makes one.
//! 3. After `DONE` there is no turn any more.
//! 4. It is born `RESERVED`: nobody has a turn before whoever made it has claimed the first.
//!
//! # Order of events
//!
//! A sender writes (a letter, a flag), then notifies. A turn reads. Either the read comes after the write, or the
//! notification comes before the end of the turn, which then sees it, or after, and then the sender is told to
//! schedule: all of them are changes of one word, hence in one order. Nothing is slept over.
//!
//! # Counting
//!
//! Who sends a message adds one to the word instead of setting `NOTIFIED`, and so counts it for the price of the wake-up.
//! The begin of a turn clears that and adds it to a sum of its own, which only turns write. While that is under way one
//! who asks sees too few; at all other times it is exact.
//!
//! A *reader* is one who waits for what senders write, but is not polled with the owner: in another task, or in a set
//! of futures that polls only those that were woken. It stores its waker, sets `READER`, then reads. The next turn
//! sees the flag and wakes it. Either `READER` comes before the begin of that turn, or the reader's read comes after
//! it and with that after the write.

use crate::{
    Activity,
    sync::{AtomicU64, Ordering, UnsafeCell},
};
use std::fmt;

/// There is to be a turn, and somebody has been told to take it.
const NOTIFIED: u64 = 1 << 58;
/// Whoever has been told to take a turn will find that it was taken early, unless there is to be another one by then.
const QUEUED: u64 = 1 << 59;
/// The first turn was not claimed yet.
const RESERVED: u64 = 1 << 60;
/// There will be no turn any more.
const DONE: u64 = 1 << 61;
/// Somebody waits with a waker of its own.
const READER: u64 = 1 << 62;
/// There is a turn.
const RUNNING: u64 = 1 << 63;
/// So many messages for one who is only scheduled are a flood: who sends them may do so for long before it lets anybody
/// else run. It is noticed once, by the one that is the next.
const FLOOD: u64 = 64;
/// How many messages came since the last turn began. It cannot overflow into the flags: each takes memory.
const MESSAGES: u64 = NOTIFIED - 1;
/// These say nothing about a turn.
const ASIDE: u64 = READER | QUEUED;

/// A value and the right to use it, which one thread at a time has.
pub struct Turns<T> {
    state: AtomicU64,
    /// How many messages earlier turns have cleared. Written by turns only.
    cleared: AtomicU64,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached through a `Turn` only, of which there is one at a time (invariant 1), and the state
// orders one after the other: `begin` and `try_begin` acquire what `end` released. So the value only moves between
// threads, for which `Send` is enough.
unsafe impl<T: Send> Sync for Turns<T> {}

/// What is to be done about a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "who is told to schedule must do so"]
pub enum Notified {
    /// To be scheduled by the one who notified: somebody is to call [`Turns::begin`].
    Schedule,
    /// It is scheduled, but many messages wait for that: somebody else than who sends them is to see to it.
    Flooded {
        /// As below.
        quiet: bool,
    },
    /// Others will see to it. `quiet` if nothing moves now.
    Known {
        /// The count that was taken back was the last: look whether all is quiet.
        quiet: bool,
    },
}

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "who is told to schedule must do so"]
pub struct Ended {
    /// It was notified meanwhile: to be scheduled by the one who ended it.
    pub again: bool,
    /// The count that was given back was the last: look whether all is quiet.
    pub quiet: bool,
}

impl<T> Turns<T> {
    /// Whoever makes it may [claim](Self::claim) the first turn; nobody else has one before. That turn is counted in
    /// `activity` from now on.
    pub fn new(value: T, activity: Option<&Activity>) -> Self {
        if let Some(activity) = activity {
            activity.enter();
        }
        Self { state: AtomicU64::new(RESERVED), cleared: AtomicU64::new(0), value: UnsafeCell::new(value) }
    }

    /// Takes the first turn. None if that was done before.
    pub fn claim(&self) -> Option<Turn<'_, T>> {
        let mut state = self.state.load(Ordering::Relaxed);
        loop {
            if state & RESERVED == 0 {
                return None;
            }
            let running = (state & !RESERVED) | RUNNING;
            match self.state.compare_exchange_weak(state, running, Ordering::AcqRel, Ordering::Relaxed) {
                // Notifications stand until it ends.
                Ok(_) => return Some(Turn { owner: self, reader: false }),
                Err(now) => state = now,
            }
        }
    }

    /// Sees to it that there is a turn after this.
    ///
    /// It is counted in `activity` until the end of that turn.
    pub fn notify(&self, activity: Option<&Activity>) -> Notified {
        // AcqRel: releases what the sender wrote to the begin of the next turn.
        self.notify_by(activity, || self.state.fetch_or(NOTIFIED, Ordering::AcqRel))
    }

    /// As [`notify`](Self::notify), for a message that was sent; counts it.
    pub fn notify_message(&self, activity: Option<&Activity>) -> Notified {
        // AcqRel: as above.
        self.notify_by(activity, || self.state.fetch_add(1, Ordering::AcqRel))
    }

    fn notify_by(&self, activity: Option<&Activity>, mark: impl FnOnce() -> u64) -> Notified {
        // Counted before the mark can be seen; taken back if somebody else's notification stands already.
        if let Some(activity) = activity {
            activity.enter();
        }
        let before = mark();
        if before & (NOTIFIED | MESSAGES | DONE) != 0 {
            let quiet = activity.is_some_and(Activity::leave);
            return match before & !ASIDE == FLOOD {
                true => Notified::Flooded { quiet },
                false => Notified::Known { quiet },
            };
        }
        // Race: the turn that runs may be about to end; it sees the mark then, see the order of events. One who was told to
        // schedule may be about to begin: either that sees the mark and takes the turn, or it has cleared `QUEUED`.
        if before & (RUNNING | RESERVED | QUEUED) != 0 {
            Notified::Known { quiet: false }
        } else {
            Notified::Schedule
        }
    }

    /// How many messages were sent until now.
    pub fn messages(&self) -> u64 {
        // Acquire: what is cleared from now on is not counted twice, as the sum is read first.
        let cleared = self.cleared.load(Ordering::Acquire);
        cleared + (self.state.load(Ordering::Acquire) & MESSAGES)
    }

    /// Takes the turn that was scheduled. None if it has ended for good meanwhile, or was taken early.
    pub fn begin(&self) -> Option<Turn<'_, T>> {
        self.begin_scheduled(0)
    }

    /// Takes a turn that somebody else was told to take, and has not begun. None if there is none.
    pub fn begin_early(&self) -> Option<Turn<'_, T>> {
        self.begin_scheduled(QUEUED)
    }

    /// Begins a turn that was scheduled, for the one who was told so, or early: then with `queued` set.
    fn begin_scheduled(&self, queued: u64) -> Option<Turn<'_, T>> {
        let mut state = self.state.load(Ordering::Relaxed);
        loop {
            let scheduled = state & (DONE | RUNNING | RESERVED) == 0 && state & (NOTIFIED | MESSAGES) != 0;
            let next = match scheduled {
                true => (state & READER) | RUNNING | queued,
                // It was taken early. From here on others are told to schedule again.
                false => (state & !QUEUED) | (state & queued),
            };
            if next == state {
                return None;
            }
            // Acquire: what the last turn left, and what senders wrote before they notified.
            match self.state.compare_exchange_weak(state, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) if scheduled => {
                    let mut turn = Turn { owner: self, reader: state & READER != 0 };
                    turn.count_messages(state & MESSAGES);
                    return Some(turn);
                }
                Ok(_) => return None,
                Err(now) => state = now,
            }
        }
    }

    /// Whether nobody has a turn and nobody is to have one: then all that was sent before has been looked at.
    pub fn is_idle(&self) -> bool {
        // Acquire: what the last turn left.
        self.state.load(Ordering::Acquire) & !ASIDE == 0
    }

    /// Whether somebody has a turn.
    pub fn is_running(&self) -> bool {
        self.state.load(Ordering::Relaxed) & RUNNING != 0
    }

    /// Takes a turn if nobody has one and nobody is to have one. Whoever calls this has counted it in the activity
    /// that the turn's end will be given.
    pub fn try_begin(&self) -> Option<Turn<'_, T>> {
        let state = self.state.load(Ordering::Relaxed);
        if state & !ASIDE != 0 {
            return None;
        }
        // Acquire: what the last turn left.
        match self.state.compare_exchange(state, state | RUNNING, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => Some(Turn { owner: self, reader: state & READER != 0 }),
            Err(_) => None,
        }
    }

    /// The next turn is to [wake a reader](Turn::has_reader). To be called before the read that may find nothing.
    pub fn set_reader(&self) {
        // AcqRel: see the order of events.
        self.state.fetch_or(READER, Ordering::AcqRel);
    }
}

impl<T> fmt::Debug for Turns<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turns").field("state", &self.state).finish_non_exhaustive()
    }
}

/// The right to use the value, until it is [ended](Turn::end).
#[must_use = "a turn that is not ended lasts for ever"]
pub struct Turn<'a, T> {
    owner: &'a Turns<T>,
    reader: bool,
}

impl<'a, T> Turn<'a, T> {
    /// Uses the value.
    pub fn with<R>(&mut self, f: impl FnOnce(&mut T) -> R) -> R
    where
        T: Unpin,
    {
        self.owner.value.with_mut(|value| {
            // SAFETY: this turn is the only one (invariant 1), and it is borrowed mutably, so this is the only
            // reference to the value while `f` runs.
            f(unsafe { &mut *value })
        })
    }

    /// Where the value is. Whoever uses that has to see to it that there is no other reference.
    pub(crate) fn place(&self) -> *mut T {
        self.owner.value.with_mut(|value| value)
    }

    pub(crate) fn turns(&self) -> &'a Turns<T> {
        self.owner
    }

    /// Counts messages that were put where they are read without a notification, by the one whose turn it is.
    pub fn count_messages(&mut self, messages: u64) {
        if !cfg!(perennial_no_slots) {
            // Only turns write it, so this needs no read-modify-write. Release: see `messages`.
            let cleared = self.owner.cleared.load(Ordering::Relaxed);
            self.owner.cleared.store(cleared + messages, Ordering::Release);
        }
    }

    /// Whether one waits who is to be woken if there is something to read.
    pub fn has_reader(&self) -> bool {
        self.reader
    }

    /// The reader is about to be woken. One that sets itself from here on is not forgotten.
    pub fn forget_reader(&self) {
        self.owner.state.fetch_and(!READER, Ordering::AcqRel);
    }

    /// The turn is over.
    pub fn end(self, activity: Option<&Activity>) -> Ended {
        // AcqRel: releases the value to the next turn; acquires what a sender wrote that has just notified.
        let before = self.owner.state.fetch_and(!RUNNING, Ordering::AcqRel);
        // Notified, and nobody else is to call `begin`: `QUEUED` is above the others.
        let again = (1..QUEUED).contains(&(before & (QUEUED | NOTIFIED | MESSAGES)));
        Ended { again, quiet: activity.is_some_and(Activity::leave) }
    }

    /// The turn is over, and was the last. Returns true if nothing moves now.
    pub fn done(self, activity: Option<&Activity>) -> bool {
        let before = self.owner.state.swap(DONE, Ordering::AcqRel);
        let Some(activity) = activity else { return false };
        // Race: a notification that came during this turn was counted, and there will be no turn for it.
        let late = before & (NOTIFIED | MESSAGES) != 0 && activity.leave();
        let quiet = activity.leave();
        late || quiet
    }
}

impl<T> fmt::Debug for Turn<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Turn(..)")
    }
}
