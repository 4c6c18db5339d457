//! Memory that is used again: small blocks, kept by each thread, by size.
//!
//! Letters and the futures of handlers live for less than a microsecond, one after the other. To take the block of the
//! last one spares most of what the allocator costs.
//!
//! A thread has two *magazines* for each size, and takes from and gives to one of them. When that is empty, or full, it
//! takes the other one, and when both are, exchanges a whole magazine with the *depot*, which all threads share. So where
//! one thread writes letters and another reads them, the blocks go back by sixty-four. Nobody waits for the depot: who
//! finds another one there goes on to the [runs] of which blocks are cut. (Bonwick and Adams, "Magazines and Vmem", 2001.)
//!
//! # Invariants
//!
//! 1. A block in a magazine of class `c` was taken from a run of class `c`, and nobody else knows it. Its first word leads
//!    to the next one in the magazine.
//! 2. A block is given back with the layout that it was taken with; that decides its class, or that it has none.

#[cfg(not(loom))]
mod kept;
#[cfg(not(loom))]
mod magazine;
#[cfg(loom)]
mod not_kept;
#[cfg(not(loom))]
mod runs;

#[cfg(loom)]
use not_kept as kept;
use std::{
    alloc::{Layout, alloc, dealloc, handle_alloc_error},
    ptr::NonNull,
};

/// Blocks have 32, 64, 128, 256, 512 or 1,024 bytes. What is larger, or aligned to more than [`ALIGN`], is not kept.
const CLASSES: usize = 6;

const SMALLEST: usize = 32;

const ALIGN: usize = 16;

#[inline]
fn class_of(layout: Layout) -> Option<usize> {
    let class =
        (layout.size().saturating_sub(1) / SMALLEST).checked_ilog2().map_or(0, |log| log as usize + 1);
    (layout.align() <= ALIGN && class < CLASSES).then_some(class)
}

/// A block for a value of this layout, whose size is not zero.
#[inline]
pub(crate) fn take(layout: Layout) -> NonNull<u8> {
    assert!(layout.size() > 0, "a value without size needs no memory");
    match class_of(layout) {
        Some(class) => kept::pop(class),
        None => allocate(layout),
    }
}

#[cold]
#[inline(never)]
fn allocate(layout: Layout) -> NonNull<u8> {
    // SAFETY: the size is not zero: `take` has asserted it, and no class is of size zero.
    NonNull::new(unsafe { alloc(layout) }).unwrap_or_else(|| handle_alloc_error(layout))
}

/// Gives a block back.
///
/// # Safety
///
/// It was [taken](take) with this layout, and is not used any more.
#[inline]
pub(crate) unsafe fn give_back(block: NonNull<u8>, layout: Layout) {
    match class_of(layout) {
        // SAFETY: by the contract: it was taken as one of this class, and nobody knows it any more.
        Some(class) => unsafe { kept::push(class, block) },
        // SAFETY: as above; it was allocated with this layout (invariant 2).
        None => unsafe { dealloc(block.as_ptr(), layout) },
    }
}

/// Gives a block back when this is dropped: after what is in it was dropped, also if that panics.
pub(crate) struct GivesBack(NonNull<u8>, Layout);

impl GivesBack {
    /// # Safety
    ///
    /// The block was [taken](take) with this layout, or the size of that is zero, and it is not used any more when this is
    /// dropped.
    #[inline]
    pub(crate) unsafe fn new(block: NonNull<u8>, layout: Layout) -> Self {
        Self(block, layout)
    }
}

impl Drop for GivesBack {
    #[inline]
    fn drop(&mut self) {
        if self.1.size() > 0 {
            // SAFETY: by the contract of `new`.
            unsafe { give_back(self.0, self.1) }
        }
    }
}

/// Frees the memory that the calling thread and the depot keep to use it again: for one who counts what is allocated, or
/// after a rush. A run of 64 KiB of which one block is used stays.
pub fn free_unused() {
    kept::free_all();
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    #[cfg(not(loom))]
    use std::ptr;

    #[test]
    fn a_block_is_of_the_smallest_class_that_has_room() {
        for (size, class) in
            [(1, 0), (32, 0), (33, 1), (64, 1), (65, 2), (128, 2), (129, 3), (257, 4), (1024, 5)]
        {
            assert_eq!(class_of(Layout::from_size_align(size, 8).unwrap()), Some(class), "{size} bytes");
        }
        assert_eq!(class_of(Layout::from_size_align(1025, 8).unwrap()), None);
        assert_eq!(class_of(Layout::from_size_align(8, 32).unwrap()), None);
    }

    #[cfg(not(loom))]
    #[test]
    fn what_one_thread_gives_back_another_one_takes_or_frees() {
        one_gives_back_and_another_takes();
        a_depot_holds_so_much_and_no_more();
    }

    #[cfg(not(loom))]
    fn one_gives_back_and_another_takes() {
        let layout = Layout::from_size_align(900, 8).unwrap();
        // As many as there are in some runs: so none is left with this thread.
        let blocks: Vec<_> = (0..16 * 63).map(|_| take(layout).as_ptr().expose_provenance()).collect();
        let given = blocks.clone();
        std::thread::spawn(move || {
            for block in given {
                let block = NonNull::new(ptr::with_exposed_provenance_mut(block)).unwrap();
                // SAFETY: it was taken above, and is used by nobody.
                unsafe { give_back(block, layout) };
            }
        })
        .join()
        .unwrap();
        let again: Vec<_> = (0..64).map(|_| take(layout)).collect();
        assert!(again.iter().all(|block| blocks.contains(&block.as_ptr().addr())));
        // SAFETY: as above.
        again.into_iter().for_each(|block| unsafe { give_back(block, layout) });
    }

    #[cfg(not(loom))]
    fn a_depot_holds_so_much_and_no_more() {
        let layout = Layout::from_size_align(500, 8).unwrap();
        let most = kept::MOST_IN_DEPOT;
        let blocks: Vec<_> = (0..most / 512 + 1_000).map(|_| take(layout)).collect();
        // SAFETY: they were taken just now, and are used by nobody.
        blocks.into_iter().for_each(|block| unsafe { give_back(block, layout) });
        assert_eq!(kept::bytes_in_depot(4), most);
        free_unused();
        assert_eq!(kept::bytes_in_depot(4), 0);
    }

    #[test]
    fn blocks_are_taken_and_given_back_also_while_a_thread_ends() {
        struct Late(NonNull<u8>, Layout);
        impl Drop for Late {
            fn drop(&mut self) {
                let other = take(self.1);
                for block in [self.0, other] {
                    // SAFETY: it was taken with this layout, and is used by nobody.
                    unsafe { give_back(block, self.1) }
                }
            }
        }
        thread_local! {
            static BEFORE: Cell<Option<Late>> = const { Cell::new(None) };
            static AFTER: Cell<Option<Late>> = const { Cell::new(None) };
        }
        let layout = Layout::from_size_align(200, 8).unwrap();
        std::thread::spawn(move || {
            // Destroyed in one order or the other: one is there before what the thread keeps, one comes after it.
            BEFORE.set(None);
            BEFORE.set(Some(Late(take(layout), layout)));
            AFTER.set(Some(Late(take(layout), layout)));
        })
        .join()
        .unwrap();
    }
}
