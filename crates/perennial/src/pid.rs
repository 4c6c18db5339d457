//! Who a process is.

use std::{
    fmt,
    hash::{Hash, Hasher},
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

/// By slot and serial only, in one step: those of one node, which are what is put into a map, differ in these.
impl Hash for Pid {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(u64::from(self.serial) << 32 | u64::from(self.slot));
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
