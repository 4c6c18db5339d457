//! A future in a block of the pool, its type forgotten.

use crate::pool;
use std::{
    alloc::Layout,
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    ptr::{self, NonNull},
    task::{Context, Poll},
};

/// As `Pin<Box<dyn Future<Output = T> + Send + 'a>>`, in memory that is used again.
///
/// # Invariants
///
/// 1. `future` points to a future that was written when this was made. It owns it, and never moves it.
/// 2. Its block was taken from the pool with the layout of that future, unless its size is zero: then there is none.
pub struct PooledFuture<'a, T> {
    future: NonNull<dyn Future<Output = T> + Send + 'a>,
    _owned: PhantomData<Box<dyn Future<Output = T> + Send + 'a>>,
}

// SAFETY: it owns a future that is `Send`, and nothing else.
unsafe impl<T> Send for PooledFuture<'_, T> {}
// SAFETY: a shared reference gives no access to the future.
unsafe impl<T> Sync for PooledFuture<'_, T> {}

impl<'a, T> PooledFuture<'a, T> {
    /// Puts a future into a block.
    pub fn new<F: Future<Output = T> + Send + 'a>(future: F) -> Self {
        let layout = Layout::new::<F>();
        let place = if layout.size() == 0 { NonNull::dangling() } else { pool::take(layout).cast::<F>() };
        // SAFETY: the block has room for an `F` and is aligned for it, and nobody else knows it. A value without size
        // may be anywhere.
        unsafe { place.write(future) };
        Self { future: place, _owned: PhantomData }
    }
}

impl<T> Future for PooledFuture<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        // SAFETY: it is owned (invariant 1), and borrowed through us mutably; it is never moved, and dropped in place.
        unsafe { Pin::new_unchecked(self.future.as_mut()) }.poll(cx)
    }
}

impl<T> Drop for PooledFuture<'_, T> {
    fn drop(&mut self) {
        /// Gives the block back, also if the future panics in its drop.
        struct Block(NonNull<u8>, Layout);
        impl Drop for Block {
            fn drop(&mut self) {
                if self.1.size() > 0 {
                    // SAFETY: it was taken with this layout (invariant 2), and what was in it has been dropped.
                    unsafe { pool::give_back(self.0, self.1) }
                }
            }
        }
        // SAFETY: it is there (invariant 1).
        let layout = Layout::for_value(unsafe { self.future.as_ref() });
        let _block = Block(self.future.cast(), layout);
        // SAFETY: it is owned, and not used after this.
        unsafe { ptr::drop_in_place(self.future.as_ptr()) }
    }
}

impl<T> fmt::Debug for PooledFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PooledFuture(..)")
    }
}
