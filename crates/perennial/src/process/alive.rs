//! Who is alive, of those who hold what others find: a word for each slot of a node, read without a lock.
//!
//! Who finds many processes, and asks no more of most than whether they are alive, reads four bytes of each, which lie beside
//! those of its neighbors, and nothing of the processes.
//!
//! # Invariants
//!
//! 1. The word of a slot is the serial of the process there, from when that first holds something that can be found, until
//!    it is known to be ending; else it is 0.
//! 2. It is written under the lock of that process, which leaves its slot only after it was known to be ending. So serials
//!    rise, and who asks for one that was there before finds another one, or 0.
//! 3. Words stay where they are as long as this lives. There are at most twice as many as the highest slot asks for.

use crate::{
    pid::{LocalPid, NEIGHBORS},
    sync::AtomicU32,
};
use std::sync::{OnceLock, atomic::Ordering};

/// How many words the first segment has. Each has as many as all before it, and so many more.
const FIRST: usize = NEIGHBORS as usize;

/// So many have words for all slots.
const SEGMENTS: usize = 27;

#[derive(Debug)]
pub(crate) struct Alive([OnceLock<Box<[AtomicU32]>>; SEGMENTS]);

impl Alive {
    pub(super) fn new() -> Self {
        let all = Self(Default::default());
        // There from the start, so that loom need not see what `OnceLock` orders.
        all.segment(0);
        all
    }

    /// Whether a process that has held something that can be found is alive: not ending, and no deadly signal has arrived.
    #[inline]
    pub(crate) fn is(&self, pid: LocalPid) -> bool {
        // Relaxed: nothing is read because of it. Who knows of a signal or an end by other means comes after this was
        // written; so does who has found what it holds, under the lock of the place.
        self.word(pid).is_some_and(|word| word.load(Ordering::Relaxed) == pid.serial)
    }

    /// It is about to hold something that can be found. Under its lock.
    pub(super) fn add(&self, pid: LocalPid) {
        let (segment, place) = place(pid.slot);
        let word = &self.segment(segment)[place];
        // If it holds other things the line stays as it is.
        if word.load(Ordering::Relaxed) != pid.serial {
            word.store(pid.serial, Ordering::Relaxed);
        }
    }

    /// It is known to be ending. Under its lock.
    pub(super) fn remove(&self, pid: LocalPid) {
        let word = self.word(pid).filter(|word| word.load(Ordering::Relaxed) == pid.serial);
        if let Some(word) = word {
            word.store(0, Ordering::Relaxed);
        }
    }

    fn segment(&self, segment: usize) -> &[AtomicU32] {
        self.0[segment].get_or_init(|| (0..FIRST << segment).map(|_| AtomicU32::new(0)).collect())
    }

    #[inline]
    fn word(&self, pid: LocalPid) -> Option<&AtomicU32> {
        let (segment, place) = place(pid.slot);
        Some(&self.0[segment].get()?[place])
    }
}

/// The segment of a slot, and its place there.
#[inline]
fn place(slot: u32) -> (usize, usize) {
    // As if there were one segment before the first, just as large: then each begins at a power of two.
    // Where an address has 32 bits, the last slots would be beyond what a `usize` holds.
    let slot = u64::from(slot) + FIRST as u64;
    let starts = slot.ilog2();
    ((starts - FIRST.ilog2()) as usize, (slot ^ (1 << starts)) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_slot_has_a_word_of_its_own() {
        let all = (0..5).flat_map(|segment| (0..FIRST << segment).map(move |place| (segment, place)));
        assert!((0..).map(place).take(FIRST * 31).eq(all));
        let (segment, last) = place(u32::MAX);
        assert!(segment < SEGMENTS && last < FIRST << segment);
    }
}
