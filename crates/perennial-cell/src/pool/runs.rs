//! Where blocks come from: runs of memory, each cut into blocks of one class.
//!
//! A message is a small block, and who floods a server takes many. One by one the allocator would put a head before each,
//! and would have to be asked for each. In a run they lie side by side, in the order in which they are taken. One thread
//! cuts up a run, so that two that flood do not wait for the same page to be there.
//!
//! # Invariants
//!
//! 1. A run is [`SIZE`] bytes that were allocated with that alignment, so the address of a block leads to its run. It begins
//!    with its head, which is used under the lock of the class only.
//! 2. A block of a run is *out*, which `out` counts, or in its list `free`, or beyond `fresh` and was never out. What a
//!    [`Fresh`] has is out, and used by nobody else.
//! 3. The list of a class has the runs that have a block which is not out. One without blocks that are out is freed.

use super::{
    CLASSES, SMALLEST,
    magazine::{Magazine, Unused},
};
use crate::SpinLock;
use std::{
    alloc::{Layout, alloc, dealloc, handle_alloc_error},
    ptr::{self, NonNull},
};

/// So many bytes, and their alignment.
const SIZE: usize = 64 * 1024;

/// So many bytes are taken at once, unless they are too few for a block.
const PORTION: usize = 4096;

/// The head of a run.
struct Run {
    next: *mut Run,
    previous: *mut Run,
    free: *mut Unused,
    /// From which one on no block was ever out.
    fresh: usize,
    out: usize,
}

/// What a thread has yet to cut of a run: its last blocks.
pub(super) struct Fresh {
    run: *mut Run,
    left: usize,
}

// SAFETY: it owns these blocks.
unsafe impl Send for Fresh {}

/// The runs of one class that have something to give.
struct Runs {
    first: *mut Run,
}

// SAFETY: runs are reached through this only (invariant 1), and by one thread at a time: it is under a lock.
unsafe impl Send for Runs {}

static RUNS: [SpinLock<Runs>; CLASSES] = [const { SpinLock::new(Runs { first: ptr::null_mut() }) }; CLASSES];

const LAYOUT: Layout = match Layout::from_size_align(SIZE, SIZE) {
    Ok(layout) => layout,
    Err(_) => panic!("it is a power of two"),
};

/// The size of a block, where the first one lies, and how many there are.
const fn measures(class: usize) -> (usize, usize, usize) {
    let size = SMALLEST << class;
    let first = if size > size_of::<Run>() { size } else { size_of::<Run>().next_multiple_of(size) };
    (size, first, (SIZE - first) / size)
}

/// Blocks that others have given back; none if there are none.
#[cold]
pub(super) fn reuse(class: usize, most: usize) -> Magazine {
    RUNS[class].with(|runs| runs.reuse(class, most))
}

/// A run of one's own.
#[cold]
pub(super) fn begin(class: usize) -> Fresh {
    let (_, _, count) = measures(class);
    // SAFETY: the size is not zero.
    let run = NonNull::new(unsafe { alloc(LAYOUT) }).unwrap_or_else(|| handle_alloc_error(LAYOUT));
    let (null, run) = (ptr::null_mut(), run.as_ptr().cast::<Run>());
    let head = Run { next: null, previous: null, free: ptr::null_mut(), fresh: count, out: count };
    // SAFETY: it has room for a head and is aligned for it, and nobody else knows it.
    unsafe { run.write(head) };
    Fresh { run, left: count }
}

impl Fresh {
    pub(super) const NONE: Self = Self { run: ptr::null_mut(), left: 0 };

    pub(super) fn is_used_up(&self) -> bool {
        self.left == 0
    }

    /// The next blocks, which come out in the order in which they lie there; none if none are left.
    pub(super) fn cut(&mut self, class: usize, most: usize) -> Magazine {
        let (size, first, count) = measures(class);
        let cut = self.left.min(portion(class, most));
        let begin = count - self.left;
        let mut blocks = Magazine::EMPTY;
        for index in (begin..begin + cut).rev() {
            // SAFETY: it is one of the blocks that we own (invariant 2).
            unsafe { blocks.push(NonNull::new_unchecked(self.run.byte_add(first + index * size).cast())) };
        }
        self.left -= cut;
        blocks
    }

    /// Leaves to others what was not cut.
    pub(super) fn give_back(self, class: usize) {
        if self.left == 0 {
            return;
        }
        // SAFETY: some of its blocks are out, so the run is there, and its head is ours. They are used by nobody. It is in the
        // list from when the first of its blocks is not out.
        let empty = RUNS[class].with(|runs| unsafe {
            if (*self.run).out == measures(class).2 {
                runs.link(self.run);
            }
            (*self.run).fresh -= self.left;
            (*self.run).out -= self.left;
            let empty = (*self.run).out == 0;
            if empty {
                runs.unlink(self.run);
            }
            empty
        });
        if empty {
            // SAFETY: none of its blocks is out and the list does not have it any more, so nobody knows it.
            unsafe { dealloc(self.run.cast(), LAYOUT) };
        }
    }
}

/// How many blocks are taken at once.
fn portion(class: usize, most: usize) -> usize {
    (PORTION / measures(class).0).clamp(1, most)
}

/// Gives back blocks of a class.
#[cold]
pub(super) fn give_back(class: usize, mut blocks: Magazine) {
    let mut empty = ptr::null_mut::<Run>();
    RUNS[class].with(|runs| {
        while let Some(block) = blocks.pop() {
            // SAFETY: it was taken from a run of this class, and is not out any more.
            unsafe { runs.put(class, block, &mut empty) };
        }
    });
    while !empty.is_null() {
        // SAFETY: none of its blocks is out and the list does not have it any more, so nobody knows it.
        unsafe {
            let run = empty;
            empty = (*run).next;
            dealloc(run.cast(), LAYOUT);
        }
    }
}

impl Runs {
    /// Takes blocks of the first run.
    fn reuse(&mut self, class: usize, most: usize) -> Magazine {
        let mut blocks = Magazine::EMPTY;
        let (run, (size, first, count)) = (self.first, measures(class));
        if run.is_null() {
            return blocks;
        }
        let most = portion(class, most);
        // SAFETY: a run of the list is there, and its head is ours (invariant 1). What is in `free` or beyond `fresh` is used
        // by nobody (invariant 2), and is out from here on.
        unsafe {
            while blocks.rounds < most
                && let Some(block) = NonNull::new((*run).free)
            {
                (*run).free = block.as_ref().next;
                blocks.push(block.cast());
            }
            while blocks.rounds < most && (*run).fresh < count {
                blocks.push(NonNull::new_unchecked(run.byte_add(first + (*run).fresh * size).cast()));
                (*run).fresh += 1;
            }
            (*run).out += blocks.rounds;
            if (*run).out == count {
                self.unlink(run);
            }
        }
        blocks
    }

    /// Puts a block back. A run of which no block is out is put before `empty`.
    ///
    /// # Safety
    ///
    /// It was taken from a run of this class, and is used by nobody.
    unsafe fn put(&mut self, class: usize, block: NonNull<u8>, empty: &mut *mut Run) {
        let run = block.as_ptr().map_addr(|address| address & !(SIZE - 1)).cast::<Run>();
        let block = block.cast::<Unused>();
        // SAFETY: one of its blocks was out, so it is there, and its head is ours (invariant 1). The block is ours, has room
        // for a pointer and is aligned for it.
        unsafe {
            block.write(Unused { next: (*run).free });
            if (*run).out == measures(class).2 {
                self.link(run);
            }
            (*run).free = block.as_ptr();
            (*run).out -= 1;
            if (*run).out == 0 {
                self.unlink(run);
                (*run).next = *empty;
                *empty = run;
            }
        }
    }

    /// # Safety
    ///
    /// The run is there, and not in the list.
    unsafe fn link(&mut self, run: *mut Run) {
        // SAFETY: by the contract; those in the list are there.
        unsafe {
            (*run).previous = ptr::null_mut();
            (*run).next = self.first;
            if !self.first.is_null() {
                (*self.first).previous = run;
            }
        }
        self.first = run;
    }

    /// # Safety
    ///
    /// The run is in the list.
    unsafe fn unlink(&mut self, run: *mut Run) {
        // SAFETY: by the contract; its neighbors are in the list, too.
        unsafe {
            let Run { next, previous, .. } = *run;
            if !next.is_null() {
                (*next).previous = previous;
            }
            match previous.is_null() {
                true => self.first = next,
                false => (*previous).next = next,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The class that no other test uses.
    const CLASS: usize = 2;

    fn runs_with_room() -> usize {
        RUNS[CLASS].with(|runs| {
            // SAFETY: under the lock, the list is ours.
            let next = |run: &NonNull<Run>| unsafe { NonNull::new(run.as_ref().next) };
            std::iter::successors(NonNull::new(runs.first), next).count()
        })
    }

    fn address(block: NonNull<u8>) -> usize {
        block.as_ptr().addr()
    }

    #[test]
    fn blocks_lie_side_by_side_and_a_run_goes_with_its_last_block() {
        let (size, first, count) = measures(CLASS);
        assert_eq!((size, first, count), (128, 128, 511));
        let give_back_one = |block| {
            let mut one = Magazine::EMPTY;
            // SAFETY: it is ours.
            unsafe { one.push(block) };
            give_back(CLASS, one);
        };
        let mut fresh = begin(CLASS);
        let mut cut = |most| {
            let mut blocks = fresh.cut(CLASS, most);
            std::iter::from_fn(move || blocks.pop()).collect::<Vec<_>>()
        };
        let mut out: Vec<_> = (0..15).flat_map(|_| cut(64)).collect();
        assert_eq!((out.len(), address(out[0]) % SIZE), (15 * 32, first));
        out.extend(cut(1));
        assert!(out.windows(2).all(|two| address(two[1]) == address(two[0]) + size));
        assert!(reuse(CLASS, 64).pop().is_none());
        // What comes back is taken again before what was never out.
        give_back_one(out[7]);
        fresh.give_back(CLASS);
        assert_eq!(runs_with_room(), 1);
        let mut again = reuse(CLASS, 2);
        assert_eq!(again.pop().map(address), Some(address(out[480]) + size));
        assert_eq!(again.pop().map(address), Some(address(out[7])));
        give_back_one(NonNull::new(out[480].as_ptr().wrapping_add(size)).unwrap());
        assert_eq!(runs_with_room(), 1);
        out.into_iter().for_each(give_back_one);
        assert_eq!(runs_with_room(), 0);
        begin(CLASS).give_back(CLASS);
        assert_eq!(runs_with_room(), 0);
    }
}
