//! What ties a process to others: in a box that is made on demand, and small, because most that have one have little in
//! it. A child of a supervisor has one link, and is in one registry.

use crate::{
    pid::{Pid, PidSet},
    process::{holdings::Holdings, watchers::Watchers},
};

/// The links of a process, its monitors on this side, and what it holds elsewhere.
#[derive(Default)]
pub(crate) struct Ties {
    pub(crate) links: Links,
    pub(crate) watchers: Watchers,
    pub(crate) held: Holdings,
}

/// The processes that one is linked to.
#[derive(Debug, Default)]
pub(crate) enum Links {
    #[default]
    None,
    One(Pid),
    Many(Box<PidSet>),
}

impl Links {
    pub(crate) fn insert(&mut self, pid: Pid) {
        match self {
            Self::None => *self = Self::One(pid),
            Self::One(one) if *one == pid => {}
            Self::One(one) => *self = Self::Many(Box::new([*one, pid].into_iter().collect())),
            Self::Many(many) => drop(many.insert(pid)),
        }
    }

    /// False if it was not there.
    pub(crate) fn remove(&mut self, pid: Pid) -> bool {
        match self {
            Self::One(one) if *one == pid => {
                *self = Self::None;
                true
            }
            Self::Many(many) => many.remove(&pid),
            Self::One(_) | Self::None => false,
        }
    }

    pub(crate) fn contains(&self, pid: Pid) -> bool {
        match self {
            Self::None => false,
            Self::One(one) => *one == pid,
            Self::Many(many) => many.contains(&pid),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Pid> {
        let (one, many) = match self {
            Self::None => (None, None),
            Self::One(one) => (Some(*one), None),
            Self::Many(many) => (None, Some(many.iter().copied())),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }

    /// Gives back what is in reserve.
    pub(crate) fn shrink(&mut self) {
        match self {
            Self::Many(many) if many.len() < 2 => {
                *self = many.iter().next().map_or(Self::None, |pid| Self::One(*pid));
            }
            Self::Many(many) => many.shrink_to_fit(),
            Self::One(_) | Self::None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_box_is_small() {
        assert_eq!(size_of::<Ties>(), 64);
    }

    #[test]
    fn links_are_a_set_of_any_size() {
        let pid = |slot| Pid { node: 0, slot, serial: 1, creation: 1 };
        let mut links = Links::default();
        for size in 0..4_u32 {
            let mut all: Vec<_> = links.iter().collect();
            all.sort();
            assert_eq!(all, (0..size).map(pid).collect::<Vec<_>>());
            assert!(!links.contains(pid(size)) && !links.remove(pid(size)));
            links.insert(pid(size));
            links.insert(pid(size));
            assert!(links.contains(pid(size)));
        }
        for size in (0..4).rev() {
            assert!(links.remove(pid(size)));
            assert_eq!(links.iter().count(), size as usize);
            links.shrink();
            assert_eq!(links.iter().count(), size as usize);
        }
    }
}
