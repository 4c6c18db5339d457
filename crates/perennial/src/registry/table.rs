//! The table of a registry: shared memory that callers read and write themselves.
//!
//! # Invariants
//!
//! 1. A row is in `by_key` exactly while its owner [holds](crate::process::holdings) it. It comes to both under the lock of
//!    its shard. It is taken out of `by_key` first, so the owner may hold one for a moment that is not there any more,
//!    and nothing is there that its owner would not find when it ends.
//! 2. Only an owner adds, changes and removes its rows; but its last acts may be carried out by another thread, the
//!    registry's end takes them all, and the row of a dead holder gives way in `by_key` to who registers its key.
//! 3. A row is told by its id, so that one who removes it late never removes a successor's.
//! 4. Locks: a shard, then a process; never two shards. No closure, `Hash` or `Drop` of a user's value runs under
//!    one, nor `Clone` of values; `Eq` of keys does, and their `Clone` where keys are listed.
//! 5. A row says itself whether its owner is alive. So who looks a key up reads nothing of the process.
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
        block::{ProcRef, Public},
        holdings::{Held, HeldId, Tied},
        node::Node,
        panics,
    },
    registry::{
        by_key::{ByKey, Refused},
        few::Few,
        key_hash::KeyHash,
        listener::{Listener, Listeners},
        lock::Locks,
        meta::Meta,
        options::{Keys, Options},
        rows::{self, Home, Rows},
    },
};
use equivalent::Equivalent;
use foldhash::quality::RandomState;
use std::{
    any::Any,
    collections::BTreeMap,
    hash::Hash,
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
    listeners: Listeners<K, V>,
    hasher: RandomState,
    number: AtomicU64,
    by_key: ByKey<K, V, Self>,
}

type Row<K, V> = rows::Row<V, Table<K, V>>;
pub(super) type Found<K, V> = rows::Found<V, Table<K, V>>;

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
            listeners: Listeners::new(options.listeners),
            hasher: RandomState::default(),
            number: AtomicU64::new(0),
            by_key: ByKey::new(shards),
        }
    }

    /// Registers `owner`, and tells the listeners.
    pub(super) fn register(self: Arc<Self>, owner: ProcRef, key: K, value: V) -> Result<(), Refused>
    where
        K: Clone,
    {
        let hash = self.hash(&key);
        // Relaxed: only uniqueness is asked for, and one owner's own order.
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let told = self.listeners.get().map(|listeners| (listeners, key.clone()));
        let row = Arc::new(Row::new(value, hash, number, owner, self));
        let table = &row.table;
        let evicted = table.by_key.insert(key, &row, table.keys)?;
        // The key of another one, whose drop may panic.
        panics::drop_quietly(evicted);
        if let Some((listeners, key)) = told {
            table.tell(&listeners, &key, row.pid(), Some(&row.value));
        }
        Ok(())
    }

    /// Removes rows of one owner.
    pub(super) fn remove(&self, rows: &[Arc<Row<K, V>>]) {
        for row in rows {
            let removed = self.by_key.remove(row);
            drop((row.owner.process().let_go(row.held_id()), removed));
        }
    }

    /// Removes all rows of one owner under a key, and tells the listeners.
    pub(super) fn unregister(&self, key: &K, owner: Pid) {
        let told = self.listeners.get();
        let removed = self.by_key.remove_of(self.hash(key), |it| it == key, owner);
        // They are in `removed` still, so none is dropped here.
        removed.for_each(|row| drop(row.owner.process().let_go(row.held_id())));
        drop(removed);
        if let Some(listeners) = told {
            self.tell(&listeners, key, owner, None);
        }
    }

    /// Tells the listeners that a process has no rows under a key any more.
    pub(super) fn tell_unregistered(&self, key: &K, owner: Pid) {
        if let Some(listeners) = self.listeners.get() {
            self.tell(&listeners, key, owner, None);
        }
    }

    /// Gives a row another value; false if it is not there any more.
    pub(super) fn replace(&self, old: &Row<K, V>, value: V) -> bool {
        // If the owner has ended since, its row in `by_key` goes by its id.
        let row = Row::new(value, old.hash, old.number, old.owner.clone(), old.table.clone());
        self.by_key.replace(&Arc::new(row)).is_some()
    }

    fn tell(&self, listeners: &[Listener<K, V>], key: &K, pid: Pid, registered: Option<&V>) {
        for listener in listeners {
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

    /// What `pick` makes of each row under a key whose owner is alive. It must run no user code.
    pub(super) fn living_at<Q, R>(&self, key: &Q, pick: impl Fn(&Arc<Row<K, V>>) -> R) -> Few<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.with(key, |rows| rows.living(pick)).unwrap_or_default()
    }

    /// The rows of one process under a key.
    pub(super) fn at_of<Q>(&self, key: &Q, pid: Pid) -> Found<K, V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.with(key, |rows| rows.of(pid)).unwrap_or_default()
    }

    /// The process that has a unique key and is alive.
    pub(super) fn holder<Q>(&self, key: &Q) -> Option<ProcRef>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let owner =
            |rows: &Rows<V, Self>| Some(rows.first()).filter(|row| row.is_alive())?.owner.clone().into();
        self.with(key, owner).flatten()
    }

    /// The rows of a process, in the order in which it registered them.
    pub(super) fn of(&self, pid: Pid) -> Vec<Arc<Row<K, V>>> {
        let Some(process) = Node::of(pid).and_then(|node| node.process(pid)) else { return Vec::new() };
        let row = |held: Arc<dyn Held>| (held as Arc<dyn Any + Send + Sync>).downcast().ok();
        process.process().held_at(self).into_iter().filter_map(row).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// The keys of a process, in the order in which it registered them.
    pub(super) fn keys_of(&self, pid: Pid) -> Vec<K>
    where
        K: Clone,
    {
        self.of(pid).iter().filter_map(|row| self.by_key.key(row)).collect()
    }

    /// All keys and their rows, shard by shard, each as it is when it is come to.
    pub(super) fn rows(&self) -> impl Iterator<Item = (K, Found<K, V>)>
    where
        K: Clone,
    {
        self.by_key.shards().flatten()
    }

    fn with<Q, R>(&self, key: &Q, look: impl FnOnce(&Rows<V, Self>) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.by_key.with(self.hash(key), |it| key.equivalent(it), look)
    }

    fn hash(&self, key: &(impl Hash + ?Sized)) -> KeyHash {
        KeyHash::of(&self.hasher, key)
    }
}

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> Public for Table<K, V> {}

/// The end of an owner: its rows go, and nobody else's.
impl<K: Send + Sync + 'static, V: Send + Sync + 'static> Home<V> for Table<K, V> {
    fn row_ends(&self, row: &Row<K, V>) {
        panics::drop_quietly(self.by_key.remove(row));
    }
}

/// The end of the registry's process: its registrants are told as if they were linked to it.
pub(super) struct Closing<K, V>(pub(super) Arc<Table<K, V>>);

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> Held for Closing<K, V> {
    fn id(&self) -> HeldId {
        // Not at the table: that is where the registry's process would have rows.
        HeldId::new(self, 0)
    }

    fn release(&self, registry: Pid) -> Option<Tied> {
        // Those whose registration was in force. Each once, however many rows it has.
        let mut owners = BTreeMap::new();
        for (key, rows) in self.0.by_key.close() {
            for row in rows {
                let owner = row.owner.clone();
                let held = owner.process().let_go(row.held_id());
                owners.insert(row.pid(), owner);
                panics::drop_quietly((row, held));
            }
            panics::drop_quietly(key);
        }
        // Some thread may keep the table itself, see `process::found`.
        panics::drop_quietly(self.0.meta.close());
        panics::drop_quietly(self.0.listeners.close());
        // As in OTP, where it is the partitions that registrants are linked to: a registry that is killed takes them
        // with it, one that stops for any other reason shuts them down.
        let ended = Node::of(registry)
            .and_then(|node| node.process(registry))
            .and_then(|process| process.process().reason());
        let reason =
            if ended == Some(ExitReason::Killed) { ExitReason::Killed } else { ExitReason::Shutdown };
        Some(Tied { processes: owners.into_values().collect(), reason })
    }
}
