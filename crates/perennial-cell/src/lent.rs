//! A value, and the future that has borrowed it: the state of a server, and the handler that runs on it.

use crate::PooledFuture;
use std::{
    any::Any,
    cell::UnsafeCell,
    fmt,
    future::Future,
    marker::PhantomPinned,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

/// Owns a value and lends it to one future at a time, which it keeps and polls.
///
/// # Invariants
///
/// 1. `borrower` is declared, and so dropped, before `value`.
/// 2. While there is a borrower nobody else makes a reference to the value.
/// 3. A borrower is only made when this is pinned: the value does not move any more.
pub struct Lent<T, O> {
    /// Its true lifetime is that of the borrow of `value`.
    borrower: Option<PooledFuture<'static, O>>,
    value: UnsafeCell<T>,
    _pinned: PhantomPinned,
}

/// What became of a value that was lent.
#[derive(Debug)]
pub enum Lending<'a, R, O> {
    /// It is not needed any more.
    Done(R),
    /// The future has it until it is ready.
    Waits(PooledFuture<'a, O>),
}

impl<T, O> Lent<T, O> {
    /// Not lent yet.
    pub fn new(value: T) -> Self {
        Self { borrower: None, value: UnsafeCell::new(value), _pinned: PhantomPinned }
    }

    /// Whether a future has it.
    pub fn is_lent(&self) -> bool {
        self.borrower.is_some()
    }

    /// Lends the value. None if a future has it from now on.
    ///
    /// # Panics
    ///
    /// If a future has it already.
    pub fn lend<R>(
        self: Pin<&mut Self>,
        borrow: impl for<'a> FnOnce(&'a mut T) -> Lending<'a, R, O>,
    ) -> Option<R> {
        assert!(!self.is_lent(), "a value is lent to one at a time");
        // SAFETY: nothing is moved out of it; `borrower` is not pinned structurally.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: there is no borrower, so this is the only reference (invariant 2).
        match borrow(unsafe { &mut *this.value.get() }) {
            Lending::Done(result) => Some(result),
            Lending::Waits(future) => {
                // SAFETY: only the lifetime changes. The future is dropped by us, before the value and before it is lent
                // again (invariants 1 and 2), and the value stays where it is (invariant 3). As `borrow` takes any
                // lifetime, it cannot have put the reference elsewhere.
                let future =
                    unsafe { mem::transmute::<PooledFuture<'_, O>, PooledFuture<'static, O>>(future) };
                this.borrower = Some(future);
                None
            }
        }
    }

    /// Polls the future that has the value. When it is ready it is dropped, and the value is free again.
    ///
    /// # Panics
    ///
    /// If no future has it, and as the future does. Then it is to be [taken back](Self::take_back).
    pub fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<O> {
        // SAFETY: as in `lend`.
        let this = unsafe { self.get_unchecked_mut() };
        let borrower = this.borrower.as_mut().expect("a future has the value");
        let poll = Pin::new(borrower).poll(cx);
        if poll.is_ready() {
            this.borrower = None;
        }
        poll
    }

    /// Drops the future that has the value, if there is one.
    pub fn take_back(self: Pin<&mut Self>) {
        // SAFETY: as in `lend`.
        let this = unsafe { self.get_unchecked_mut() };
        this.borrower = None;
    }
}

/// What is pinned, as the type that it is of.
pub fn downcast_pinned<T: Any>(pinned: Pin<&mut dyn Any>) -> Option<Pin<&mut T>> {
    // SAFETY: nothing is moved: it is the same reference, under another type, and pinned again.
    let value = unsafe { pinned.get_unchecked_mut() };
    // SAFETY: as above.
    value.downcast_mut().map(|value| unsafe { Pin::new_unchecked(value) })
}

impl<T, O> fmt::Debug for Lent<T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lent").field("is_lent", &self.is_lent()).finish_non_exhaustive()
    }
}
