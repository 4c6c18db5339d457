//! An intrusive stack of letters whose head word is also the state of the mailbox.
//!
//! ```text
//! head = null      nothing waits
//! head = letter    this one came last; `next` leads to earlier ones
//! head = CLOSED    the owner is gone; a push gives the value back
//! ```
//!
//! A push is one compare-and-swap; the owner takes the whole stack with another one and reverses it, which
//! gives arrival order.
//!
//! # Invariants
//!
//! 1. Every non-null, non-`CLOSED` pointer in `head` or in a `next` points to a `Letter<D, M>` for some `M`, in a block
//!    that was taken from the pool with its layout, and `open` of its header is `open::<D, M>` for that same `M`.
//! 2. Such a pointer is stored in exactly one place: in `head`, in one `next`, or in one `Batch`. So whoever
//!    swaps it out owns the letter and all that hangs on it.
//! 3. `next` is written by the pusher before the letter is published, and read only by who owns it.
//! 4. `head` leaves `CLOSED` never: `push` and `take` only replace a value they have read as not `CLOSED`.
//!
//! There is no ABA problem: a pusher never reads through the head it replaces, it only stores it as `next`.

use crate::{
    drop_payload,
    pool::{self, GivesBack},
    sync::{AtomicPtr, Ordering},
};
use std::{
    alloc::Layout,
    fmt,
    marker::PhantomData,
    mem,
    ops::{Deref, DerefMut},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    ptr,
    ptr::NonNull,
};

/// What a letter begins with, whatever it carries.
struct Header<D: ?Sized> {
    next: *mut Header<D>,
    /// Gives the letter its common form. To be called once, by the owner of the letter.
    open: unsafe fn(NonNull<Header<D>>) -> Opened<D>,
}

/// A value on its way: one block of memory with the link of the queue.
///
/// Opened letters come out as [`Opened<D>`](Opened), where `D` is a trait object that the letter implements: see
/// [`Erase`].
#[repr(C)]
pub struct Letter<D: ?Sized, M> {
    header: Header<D>,
    value: Option<M>,
}

impl<D: ?Sized + Erase<M>, M> Letter<D, M> {
    /// A letter that goes through no mailbox.
    pub fn opened(value: M) -> Opened<D> {
        let letter = Self::write(value);
        // SAFETY: it was just written, and nobody else knows it.
        unsafe { open::<D, M>(letter.cast()) }
    }

    /// Writes a letter into a block of the pool.
    fn write(value: M) -> NonNull<Self> {
        let place = pool::take(Layout::new::<Self>()).cast::<Self>();
        // For `Opened`, which gives the block back.
        place.as_ptr().expose_provenance();
        let header = Header { next: ptr::null_mut(), open: open::<D, M> };
        // SAFETY: the block has room for a letter and is aligned for it, and nobody else knows it.
        unsafe { place.write(Self { header, value: Some(value) }) };
        place
    }
}

impl<D: ?Sized, M> Letter<D, M> {
    /// Takes the value out of its letter. To be called once.
    ///
    /// # Panics
    ///
    /// If it was taken before.
    pub fn take_value(&mut self) -> M {
        self.value.take().expect("the value of a letter is taken once")
    }

    /// The value that it carries.
    pub fn value(&self) -> &M {
        self.value.as_ref().expect("its value was not taken yet")
    }
}

impl<D: ?Sized, M> fmt::Debug for Letter<D, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Letter(..)")
    }
}

// SAFETY: `next` is a plain link that is only followed by the owner of the letter (invariant 3); what can be
// reached through a letter are values that were `Send` when they were pushed.
unsafe impl<D: ?Sized + Send, M: Send> Send for Letter<D, M> {}

/// Turns a letter with an `M` into the common form of all letters of a mailbox.
///
/// Always written as `fn erase(letter) { letter }`, an unsizing coercion that only the crate that
/// knows both types can write.
pub trait Erase<M> {
    /// Forgets the type of the value.
    fn erase(letter: &mut Letter<Self, M>) -> &mut Self;
}

/// An opened letter: as a `Box<D>`, in memory that is used again.
pub struct Opened<D: ?Sized> {
    letter: NonNull<D>,
    _owned: PhantomData<Box<D>>,
}

// SAFETY: it owns the letter, as a box would.
unsafe impl<D: ?Sized + Send> Send for Opened<D> {}
// SAFETY: as above.
unsafe impl<D: ?Sized + Sync> Sync for Opened<D> {}

impl<D: ?Sized> Deref for Opened<D> {
    type Target = D;
    fn deref(&self) -> &D {
        // SAFETY: it is owned.
        unsafe { self.letter.as_ref() }
    }
}

impl<D: ?Sized> DerefMut for Opened<D> {
    fn deref_mut(&mut self) -> &mut D {
        // SAFETY: it is owned, and borrowed through us mutably.
        unsafe { self.letter.as_mut() }
    }
}

impl<D: ?Sized> Drop for Opened<D> {
    fn drop(&mut self) {
        // What `erase` gave may reach the letter only; the block is larger, and whoever takes it next uses all of it.
        let block = ptr::with_exposed_provenance_mut(self.letter.addr().get());
        // SAFETY: the address of a reference is not zero.
        let block = unsafe { NonNull::new_unchecked(block) };
        // SAFETY: it was taken with the layout of the letter (invariant 1), which is dropped before.
        let _block = unsafe { GivesBack::new(block, Layout::for_value(&**self)) };
        // SAFETY: it is owned, and not used after this.
        unsafe { ptr::drop_in_place(self.letter.as_ptr()) }
    }
}

impl<D: ?Sized> fmt::Debug for Opened<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opened(..)")
    }
}

/// Unbounded queue with many senders, in arrival order.
pub struct Mailbox<D: ?Sized> {
    head: AtomicPtr<Header<D>>,
    _letters: PhantomData<Box<D>>,
}

/// The value that could not be pushed: the mailbox is closed.
#[derive(Debug, PartialEq, Eq)]
pub struct Closed<M>(pub M);

// SAFETY: a mailbox owns letters whose values are `Send` (bound of `push`); they are reached only by swapping
// them out of the atomic head, which makes the swapper their one owner (invariant 2).
unsafe impl<D: ?Sized + Send> Send for Mailbox<D> {}
// SAFETY: as above; no method gives a reference to a value.
unsafe impl<D: ?Sized + Send> Sync for Mailbox<D> {}

/// Never a letter: no allocation has this address.
fn closed<D: ?Sized>() -> *mut Header<D> {
    ptr::without_provenance_mut(1)
}

/// # Safety
///
/// `header` is the header of a `Letter<D, M>` that [`Letter::write`] made, and that nobody else owns.
unsafe fn open<D: ?Sized + Erase<M>, M>(header: NonNull<Header<D>>) -> Opened<D> {
    // SAFETY: by the contract; `Letter` is `repr(C)` with the header first, so both have one address, and the
    // pointer kept the provenance of the whole letter.
    let letter = unsafe { header.cast::<Letter<D, M>>().as_mut() };
    let erased = NonNull::from(D::erase(letter));
    // An `erase` that gave something else would have it dropped as if it were ours. Nothing but the letter itself is at
    // its address and can be had from it: its fields are private, and `take_value` gives no reference.
    assert!(erased.cast::<()>() == header.cast::<()>(), "`erase` gives the letter itself");
    Opened { letter: erased, _owned: PhantomData }
}

impl<D: ?Sized> Mailbox<D> {
    /// An empty mailbox.
    pub fn new() -> Self {
        Self { head: AtomicPtr::new(ptr::null_mut()), _letters: PhantomData }
    }

    /// Adds a value behind all that came before.
    ///
    /// # Errors
    ///
    /// [`Closed`] gives the value back when the mailbox was closed.
    pub fn push<M: Send>(&self, value: M) -> Result<(), Closed<M>>
    where
        D: Erase<M>,
    {
        // Relaxed: only a hint; the swap below decides, and CLOSED never goes away (invariant 4).
        let mut head = self.head.load(Ordering::Relaxed);
        if head == closed() {
            return Err(Closed(value));
        }
        let letter = Letter::<D, M>::write(value);
        let link = letter.cast::<Header<D>>().as_ptr();
        loop {
            if head == closed() {
                // SAFETY: the letter was not published, so it is still ours alone; it is not used after this.
                let letter = unsafe {
                    let value = letter.read();
                    pool::give_back(letter.cast(), Layout::new::<Letter<D, M>>());
                    value
                };
                return Err(Closed(letter.value.expect("it was just written")));
            }
            // SAFETY: as above. Establishes invariant 3.
            unsafe { (*link).next = head };
            // Release: publishes value and link to the one who takes them.
            match self.head.compare_exchange_weak(head, link, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return Ok(()),
                Err(now) => head = now,
            }
        }
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        // Acquire: as `take`, for one who looks before it takes.
        let head = self.head.load(Ordering::Acquire);
        head.is_null() || head == closed()
    }

    /// Takes everything that waits, oldest first.
    pub fn take(&self) -> Batch<D> {
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            if head.is_null() || head == closed() {
                return Batch { first: ptr::null_mut(), _letters: PhantomData };
            }
            // Acquire: pairs with the Release of each push. They form one release sequence, since every later
            // push is a read-modify-write of the same word.
            match self.head.compare_exchange_weak(head, ptr::null_mut(), Ordering::Acquire, Ordering::Relaxed)
            {
                // SAFETY: swapped out, hence owned by us (invariant 2).
                Ok(taken) => return unsafe { Batch::reversed(taken) },
                Err(now) => head = now,
            }
        }
    }

    /// Closes for good and takes what was left.
    pub fn close(&self) -> Batch<D> {
        let taken = self.head.swap(closed(), Ordering::Acquire);
        if taken == closed() {
            return Batch { first: ptr::null_mut(), _letters: PhantomData };
        }
        // SAFETY: swapped out, hence owned by us (invariant 2).
        unsafe { Batch::reversed(taken) }
    }
}

impl<D: ?Sized> Default for Mailbox<D> {
    fn default() -> Self {
        Self::new()
    }
}

impl<D: ?Sized> Drop for Mailbox<D> {
    fn drop(&mut self) {
        drop(self.close());
    }
}

impl<D: ?Sized> fmt::Debug for Mailbox<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailbox(..)")
    }
}

/// Letters taken from a mailbox, oldest first. Dropping it drops those that were not read.
pub struct Batch<D: ?Sized> {
    first: *mut Header<D>,
    _letters: PhantomData<Box<D>>,
}

// SAFETY: owns letters with `Send` values (bound of `push`), like `Mailbox`.
unsafe impl<D: ?Sized + Send> Send for Batch<D> {}
// SAFETY: a shared batch gives no access to its letters.
unsafe impl<D: ?Sized + Send> Sync for Batch<D> {}

impl<D: ?Sized> Batch<D> {
    /// # Safety
    ///
    /// The caller owns `last` and all letters that hang on it.
    unsafe fn reversed(mut last: *mut Header<D>) -> Self {
        let mut first = ptr::null_mut();
        while !last.is_null() {
            // SAFETY: owned by the caller, not null, and a letter by invariant 1.
            let next = unsafe { mem::replace(&mut (*last).next, first) };
            first = last;
            last = next;
        }
        Self { first, _letters: PhantomData }
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.first.is_null()
    }
}

impl<D: ?Sized> Default for Batch<D> {
    fn default() -> Self {
        Self { first: ptr::null_mut(), _letters: PhantomData }
    }
}

impl<D: ?Sized> Iterator for Batch<D> {
    type Item = Opened<D>;

    fn next(&mut self) -> Option<Opened<D>> {
        let first = NonNull::new(self.first)?;
        // SAFETY: the batch owns its letters; `open` belongs to this letter (invariant 1) and is called once,
        // because `first` moves on before, also if `open` should panic.
        unsafe {
            let Header { next, open } = *first.as_ref();
            self.first = next;
            Some(open(first))
        }
    }
}

impl<D: ?Sized> Drop for Batch<D> {
    #[inline]
    fn drop(&mut self) {
        if !self.is_empty() {
            self.drop_letters();
        }
    }
}

impl<D: ?Sized> Batch<D> {
    /// All letters are dropped, also if one panics; then the first panic goes on when all are gone.
    #[cold]
    fn drop_letters(&mut self) {
        let mut first = None;
        for letter in self {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(letter))) {
                match first {
                    None => first = Some(panic),
                    Some(_) => drop_payload(panic),
                }
            }
        }
        match first {
            Some(panic) if !std::thread::panicking() => resume_unwind(panic),
            Some(panic) => drop_payload(panic),
            None => {}
        }
    }
}

impl<D: ?Sized> fmt::Debug for Batch<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("is_empty", &self.is_empty()).finish()
    }
}
