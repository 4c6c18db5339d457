//! The table of a scope: shared memory that callers read and write themselves.
//!
//! # Invariants
//!
//! 1. A membership, or a watch, is in the groups while its owner [holds](crate::process::holdings) it. It comes to both
//!    under the lock of its shard, and is taken out of the groups first; a watch of all groups is held before it comes to
//!    the first of them, and is let go of before it is taken out. So whatever is in a group is found when its owner ends,
//!    without a look at other groups.
//! 2. Each is told by its id, so that one who removes it late never removes another. No two of a process have the same, also
//!    not in two scopes: an id is what a user has of a monitor.
//! 3. Locks: a shard, then a process; never two shards.

use crate::{
    pg::{
        group::{Listing, Member, Watch, Watcher},
        groups::{Closed, Groups},
        monitor::{GroupEvent, MonitorRef},
        row::{Home, Row},
    },
    pid::Pid,
    process::{
        Recipient,
        block::{ProcRef, Public},
        holdings::{HeldId, Mark, Place, Tied},
        node::Node,
        panics,
    },
    registry::{key_hash::KeyHash, options::partitions, rows::HasId},
};
use equivalent::Equivalent;
use foldhash::quality::RandomState;
use std::{
    any::Any,
    hash::Hash,
    num::NonZeroU64,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// How many scopes there were; the numbers of each begin at another place.
static SCOPES: AtomicU64 = AtomicU64::new(0);

/// So many scopes have numbers of their own. All are far below the greatest number that there is.
const SCOPES_WITH_NUMBERS: u64 = 1 << 23;

/// And so many rows of one scope: made once a microsecond, for twelve days.
const NUMBERS_OF_A_SCOPE: u64 = 1 << 40;

pub(super) struct Table<G> {
    hasher: RandomState,
    number: AtomicU64,
    groups: Groups<G>,
}

impl<G: Eq + Hash + Send + Sync + 'static> Table<G> {
    pub(super) fn new() -> Self {
        let first = SCOPES.fetch_add(1, Ordering::Relaxed) % SCOPES_WITH_NUMBERS * NUMBERS_OF_A_SCOPE;
        Self {
            hasher: RandomState::default(),
            number: AtomicU64::new(first),
            groups: Groups::new(partitions()),
        }
    }

    /// Has processes join a group, all at one moment; those that have ended do not.
    pub(super) fn join(self: &Arc<Self>, group: G, owners: Vec<ProcRef>) -> Result<(), Closed> {
        let (hash, name) = self.name(group);
        let members: Vec<_> = owners.into_iter().map(|owner| self.row((), hash, owner)).collect();
        self.groups.join(hash, &name, &members).map(drop)
    }

    /// Takes one membership of each process out of a group; how many were there.
    pub(super) fn leave<Q>(&self, group: &Q, pids: &[Pid]) -> usize
    where
        Q: Hash + Equivalent<G> + ?Sized,
    {
        let (left, dropped) = self.groups.leave(self.hash(group), |it| group.equivalent(it), pids);
        let held: Vec<_> = left.iter().map(|member| member.let_go()).collect();
        drop((dropped, held));
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
        let watch = self.row(Watcher { all: false, to }, hash, owner);
        let members = self.groups.watch(&name, &watch)?;
        Ok((MonitorRef(watch.id()), members))
    }

    /// Begins to watch all groups.
    pub(super) fn watch_all(
        self: &Arc<Self>,
        owner: ProcRef,
        to: Recipient<GroupEvent<G>>,
    ) -> Result<(MonitorRef, Listing<G>), Closed> {
        let watch = self.row(Watcher { all: true, to }, KeyHash::ZERO, owner);
        let members = self.groups.watch_all(&watch);
        if members.is_err() {
            drop(watch.let_go());
        }
        Ok((MonitorRef(watch.id()), members?))
    }

    /// The reference of a watch that is over: of one who has ended.
    pub(super) fn unused(&self, owner: Pid) -> MonitorRef {
        MonitorRef((owner, self.next_number()))
    }

    /// Ends a watch; false if there is none.
    pub(super) fn unwatch(&self, MonitorRef((pid, number)): MonitorRef) -> bool {
        let id = HeldId::new(self, number);
        let Some(owner) = Node::of(pid).and_then(|node| node.process(pid)) else { return false };
        let Some(held) = owner.process().held(id) else { return false };
        let Ok(watch) = (held.place as Arc<dyn Any + Send + Sync>).downcast::<Watch<G>>() else {
            return false;
        };
        if watch.value.all {
            // Race: one who puts it into the shards, one by one, looks under the lock of each whether it is held. So it is
            // let go of first.
            let was_held = owner.process().let_go(id).is_some();
            self.groups.unwatch(&watch);
            return was_held;
        }
        let was_there = self.groups.unwatch(&watch);
        drop(owner.process().let_go(id));
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

    fn row<V>(self: &Arc<Self>, value: V, hash: KeyHash, owner: ProcRef) -> Arc<Row<V, Self>> {
        Arc::new(Row { hash, number: self.next_number(), owner, table: self.clone(), value })
    }

    /// The name of a group and its hash; all its rows share it, but for a race, which does no harm.
    fn name(&self, group: G) -> (KeyHash, Arc<G>) {
        let hash = self.hash(&group);
        let known = self.groups.name(hash, |it| *it == group);
        (hash, known.unwrap_or_else(|| Arc::new(group)))
    }

    fn hash(&self, group: &(impl Hash + ?Sized)) -> KeyHash {
        KeyHash::of(&self.hasher, group)
    }

    fn next_number(&self) -> NonZeroU64 {
        // Relaxed: only uniqueness is asked for, and the order of one owner's own.
        NonZeroU64::MIN.saturating_add(self.number.fetch_add(1, Ordering::Relaxed))
    }
}

impl<G: Send + Sync + 'static> Public for Table<G> {}

/// The end of an owner: it leaves its groups.
impl<G: Send + Sync + 'static> Home<()> for Table<G> {
    fn row_ends(&self, member: &Member<G>) {
        panics::drop_quietly(self.groups.remove(member));
    }
}

/// The end of an owner: its watches go. Its mailbox is closed before, so it is told nothing of its own leaving.
impl<G: Send + Sync + 'static> Home<Watcher<G>> for Table<G> {
    fn row_ends(&self, watch: &Watch<G>) {
        self.groups.unwatch(watch);
    }
}

/// The end of the scope: its groups are gone, and their members live on.
pub(super) struct Closing<G>(pub(super) Arc<Table<G>>);

impl<G: Send + Sync + 'static> Place for Closing<G> {
    fn release(&self, _: Pid, _: Mark) -> Option<Tied> {
        self.0.groups.close().for_each(panics::drop_quietly);
        None
    }
}
