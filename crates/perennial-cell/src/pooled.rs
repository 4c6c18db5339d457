//! Futures in memory that is used again.

use crate::pool::{self, GivesBack};
use std::{
    alloc::Layout,
    fmt,
    future::Future,
    mem,
    pin::Pin,
    ptr::{self, NonNull},
    task::{Context, Poll},
};

/// As a `Pin<Box<F>>`, in a block of the pool.
///
/// # Invariants
///
/// 1. It points to a future that was written when this was made. It owns it, and never moves it.
/// 2. Its block was taken from the pool with the layout of that future, unless its size is zero: then there is none.
pub struct Pooled<F: ?Sized>(NonNull<F>);

// SAFETY: it owns the future, as a box would.
unsafe impl<F: ?Sized + Send> Send for Pooled<F> {}
// SAFETY: a shared reference gives no access to the future.
unsafe impl<F: ?Sized> Sync for Pooled<F> {}

impl<F> Pooled<F> {
    /// Puts a future into a block.
    pub fn new(future: F) -> Self {
        let layout = Layout::new::<F>();
        let place = if layout.size() == 0 { NonNull::dangling() } else { pool::take(layout).cast::<F>() };
        // SAFETY: the block has room for an `F` and is aligned for it, and nobody else knows it. A value without size
        // may be anywhere.
        unsafe { place.write(future) };
        Self(place)
    }

    /// Forgets the type of the future.
    pub fn erase<'a>(self) -> PooledFuture<'a, F::Output>
    where
        F: Future + Send + 'a,
    {
        let future: NonNull<dyn Future<Output = F::Output> + Send + 'a> = self.0;
        // It belongs to the other one.
        mem::forget(self);
        PooledFuture(Pooled(future))
    }
}

impl<F: ?Sized + Future> Future for Pooled<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: it is owned (invariant 1), and borrowed through us mutably; it is never moved, and dropped in place.
        unsafe { Pin::new_unchecked(self.0.as_mut()) }.poll(cx)
    }
}

impl<F: ?Sized> Drop for Pooled<F> {
    fn drop(&mut self) {
        // SAFETY: it is there (invariant 1).
        let layout = Layout::for_value(unsafe { self.0.as_ref() });
        // SAFETY: it was taken with this layout, or has no size (invariant 2), and what is in it is dropped before.
        let _block = unsafe { GivesBack::new(self.0.cast(), layout) };
        // SAFETY: it is owned, and not used after this.
        unsafe { ptr::drop_in_place(self.0.as_ptr()) }
    }
}

impl<F: ?Sized> fmt::Debug for Pooled<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pooled(..)")
    }
}

/// As `Pin<Box<dyn Future<Output = T> + Send + 'a>>`, in a block of the pool.
pub struct PooledFuture<'a, T>(Pooled<dyn Future<Output = T> + Send + 'a>);

impl<'a, T> PooledFuture<'a, T> {
    /// Puts a future into a block.
    pub fn new<F: Future<Output = T> + Send + 'a>(future: F) -> Self {
        Pooled::new(future).erase()
    }
}

impl<T> Future for PooledFuture<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<T> fmt::Debug for PooledFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PooledFuture(..)")
    }
}
