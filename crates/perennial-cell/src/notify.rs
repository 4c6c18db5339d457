//! The one waker of a process.
//!
//! ```text
//! 0 ── notify ──────────> NOTIFIED ── begin ──> 0 ...  DONE: it will not be polled again
//! 0 ── notify_message ──> 1, 2, .. ── begin ──> 0 ...
//! ```
//!
//! # Order of events
//!
//! A sender writes (a letter, a flag), then notifies. The owner begins a poll, which clears `NOTIFIED`, then
//! reads. Either the owner's read comes after the write, or the notification comes after `begin` and causes
//! another poll: nothing is slept over.
//!
//! # Counting
//!
//! Who sends a message adds one to the word instead of setting `NOTIFIED`, and so counts it for the price of the
//! wake-up. `begin` adds what it clears to a sum of its own. Both are done under the lock of the waker, so who asks
//! for the count under that lock misses nothing and counts nothing twice. The flags are above the count: the sum takes
//! the whole word, and what the flags add up to there is cut off when it is read.
//!
//! A *reader* is one who waits for what senders write, but is not polled with the owner's waker: in another task, or
//! in a set of futures that polls only those that were woken. It stores its waker, sets `READER`, then reads. The
//! owner's next `begin` sees the flag and wakes it. Either `READER` comes before that `begin`, or the reader's read
//! comes after it and with that after the write: all of them are changes of one word, hence in one order.

use crate::{
    Activity,
    sync::{AtomicU64, Mutex, Ordering},
};
use std::{mem, task::Waker};

/// A wake-up is on its way and no poll has begun since.
const NOTIFIED: u64 = 1 << 61;
/// The owner has ended; wake-ups are void.
const DONE: u64 = 1 << 62;
/// Somebody waits with a waker of its own.
const READER: u64 = 1 << 63;
/// How many messages came since the last poll began. It cannot overflow into the flags: each takes memory.
const MESSAGES: u64 = NOTIFIED - 1;

/// Joins wake-ups, and counts the joined one in an [`Activity`] until the poll that it causes is over.
#[derive(Debug)]
pub struct Notify {
    state: AtomicU64,
    /// What `begin` has cleared, summed up. Written under the lock of the waker.
    cleared: AtomicU64,
    waker: Mutex<Option<Waker>>,
    reader: Mutex<Option<Waker>>,
}

/// A poll that has begun: whether it answers a counted notification.
#[derive(Debug)]
#[must_use = "give it back to `Notify::end`"]
pub struct Polled {
    counted: bool,
    reader: bool,
}

impl Polled {
    /// Whether one waits who is to be woken by [`Notify::wake_reader`] if there is something to read.
    pub fn has_reader(&self) -> bool {
        self.reader
    }
}

impl Notify {
    /// Born notified: the owner is to be polled once without being told. Counted in `activity`.
    pub fn new(activity: Option<&Activity>) -> Self {
        if let Some(activity) = activity {
            activity.enter();
        }
        Self {
            state: AtomicU64::new(NOTIFIED),
            cleared: AtomicU64::new(0),
            waker: Mutex::new(None),
            reader: Mutex::new(None),
        }
    }

    /// Has the owner polled soon. Returns true if the count it had to take back was the last: then the caller
    /// must look whether all is quiet.
    pub fn notify(&self, activity: Option<&Activity>) -> bool {
        // AcqRel: Release what the sender wrote to the `begin` that clears the flag.
        self.wake(activity, || self.state.fetch_or(NOTIFIED, Ordering::AcqRel))
    }

    /// As [`notify`](Self::notify), for a message that was sent; counts it.
    pub fn notify_message(&self, activity: Option<&Activity>) -> bool {
        // AcqRel: as above.
        self.wake(activity, || self.state.fetch_add(1, Ordering::AcqRel))
    }

    #[inline]
    fn wake(&self, activity: Option<&Activity>, mark: impl FnOnce() -> u64) -> bool {
        // Counted before the mark can be seen; taken back if somebody else's notification stands already.
        if let Some(activity) = activity {
            activity.enter();
        }
        if mark() & !READER != 0 {
            return activity.is_some_and(Activity::leave);
        }
        // Race: the owner's first poll may not have come yet and no waker be stored; but then it is scheduled
        // already, and its `begin` comes after the mark.
        let waker = self.waker.lock().expect("no panic while the lock is held").clone();
        if let Some(waker) = waker {
            waker.wake();
        }
        false
    }

    /// How many messages were sent until now.
    pub fn messages(&self) -> u64 {
        let _counting = self.waker.lock().expect("no panic while the lock is held");
        // Relaxed: the lock orders it with `begin`.
        let cleared = self.cleared.load(Ordering::Relaxed);
        cleared.wrapping_add(self.state.load(Ordering::Relaxed)) & MESSAGES
    }

    /// The owner is being polled: stores its waker, then clears what was notified.
    pub fn begin(&self, waker: &Waker) -> Polled {
        let mut slot = self.waker.lock().expect("no panic while the lock is held");
        let old = if slot.as_ref().is_some_and(|stored| stored.will_wake(waker)) {
            None
        } else {
            slot.replace(waker.clone())
        };
        let before = self.state.fetch_and(READER | DONE, Ordering::AcqRel);
        if !cfg!(perennial_no_slots) {
            // Written under the lock only, so this needs no read-modify-write.
            self.cleared.store(self.cleared.load(Ordering::Relaxed).wrapping_add(before), Ordering::Relaxed);
        }
        drop(slot);
        drop(old);
        Polled { counted: before & (NOTIFIED | MESSAGES) != 0, reader: before & READER != 0 }
    }

    /// Has `waker` woken by the owner's next polls, until [`wake_reader`](Self::wake_reader). To be called before the
    /// read that may find nothing.
    pub fn set_reader(&self, waker: &Waker) {
        let new = Some(waker.clone());
        let old = mem::replace(&mut *self.reader.lock().expect("no panic while the lock is held"), new);
        drop(old);
        // AcqRel: see the order of events.
        self.state.fetch_or(READER, Ordering::AcqRel);
    }

    /// Wakes the reader, who may set itself again.
    pub fn wake_reader(&self) {
        // Cleared first: a reader that sets itself from here on is not forgotten.
        self.state.fetch_and(!READER, Ordering::AcqRel);
        let waker = self.reader.lock().expect("no panic while the lock is held").take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The poll is over. Returns true if nothing moves now.
    pub fn end(&self, polled: Polled, activity: Option<&Activity>) -> bool {
        polled.counted && activity.is_some_and(Activity::leave)
    }

    /// The last poll is over: later notifications are void. Returns true if nothing moves now.
    pub fn done(&self, polled: Polled, activity: Option<&Activity>) -> bool {
        // Race: a notification between the last `begin` and here was counted and will never be polled for.
        let before = self.state.swap(DONE | NOTIFIED, Ordering::AcqRel);
        let late = before & DONE == 0 && before & (NOTIFIED | MESSAGES) != 0;
        let waker = self.waker.lock().expect("no panic while the lock is held").take();
        drop(waker);
        let reader = self.reader.lock().expect("no panic while the lock is held").take();
        drop(reader);
        let Some(activity) = activity else { return false };
        let quiet_late = late && activity.leave();
        let quiet = polled.counted && activity.leave();
        quiet_late || quiet
    }
}
