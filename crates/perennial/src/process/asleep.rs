//! Which workers sleep, so that no process is slept over and no worker is woken twice.
//!
//! Two meet here. One puts a process into a queue, then looks who sleeps. The other says that it sleeps, then looks into
//! the queues. Whatever comes first, one of them sees the other: see [`take_one`](Asleep::take_one).

use crate::sync::{AtomicU64, fence};
use std::sync::atomic::Ordering;

/// So many workers have a bit.
pub(super) const MOST: usize = 64;

/// One bit for each worker that sleeps.
#[derive(Debug, Default)]
pub(super) struct Asleep(AtomicU64);

impl Asleep {
    /// Says that a worker sleeps; false if it is to look again, as it `has_work`, which is asked after that.
    pub(super) fn fall_asleep(&self, worker: usize, has_work: impl FnOnce() -> bool) -> bool {
        self.0.fetch_or(1 << worker, Ordering::Relaxed);
        // SeqCst: pairs with the one in `take_one`.
        fence(Ordering::SeqCst);
        let sleeps = !has_work();
        if !sleeps {
            self.wake_up(worker);
        }
        sleeps
    }

    /// A worker does not sleep any more.
    pub(super) fn wake_up(&self, worker: usize) {
        self.0.fetch_and(!(1 << worker), Ordering::Relaxed);
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
