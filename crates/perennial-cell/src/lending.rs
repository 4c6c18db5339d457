//! A value that is lent to one future after the other, in the place where it lies.
//!
//! A server is that: its state and its context, lent to the handler that runs. A handler that is ready at once is plain
//! Rust: it borrows, and is gone. One that waits is kept, and is polled in later turns. Then it refers to what lies beside
//! it, in the same block of memory, which no lifetime can say.
//!
//! # Invariants
//!
//! 1. While `borrower` is there, its future has the only reference to `value`. Nobody else reads or writes it.
//! 2. While `borrower` is there, the place of `value` does not move and is not freed: `keeper` owns a share of an
//!    [`Arc`] through which that place is reached. So nobody has the place by value, or by a mutable reference.
//! 3. A `Lending` is reached through a [`Turn`] only, of which there is one at a time, and never as a whole: it is not
//!    [`Unpin`], so [`Turn::with`] does not give it.

use crate::{Incoming, Pooled, PooledFuture, Turn, Turns, sync::Ordering, word::LENT};
use std::{
    fmt,
    future::Future,
    marker::PhantomPinned,
    mem,
    pin::Pin,
    ptr,
    sync::Arc,
    task::{Context, Poll},
};

/// A place for a value that futures borrow, one at a time. Used through the [`Turn`] that it is in.
pub struct Lending<T, O> {
    /// Before the value: it is dropped first.
    borrower: Option<Pooled<Borrower<O>>>,
    value: Option<T>,
    _never_moved_while_lent: PhantomPinned,
}

struct Borrower<O> {
    future: PooledFuture<'static, O>,
    _keeper: Arc<dyn Send + Sync>,
}

impl<O> Future for Borrower<O> {
    type Output = O;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<O> {
        Pin::new(&mut self.future).poll(cx)
    }
}

/// What became of a value that was lent.
#[derive(Debug)]
pub enum Lent<'a, R, O> {
    /// It is not needed any more.
    Done(R),
    /// The future has it until it is ready.
    Kept(PooledFuture<'a, O>),
}

impl<T, O> Lending<T, O> {
    /// Nothing is there yet.
    pub const fn new() -> Self {
        Self { borrower: None, value: None, _never_moved_while_lent: PhantomPinned }
    }
}

impl<T, O> Default for Lending<T, O> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, O> fmt::Debug for Lending<T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lending(..)")
    }
}

impl<D: ?Sized, T, O, C> Turn<'_, D, Lending<T, O>, C> {
    /// Puts the value there.
    ///
    /// # Panics
    ///
    /// If there is one.
    #[inline]
    pub fn put(&mut self, value: T) {
        assert!(!self.is_lent(), "it is lent");
        // SAFETY: this turn is the only one, and nobody has borrowed the value.
        let place = unsafe { &mut (*self.place()).value };
        assert!(place.is_none(), "a value is put there once");
        *place = Some(value);
    }

    /// The value, if it is there and not lent.
    pub fn value(&mut self) -> Option<&mut T> {
        if self.is_lent() {
            return None;
        }
        // SAFETY: this turn is the only one, it is borrowed as long as the reference lives, and nobody has borrowed the
        // value.
        unsafe { (*self.place()).value.as_mut() }
    }

    /// As [`value`](Self::value), and what was sent.
    pub fn value_and_incoming(&mut self) -> Option<(&mut T, Incoming<'_, D>)> {
        if self.is_lent() {
            return None;
        }
        let place = self.place();
        let incoming = self.incoming();
        // SAFETY: as in `value`. What was sent lies beside it.
        let value = unsafe { (*place).value.as_mut()? };
        Some((value, incoming))
    }

    /// Lends the value. None if a future has it from now on, until that is ready: see
    /// [`poll_borrower`](Self::poll_borrower). `keeper` leads to the place of this turn, and keeps it.
    ///
    /// # Panics
    ///
    /// If there is no value, or if it is lent.
    pub fn lend<K, R>(
        &mut self,
        keeper: &Arc<K>,
        borrow: impl for<'a> FnOnce(&'a mut T) -> Lent<'a, R, O>,
    ) -> Option<R>
    where
        K: AsRef<Turns<D, Lending<T, O>, C>> + Send + Sync + 'static,
    {
        let future = match borrow(self.value().expect("the value is there, and not lent")) {
            Lent::Done(result) => return Some(result),
            // SAFETY: only the lifetime changes, and it changes back to what is true. The future is polled and dropped only
            // as the borrower. Until then nobody touches the value (invariant 1: the other methods ask whether it is lent,
            // and the glue drops it later), and it stays where it is (invariant 2: see `keep`). As `borrow` takes any
            // lifetime, it cannot have put the reference elsewhere.
            Lent::Kept(future) => unsafe {
                mem::transmute::<PooledFuture<'_, O>, PooledFuture<'static, O>>(future)
            },
        };
        self.keep(future, keeper);
        None
    }

    fn keep<K>(&mut self, future: PooledFuture<'static, O>, keeper: &Arc<K>)
    where
        K: AsRef<Turns<D, Lending<T, O>, C>> + Send + Sync + 'static,
    {
        let keeper = keeper.clone();
        // What is reached from a shared reference to the keeper is borrowed from it, so it stays as long as the keeper is
        // not used up or borrowed mutably. It cannot be, while we own a share of it. With another keeper, the future is
        // dropped by the unwinding.
        assert!(ptr::eq((*keeper).as_ref(), self.turns()), "it leads to the place of this turn");
        let borrower = Pooled::new(Borrower { future, _keeper: keeper });
        // SAFETY: this turn is the only one. The field lies beside the value, and is not lent.
        unsafe { (*self.place()).borrower = Some(borrower) };
        self.says_lent(true);
    }

    /// Polls the future that has the value; none if no future has. One that is ready, or panics, gives it back.
    pub fn poll_borrower(&mut self, cx: &mut Context<'_>) -> Option<Poll<O>> {
        // SAFETY: as in `keep`.
        let place = unsafe { &mut (*self.place()).borrower };
        let mut borrower = place.take()?;
        let polled = Pin::new(&mut borrower).poll(cx);
        match polled {
            Poll::Pending => *place = Some(borrower),
            Poll::Ready(_) => self.says_lent(false),
        }
        Some(polled)
    }

    /// Says in the word whether the value is lent: then letters stay there, and are dropped with the mailbox also if the
    /// future blocks its thread for ever. Only turns say so and ask, so this orders nothing. After a panic it stands until
    /// the value is lent again, and letters are taken when they are read.
    fn says_lent(&self, lent: bool) {
        let word = &self.turns().sent.word;
        match lent {
            true => word.fetch_or(LENT, Ordering::Relaxed),
            false => word.fetch_and(!LENT, Ordering::Relaxed),
        };
    }

    /// Whether a future has the value.
    pub fn is_lent(&self) -> bool {
        // SAFETY: as in `keep`.
        unsafe { (*self.place()).borrower.is_some() }
    }

    /// Drops the future that has the value, if one has.
    pub fn drop_borrower(&mut self) {
        // SAFETY: as in `keep`. It is taken out first: a panic in its drop leaves nothing behind.
        let borrower = unsafe { (*self.place()).borrower.take() };
        if borrower.is_some() {
            self.says_lent(false);
        }
        drop(borrower);
    }

    /// Drops the value where it lies, if it is there, and the future that has it.
    pub fn drop_value(&mut self) {
        self.drop_borrower();
        // SAFETY: this turn is the only one, and nobody has borrowed the value.
        unsafe { (*self.place()).value = None };
    }
}
