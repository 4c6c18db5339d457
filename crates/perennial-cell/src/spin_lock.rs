//! A spin lock: one flag, and no queue of those who wait.
//!
//! It is for what nobody uses for long, and mostly nobody else uses at the same time. To take and to leave it is one locked
//! operation, where a lock with a queue, or one that lets in many who read, takes two. Who finds it taken may do without
//! ([`SpinLock::try_with`]), or looks again until it is free ([`SpinLock::with`]); in what order those come who wait is not
//! said.
//!
//! Made of one atomic, and not of a lock of `std`, so that all checkers see what it orders.

use crate::sync::UnsafeCell;
#[cfg(loom)]
use loom::sync::atomic::{AtomicBool, Ordering};
use std::fmt;
#[cfg(not(loom))]
use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

/// How often one who waits lets others run before it sleeps.
#[cfg(not(loom))]
const YIELDS: u32 = 100;

/// How long it sleeps then.
#[cfg(not(loom))]
const NAP: Duration = Duration::from_micros(50);

/// A value that one thread at a time uses.
///
/// # Invariants
///
/// 1. `locked` is set by the one who uses the value, before that, and cleared by the same one afterwards.
pub struct SpinLock<T> {
    locked: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: one thread at a time reaches the value (invariant 1), so it only moves between threads.
unsafe impl<T: Send> Sync for SpinLock<T> {}

impl<T> SpinLock<T> {
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
        if is_taken(&self.locked) {
            return None;
        }
        let _unlock = Unlock(&self.locked);
        self.value.with_mut(|value| {
            // SAFETY: nobody else has a reference: it was not locked, and is until `f` has returned (invariant 1).
            Some(f(unsafe { &mut *value }))
        })
    }

    /// Uses the value, after whoever does so now. Who waits lets others run between two looks.
    pub fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        let mut f = Some(f);
        let mut looks = 0;
        loop {
            if let Some(result) = self.try_with(|value| f.take().map(|f| f(value))) {
                return result.expect("it is used once");
            }
            wait(looks);
            looks += 1;
        }
    }
}

/// Takes it, unless it is taken; then that stays so.
#[cfg(not(loom))]
#[inline]
fn is_taken(locked: &AtomicBool) -> bool {
    // Acquire: what the last one wrote.
    locked.swap(true, Ordering::Acquire)
}

/// Loom lets what is only stored come between what a swap reads and what it writes: here that it is free again.
#[cfg(loom)]
fn is_taken(locked: &AtomicBool) -> bool {
    locked.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_err()
}

/// To let others run is not enough where they have a lower priority: the one who uses it may be one of them.
#[cfg(not(loom))]
#[cold]
fn wait(looks: u32) {
    if looks < YIELDS {
        thread::yield_now();
    } else {
        thread::sleep(NAP);
    }
}

#[cfg(loom)]
fn wait(_: u32) {
    loom::thread::yield_now();
}

impl<T: Default> Default for SpinLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> fmt::Debug for SpinLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpinLock").field("locked", &self.locked).finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn who_waits_for_long_gets_it_afterwards() {
        let (lock, (go, gone)) = (SpinLock::new(0), mpsc::channel::<()>());
        thread::scope(|scope| {
            let (entered, is_entered) = mpsc::channel();
            let lock = &lock;
            scope.spawn(move || {
                lock.with(|sum| {
                    entered.send(()).unwrap();
                    // An error says that the others have waited for long.
                    let _ = gone.recv();
                    *sum += 1;
                });
            });
            is_entered.recv().unwrap();
            let waits = scope.spawn(|| lock.with(|sum| *sum += 1));
            (0..2 * YIELDS).for_each(|_| assert!(lock.try_with(|_| ()).is_none()));
            drop(go);
            waits.join().unwrap();
        });
        assert_eq!(lock.with(|sum| *sum), 2);
    }
}
