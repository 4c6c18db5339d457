//! Blocks that are not used, one on top of the other. The invariants are those of the [pool](super).

use std::ptr::{self, NonNull};

/// A block that is not used: what is written into it.
pub(super) struct Unused {
    pub(super) next: *mut Unused,
}

/// Blocks of one class, one on top of the other.
pub(super) struct Magazine {
    top: *mut Unused,
    pub(super) rounds: usize,
}

// SAFETY: it owns its blocks (invariant 1).
unsafe impl Send for Magazine {}

impl Magazine {
    pub(super) const EMPTY: Self = Self { top: ptr::null_mut(), rounds: 0 };

    #[inline]
    pub(super) fn pop(&mut self) -> Option<NonNull<u8>> {
        let top = NonNull::new(self.top)?;
        // SAFETY: it is in the magazine, so it is ours and leads to the next one (invariant 1).
        self.top = unsafe { top.as_ref() }.next;
        self.rounds -= 1;
        Some(top.cast())
    }

    /// # Safety
    ///
    /// The block is of the class of this magazine, and nobody else knows it.
    #[inline]
    pub(super) unsafe fn push(&mut self, block: NonNull<u8>) {
        let block = block.cast::<Unused>();
        // SAFETY: the smallest block has room for a pointer and is aligned for it, and it is ours.
        unsafe { block.write(Unused { next: self.top }) };
        self.top = block.as_ptr();
        self.rounds += 1;
    }
}
