//! A box in memory that is used again.

use crate::pool::{self, GivesBack};
use std::{
    alloc::Layout,
    fmt,
    ops::{Deref, DerefMut},
    ptr::{self, NonNull},
};

/// As a `Box<T>`, in a block of the pool: for what many have, one each. It takes no more than the value if that fits into a
/// block exactly, and the allocator is not asked for each.
///
/// # Invariants
///
/// 1. It points to a value that was written when this was made, and owns it.
/// 2. Its block was taken from the pool with the layout of `T`, whose size is not zero.
pub struct PooledBox<T>(NonNull<T>);

// SAFETY: it owns the value, as a box would.
unsafe impl<T: Send> Send for PooledBox<T> {}
// SAFETY: a shared reference gives a shared reference to the value, as that of a box would.
unsafe impl<T: Sync> Sync for PooledBox<T> {}

impl<T> PooledBox<T> {
    /// Puts a value into a block.
    #[inline]
    pub fn new(value: T) -> Self {
        const { assert!(size_of::<T>() > 0, "a value without size needs no block") }
        let place = pool::take(Layout::new::<T>()).cast::<T>();
        // SAFETY: the block has room for a `T` and is aligned for it, and nobody else knows it.
        unsafe { place.write(value) };
        Self(place)
    }
}

impl<T> Deref for PooledBox<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: it is there and owned (invariant 1), and borrowed through us.
        unsafe { self.0.as_ref() }
    }
}

impl<T> DerefMut for PooledBox<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`; mutably.
        unsafe { self.0.as_mut() }
    }
}

impl<T: Default> Default for PooledBox<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Drop for PooledBox<T> {
    fn drop(&mut self) {
        // SAFETY: it was taken with this layout (invariant 2), and what is in it is dropped before.
        let _block = unsafe { GivesBack::new(self.0.cast(), Layout::new::<T>()) };
        // SAFETY: it is owned (invariant 1), and not used after this.
        unsafe { ptr::drop_in_place(self.0.as_ptr()) }
    }
}

impl<T: fmt::Debug> fmt::Debug for PooledBox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        panic::{AssertUnwindSafe, catch_unwind},
        sync::Arc,
    };

    #[test]
    fn a_value_is_there_until_its_box_is_dropped() {
        let inside = Arc::new(());
        let mut boxed = PooledBox::new((inside.clone(), [7_u64; 5]));
        boxed.1[4] += 1;
        assert_eq!((boxed.1[3], boxed.1[4], Arc::strong_count(&inside)), (7, 8, 2));
        drop(boxed);
        assert_eq!(Arc::strong_count(&inside), 1);
    }

    #[test]
    fn a_drop_that_panics_gives_the_block_back() {
        struct Bad(#[expect(dead_code, reason = "it takes a place in memory")] [u64; 11]);
        impl Drop for Bad {
            fn drop(&mut self) {
                panic!("a bad drop");
            }
        }
        let bad = PooledBox::new(Bad([0; 11]));
        let place = ptr::from_ref(&*bad).addr();
        assert!(catch_unwind(AssertUnwindSafe(|| drop(bad))).is_err());
        if !cfg!(loom) {
            assert_eq!(ptr::from_ref(&*PooledBox::new([0_u64; 11])).addr(), place);
        }
    }
}
