//! One group, and sets of rows that may be empty.

use crate::{
    pg::{
        monitor::{GroupEvent, MonitorRef},
        row::Row,
        table::Table,
    },
    pid::Pid,
    process::Recipient,
    registry::{
        key_hash::KeyHash,
        rows::{HasId, Id, Rows},
    },
};
use std::sync::Arc;

/// One membership: a process that joined twice has two.
pub(super) type Member<G> = Row<(), Table<G>>;

/// One who watches.
pub(super) type Watch<G> = Row<Watcher<G>, Table<G>>;

pub(super) struct Watcher<G> {
    /// What it watches: all groups, or one.
    pub(super) all: bool,
    pub(super) to: Recipient<GroupEvent<G>>,
}

/// Those who watch the same.
pub(super) type Watches<G> = Set<Watcher<G>, Table<G>>;

/// The members of groups, at one moment each.
pub(super) type Listing<G> = Vec<(Arc<G>, Vec<Pid>)>;

pub(super) struct Group<G> {
    pub(super) hash: KeyHash,
    pub(super) name: Arc<G>,
    pub(super) members: Set<(), Table<G>>,
    pub(super) watches: Watches<G>,
}

impl<G: Send + Sync + 'static> Group<G> {
    pub(super) fn new(hash: KeyHash, name: Arc<G>) -> Self {
        Self { hash, name, members: Set::default(), watches: Set::default() }
    }

    /// Nobody is in it and nobody watches it.
    pub(super) fn is_over(&self) -> bool {
        self.members.is_empty() && self.watches.is_empty()
    }

    /// The members, each as often as it has joined.
    pub(super) fn pids(&self) -> Vec<Pid> {
        self.members.iter().map(|row| row.pid()).collect()
    }

    /// Tells those who watch this group and those who watch all. Returns what could not be sent.
    pub(super) fn tell(
        &self,
        all: &Watches<G>,
        event: impl Fn(MonitorRef, Arc<G>) -> GroupEvent<G>,
    ) -> Vec<GroupEvent<G>> {
        let watches = self.watches.iter().chain(all.iter());
        watches
            .filter_map(|watch| watch.value.to.send(event(MonitorRef(watch.id()), self.name.clone())).err())
            .collect()
    }

    /// Tells them who has left, if somebody has.
    pub(super) fn tell_left(&self, all: &Watches<G>, left: &[Arc<Member<G>>]) -> Vec<GroupEvent<G>> {
        if left.is_empty() {
            return Vec::new();
        }
        let pids: Vec<Pid> = left.iter().map(|row| row.pid()).collect();
        self.tell(all, |monitor, group| GroupEvent::Leave { monitor, group, pids: pids.clone() })
    }
}

/// Rows by id, or none.
pub(super) struct Set<V, T>(Option<Rows<Arc<Row<V, T>>>>);

impl<V, T> Set<V, T> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Row<V, T>>> {
        self.0.iter().flat_map(Rows::iter)
    }

    pub(super) fn has(&self, id: Id<Pid>) -> bool {
        self.0.as_ref().is_some_and(|rows| rows.has(id))
    }

    pub(super) fn add(&mut self, row: Arc<Row<V, T>>) {
        match &mut self.0 {
            Some(rows) => rows.add(row),
            None => self.0 = Some(Rows::One(row)),
        }
    }

    pub(super) fn remove(&mut self, id: Id<Pid>) -> Option<Arc<Row<V, T>>> {
        let rows = self.0.as_mut()?;
        if rows.is_only(id) { self.0.take()?.into_iter().next() } else { rows.remove(id) }
    }

    /// Takes out the newest row of a process.
    pub(super) fn remove_last_of(&mut self, pid: Pid) -> Option<Arc<Row<V, T>>> {
        let id = self.0.as_ref()?.last_of(pid)?;
        self.remove(id)
    }
}

impl<V, T> Default for Set<V, T> {
    fn default() -> Self {
        Self(None)
    }
}
