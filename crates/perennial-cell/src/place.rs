//! A place for one value, that many may give and one takes: for the reply of a call.
//!
//! ```text
//!        give                         give
//!   0 ─────────> CLAIMED ─────────────────────> CLAIMED | FULL ── take ──> CLAIMED | FULL | TAKEN
//!   0 ── wait ──> WAITING        what waits is for the one who gives
//!   0 ── drop ──> GONE           a value that comes now is dropped by who gives it
//!   0 ── leave ─> GONE | WAITING the one who gives gets what waits, and keeps the value
//! ```
//!
//! # Invariants
//!
//! 1. The block was taken from the pool with the layout of `Inner`, and is given back with it by the one who drops the
//!    last reference. `references` counts the givers, and the taker.
//! 2. `CLAIMED` is set once, by the giver whose value counts. It alone writes `value` and sets `FULL`. One who knows that
//!    there is no other giver sets both at once.
//! 3. `value` is there while `FULL` is set and `TAKEN` is not. From `FULL` on it is the taker's. Had the taker `GONE`
//!    before that, it is the giver's, who takes it back.
//! 4. `waits` is there while `WAITING` is set, until it is handed over: to the giver whose step set `FULL` and found
//!    `WAITING`, or to the one whose step set `CLAIMED` and found `GONE`. It is the taker's as long as neither has happened,
//!    and the taker clears `WAITING` before it touches it again.
//!
//! All steps that hand something over are changes of one word, so of two that meet one is first, and the other one sees it.

use crate::{
    pool::{self, GivesBack},
    sync::{AtomicU8, AtomicUsize, Ordering, UnsafeCell},
};
use std::{
    alloc::Layout,
    fmt,
    mem::{self, MaybeUninit},
    ptr::{self, NonNull},
};

/// A giver has come, and its value counts.
const CLAIMED: u8 = 1;
/// The value is there.
const FULL: u8 = 2;
/// The value was taken.
const TAKEN: u8 = 4;
/// Something waits for the value.
const WAITING: u8 = 8;
/// The taker takes nothing any more.
const GONE: u8 = 16;

struct Inner<T, W, N> {
    references: AtomicUsize,
    state: AtomicU8,
    notes: N,
    value: UnsafeCell<MaybeUninit<T>>,
    waits: UnsafeCell<MaybeUninit<W>>,
}

/// A reference to a place, in memory that is used again.
struct Shared<T, W, N>(NonNull<Inner<T, W, N>>);

/// Gives a value to the [`Taker`]: the first one that does so. It can be cloned.
pub struct Giver<T, W, N>(Shared<T, W, N>);

/// Takes the value that a [`Giver`] gives.
pub struct Taker<T, W, N>(Shared<T, W, N>);

// SAFETY: what is shared is `notes`. Value and what waits only move between threads, each by steps of `state` that release
// and acquire them (invariants 3 and 4).
unsafe impl<T: Send, W: Send, N: Send + Sync> Send for Shared<T, W, N> {}
// SAFETY: as above; a reference to a giver does what a giver does, and one to a taker reads the state and `notes` only.
unsafe impl<T: Send, W: Send, N: Send + Sync> Sync for Shared<T, W, N> {}

/// What became of a value that was given.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "who waits is to be told"]
pub enum Given<T, W> {
    /// It is there, and nobody waits yet.
    There,
    /// It is there, and this one waits for it.
    Awaited(W),
    /// The taker has left this one to take the value.
    Left(W, T),
    /// There was another one before, or the taker has gone.
    TooLate(T),
}

/// A place without a value, with something that all may see.
pub fn place<T, W, N>(notes: N) -> (Giver<T, W, N>, Taker<T, W, N>) {
    let block = pool::take(Layout::new::<Inner<T, W, N>>()).cast::<Inner<T, W, N>>();
    let inner = Inner {
        references: AtomicUsize::new(2),
        state: AtomicU8::new(0),
        notes,
        value: UnsafeCell::new(MaybeUninit::uninit()),
        waits: UnsafeCell::new(MaybeUninit::uninit()),
    };
    // SAFETY: the block has room for it and is aligned for it, and nobody else knows it.
    unsafe { block.write(inner) };
    (Giver(Shared(block)), Taker(Shared(block)))
}

impl<T, W, N> Shared<T, W, N> {
    fn inner(&self) -> &Inner<T, W, N> {
        // SAFETY: it is there as long as we are (invariant 1).
        unsafe { self.0.as_ref() }
    }

    fn state(&self) -> &AtomicU8 {
        &self.inner().state
    }

    /// # Safety
    ///
    /// The value is there, and the caller's. From now on it is not there any more.
    unsafe fn take_value(&self) -> T {
        // SAFETY: by the contract.
        self.inner().value.with_mut(|value| unsafe { (*value).assume_init_read() })
    }

    /// # Safety
    ///
    /// As for `take_value`.
    unsafe fn take_waits(&self) -> W {
        // SAFETY: by the contract.
        self.inner().waits.with_mut(|waits| unsafe { (*waits).assume_init_read() })
    }

    fn is_last(&self) -> bool {
        // Acquire: what others did before they dropped theirs.
        self.inner().references.load(Ordering::Acquire) == 1
    }
}

impl<T, W, N> Drop for Shared<T, W, N> {
    fn drop(&mut self) {
        // With the last reference nobody is there who could make another one. Else Release: what was done through this one
        // is seen by the last. Acquire: by us, if it is ours.
        if !self.is_last() && self.inner().references.fetch_sub(1, Ordering::AcqRel) != 1 {
            return;
        }
        // SAFETY: taken with this layout (invariant 1), and what is in it is dropped before.
        let _block = unsafe { GivesBack::new(self.0.cast(), Layout::new::<Inner<T, W, N>>()) };
        // Relaxed: it is ours alone.
        let state = self.state().load(Ordering::Relaxed);
        // SAFETY: invariants 3 and 4: what is there and was not handed over is ours now, each once. `value` and `waits` do
        // nothing when they are dropped with the rest, which happens once, as this was the last reference.
        unsafe {
            let value = (state & (FULL | TAKEN) == FULL).then(|| self.take_value());
            let waits = (state & (WAITING | FULL) == WAITING).then(|| self.take_waits());
            ptr::drop_in_place(self.0.as_ptr());
            drop((value, waits));
        }
    }
}

impl<T, W, N> Giver<T, W, N> {
    /// Gives the value, if nobody has given one before.
    pub fn give(self, value: T) -> Given<T, W> {
        // Acquire: if one has gone before, what it did.
        let two = self.0.inner().references.load(Ordering::Acquire) == 2;
        let state = self.0.state();
        let mut before = state.load(Ordering::Relaxed);
        // The other one is the taker, so nobody gives but us, and nobody can who is not made of us.
        let alone = two && before & (CLAIMED | GONE) == 0;
        if !alone {
            loop {
                if before & CLAIMED != 0 || before & (GONE | WAITING) == GONE {
                    return Given::TooLate(value);
                }
                // Acquire: what the taker has left, if it has.
                let claimed = before | CLAIMED;
                match state.compare_exchange_weak(before, claimed, Ordering::Acquire, Ordering::Relaxed) {
                    Ok(_) => break,
                    Err(now) => before = now,
                }
            }
            if before & GONE != 0 {
                // Relaxed: no other giver changes it after `CLAIMED`, and the taker has gone.
                state.store(CLAIMED | GONE, Ordering::Relaxed);
                // SAFETY: it is there, and ours (invariant 4).
                return Given::Left(unsafe { self.0.take_waits() }, value);
            }
        }
        // It is ours to write (invariant 2).
        self.0.inner().value.with_mut(|place| {
            // SAFETY: nobody else reads or writes it before it is `FULL`.
            unsafe { (*place).write(value) };
        });
        // Release: the value, to the taker. Acquire: what waits.
        let before = state.fetch_or(CLAIMED | FULL, Ordering::AcqRel);
        if before & GONE != 0 {
            // Race: the taker went while the value was written.
            state.store(CLAIMED | GONE, Ordering::Relaxed);
            // SAFETY: both are ours, if they are there (invariants 3 and 4).
            return unsafe {
                let value = self.0.take_value();
                match before & WAITING {
                    0 => Given::TooLate(value),
                    _ => Given::Left(self.0.take_waits(), value),
                }
            };
        }
        match before & WAITING {
            0 => Given::There,
            // SAFETY: it is there, and ours (invariant 4).
            _ => Given::Awaited(unsafe { self.0.take_waits() }),
        }
    }

    /// Whether a value would not come too late, as far as one can tell.
    pub fn is_open(&self) -> bool {
        let state = self.0.state().load(Ordering::Relaxed);
        state & CLAIMED == 0 && state & (GONE | WAITING) != GONE
    }

    /// What all may see.
    pub fn notes(&self) -> &N {
        &self.0.inner().notes
    }

    /// Where the place is, to tell it from others that are there at the same time.
    pub fn address(&self) -> usize {
        self.0.0.addr().get()
    }

    /// Whether this is all that is left of the place.
    pub fn is_last(&self) -> bool {
        self.0.is_last()
    }
}

impl<T, W, N> Clone for Giver<T, W, N> {
    fn clone(&self) -> Self {
        // Relaxed: as we have one, it cannot be the last that another one drops. It cannot overflow: each takes memory, but
        // for one who forgets them, as fast as one may, for centuries.
        self.0.inner().references.fetch_add(1, Ordering::Relaxed);
        Self(Shared(self.0.0))
    }
}

impl<T, W, N> Taker<T, W, N> {
    /// The value, if it was given and not taken before.
    pub fn take(&mut self) -> Option<T> {
        // Acquire: the value.
        let state = self.0.state().load(Ordering::Acquire);
        if state & (FULL | TAKEN) == FULL { Some(self.take_full()) } else { None }
    }

    /// Whether the value was taken.
    pub fn is_taken(&self) -> bool {
        // Relaxed: only the taker writes that.
        self.0.state().load(Ordering::Relaxed) & TAKEN != 0
    }

    /// The value; else leaves something for the one who will give it, made of what was left before.
    pub fn take_or_wait(&mut self, update: impl FnOnce(Option<W>) -> W) -> Option<T> {
        let state = self.0.state().load(Ordering::Acquire);
        if state & FULL != 0 {
            return self.take();
        }
        let before = match state & WAITING {
            0 => None,
            _ => match self.take_back() {
                None => return self.take(),
                before => before,
            },
        };
        let waits = update(before);
        self.leave_there(waits, WAITING).map(|(_, value)| value)
    }

    /// Takes no more, and has the one who gives get `waits`; gives both back if the value is there already.
    pub fn leave(mut self, waits: W) -> Option<(W, T)> {
        drop(self.take_back());
        // Race: the giver may be at what waited before, if it was not given back to us. Then the value is there.
        if let Some(value) = self.take() {
            return Some((waits, value));
        }
        let both = if self.is_taken() { None } else { self.leave_there(waits, WAITING | GONE) };
        if both.is_none() {
            self.forget();
        }
        both
    }

    /// The value is there.
    fn take_full(&mut self) -> T {
        // Relaxed: the giver is done, and all others find it claimed.
        self.0.state().store(CLAIMED | FULL | TAKEN, Ordering::Relaxed);
        // SAFETY: it was there until now, and ours (invariant 3).
        unsafe { self.0.take_value() }
    }

    /// What waits, if it was not handed over.
    fn take_back(&mut self) -> Option<W> {
        if self.0.state().load(Ordering::Relaxed) & WAITING == 0 {
            return None;
        }
        // Acquire: whether the value is there, and then that.
        let before = self.0.state().fetch_and(!WAITING, Ordering::Acquire);
        // SAFETY: it was there. If it is not `FULL` it is ours (invariant 4), and it is not there any more.
        (before & FULL == 0).then(|| unsafe { self.0.take_waits() })
    }

    /// Puts what waits into its place, which is empty and ours, and sets these flags. Gives it back, with the value, if
    /// that came before.
    fn leave_there(&mut self, waits: W, flags: u8) -> Option<(W, T)> {
        self.0.inner().waits.with_mut(|place| {
            // SAFETY: it is ours, as `WAITING` is not set (invariant 4).
            unsafe { (*place).write(waits) };
        });
        // Release: what waits, to the giver. Acquire: the value.
        let before = self.0.state().fetch_or(flags, Ordering::AcqRel);
        (before & FULL != 0).then(|| {
            // Race: the value came between the two looks. The giver did not find what waits.
            // SAFETY: so it is still there, and ours.
            let waits = unsafe { self.0.take_waits() };
            (waits, self.take_full())
        })
    }

    /// Drops the reference, and tells nobody.
    fn forget(self) {
        // SAFETY: it is not used after this, neither here nor by `drop`, which does not run.
        drop(unsafe { ptr::read(&raw const self.0) });
        mem::forget(self);
    }
}

impl<T, W, N> Drop for Taker<T, W, N> {
    fn drop(&mut self) {
        if self.is_taken() {
            return;
        }
        let waits = self.take_back();
        // AcqRel: all that is ours, to those who come after this; the value, if it is there.
        let before = self.0.state().fetch_or(GONE, Ordering::AcqRel);
        let value = (before & FULL != 0).then(|| self.take_full());
        drop((waits, value));
    }
}

impl<T, W, N> fmt::Debug for Giver<T, W, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Giver(..)")
    }
}

impl<T, W, N> fmt::Debug for Taker<T, W, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Taker(..)")
    }
}
