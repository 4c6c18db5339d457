//! The table of a scope: shared memory that callers read and write themselves.
//!
//! # Invariants
//!
//! 1. A membership, or a watch, comes into the index by owner first and then into the groups, and leaves the other way
//!    round. So whatever is in a group is found when its owner ends, without a look at other groups.
//! 2. Each is told by its id, so that one who removes it late never removes another.
//! 3. An owner has this table in what its last acts release once for its memberships and once for its watches.
//! 4. Locks: a shard, then a process; never two shards.

use crate::{
    pg::{
        group::{Listing, Member, Watch},
        groups::{Closed, Groups},
        monitor::{GroupEvent, MonitorRef},
    },
    pid::Pid,
    process::{
        Recipient,
        block::{ProcRef, Public, Release, Tied},
        panics,
    },
    registry::{by_owner::ByOwner, options::partitions, rows::Row},
};
use equivalent::Equivalent;
use foldhash::quality::RandomState;
use std::{
    hash::{BuildHasher, Hash},
    ptr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

pub(super) struct Table<G> {
    hasher: RandomState,
    number: AtomicU64,
    groups: Groups<G>,
    members: ByOwner<Arc<G>, ()>,
    watches: ByOwner<Option<Arc<G>>, Recipient<GroupEvent<G>>>,
}

impl<G: Eq + Hash + Send + Sync + 'static> Table<G> {
    pub(super) fn new() -> Self {
        let shards = partitions();
        Self {
            hasher: RandomState::default(),
            number: AtomicU64::new(0),
            groups: Groups::new(shards),
            members: ByOwner::new(shards),
            watches: ByOwner::new(shards),
        }
    }

    /// Has processes join a group, all at one moment; those that have ended do not.
    pub(super) fn join(self: &Arc<Self>, group: G, owners: Vec<ProcRef>) -> Result<(), Closed> {
        let (hash, name) = self.name(group);
        let row = |owner| Row { key: name.clone(), value: (), hash, number: self.next_number(), owner };
        let members: Vec<Member<G>> = owners.into_iter().map(|owner| Arc::new(row(owner))).collect();
        for member in &members {
            self.members.add(member.clone(), || self.clone());
        }
        let joined = self.groups.join(&members);
        let refused = match &joined {
            Ok((ended, _)) => ended,
            Err(Closed) => &members,
        };
        for member in refused {
            self.members.remove(member, self.place());
        }
        joined.map(|_| ())
    }

    /// Takes one membership of each process out of a group; how many were there.
    pub(super) fn leave<Q>(&self, group: &Q, pids: &[Pid]) -> usize
    where
        Q: Hash + Equivalent<G> + ?Sized,
    {
        let (left, dropped) = self.groups.leave(self.hash(group), |it| group.equivalent(it), pids);
        for member in &left {
            self.members.remove(member, self.place());
        }
        drop(dropped);
        left.len()
    }

    /// Begins to watch a group.
    pub(super) fn watch(
        self: &Arc<Self>,
        group: G,
        owner: ProcRef,
        to: Recipient<GroupEvent<G>>,
    ) -> Result<(MonitorRef, Vec<Pid>), Closed> {
        let (hash, name) = self.name(group);
        let watch = self.new_watch(Some(name.clone()), hash, owner, to);
        let members = self.groups.watch(&name, &watch);
        self.started(&watch, members)
    }

    /// Begins to watch all groups.
    pub(super) fn watch_all(
        self: &Arc<Self>,
        owner: ProcRef,
        to: Recipient<GroupEvent<G>>,
    ) -> Result<(MonitorRef, Listing<G>), Closed> {
        let watch = self.new_watch(None, 0, owner, to);
        let members = self.groups.watch_all(&watch);
        self.started(&watch, members)
    }

    /// The reference of a watch that is over: of one who has ended.
    pub(super) fn unused(&self, owner: Pid) -> MonitorRef {
        MonitorRef((owner, self.next_number()))
    }

    /// Ends a watch; false if there is none.
    pub(super) fn unwatch(&self, MonitorRef(id): MonitorRef) -> bool {
        let Some(watch) = self.watches.get(id) else { return false };
        let was_there = self.groups.unwatch(&watch);
        self.watches.remove(&watch, self.place());
        was_there
    }

    /// The members of a group.
    pub(super) fn members<Q>(&self, group: &Q) -> Vec<Pid>
    where
        Q: Hash + Equivalent<G> + ?Sized,
    {
        self.groups.members(self.hash(group), |it| group.equivalent(it))
    }

    /// The names of all groups that have members.
    pub(super) fn all(&self) -> Vec<Arc<G>> {
        self.groups.all()
    }

    fn new_watch(
        self: &Arc<Self>,
        group: Option<Arc<G>>,
        hash: u64,
        owner: ProcRef,
        to: Recipient<GroupEvent<G>>,
    ) -> Watch<G> {
        let watch = Arc::new(Row { key: group, value: to, hash, number: self.next_number(), owner });
        self.watches.add(watch.clone(), || self.clone());
        watch
    }

    fn started<T>(&self, watch: &Watch<G>, seen: Result<T, Closed>) -> Result<(MonitorRef, T), Closed> {
        if seen.is_err() || watch.owner.process().reason().is_some() {
            // The scope has ended, or the owner, who is not in the groups then, or about to be taken out.
            self.groups.unwatch(watch);
            self.watches.remove(watch, self.place());
        }
        seen.map(|seen| (MonitorRef(watch.id()), seen))
    }

    /// The name of a group and its hash; all its rows share it, but for a race, which does no harm.
    fn name(&self, group: G) -> (u64, Arc<G>) {
        let hash = self.hash(&group);
        let known = self.groups.name(hash, |it| *it == group);
        (hash, known.unwrap_or_else(|| Arc::new(group)))
    }

    fn hash(&self, group: &(impl Hash + ?Sized)) -> u64 {
        self.hasher.hash_one(group)
    }

    fn next_number(&self) -> u64 {
        // Relaxed: only uniqueness is asked for, and the order of one owner's own.
        self.number.fetch_add(1, Ordering::Relaxed)
    }
}

impl<G: Send + Sync + 'static> Public for Table<G> {}

/// The end of an owner: it leaves all groups, and its watches go.
impl<G: Send + Sync + 'static> Release for Table<G> {
    fn release(&self, owner: Pid) -> Option<Tied> {
        // First, so that it is told nothing of its own leaving.
        for watch in self.watches.take(owner).into_iter().flatten() {
            self.groups.unwatch(&watch);
            panics::drop_quietly(watch);
        }
        for member in self.members.take(owner).into_iter().flatten() {
            let dropped = self.groups.remove(&member);
            panics::drop_quietly((dropped, member));
        }
        None
    }

    fn place(&self) -> *const () {
        ptr::from_ref(self).cast()
    }
}

/// The end of the scope: its groups are gone, and their members live on.
pub(super) struct Closing<G>(pub(super) Arc<Table<G>>);

impl<G: Send + Sync + 'static> Release for Closing<G> {
    fn release(&self, _: Pid) -> Option<Tied> {
        // The groups first: who joined before is taken out there, who comes later is refused.
        let groups = self.0.groups.close();
        let members = self.0.members.close(self.0.place());
        let watches = self.0.watches.close(self.0.place());
        panics::drop_quietly(groups);
        for row in members.into_iter().flatten() {
            panics::drop_quietly(row);
        }
        for row in watches.into_iter().flatten() {
            panics::drop_quietly(row);
        }
        None
    }

    fn place(&self) -> *const () {
        // Not the table's own: that is where the scope's process would have rows.
        ptr::from_ref(self).cast()
    }
}
