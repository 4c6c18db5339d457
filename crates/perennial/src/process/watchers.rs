//! Those who are told of the end of a process, because they monitor it.

use crate::{
    pid::Ref,
    process::{block::Receive, messages::Down},
};
use std::{
    collections::{BTreeMap, btree_map},
    iter, mem, option,
    sync::Arc,
};
use tokio::sync::oneshot;

/// Who gets a `Down`.
pub(crate) enum Watcher {
    /// A process, through its mailbox.
    Process { to: Arc<dyn Receive<Down>>, name: Option<Arc<str>> },
    /// A future.
    Future(oneshot::Sender<Down>),
}

/// The watchers of a process, by monitor: in the order in which they came. Most processes that have one have no other.
#[derive(Default)]
pub(crate) struct Watchers(Option<Box<Set>>);

enum Set {
    One(Ref, Watcher),
    Many(BTreeMap<Ref, Watcher>),
}

impl Watchers {
    pub(crate) fn insert(&mut self, monitor: Ref, watcher: Watcher) {
        match &mut self.0 {
            Some(set) => drop(set.many().insert(monitor, watcher)),
            none => *none = Some(Box::new(Set::One(monitor, watcher))),
        }
    }

    pub(crate) fn remove(&mut self, monitor: Ref) -> Option<Watcher> {
        match &mut **self.0.as_mut()? {
            Set::One(one, _) if *one == monitor => {
                mem::take(self).into_iter().next().map(|(_, watcher)| watcher)
            }
            Set::One(..) => None,
            Set::Many(many) => many.remove(&monitor),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self.0.as_deref() {
            None => 0,
            Some(Set::One(..)) => 1,
            Some(Set::Many(many)) => many.len(),
        }
    }

    /// Gives back what is in reserve.
    pub(crate) fn shrink(&mut self) {
        if self.len() < 2 {
            let last = mem::take(self).into_iter().next();
            self.0 = last.map(|(monitor, watcher)| Box::new(Set::One(monitor, watcher)));
        }
    }
}

impl Set {
    fn many(&mut self) -> &mut BTreeMap<Ref, Watcher> {
        if let Self::One(..) = self
            && let Self::One(monitor, watcher) = mem::replace(self, Self::Many(BTreeMap::new()))
        {
            self.many().insert(monitor, watcher);
        }
        match self {
            Self::Many(many) => many,
            Self::One(..) => unreachable!("it was replaced"),
        }
    }
}

impl IntoIterator for Watchers {
    type Item = (Ref, Watcher);
    type IntoIter = iter::Chain<option::IntoIter<Self::Item>, btree_map::IntoIter<Ref, Watcher>>;

    fn into_iter(self) -> Self::IntoIter {
        let (one, many) = match self.0.map(|set| *set) {
            None => (None, BTreeMap::new()),
            Some(Set::One(monitor, watcher)) => (Some((monitor, watcher)), BTreeMap::new()),
            Some(Set::Many(many)) => (None, many),
        };
        one.into_iter().chain(many)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refs(watchers: Watchers) -> Vec<Ref> {
        watchers.into_iter().map(|(monitor, _)| monitor).collect()
    }

    #[test]
    fn watchers_are_a_set_of_any_size_in_order() {
        let monitors: Vec<_> = (0..4).map(|_| Ref::new()).collect();
        let mut all = Watchers::default();
        let future = || Watcher::Future(oneshot::channel().0);
        for (size, monitor) in monitors.iter().enumerate() {
            assert_eq!(all.len(), size);
            assert!(all.remove(*monitor).is_none());
            all.insert(*monitor, future());
        }
        for (size, monitor) in monitors.iter().enumerate().rev() {
            assert!(all.remove(*monitor).is_some() && all.remove(*monitor).is_none());
            assert_eq!(all.len(), size);
            if size % 2 == 0 {
                all.shrink();
            }
        }
        assert!(all.0.is_none());
        monitors.iter().rev().for_each(|monitor| all.insert(*monitor, future()));
        assert_eq!(refs(all), monitors);
    }

    #[test]
    fn one_is_small() {
        assert_eq!((size_of::<Watchers>(), size_of::<Set>()), (8, 48));
    }
}
