//! The process table: from a pid to its process, in shards.
//!
//! A thread takes a run of slots from one shard, then a run from another one. So threads that start processes side by side
//! do not write the same lines of the cache, here and wherever else slots decide who is whose neighbor.

use crate::{
    pid::{NEIGHBORS, Pid},
    process::{
        alive::Alive,
        block::{Proc, ProcRef},
    },
    sync::{Line, Mutex, MutexGuard, thread_local},
};
use std::{
    cell::Cell,
    hint::black_box,
    mem,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

const SHARDS: u32 = 64;

/// So many slots are allocated at a time, which have numbers one after the other. A table that grows is not moved, and has
/// none in reserve but these.
const SEGMENT: u32 = NEIGHBORS;

/// What the processes of a segment take in memory, with what mostly belongs to them.
const NEEDED: usize = 48 * 1024;

/// So much room is made at a time. The allocator of the C library would give more back to the system.
const ROOM: usize = 112 * 1024;

/// No further slot is free.
const NONE: u32 = u32::MAX;

thread_local! {
    static HERE: Cell<Run> = const { Cell::new(Run { table: 0, shard: 0, left: 0 }) };
    /// How this thread orders what it starts.
    static ORDER: Cell<Order> = const { Cell::new(Order { table: 0, stretch: 0, last: 0 }) };
    /// The address at which the room ends that this thread made last.
    static ROOM_END: Cell<usize> = const { Cell::new(0) };
}

/// Where this thread takes slots.
#[derive(Clone, Copy)]
struct Run {
    /// The number of the table, from 1 on.
    table: u64,
    shard: u32,
    left: u32,
}

/// A stretch of starts by this thread alone, in the same table.
#[derive(Clone, Copy)]
struct Order {
    table: u64,
    stretch: u64,
    last: u64,
}

/// So many bits tell the starts of a stretch apart, and those above the stretches.
const STRETCH: u32 = 24;

/// Slots in shards; a slot is used again with the next serial, so that a pid is never used twice.
pub(crate) struct Table {
    /// Its number among all of the program.
    number: u64,
    shards: Box<[Line<Mutex<Shard>>]>,
    /// Shared with those who find what processes hold.
    pub(crate) alive: Arc<Alive>,
    counts: Line<Counts>,
}

#[derive(Default)]
struct Counts {
    runs: AtomicU64,
    /// How often another thread than before began to start processes that have no parent.
    stretches: AtomicU64,
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
    #[inline]
    fn slot(&mut self, index: u32) -> Option<&mut Slot> {
        self.segments
            .get_mut((index / SEGMENT) as usize)
            .map(|segment| &mut segment[(index % SEGMENT) as usize])
    }

    /// The process with this pid.
    fn get(&self, pid: Pid) -> Option<&ProcRef> {
        let index = index_of(pid.slot);
        match &self.segments.get((index / SEGMENT) as usize)?[(index % SEGMENT) as usize] {
            Slot::Taken(process) if process.process().local().serial == pid.serial => Some(process),
            _ => None,
        }
    }

    /// Takes a slot from the list of those that are free; returns it with the serial that is next.
    #[inline]
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

    #[cold]
    fn grow(&mut self) {
        let segments = u32::try_from(self.segments.len()).ok();
        let first = segments.and_then(|segments| segments.checked_mul(SEGMENT));
        let first = first.filter(|first| *first < u32::MAX / SHARDS).expect("fewer than 2^32 processes");
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
        let (index, serial, next_free) = (index_of(pid.slot), pid.serial, self.free);
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

/// The number of a slot, from its shard and its place there.
fn slot_of(shard: u32, index: u32) -> u32 {
    (index / SEGMENT * SHARDS + shard) * SEGMENT + index % SEGMENT
}

fn shard_of(slot: u32) -> u32 {
    slot / SEGMENT % SHARDS
}

fn index_of(slot: u32) -> u32 {
    slot / (SEGMENT * SHARDS) * SEGMENT + slot % SEGMENT
}

impl Table {
    pub(crate) fn new() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed) + 1;
        let shards = (0..SHARDS).map(|_| Line::default()).collect();
        Self { number, shards, alive: Arc::new(Alive::new()), counts: Line::default() }
    }

    /// Makes a process for a free slot and puts it there. `make` gets the number of the slot and the serial. It runs under
    /// the lock of a shard: it allocates, and no more.
    pub(crate) fn insert<P: Proc>(&self, make: impl FnOnce(u32, u32) -> Arc<P>) -> Arc<P> {
        let shard = self.turn();
        let mut locked = self.lock(shard);
        let (index, serial) = locked.reserve();
        let process = make(slot_of(shard, index), serial);
        *locked.slot(index).expect("it was reserved") = Slot::Taken(process.clone());
        locked.live += 1;
        drop(locked);
        // The first segment of a shard does not mean that there are many.
        if serial == 1 && index > 0 && index.is_multiple_of(SEGMENT) {
            make_room(Arc::as_ptr(&process).addr());
        }
        process
    }

    /// A number for a process that has no parent: higher than that of any that was started before it. While one thread starts
    /// all of them, that one writes no word of others.
    pub(crate) fn order(&self) -> u64 {
        let Line(Counts { stretches, .. }) = &self.counts;
        let mut order = ORDER.with(Cell::get);
        order.last += 1;
        // Relaxed: only the number matters. Who comes after a start sees at least the stretch of that, as this is one word;
        // and if it is no higher than its own, no other thread has begun one.
        let is_newest = stretches.load(Ordering::Relaxed) == order.stretch;
        if order.table != self.number || !is_newest || order.last >= 1 << STRETCH {
            let stretch = stretches.fetch_add(1, Ordering::Relaxed) + 1;
            order = Order { table: self.number, stretch, last: 0 };
        }
        ORDER.with(|place| place.set(order));
        order.stretch << STRETCH | order.last
    }

    /// Takes a free slot for nobody: its number.
    #[cfg(all(test, perennial_loom))]
    pub(crate) fn reserve(&self) -> u32 {
        let shard = self.turn();
        slot_of(shard, self.lock(shard).reserve().0)
    }

    /// The shard from which this thread takes its next slot.
    #[inline]
    fn turn(&self) -> u32 {
        let mut run = HERE.with(Cell::get);
        if run.left == 0 || run.table != self.number {
            // Relaxed: only the number matters.
            let runs = self.counts.0.runs.fetch_add(1, Ordering::Relaxed);
            let shard = u32::try_from(runs % u64::from(SHARDS)).expect("less than SHARDS");
            run = Run { table: self.number, shard, left: NEIGHBORS };
        }
        run.left -= 1;
        HERE.with(|here| here.set(run));
        run.shard
    }

    pub(crate) fn get(&self, pid: Pid) -> Option<ProcRef> {
        self.lock(shard_of(pid.slot)).get(pid).cloned()
    }

    pub(crate) fn remove(&self, pid: Pid) {
        // A statement of its own: the process is dropped without the lock.
        let process = self.lock(shard_of(pid.slot)).remove(pid);
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

    #[inline]
    fn lock(&self, shard: u32) -> MutexGuard<'_, Shard> {
        self.shards[shard as usize].0.lock().expect("no user code runs under the lock of the table")
    }
}

/// Has the allocator ask the system at once for what the next processes take, unless they fit into what is left behind
/// `last`, the newest one: the table grows, so there will be more.
///
/// That of the C library asks for one page after the other else, on all threads but the first, and each time it costs as
/// much as a few starts. What is given back to it here it keeps at hand.
#[cold]
fn make_room(last: usize) {
    // One that lies elsewhere has taken memory that was used before, or that of another thread.
    let left = ROOM_END.with(Cell::get).wrapping_sub(last);
    if !(NEEDED..=ROOM).contains(&left) {
        let room = black_box(Vec::<u8>::with_capacity(ROOM));
        ROOM_END.with(|end| end.set(room.as_ptr().addr() + ROOM));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_used_again_with_the_next_serial() {
        assert_eq!(size_of::<Slot>(), 16);
        let mut shard = Shard::default();
        let taken: Vec<_> = (0..2 * SEGMENT).map(|_| shard.reserve()).collect();
        assert_eq!(taken, (0..2 * SEGMENT).map(|index| (index, 1)).collect::<Vec<_>>());
    }

    #[test]
    fn who_is_started_later_is_younger() {
        let table = Table::new();
        let elsewhere = || std::thread::scope(|scope| scope.spawn(|| table.order()).join().unwrap());
        let mut orders: Vec<_> =
            (0..100).map(|n| if n % 3 == 0 { elsewhere() } else { table.order() }).collect();
        ORDER.with(|order| order.set(Order { last: (1 << STRETCH) - 2, ..order.get() }));
        orders.extend((0..5).map(|_| table.order()));
        assert!(orders.is_sorted_by(|before, after| before < after), "{orders:?}");
    }

    #[test]
    fn a_slot_has_its_place_in_one_shard() {
        for slot in (0..3 * SHARDS * SEGMENT).chain([u32::MAX - 1, u32::MAX]) {
            assert_eq!(slot_of(shard_of(slot), index_of(slot)), slot);
        }
        let run = (0..SEGMENT).map(|index| slot_of(7, index));
        assert!(run.eq(7 * SEGMENT..8 * SEGMENT));
    }
}
