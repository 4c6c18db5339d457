//! Letters that somebody owns, in arrival order: a ring of which the last one is known, and leads to the first.

use crate::{
    drop_payload,
    letter::{Header, Opened},
};
use std::{
    fmt,
    marker::PhantomData,
    mem,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    ptr::{self, NonNull},
};

/// Letters taken from a mailbox, oldest first. Dropping it drops those that were not read.
///
/// # Invariants
///
/// 1. `last` is null, or a letter whose `next` leads to the first one, from where each leads to the one that came after
///    it, up to `last`. The batch owns all of them.
pub struct Batch<D: ?Sized> {
    last: *mut Header<D>,
    _letters: PhantomData<Box<D>>,
}

// SAFETY: it owns letters, whose values were `Send` when they were written (bound of all that puts them here).
unsafe impl<D: ?Sized + Send> Send for Batch<D> {}
// SAFETY: a shared batch gives no access to its letters.
unsafe impl<D: ?Sized + Send> Sync for Batch<D> {}

impl<D: ?Sized> Batch<D> {
    /// Without letters.
    pub const fn new() -> Self {
        Self { last: ptr::null_mut(), _letters: PhantomData }
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.last.is_null()
    }

    /// Adds letters behind those that are there.
    ///
    /// # Safety
    ///
    /// The caller owns `newest` and all that came before it, to which it leads.
    pub(crate) unsafe fn append(&mut self, newest: NonNull<Header<D>>) {
        let newest = newest.as_ptr();
        let (mut oldest, mut rest) = (ptr::null_mut(), newest);
        while !rest.is_null() {
            // SAFETY: owned by the caller, and not null.
            let earlier = unsafe { mem::replace(&mut (*rest).next, oldest) };
            oldest = rest;
            rest = earlier;
        }
        // SAFETY: `newest` is owned by the caller, and `last` by the batch, if it is not null (invariant 1).
        unsafe {
            (*newest).next = match self.last.is_null() {
                true => oldest,
                false => mem::replace(&mut (*self.last).next, oldest),
            };
        }
        self.last = newest;
    }
}

impl<D: ?Sized> Default for Batch<D> {
    fn default() -> Self {
        Self::new()
    }
}

impl<D: ?Sized> Iterator for Batch<D> {
    type Item = Opened<D>;

    #[inline]
    fn next(&mut self) -> Option<Opened<D>> {
        if self.last.is_null() {
            return None;
        }
        // SAFETY: the batch owns its letters (invariant 1). `open` belongs to the first, and is called once, because that
        // is taken out before, also if `open` should panic.
        unsafe {
            let first = (*self.last).next;
            match ptr::eq(first, self.last) {
                true => self.last = ptr::null_mut(),
                false => (*self.last).next = (*first).next,
            }
            let open = (*first).open;
            Some(open(NonNull::new_unchecked(first)))
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
