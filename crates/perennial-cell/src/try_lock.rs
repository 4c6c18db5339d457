//! A lock that nobody waits for: who finds it taken does without.
//!
//! Made of one atomic, and not of a lock of `std`, so that all checkers see what it orders.

use crate::sync::UnsafeCell;
#[cfg(loom)]
use loom::sync::atomic::{AtomicBool, Ordering};
use std::fmt;
#[cfg(not(loom))]
use std::sync::atomic::{AtomicBool, Ordering};

/// A value that one thread at a time uses.
///
/// # Invariants
///
/// 1. `locked` is set by the one who uses the value, before that, and cleared by the same one afterwards.
pub struct TryLock<T> {
    locked: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: one thread at a time reaches the value (invariant 1), so it only moves between threads.
unsafe impl<T: Send> Sync for TryLock<T> {}

impl<T> TryLock<T> {
    /// With nobody using it.
    #[cfg(not(loom))]
    pub const fn new(value: T) -> Self {
        Self { locked: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }

    /// With nobody using it.
    #[cfg(loom)]
    pub fn new(value: T) -> Self {
        Self { locked: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }

    /// Uses the value, unless somebody does so now.
    pub fn try_with<R>(&self, f: impl FnOnce(&mut T) -> R) -> Option<R> {
        /// Also after a panic.
        struct Unlock<'a>(&'a AtomicBool);
        impl Drop for Unlock<'_> {
            fn drop(&mut self) {
                // Release: what was written here, to the next one.
                self.0.store(false, Ordering::Release);
            }
        }
        // Acquire: what the last one wrote.
        self.locked.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).ok()?;
        let _unlock = Unlock(&self.locked);
        self.value.with_mut(|value| {
            // SAFETY: nobody else has a reference: it was not locked, and is until `f` has returned (invariant 1).
            Some(f(unsafe { &mut *value }))
        })
    }
}

impl<T: Default> Default for TryLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> fmt::Debug for TryLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryLock").field("locked", &self.locked).finish_non_exhaustive()
    }
}
