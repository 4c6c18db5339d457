//! Letters: messages on their way, each a block of memory with the link of a queue.
//!
//! # Invariants
//!
//! 1. Every pointer to a header leads to a `Letter<D, M>` for some `M`, in a block that was taken from the pool with its
//!    layout and whose provenance is exposed; `open` of its header is `open::<D, M>` for that same `M`.
//! 2. A letter that is not opened is in exactly one place: in the word of one [`Turns`](crate::Turns), from where others
//!    are linked, or in one [`Batch`]. So whoever takes it from there owns it and all that hangs on it.
//! 3. `next` is written by the owner of the letter, before others can find it, and read only by who owns it.

use crate::{
    pool::{self, GivesBack},
    tag,
};
use std::{
    alloc::Layout,
    fmt,
    marker::PhantomData,
    ops::{Deref, DerefMut},
    ptr::{self, NonNull},
};

/// What a letter begins with, whatever it carries.
pub(crate) struct Header<D: ?Sized> {
    pub(crate) next: *mut Header<D>,
    /// Gives the letter its common form. To be called once, by the owner of the letter.
    pub(crate) open: unsafe fn(NonNull<Header<D>>) -> Opened<D>,
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
        unsafe { open::<D, M>(letter) }
    }

    /// Writes a letter into a block of the pool. Whoever called this owns it.
    pub(crate) fn write(value: M) -> NonNull<Header<D>> {
        let place = pool::take(Layout::new::<Self>()).cast::<Self>();
        assert!(
            tag::admits(place.as_ptr().addr()),
            "the allocator hands out addresses of more than 48 bits, and no tag that all of them have"
        );
        // For the word of a mailbox, and for `Opened`, which gives the block back.
        place.as_ptr().expose_provenance();
        let header = Header { next: ptr::null_mut(), open: open::<D, M> };
        // SAFETY: the block has room for a letter and is aligned for it, and nobody else knows it.
        unsafe { place.write(Self { header, value: Some(value) }) };
        place.cast()
    }

    /// Takes a letter back that nobody has found.
    ///
    /// # Safety
    ///
    /// It was [written](Self::write) as an `M`, is owned by the caller, and is not used after this.
    pub(crate) unsafe fn unwrite(letter: NonNull<Header<D>>) -> M {
        let letter = letter.cast::<Self>();
        // SAFETY: by the contract.
        let Self { value, .. } = unsafe { letter.read() };
        // SAFETY: the block was taken with this layout, and the letter was moved out of it.
        unsafe { pool::give_back(letter.cast(), Layout::new::<Self>()) };
        value.expect("it was just written")
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
