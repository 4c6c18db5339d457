//! What each thread keeps, and what all share.

use super::{
    CLASSES, SMALLEST,
    magazine::Magazine,
    runs::{self, Fresh},
};
use crate::SpinLock;
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
static DEPOT: [SpinLock<Vec<Magazine>>; CLASSES] = [const { SpinLock::new(Vec::new()) }; CLASSES];

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
