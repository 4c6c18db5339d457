//! Counts what moves, so that a virtual clock knows when nothing does.

use crate::sync::{AtomicUsize, Ordering};

/// The number of processes that are runnable or being polled, and of guards that stand for work elsewhere.
///
/// Whoever makes something runnable counts it *before* it can run, and is itself counted while doing so; the
/// count therefore cannot touch zero while anything is on its way between two processes.
#[derive(Debug)]
pub struct Activity(AtomicUsize);

impl Activity {
    /// Nothing moves.
    pub fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// One more.
    pub fn enter(&self) {
        // Relaxed: the increment is ordered before the wake-up it stands for by whatever publishes that.
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// One less; true if it was the last.
    pub fn leave(&self) -> bool {
        // AcqRel: who sees zero sees all that was done by those who left before.
        self.0.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// Whether nothing moves.
    pub fn is_quiet(&self) -> bool {
        self.0.load(Ordering::Acquire) == 0
    }
}

impl Default for Activity {
    fn default() -> Self {
        Self::new()
    }
}
