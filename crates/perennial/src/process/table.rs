//! The process table: from a pid to its process, in shards.

use crate::{
    pid::Pid,
    process::block::ProcRef,
    sync::{Mutex, MutexGuard},
};
use std::{
    mem,
    sync::atomic::{AtomicU64, Ordering},
};

/// A power of two, so that starts on all cores seldom meet.
const SHARDS: u32 = 64;

/// So many slots are allocated at a time. A table that grows is not moved, and has none in reserve but these.
const SEGMENT: usize = 64;

/// No further slot is free.
const NONE: u32 = u32::MAX;

/// Slots in shards; a slot is used again with the next serial, so that a pid is never used twice.
#[derive(Default)]
pub(crate) struct Table {
    shards: Box<[Mutex<Shard>]>,
    next: AtomicU64,
}

struct Shard {
    #[expect(clippy::vec_box, reason = "what is in a segment is not moved when there are more of them")]
    segments: Vec<Box<[Slot; SEGMENT]>>,
    /// The first free slot. Each of them knows the next.
    free: u32,
    live: usize,
}

enum Slot {
    Taken(ProcRef),
    /// Free, or reserved by the one who makes the process with this serial.
    Empty {
        serial: u32,
        next_free: u32,
    },
}

impl Default for Shard {
    fn default() -> Self {
        Self { segments: Vec::new(), free: NONE, live: 0 }
    }
}

impl Shard {
    fn slot(&mut self, index: u32) -> Option<&mut Slot> {
        let index = index as usize;
        self.segments.get_mut(index / SEGMENT).map(|segment| &mut segment[index % SEGMENT])
    }

    /// The process with this pid.
    fn get(&self, pid: Pid) -> Option<&ProcRef> {
        let index = (pid.slot / SHARDS) as usize;
        match &self.segments.get(index / SEGMENT)?[index % SEGMENT] {
            Slot::Taken(process) if process.process().pid.serial == pid.serial => Some(process),
            _ => None,
        }
    }

    /// Takes a slot from the list of those that are free; returns it with the serial that is next.
    fn reserve(&mut self) -> (u32, u32) {
        if self.free == NONE {
            self.grow();
        }
        let index = self.free;
        let Some(Slot::Empty { serial, next_free }) = self.slot(index) else {
            unreachable!("what is in the list of free slots is empty")
        };
        *serial += 1;
        let (serial, next) = (*serial, *next_free);
        self.free = next;
        (index, serial)
    }

    fn grow(&mut self) {
        let first = u32::try_from(self.segments.len() * SEGMENT).expect("fewer than 2^32 processes");
        let slots = (0..SEGMENT).zip(first + 1..).map(|(index, next)| {
            let next_free = if index + 1 == SEGMENT { NONE } else { next };
            Slot::Empty { serial: 0, next_free }
        });
        let segment: Box<[Slot]> = slots.collect();
        self.segments.push(segment.try_into().unwrap_or_else(|_| unreachable!("it has that length")));
        self.free = first;
    }

    /// Empties the slot of a process, which is returned.
    fn remove(&mut self, pid: Pid) -> Option<ProcRef> {
        self.get(pid)?;
        let (index, serial, next_free) = (pid.slot / SHARDS, pid.serial, self.free);
        let before = mem::replace(self.slot(index)?, Slot::Empty { serial, next_free });
        // A slot whose serials are used up stays empty.
        if serial < u32::MAX {
            self.free = index;
        }
        self.live -= 1;
        match before {
            Slot::Taken(process) => Some(process),
            Slot::Empty { .. } => None,
        }
    }
}

impl Table {
    pub(crate) fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), next: AtomicU64::new(0) }
    }

    /// Takes a free slot: its number and serial, and how many were taken before.
    pub(crate) fn reserve(&self) -> (u32, u32, u64) {
        // Relaxed: only the number matters.
        let order = self.next.fetch_add(1, Ordering::Relaxed);
        let shard = u32::try_from(order % u64::from(SHARDS)).expect("less than SHARDS");
        let (index, serial) = self.lock(shard).reserve();
        (index * SHARDS + shard, serial, order)
    }

    /// Puts a process into its reserved slot.
    pub(crate) fn insert(&self, process: ProcRef) {
        let pid = process.process().pid;
        let mut shard = self.lock(pid.slot % SHARDS);
        *shard.slot(pid.slot / SHARDS).expect("it was reserved") = Slot::Taken(process);
        shard.live += 1;
    }

    pub(crate) fn get(&self, pid: Pid) -> Option<ProcRef> {
        self.lock(pid.slot % SHARDS).get(pid).cloned()
    }

    pub(crate) fn remove(&self, pid: Pid) {
        // A statement of its own: the process is dropped without the lock.
        let process = self.lock(pid.slot % SHARDS).remove(pid);
        drop(process);
    }

    pub(crate) fn len(&self) -> usize {
        (0..SHARDS).map(|shard| self.lock(shard).live).sum()
    }

    /// All processes, in no order. O(n): for listing only.
    pub(crate) fn all(&self) -> Vec<ProcRef> {
        let processes = |shard| {
            let locked = self.lock(shard);
            let slots = locked.segments.iter().flat_map(|segment| segment.iter());
            let taken = slots.filter_map(|slot| match slot {
                Slot::Taken(process) => Some(process.clone()),
                Slot::Empty { .. } => None,
            });
            taken.collect::<Vec<_>>()
        };
        (0..SHARDS).flat_map(processes).collect()
    }

    fn lock(&self, shard: u32) -> MutexGuard<'_, Shard> {
        self.shards[shard as usize].lock().expect("no user code runs under the lock of the table")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_used_again_with_the_next_serial() {
        assert_eq!(size_of::<Slot>(), 16);
        let mut shard = Shard::default();
        let taken: Vec<_> = (0..2 * SEGMENT as u32).map(|_| shard.reserve()).collect();
        assert_eq!(taken, (0..2 * SEGMENT as u32).map(|index| (index, 1)).collect::<Vec<_>>());
    }
}
