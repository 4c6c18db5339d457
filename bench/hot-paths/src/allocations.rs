//! An allocator that counts how often it is asked, and costs the same each time.
//!
//! What the system's allocator costs depends on all that was asked of it before, by hundreds of instructions. Here a
//! block is the last one that was given back of its size, or else is cut from a large piece; so the counts of
//! instructions tell what the library does, and allocations are counted by themselves.
#![allow(unsafe_code)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::UnsafeCell,
    hint::spin_loop,
    ptr,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

/// Blocks are multiples of this.
const GRAIN: usize = 16;
/// Blocks that ask for more than `GRAIN` are aligned so, and have lists of their own.
const ALIGNED: usize = 128;
/// What is larger, or wants to be aligned to more, is the system's.
const LARGEST: usize = 4096;
const SIZES: usize = LARGEST / GRAIN + 1;
/// Of which blocks are cut.
const PIECE: usize = 1 << 20;

#[global_allocator]
static ALLOCATOR: Counting = Counting {
    count: AtomicU64::new(0),
    locked: AtomicBool::new(false),
    blocks: UnsafeCell::new(Blocks { free: [[ptr::null_mut(); 2]; SIZES], rest: ptr::null_mut(), left: 0 }),
};

/// How often memory was asked for since the program began.
pub fn so_far() -> u64 {
    ALLOCATOR.count.load(Ordering::Relaxed)
}

struct Counting {
    count: AtomicU64,
    locked: AtomicBool,
    blocks: UnsafeCell<Blocks>,
}

struct Blocks {
    /// By size, and whether they are aligned: the last block that was given back; it begins with the one before.
    free: [[*mut u8; 2]; SIZES],
    /// What is left of the piece.
    rest: *mut u8,
    left: usize,
}

// SAFETY: `blocks` is reached under the lock only.
unsafe impl Sync for Counting {}

impl Counting {
    fn with<R>(&self, f: impl FnOnce(&mut Blocks) -> R) -> R {
        while self.locked.swap(true, Ordering::Acquire) {
            spin_loop();
        }
        // SAFETY: we hold the lock, and `f` does not come back here.
        let result = f(unsafe { &mut *self.blocks.get() });
        self.locked.store(false, Ordering::Release);
        result
    }
}

/// The list of a block; none if it is the system's.
fn list(layout: Layout) -> Option<(usize, usize)> {
    let aligned = usize::from(layout.align() > GRAIN);
    let unit = if aligned == 1 { ALIGNED } else { GRAIN };
    let size = layout.size().next_multiple_of(unit);
    (size <= LARGEST && layout.align() <= ALIGNED).then_some((size / GRAIN, aligned))
}

impl Blocks {
    fn take(&mut self, (size, aligned): (usize, usize)) -> *mut u8 {
        let last = self.free[size][aligned];
        if last.is_null() {
            return self.cut(size * GRAIN, aligned == 1);
        }
        // SAFETY: a free block, which begins with a pointer.
        self.free[size][aligned] = unsafe { *last.cast::<*mut u8>() };
        last
    }

    fn cut(&mut self, size: usize, aligned: bool) -> *mut u8 {
        let skip = if aligned { self.rest.align_offset(ALIGNED) } else { 0 };
        if skip + size > self.left {
            let piece = Layout::from_size_align(PIECE, ALIGNED).expect("it is small");
            // SAFETY: of a size that is not zero.
            self.rest = unsafe { System.alloc(piece) };
            if self.rest.is_null() {
                return self.rest;
            }
            self.left = PIECE;
            return self.cut(size, aligned);
        }
        // SAFETY: within the piece, which `left` says.
        let block = unsafe { self.rest.add(skip) };
        self.rest = block.wrapping_add(size);
        self.left -= skip + size;
        block
    }
}

// SAFETY: a block is given to one at a time; it is as large, and aligned as much, as `list` says, which is enough.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.count.fetch_add(1, Ordering::Relaxed);
        match list(layout) {
            Some(list) => self.with(|blocks| blocks.take(list)),
            // SAFETY: by the contract of this function, which is the same.
            None => unsafe { System.alloc(layout) },
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match list(layout) {
            // SAFETY: it is ours again, and large enough for a pointer.
            Some((size, aligned)) => self.with(|blocks| unsafe {
                *block.cast::<*mut u8>() = blocks.free[size][aligned];
                blocks.free[size][aligned] = block;
            }),
            // SAFETY: as above.
            None => unsafe { System.dealloc(block, layout) },
        }
    }
}
