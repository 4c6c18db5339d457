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
mod runs;

#[cfg(not(loom))]
use std::ptr;
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

/// A block that is not used: what is written into it.
#[cfg(not(loom))]
struct Unused {
    next: *mut Unused,
}

/// Blocks of one class, one on top of the other.
#[cfg(not(loom))]
struct Magazine {
    top: *mut Unused,
    rounds: usize,
}

// SAFETY: it owns its blocks (invariant 1).
#[cfg(not(loom))]
unsafe impl Send for Magazine {}

#[cfg(not(loom))]
impl Magazine {
    const EMPTY: Self = Self { top: ptr::null_mut(), rounds: 0 };

    #[inline]
    fn pop(&mut self) -> Option<NonNull<u8>> {
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
    unsafe fn push(&mut self, block: NonNull<u8>) {
        let block = block.cast::<Unused>();
        // SAFETY: the smallest block has room for a pointer and is aligned for it, and it is ours.
        unsafe { block.write(Unused { next: self.top }) };
        self.top = block.as_ptr();
        self.rounds += 1;
    }
}

#[cfg(not(loom))]
mod kept {
    use super::{
        CLASSES, Magazine, SMALLEST,
        runs::{self, Fresh},
    };
    use crate::TryLock;
    use std::{cell::UnsafeCell, mem, ptr::NonNull};

    /// How many blocks a magazine holds when it is full.
    const ROUNDS: usize = 64;

    /// How many bytes the depot holds of each class. What is beyond that goes back to the runs.
    pub(super) const MOST_IN_DEPOT: usize = 4 * 1024 * 1024;

    /// What a thread keeps of one class.
    struct Kept {
        current: Magazine,
        other: Magazine,
        fresh: Fresh,
    }

    struct All([Kept; CLASSES]);

    impl Drop for All {
        fn drop(&mut self) {
            for (class, kept) in self.0.iter_mut().enumerate() {
                mem::replace(kept, Kept::NOTHING).give_back(class);
            }
        }
    }

    thread_local! {
        static KEPT: UnsafeCell<All> = const { UnsafeCell::new(All([const { Kept::NOTHING }; CLASSES])) };
    }

    /// Full magazines.
    static DEPOT: [TryLock<Vec<Magazine>>; CLASSES] = [const { TryLock::new(Vec::new()) }; CLASSES];

    /// How many bytes it holds of a class.
    #[cfg(test)]
    pub(super) fn bytes_in_depot(class: usize) -> usize {
        let bytes = |magazine: &Magazine| magazine.rounds * (SMALLEST << class);
        DEPOT[class].try_with(|depot| depot.iter().map(bytes).sum()).expect("nobody else is there")
    }

    /// Uses what this thread keeps of a class. None while the thread's locals are being destroyed.
    #[inline]
    fn with_kept<R>(class: usize, f: impl FnOnce(&mut Kept) -> R) -> Option<R> {
        // SAFETY: this is the only place that makes a reference to it, and no `f` comes back here: they call the depot
        // and the allocator.
        KEPT.try_with(|kept| f(unsafe { &mut (&mut *kept.get()).0[class] })).ok()
    }

    /// A block of that class.
    #[inline]
    pub(super) fn pop(class: usize) -> NonNull<u8> {
        let kept = with_kept(class, |kept| kept.current.pop().unwrap_or_else(|| kept.pop_other(class)));
        kept.unwrap_or_else(|| {
            let reused = runs::reuse(class, 1).pop();
            reused.unwrap_or_else(|| {
                let mut fresh = runs::begin(class);
                let block = fresh.cut(class, 1).pop();
                fresh.give_back(class);
                block.expect("a run has several")
            })
        })
    }

    /// Keeps a block, or gives it back to its run if there are enough.
    ///
    /// # Safety
    ///
    /// It was [popped](pop) as one of this class, and nobody else knows it.
    #[inline]
    pub(super) unsafe fn push(class: usize, block: NonNull<u8>) {
        let kept = with_kept(class, |kept| {
            if kept.current.rounds == ROUNDS {
                kept.empty_current(class);
            }
            // SAFETY: by the contract.
            unsafe { kept.current.push(block) };
        });
        if kept.is_none() {
            let mut one = Magazine::EMPTY;
            // SAFETY: by the contract.
            unsafe { one.push(block) };
            runs::give_back(class, one);
        }
    }

    /// Frees what this thread and the depot keep.
    pub(super) fn free_all() {
        for (class, depot) in DEPOT.iter().enumerate() {
            if let Some(kept) = with_kept(class, |kept| mem::replace(kept, Kept::NOTHING)) {
                kept.give_back(class);
            }
            // Taken as a whole: nothing is freed under the lock.
            let full = depot.try_with(mem::take);
            full.into_iter().flatten().for_each(|magazine| runs::give_back(class, magazine));
        }
    }

    impl Kept {
        const NOTHING: Self = Self { current: Magazine::EMPTY, other: Magazine::EMPTY, fresh: Fresh::NONE };

        fn give_back(self, class: usize) {
            runs::give_back(class, self.current);
            runs::give_back(class, self.other);
            self.fresh.give_back(class);
        }

        /// The current magazine is empty.
        #[cold]
        fn pop_other(&mut self, class: usize) -> NonNull<u8> {
            if self.other.rounds == 0 {
                let full = DEPOT[class].try_with(Vec::pop).flatten();
                self.other = full.unwrap_or_else(|| self.cut(class));
            }
            mem::swap(&mut self.current, &mut self.other);
            self.current.pop().expect("it has at least one")
        }

        fn cut(&mut self, class: usize) -> Magazine {
            if self.fresh.is_used_up() {
                let reused = runs::reuse(class, ROUNDS);
                if reused.rounds > 0 {
                    return reused;
                }
                self.fresh = runs::begin(class);
            }
            self.fresh.cut(class, ROUNDS)
        }

        /// The current magazine is full.
        #[cold]
        fn empty_current(&mut self, class: usize) {
            mem::swap(&mut self.current, &mut self.other);
            if self.current.rounds < ROUNDS {
                return;
            }
            let mut full = Some(mem::replace(&mut self.current, Magazine::EMPTY));
            DEPOT[class].try_with(|depot| {
                let bytes = (depot.len() + 1) * ROUNDS * (SMALLEST << class);
                if bytes <= MOST_IN_DEPOT {
                    depot.extend(full.take());
                }
            });
            if let Some(full) = full {
                runs::give_back(class, full);
            }
        }
    }
}

/// Loom looks at each allocation by itself. All that threads share of the rest is under a [`TryLock`](crate::TryLock).
#[cfg(loom)]
mod kept {
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

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
