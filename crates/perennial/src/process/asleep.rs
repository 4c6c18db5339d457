//! Which workers sleep, so that no process is slept over and no worker is woken twice.
//!
//! Two meet here. One puts a process into a queue, then looks who sleeps. The other says that it sleeps, then looks into
//! the queues. Whatever comes first, one of them sees the other: see [`take_one`](Asleep::take_one).
//!
//! A worker is two tasks that relieve each other. The one on [`Duty`] is the one that sleeps, and is to be woken.

use crate::sync::{AtomicBool, AtomicU8, AtomicU64, fence};
use std::sync::atomic::Ordering;

/// So many workers have a bit.
pub(super) const MOST: usize = 64;

/// One bit for each worker that sleeps.
#[derive(Debug, Default)]
pub(super) struct Asleep(AtomicU64);

impl Asleep {
    /// Says that a worker sleeps; false if it is to look again, as it `has_work`, which is asked after that.
    pub(super) fn fall_asleep(&self, worker: usize, has_work: impl FnOnce() -> bool) -> bool {
        // Release: what the worker has said before of who is to be woken for it.
        self.0.fetch_or(1 << worker, Ordering::Release);
        // SeqCst: pairs with the one in `take_one`.
        fence(Ordering::SeqCst);
        let sleeps = !has_work();
        if !sleeps {
            self.wake_up(worker);
        }
        sleeps
    }

    /// A worker does not sleep any more. To be called by itself.
    pub(super) fn wake_up(&self, worker: usize) {
        let bit = 1 << worker;
        // Mostly who woke it has cleared that; nobody else sets it. Acquire: as there, see `Watching::end`.
        if self.0.load(Ordering::Acquire) & bit != 0 {
            self.0.fetch_and(!bit, Ordering::AcqRel);
        }
    }

    /// A worker that sleeps, and is counted awake from now on: for one who has put something into a queue, and is to wake
    /// it.
    pub(super) fn take_one(&self) -> Option<usize> {
        // SeqCst: pairs with the one in `fall_asleep`. Either that one comes first, and its bit is seen here; or this one
        // does, and what was put into the queue before is seen there.
        fence(Ordering::SeqCst);
        let mut asleep = self.0.load(Ordering::Relaxed);
        while asleep != 0 {
            let first = asleep & asleep.wrapping_neg();
            match self.0.compare_exchange_weak(asleep, asleep & !first, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return Some(first.trailing_zeros() as usize),
                Err(now) => asleep = now,
            }
        }
        None
    }
}

/// Whether somebody looks after the workers.
///
/// What a worker is to poll next lies where others do not see it at once, and nobody is woken for it. So whoever puts it there
/// has to know that somebody looks after that worker from now on, for as long as it is awake.
#[derive(Debug, Default)]
pub(super) struct Watching(AtomicBool);

impl Watching {
    /// Whether somebody does. For a worker that is awake.
    #[inline]
    pub(super) fn is_on(&self) -> bool {
        // Relaxed: see `end`.
        self.0.load(Ordering::Relaxed)
    }

    /// Whether the one who calls this is to look after them from now on: nobody did.
    pub(super) fn begin(&self) -> bool {
        // Relaxed: it hands over nothing.
        !self.0.swap(true, Ordering::Relaxed)
    }

    /// The one who was to look after them cannot.
    pub(super) fn give_up(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// The one who looks after them ceases to do so, if all of them sleep; false if it goes on.
    pub(super) fn end(&self, asleep: &Asleep, workers: usize) -> bool {
        // Swapped, as in `begin`: loom lets what is only stored come between what a swap reads and what it writes.
        self.0.swap(false, Ordering::Relaxed);
        // Race: a worker is woken. All that is done to the word of those who sleep is one after the other, as each is a
        // read-modify-write: if that comes first, this finds that it is awake. Else it acquires what this releases, and
        // the worker sees that nobody looks after it.
        let before = asleep.0.fetch_or(0, Ordering::AcqRel);
        before.count_ones() as usize == workers || !self.begin()
    }
}

/// Which of the two tasks of a worker polls processes, or sleeps. It stays on duty until it says itself that it is the other
/// one's turn.
#[derive(Debug, Default)]
pub(super) struct Duty(AtomicU8);

impl Duty {
    /// The task that is on duty: 0 or 1. For one who wakes it, or is it.
    pub(super) fn task(&self) -> usize {
        // Acquire: what was done on duty until now.
        self.0.load(Ordering::Acquire).into()
    }

    /// The one on duty is relieved by the other one. Race: that may begin at once, before it is woken.
    pub(super) fn hand_over(&self) {
        let other = 1 - self.0.load(Ordering::Relaxed);
        // Release: what was done on duty.
        self.0.store(other, Ordering::Release);
    }
}
