//! The one waker of a process.
//!
//! ```text
//! 0 ── notify ──> NOTIFIED ── begin ──> 0 ...          DONE: it will not be polled again
//! ```
//!
//! # Order of events
//!
//! A sender writes (a letter, a flag), then notifies. The owner begins a poll, which clears `NOTIFIED`, then
//! reads. Either the owner's read comes after the write, or the notification comes after `begin` and causes
//! another poll: nothing is slept over.
//!
//! A *reader* is one who waits for what senders write, but is not polled with the owner's waker: in another task, or
//! in a set of futures that polls only those that were woken. It stores its waker, sets `READER`, then reads. The
//! owner's next `begin` sees the flag and wakes it. Either `READER` comes before that `begin`, or the reader's read
//! comes after it and with that after the write: all of them are changes of one word, hence in one order.

use crate::{
    Activity,
    sync::{AtomicU8, Mutex, Ordering},
};
use std::{mem, task::Waker};

/// A wake-up is on its way and no poll has begun since.
const NOTIFIED: u8 = 1;
/// The owner has ended; wake-ups are void.
const DONE: u8 = 2;
/// Somebody waits with a waker of its own.
const READER: u8 = 4;

/// Joins wake-ups, and counts the joined one in an [`Activity`] until the poll that it causes is over.
#[derive(Debug)]
pub struct Notify {
    state: AtomicU8,
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
        Self { state: AtomicU8::new(NOTIFIED), waker: Mutex::new(None), reader: Mutex::new(None) }
    }

    /// Has the owner polled soon. Returns true if the count it had to take back was the last: then the caller
    /// must look whether all is quiet.
    pub fn notify(&self, activity: Option<&Activity>) -> bool {
        // Counted before the flag can be seen; taken back if somebody else's notification stands already.
        if let Some(activity) = activity {
            activity.enter();
        }
        // AcqRel: Release what the sender wrote to the `begin` that clears the flag.
        if self.state.fetch_or(NOTIFIED, Ordering::AcqRel) & (NOTIFIED | DONE) != 0 {
            return activity.is_some_and(Activity::leave);
        }
        // Race: the owner's first poll may not have come yet and no waker be stored; but then it is scheduled
        // already, and its `begin` comes after the flag.
        let waker = self.waker.lock().expect("no panic while the lock is held").clone();
        if let Some(waker) = waker {
            waker.wake();
        }
        false
    }

    /// The owner is being polled: stores its waker, then clears the flag.
    pub fn begin(&self, waker: &Waker) -> Polled {
        let mut slot = self.waker.lock().expect("no panic while the lock is held");
        let old = if slot.as_ref().is_some_and(|stored| stored.will_wake(waker)) {
            None
        } else {
            slot.replace(waker.clone())
        };
        drop(slot);
        drop(old);
        let before = self.state.fetch_and(!NOTIFIED, Ordering::AcqRel);
        Polled { counted: before & NOTIFIED != 0, reader: before & READER != 0 }
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
        let late = self.state.swap(DONE | NOTIFIED, Ordering::AcqRel) & (NOTIFIED | DONE) == NOTIFIED;
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
