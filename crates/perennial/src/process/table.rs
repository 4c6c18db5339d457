//! The process table: from a pid to its process, in shards.

use crate::{
    pid::Pid,
    process::block::{Proc, ProcRef},
    sync::{Mutex, MutexGuard},
};
use std::{
    hint::black_box,
    mem,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// A power of two, so that starts on all cores seldom meet.
const SHARDS: u32 = 64;

/// So many slots are allocated at a time. A table that grows is not moved, and has none in reserve but these.
const SEGMENT: usize = 64;

/// What a process for each shard takes in memory, with what mostly belongs to one.
const ROOM: usize = 48 * 1024;

/// No further slot is free.
const NONE: u32 = u32::MAX;

/// Slots in shards; a slot is used again with the next serial, so that a pid is never used twice.
#[derive(Default)]
pub(crate) struct Table {
    shards: Box<[Mutex<Shard>]>,
    next: AtomicU64,
}

struct Shard {
    segments: Vec<Box<[Slot]>>,
    /// The first free slot. Each of them knows the next.
    free: u32,
    live: usize,
}

enum Slot {
    Taken(ProcRef),
    /// Free, or being filled under the lock. The serial is that of the process that was there last.
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
        self.segments.push(slots.collect());
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

    /// Makes a process for a free slot and puts it there. `make` gets the number of the slot, the serial, and how many
    /// processes were made before. It runs under the lock of a shard: it allocates, and no more.
    pub(crate) fn insert<P: Proc>(&self, make: impl FnOnce(u32, u32, u64) -> Arc<P>) -> Arc<P> {
        let (order, shard) = self.turn();
        let mut locked = self.lock(shard);
        let (index, serial) = locked.reserve();
        let process = make(index * SHARDS + shard, serial, order);
        *locked.slot(index).expect("it was reserved") = Slot::Taken(process.clone());
        locked.live += 1;
        drop(locked);
        if serial == 1 && shard == 0 {
            make_room();
        }
        process
    }

    /// Takes a free slot for nobody: its number.
    #[cfg(all(test, perennial_loom))]
    pub(crate) fn reserve(&self) -> u32 {
        let (_, shard) = self.turn();
        self.lock(shard).reserve().0 * SHARDS + shard
    }

    /// The number of the next process, and the shard whose turn it is.
    fn turn(&self) -> (u64, u32) {
        // Relaxed: only the number matters.
        let order = self.next.fetch_add(1, Ordering::Relaxed);
        (order, u32::try_from(order % u64::from(SHARDS)).expect("less than SHARDS"))
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

/// Has the allocator ask the system at once for what the next processes take: the table grows, so there will be more.
///
/// That of the C library asks for one page after the other else, on all threads but the first, and each time it costs as
/// much as a few starts. What is given back to it here it keeps at hand.
#[cold]
fn make_room() {
    drop(black_box(Vec::<u8>::with_capacity(ROOM)));
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
