//! The table of a registry: shared memory that callers read and write themselves.
//!
//! # Invariants
//!
//! 1. A row comes into `by_owner` first and then into `by_key`, and leaves the other way round. So whatever is in
//!    `by_key` is found when its owner ends.
//! 2. Only an owner adds, changes and removes its rows; but its last acts may be carried out by another thread, the
//!    registry's end takes them all, and the row of a dead holder gives way in `by_key` to who registers its key.
//! 3. A row is told by its id, so that one who removes it late never removes a successor's.
//! 4. Locks: a shard, then a process; never two shards. No closure, `Hash`, `Clone` or `Drop` of a user's value runs
//!    under one; `Eq` of keys does.
//!
//! # Order of events
//!
//! When the registry ends, its last acts close `by_key` first: a registration that succeeded before is taken out there,
//! and its owner is told; one that comes later is refused, and its owner is not. Owners are told when those who are
//! linked to the registry have been: its supervisor hears of it first, and does not try to restart a registrant while
//! there is no registry.

use crate::{
    exit_reason::ExitReason,
    pid::Pid,
    process::{
        block::{ProcRef, Public, Release, Tied},
        node::Node,
        panics,
    },
    registry::{
        by_key::{ByKey, Refused},
        by_owner::ByOwner,
        listener::Listener,
        lock::Locks,
        meta::Meta,
        options::{Keys, Options},
        rows::{Found, Row, Rows},
    },
};
use equivalent::Equivalent;
use foldhash::quality::RandomState;
use std::{
    collections::BTreeMap,
    hash::{BuildHasher, Hash},
    ptr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

pub(super) struct Table<K, V> {
    pub(super) name: Arc<str>,
    pub(super) keys: Keys,
    pub(super) meta: Meta,
    pub(super) locks: Arc<Locks<K>>,
    listeners: Vec<Listener<K, V>>,
    hasher: RandomState,
    number: AtomicU64,
    by_key: ByKey<K, V>,
    by_owner: ByOwner<K, V>,
}

type Shared<K, V> = Arc<Row<K, V>>;

impl<K, V> Table<K, V>
where
    K: Eq + Hash + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    pub(super) fn new(name: Arc<str>, options: Options<K, V>) -> Self {
        let shards = options.partitions.max(1);
        Self {
            name,
            keys: options.keys,
            meta: options.meta,
            locks: Arc::default(),
            listeners: options.listeners,
            hasher: RandomState::default(),
            number: AtomicU64::new(0),
            by_key: ByKey::new(shards),
            by_owner: ByOwner::new(shards),
        }
    }

    /// Registers `owner`, and tells the listeners.
    pub(super) fn register(self: &Arc<Self>, owner: ProcRef, key: K, value: V) -> Result<(), Refused> {
        let hash = self.hasher.hash_one(&key);
        // Relaxed: only uniqueness is asked for, and one owner's own order.
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let row = Arc::new(Row { key, value, hash, number, owner });
        self.by_owner.add(row.clone(), || self.clone());
        match self.by_key.insert(&row, self.keys) {
            Ok(evicted) => {
                drop(evicted);
                self.tell(&row.key, row.pid(), Some(&row.value));
                Ok(())
            }
            Err(refused) => {
                self.by_owner.remove(&row, self.place());
                Err(refused)
            }
        }
    }

    /// Removes rows of one owner.
    pub(super) fn remove(&self, rows: &[Shared<K, V>]) {
        for row in rows {
            let removed = self.by_key.remove(row);
            self.by_owner.remove(row, self.place());
            drop(removed);
        }
    }

    /// Removes all rows of one owner under a key, and tells the listeners.
    pub(super) fn unregister(&self, key: &K, owner: Pid) {
        let removed = self.by_key.remove_of(self.hasher.hash_one(key), |it| it == key, owner);
        for row in &*removed {
            self.by_owner.remove(row, self.place());
        }
        self.tell(key, owner, None);
    }

    /// Gives a row another value; false if it is not there any more.
    pub(super) fn replace(&self, row: Row<K, V>) -> bool {
        let row = Arc::new(row);
        let old = self.by_key.replace(&row);
        let replaced = old.is_some();
        if replaced {
            // If the owner has ended since, it is not there any more, and its row in `by_key` is gone by its id.
            self.by_owner.replace(row);
        }
        replaced
    }

    /// Tells the listeners.
    pub(super) fn tell(&self, key: &K, pid: Pid, registered: Option<&V>) {
        for listener in &self.listeners {
            listener.tell(&self.name, key, pid, registered);
        }
    }

    /// The rows under a key.
    pub(super) fn at<Q>(&self, key: &Q) -> Found<K, V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.with(key, Rows::found).unwrap_or_default()
    }

    /// The rows of one process under a key.
    pub(super) fn at_of<Q>(&self, key: &Q, pid: Pid) -> Found<K, V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.with(key, |rows| rows.of(pid)).unwrap_or_default()
    }

    /// The process that has a unique key, dead or alive.
    pub(super) fn holder<Q>(&self, key: &Q) -> Option<ProcRef>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.with(key, |rows| rows.first().owner.clone())
    }

    /// The rows of a process.
    pub(super) fn of(&self, pid: Pid) -> Found<K, V> {
        self.by_owner.of(pid)
    }

    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// All rows, shard by shard, each as it is when it is come to.
    pub(super) fn rows(&self) -> impl Iterator<Item = Shared<K, V>> {
        self.by_key.shards().flatten()
    }

    fn with<Q, R>(&self, key: &Q, look: impl FnOnce(&Rows<K, V>) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.by_key.with(self.hasher.hash_one(key), |it| key.equivalent(it), look)
    }
}

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> Public for Table<K, V> {}

/// The end of an owner: its rows go, and nobody else's.
impl<K, V> Release for Table<K, V>
where
    K: Eq + Hash + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    fn release(&self, owner: Pid) -> Option<Tied> {
        for row in self.by_owner.take(owner).into_iter().flatten() {
            let removed = self.by_key.remove(&row);
            panics::drop_quietly((removed, row));
        }
        None
    }

    fn place(&self) -> *const () {
        ptr::from_ref(self).cast()
    }
}

/// The end of the registry's process: its registrants are told as if they were linked to it.
pub(super) struct Closing<K, V>(pub(super) Arc<Table<K, V>>);

impl<K, V> Release for Closing<K, V>
where
    K: Eq + Hash + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    fn release(&self, registry: Pid) -> Option<Tied> {
        let rows = self.0.by_key.close();
        let owned = self.0.by_owner.close(self.0.place());
        // Each once, however many rows it had; and only those whose registration was in force.
        let owners: BTreeMap<Pid, ProcRef> = rows.iter().map(|row| (row.pid(), row.owner.clone())).collect();
        for row in owned.into_iter().flatten().chain(rows) {
            panics::drop_quietly(row);
        }
        // As in OTP, where it is the partitions that registrants are linked to: a registry that is killed takes them
        // with it, one that stops for any other reason shuts them down.
        let ended = Node::of(registry)
            .and_then(|node| node.process(registry))
            .and_then(|process| process.process().reason());
        let reason =
            if ended == Some(ExitReason::Killed) { ExitReason::Killed } else { ExitReason::Shutdown };
        Some(Tied { processes: owners.into_values().collect(), reason })
    }

    fn place(&self) -> *const () {
        // Not the table's own: that is where the registry's process would have rows.
        ptr::from_ref(self).cast()
    }
}
