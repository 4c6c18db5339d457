//! Memory that is used again: small blocks, kept by each thread in lists by size.
//!
//! Letters and the futures of handlers live for less than a microsecond, one after the other. To take the block of the
//! last one spares most of what the allocator costs.
//!
//! # Invariants
//!
//! 1. A block in a list of class `c` was allocated with the layout of class `c`, and nobody else knows it.
//! 2. A block is given back with the layout that it was taken with; that decides its class, or that it has none.
//!
//! A block may be given back by another thread than took it. A list has a bound, beyond which blocks are freed.

use std::{
    alloc::{Layout, alloc, dealloc, handle_alloc_error},
    ptr::NonNull,
};

/// The sizes of blocks, in bytes. What is larger, or aligned to more than [`ALIGN`], is not kept.
const CLASSES: [usize; 5] = [64, 128, 256, 512, 1024];

const ALIGN: usize = 16;

/// How many blocks of a class a thread keeps at most.
#[cfg(not(loom))]
const KEPT: usize = 64;

fn class_of(layout: Layout) -> Option<usize> {
    (layout.align() <= ALIGN).then(|| CLASSES.iter().position(|size| layout.size() <= *size)).flatten()
}

fn class_layout(class: usize) -> Layout {
    Layout::from_size_align(CLASSES[class], ALIGN).expect("a small power of two")
}

/// What is allocated for this layout.
fn allocated(layout: Layout) -> Layout {
    class_of(layout).map_or(layout, class_layout)
}

/// A block for a value of this layout, whose size is not zero.
pub(crate) fn take(layout: Layout) -> NonNull<u8> {
    assert!(layout.size() > 0, "a value without size needs no memory");
    if let Some(block) = class_of(layout).and_then(kept::pop) {
        return block;
    }
    let layout = allocated(layout);
    // SAFETY: the size is not zero.
    NonNull::new(unsafe { alloc(layout) }).unwrap_or_else(|| handle_alloc_error(layout))
}

/// Gives a block back.
///
/// # Safety
///
/// It was [taken](take) with this layout, and is not used any more.
pub(crate) unsafe fn give_back(block: NonNull<u8>, layout: Layout) {
    if let Some(class) = class_of(layout)
        && kept::push(class, block)
    {
        return;
    }
    // SAFETY: it was allocated with this layout (invariant 2), or with the same one by the thread that kept it
    // before (invariant 1).
    unsafe { dealloc(block.as_ptr(), allocated(layout)) }
}

#[cfg(not(loom))]
mod kept {
    use super::{CLASSES, KEPT, class_layout};
    use std::{alloc::dealloc, cell::RefCell, ptr::NonNull};

    struct Lists([Vec<NonNull<u8>>; CLASSES.len()]);

    impl Drop for Lists {
        fn drop(&mut self) {
            for (class, list) in self.0.iter_mut().enumerate() {
                for block in list.drain(..) {
                    // SAFETY: invariant 1.
                    unsafe { dealloc(block.as_ptr(), class_layout(class)) }
                }
            }
        }
    }

    thread_local! {
        static LISTS: RefCell<Lists> = const { RefCell::new(Lists([const { Vec::new() }; CLASSES.len()])) };
    }

    /// A block of that class, if one is kept. None while the thread's locals are being destroyed.
    pub(super) fn pop(class: usize) -> Option<NonNull<u8>> {
        LISTS.try_with(|lists| lists.borrow_mut().0[class].pop()).ok().flatten()
    }

    /// Keeps a block; false if there are enough.
    pub(super) fn push(class: usize, block: NonNull<u8>) -> bool {
        LISTS
            .try_with(|lists| {
                let list = &mut lists.borrow_mut().0[class];
                let keep = list.len() < KEPT;
                if keep {
                    list.push(block);
                }
                keep
            })
            .unwrap_or(false)
    }
}

/// Loom looks at each allocation by itself.
#[cfg(loom)]
mod kept {
    use std::ptr::NonNull;

    pub(super) fn pop(_: usize) -> Option<NonNull<u8>> {
        None
    }

    pub(super) fn push(_: usize, _: NonNull<u8>) -> bool {
        false
    }
}
