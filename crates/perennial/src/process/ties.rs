//! What ties a process to others: in a box that is made on demand, and small, because most that have one have little in
//! it: a child of a supervisor is in one registry, as a rule.

use crate::{
    pid::Pid,
    process::{bonds::Bonds, holdings::Holdings, small_map::SmallMap, watchers::Watchers},
};

/// The links of a process, but for that with its parent, its monitors on this side, and what it holds elsewhere.
#[derive(Default)]
pub(crate) struct Ties {
    pub(crate) links: Links,
    pub(crate) watchers: Watchers,
    pub(crate) held: Holdings,
    /// What few processes have.
    pub(crate) bonds: Option<Box<Bonds>>,
}

/// The processes that one is linked to. Most have one link at most.
pub(crate) type Links = SmallMap<Pid, ()>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_box_is_small() {
        assert_eq!(size_of::<Ties>(), 56);
    }
}
