//! What ties a process to others: in a box that is made on demand, and small, because most that have one have little in
//! it: a child of a supervisor is in one registry, as a rule.

use crate::{
    pid::{Pid, PidSet},
    process::{bonds::Bonds, holdings::Holdings, watchers::Watchers},
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
#[derive(Debug, Default)]
pub(crate) struct Links(Option<Box<Set>>);

#[derive(Debug)]
enum Set {
    One(Pid),
    Many(PidSet),
}

impl Links {
    pub(crate) fn insert(&mut self, pid: Pid) {
        match self.0.as_deref_mut() {
            None => self.0 = Some(Box::new(Set::One(pid))),
            Some(Set::One(one)) if *one == pid => {}
            Some(Set::Many(many)) => drop(many.insert(pid)),
            Some(Set::One(one)) => {
                let both = [*one, pid].into_iter().collect();
                self.0 = Some(Box::new(Set::Many(both)));
            }
        }
    }

    /// False if it was not there.
    pub(crate) fn remove(&mut self, pid: Pid) -> bool {
        match self.0.as_deref_mut() {
            Some(Set::One(one)) if *one == pid => {
                self.0 = None;
                true
            }
            Some(Set::Many(many)) => many.remove(&pid),
            Some(Set::One(_)) | None => false,
        }
    }

    pub(crate) fn contains(&self, pid: Pid) -> bool {
        match self.0.as_deref() {
            None => false,
            Some(Set::One(one)) => *one == pid,
            Some(Set::Many(many)) => many.contains(&pid),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Pid> {
        let (one, many) = match self.0.as_deref() {
            None => (None, None),
            Some(Set::One(one)) => (Some(*one), None),
            Some(Set::Many(many)) => (None, Some(many.iter().copied())),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }

    /// Gives back what is in reserve.
    pub(crate) fn shrink(&mut self) {
        match self.0.as_deref_mut() {
            Some(Set::Many(many)) if many.len() < 2 => {
                self.0 = many.iter().next().map(|pid| Box::new(Set::One(*pid)));
            }
            Some(Set::Many(many)) => many.shrink_to_fit(),
            Some(Set::One(_)) | None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_box_is_small() {
        assert_eq!(size_of::<Ties>(), 56);
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
