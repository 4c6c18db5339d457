//! What an observer wants to know of a process, without asking it.
//!
//! With nobody looking, a message costs one store here and a poll one in the [`Turns`](perennial_cell::Turns), where
//! messages are counted when they are sent; one that its caller hands over costs the same store. Whether somebody looks is
//! a flag of each process, next to that of a deadly signal: both are read at once, around each poll.
//!
//! # Order of events
//!
//! One who begins to observe sets the flag of the node, then that of each process in the table. A new process comes
//! into the table, then reads the flag of the node: one that was not seen there sees it. One who ceases sets the flag of
//! the node only; a process that finds it so takes its own back, then looks again.

use crate::process::state::{Process, Rare};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// What is always counted. Written by the process itself.
#[derive(Debug, Default)]
pub(crate) struct Stats {
    /// Messages that were taken out of the mailbox.
    handled: AtomicU64,
    /// Messages that callers have handed to it themselves, and that were not put into the mailbox.
    handed: AtomicU64,
}

/// What is measured while somebody observes. Written by the process itself.
#[derive(Debug, Default)]
pub(crate) struct Busy {
    /// Nanoseconds of being polled.
    busy: AtomicU64,
    /// When it was last polled, in nanoseconds since the node began.
    last_active: AtomicU64,
    /// When the poll began that is being measured, plus one; or 0.
    began: AtomicU64,
}

impl Stats {
    /// Counts a message that the process took out of its mailbox.
    #[inline]
    pub(crate) fn count_message(&self) {
        if !cfg!(perennial_no_slots) {
            add(&self.handled, 1);
        }
    }

    /// Counts a message that a caller has handed to it. By the one whose turn it is, as the next.
    #[inline]
    pub(crate) fn count_handed(&self) {
        self.handed.store(self.handed.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// That message goes into the mailbox, where it is counted otherwise.
    pub(crate) fn count_put(&self) {
        self.handed.store(self.handed.load(Ordering::Relaxed) - 1, Ordering::Relaxed);
    }

    /// How many were taken out of the mailbox.
    pub(crate) fn taken(&self) -> u64 {
        self.handled.load(Ordering::Relaxed)
    }

    /// How many were handled.
    pub(crate) fn handled(&self) -> u64 {
        self.taken() + self.handed.load(Ordering::Relaxed)
    }
}

impl Busy {
    pub(crate) fn busy(&self) -> Duration {
        Duration::from_nanos(self.busy.load(Ordering::Relaxed))
    }

    pub(crate) fn last_active(&self) -> Duration {
        Duration::from_nanos(self.last_active.load(Ordering::Relaxed))
    }
}

impl Process {
    /// A poll begins, and there is something to be done. Returns false if it is not to be: the process is doomed.
    #[cold]
    pub(crate) fn before_poll(&self) -> bool {
        if self.is_doomed() {
            return false;
        }
        if self.is_observed() && !self.node.observed() {
            self.unobserve();
            // Race: one who begins to observe meanwhile has set the flag of the node, if it came before us here.
            if self.node.observed() {
                self.observe();
            }
        }
        if self.is_observed() {
            self.rare().busy.began.store(nanos(self.now()) + 1, Ordering::Relaxed);
        }
        true
    }

    /// A poll is over, and there is something to be done. Returns false if it was the last: the process is doomed.
    #[cold]
    pub(crate) fn after_poll(&self) -> bool {
        if let Some(Rare { busy, .. }) = self.rare_if_any() {
            let began = busy.began.load(Ordering::Relaxed);
            if began > 0 {
                let now = nanos(self.now());
                add(&busy.busy, now.saturating_sub(began - 1));
                busy.last_active.store(now, Ordering::Relaxed);
                busy.began.store(0, Ordering::Relaxed);
            }
        }
        !self.is_doomed()
    }
}

/// The process is the only writer, so this needs no read-modify-write.
#[inline]
fn add(sum: &AtomicU64, n: u64) {
    sum.store(sum.load(Ordering::Relaxed) + n, Ordering::Release);
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX - 1)
}
