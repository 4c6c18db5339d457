//! The process table: from a pid to its process, in shards.

use crate::{
    pid::Pid,
    process::block::ProcRef,
    sync::{Mutex, MutexGuard},
};
use std::sync::atomic::{AtomicU64, Ordering};

/// A power of two, so that starts on all cores seldom meet.
const SHARDS: u32 = 64;

/// Slots in shards; a slot is used again with the next serial, so that a pid is never used twice.
#[derive(Default)]
pub(crate) struct Table {
    shards: Box<[Mutex<Shard>]>,
    next: AtomicU64,
}

#[derive(Default)]
struct Shard {
    slots: Vec<Slot>,
    free: Vec<u32>,
    live: usize,
}

struct Slot {
    serial: u32,
    process: Option<ProcRef>,
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
        let mut locked = self.lock(shard);
        let index = locked.free.pop().unwrap_or_else(|| {
            locked.slots.push(Slot { serial: 0, process: None });
            u32::try_from(locked.slots.len() - 1).expect("fewer than 2^32 processes")
        });
        let slot = &mut locked.slots[index as usize];
        slot.serial += 1;
        (index * SHARDS + shard, slot.serial, order)
    }

    /// Puts a process into its reserved slot.
    pub(crate) fn insert(&self, process: ProcRef) {
        let pid = process.process().pid;
        let mut shard = self.lock(pid.slot % SHARDS);
        shard.slots[(pid.slot / SHARDS) as usize].process = Some(process);
        shard.live += 1;
    }

    pub(crate) fn get(&self, pid: Pid) -> Option<ProcRef> {
        let shard = self.lock(pid.slot % SHARDS);
        let slot = shard.slots.get((pid.slot / SHARDS) as usize)?;
        if slot.serial == pid.serial { slot.process.clone() } else { None }
    }

    pub(crate) fn remove(&self, pid: Pid) {
        let mut shard = self.lock(pid.slot % SHARDS);
        let index = pid.slot / SHARDS;
        let Some(slot) = shard.slots.get_mut(index as usize) else { return };
        if slot.serial != pid.serial {
            return;
        }
        let process = slot.process.take();
        // A slot whose serials are used up stays empty.
        let reusable = slot.serial < u32::MAX;
        if process.is_some() {
            shard.live -= 1;
            if reusable {
                shard.free.push(index);
            }
        }
        drop(shard);
        drop(process);
    }

    pub(crate) fn len(&self) -> usize {
        (0..SHARDS).map(|shard| self.lock(shard).live).sum()
    }

    /// All processes, in no order. O(n): for listing only.
    pub(crate) fn all(&self) -> Vec<ProcRef> {
        let processes = |shard| {
            let locked = self.lock(shard);
            locked.slots.iter().filter_map(|slot| slot.process.clone()).collect::<Vec<_>>()
        };
        (0..SHARDS).flat_map(processes).collect()
    }

    fn lock(&self, shard: u32) -> MutexGuard<'_, Shard> {
        self.shards[shard as usize].lock().expect("no user code runs under the lock of the table")
    }
}
