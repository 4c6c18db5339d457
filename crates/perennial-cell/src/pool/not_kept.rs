//! For loom, which looks at each allocation by itself. All that threads share of the rest is under a
//! [`SpinLock`](crate::SpinLock).

use super::{ALIGN, SMALLEST, allocate};
use std::{
    alloc::{Layout, dealloc},
    ptr::NonNull,
};

fn class_layout(class: usize) -> Layout {
    Layout::from_size_align(SMALLEST << class, ALIGN).expect("a small power of two")
}

pub(super) fn pop(class: usize) -> NonNull<u8> {
    allocate(class_layout(class))
}

pub(super) fn free_all() {}

/// # Safety
///
/// It was [popped](pop) as one of this class, and nobody else knows it.
pub(super) unsafe fn push(class: usize, block: NonNull<u8>) {
    // SAFETY: by the contract.
    unsafe { dealloc(block.as_ptr(), class_layout(class)) }
}
