//! Who a process is.

mod by_pid;

pub(crate) use self::by_pid::ByPid;
use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasherDefault, Hash, Hasher},
    sync::atomic::{AtomicU64, Ordering},
};

/// The identity of a process: 16 bytes, `Copy`, never used twice within a program.
///
/// A pid holds nothing alive. It belongs to the node that made it, and operations on it go there, whatever node
/// is current. Prints as `<node.slot.serial>`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[doc(alias = "self/0")]
pub struct Pid {
    pub(crate) node: u32,
    pub(crate) slot: u32,
    pub(crate) serial: u32,
    pub(crate) creation: u32,
}

impl Pid {
    /// Who signals from outside of any process, such as a plain task: `<node.0.0>`. Never alive.
    pub(crate) fn outside(node: u32, creation: u32) -> Self {
        Self { node, slot: 0, serial: 0, creation }
    }
}

/// A pid among those of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LocalPid {
    pub(crate) slot: u32,
    pub(crate) serial: u32,
}

impl Pid {
    pub(crate) fn local(self) -> LocalPid {
        LocalPid { slot: self.slot, serial: self.serial }
    }

    /// The pid of another one on the same node.
    pub(crate) fn beside(self, LocalPid { slot, serial }: LocalPid) -> Self {
        Self { slot, serial, ..self }
    }
}

/// So many processes that a thread starts one after the other have slots one after the other, as a rule.
pub(crate) const NEIGHBORS: u32 = 64;

impl Pid {
    /// A small number that is the same for neighbors, and another one for those of another thread.
    pub(crate) fn neighborhood(self) -> usize {
        (self.slot / NEIGHBORS) as usize
    }
}

/// By slot and serial only, in one step: those of one node, which are what is put into a map, differ in these.
impl Hash for Pid {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(u64::from(self.serial) << 32 | u64::from(self.slot));
    }
}

/// A map whose keys are pids of one node.
pub(crate) type PidMap<V> = HashMap<Pid, V, BuildHasherDefault<PidHasher>>;

/// Keeps neighbors together: processes that are started one after the other have slots one after the other, and so
/// places one after the other in a map. Who goes through them in that order, as those who start and stop do, meets the
/// same lines of the cache and the same pages again.
///
/// The low bits, which say where to look first, are those of the slot. Each 256 slots they make a small step more, so that
/// slots at a distance that is a power of two do not all fall together. The high bits, by which a map tells apart those
/// that it meets there, are of slot and serial.
#[derive(Default)]
pub(crate) struct PidHasher(u64);

impl Hasher for PidHasher {
    fn write_u64(&mut self, serial_and_slot: u64) {
        let slot = serial_and_slot & u64::from(u32::MAX);
        let place = slot + (slot >> 8) + (slot >> 16);
        // An odd number whose bits look random.
        let mixed = serial_and_slot.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = (mixed & !u64::from(u32::MAX)) ^ place;
    }
    fn write(&mut self, _: &[u8]) {
        unreachable!("a pid is hashed in one step")
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}.{}.{}>", self.node, self.slot, self.serial)
    }
}

impl fmt::Debug for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A unique reference: of a monitor, of a timer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "make_ref/0")]
pub struct Ref(u64);

impl Ref {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        // Relaxed: only uniqueness is asked for.
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl fmt::Debug for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#Ref<{}>", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::HashSet, hash::BuildHasher};

    fn hash(slot: u32, serial: u32) -> u64 {
        BuildHasherDefault::<PidHasher>::default().hash_one(Pid { node: 0, slot, serial, creation: 1 })
    }

    #[test]
    fn neighbors_have_places_side_by_side() {
        let steps: Vec<_> = (0..1000).map(|slot| hash(slot + 1, 1) as u32 - hash(slot, 1) as u32).collect();
        assert!(steps.iter().all(|step| [1, 2].contains(step)), "{steps:?}");
        assert!(steps.iter().filter(|step| **step == 2).count() < 5);
    }

    /// Places of 1,024 slots at one distance, in a map with twice as many.
    #[test]
    fn slots_at_any_distance_are_spread() {
        for distance in (0..16).map(|log| 1 << log) {
            let places: HashSet<_> = (0..1024).map(|n| hash(n * distance, 1) % 2048).collect();
            assert!(places.len() >= 64, "{distance}: {}", places.len());
        }
    }

    #[test]
    fn pids_of_one_slot_differ_in_their_high_bits() {
        let high: HashSet<_> = (1..100).map(|serial| hash(7, serial) >> 57).collect();
        assert!(high.len() > 50, "{}", high.len());
    }
}
