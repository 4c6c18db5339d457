//! A box that is made when it is first needed, in one word.

use crate::sync::{AtomicPtr, Ordering};
use std::{fmt, marker::PhantomData, ptr};

/// As `OnceLock<Box<T>>`, half as large: threads that meet at the first use both make one, and one of these is dropped.
///
/// # Invariants
///
/// 1. The pointer is null, or was a box that is owned by this. It changes once, from null.
pub struct OnceBox<T> {
    made: AtomicPtr<T>,
    _owned: PhantomData<Box<T>>,
}

// SAFETY: as for a box: it owns the value, which goes with it.
unsafe impl<T: Send> Send for OnceBox<T> {}
// SAFETY: threads share the value, and the one that drops it may be another one than that which made it.
unsafe impl<T: Send + Sync> Sync for OnceBox<T> {}

impl<T> OnceBox<T> {
    /// With nothing in it.
    pub fn new() -> Self {
        Self { made: AtomicPtr::new(ptr::null_mut()), _owned: PhantomData }
    }

    /// The value, if it was made.
    pub fn get(&self) -> Option<&T> {
        // Acquire: pairs with the release of the one who made it.
        let made = self.made.load(Ordering::Acquire);
        // SAFETY: null, or a value that lives as long as this does (invariant 1).
        unsafe { made.as_ref() }
    }

    /// The value, which is made if it is not there.
    pub fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        if let Some(value) = self.get() {
            return value;
        }
        let made = Box::into_raw(Box::new(make()));
        // Release: publishes the value. Acquire: another one may have done so before.
        match self.made.compare_exchange(ptr::null_mut(), made, Ordering::AcqRel, Ordering::Acquire) {
            // SAFETY: it is ours now, and stays (invariant 1).
            Ok(_) => unsafe { &*made },
            Err(other) => {
                // SAFETY: it was a box, and nobody else knows it.
                drop(unsafe { Box::from_raw(made) });
                // SAFETY: not null, and a value that lives as long as this does (invariant 1).
                unsafe { &*other }
            }
        }
    }
}

impl<T> Default for OnceBox<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Drop for OnceBox<T> {
    fn drop(&mut self) {
        // Relaxed: it is ours alone.
        let made = self.made.load(Ordering::Relaxed);
        if !made.is_null() {
            // SAFETY: it was a box (invariant 1), and is not used after this.
            drop(unsafe { Box::from_raw(made) });
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceBox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OnceBox").field(&self.get()).finish()
    }
}
