//! The one waker of a future that is counted.
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

use crate::{
    Activity,
    sync::{AtomicU8, Mutex, Ordering},
};
use std::task::Waker;

/// A wake-up is on its way and no poll has begun since.
const NOTIFIED: u8 = 1;
/// The owner has ended; wake-ups are void.
const DONE: u8 = 2;

/// Joins wake-ups, and counts the joined one in an [`Activity`] until the poll that it causes is over.
#[derive(Debug)]
pub struct Notify {
    state: AtomicU8,
    waker: Mutex<Option<Waker>>,
}

/// A poll that has begun: whether it answers a counted notification.
#[derive(Debug)]
#[must_use = "give it back to `Notify::end`"]
pub struct Polled {
    counted: bool,
}

impl Notify {
    /// Born notified: the owner is to be polled once without being told. Counted in `activity`.
    pub fn new(activity: Option<&Activity>) -> Self {
        if let Some(activity) = activity {
            activity.enter();
        }
        Self { state: AtomicU8::new(NOTIFIED), waker: Mutex::new(None) }
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
        Polled { counted: before & NOTIFIED != 0 }
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
        let Some(activity) = activity else { return false };
        let quiet_late = late && activity.leave();
        let quiet = polled.counted && activity.leave();
        quiet_late || quiet
    }
}
