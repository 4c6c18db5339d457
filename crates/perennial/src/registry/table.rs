//! The table of a registry: shared memory that callers read and write themselves.
//!
//! # Invariants
//!
//! 1. While a row is in `by_key` its owner [holds](crate::process::holdings) it. It comes to both under the lock of
//!    its shard. It is taken out of `by_key` first, so the owner may hold one that is not there any more: for a moment; if
//!    it has taken it out itself, until it holds or lets go of something else; or, if it was dead and had to give way,
//!    until it ends. Nothing is there that its owner would not find then.
//! 2. Only an owner adds, changes and removes its rows; but its last acts may be carried out by another thread, the
//!    registry's end takes them all, and the row of a dead holder gives way in `by_key` to who registers its key.
//! 3. A row is told by its id, so that one who removes it late never removes a successor's.
//! 4. Locks: a shard, then a process; never two shards. No closure, `Hash` or `Drop` of a user's value runs under
//!    one, nor `Clone` of values; `Eq` of keys does, and their `Clone` where keys are listed.
//! 5. All owners are of the node of the registry. Whether one is alive is asked of [`Alive`]; so who looks a key up reads
//!    nothing of the process.
//!
//! # Order of events
//!
//! When the registry ends, its last acts close `by_key` first: a registration that succeeded before is taken out there,
//! and its owner is told; one that comes later is refused, and its owner is not. Owners are told when those who are
//! linked to the registry have been: its supervisor hears of it first, and does not try to restart a registrant while
//! there is no registry.

use crate::{
    exit_reason::ExitReason,
    pid::{LocalPid, Pid},
    process::{
        alive::Alive,
        block::Public,
        holdings::{HeldId, Mark, Place, Tied},
        node::{self, Node},
        panics,
        state::Process,
    },
    registry::{
        by_key::{ByKey, Refused, Removed},
        few::Few,
        key_hash::KeyHash,
        listener::{Listener, Listeners},
        lock::Locks,
        meta::Meta,
        options::{Keys, Options},
        row::Row,
        rows::{HasId, Rows},
        value::Value,
    },
};
use equivalent::Equivalent;
use foldhash::quality::RandomState;
use std::{
    collections::BTreeMap,
    hash::Hash,
    sync::{Arc, Weak},
};

pub(super) struct Table<K, V> {
    /// Itself, for those who hold rows.
    own: Weak<Self>,
    /// Its process.
    pid: Pid,
    pub(super) name: Arc<str>,
    pub(super) keys: Keys,
    pub(super) meta: Meta,
    pub(super) locks: Arc<Locks<K>>,
    listeners: Listeners<K, V>,
    hasher: RandomState,
    by_key: ByKey<K, V>,
}

impl<K, V> Table<K, V>
where
    K: Eq + Hash + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// The table of the registry that `process` is.
    pub(super) fn new(process: &Process, name: Arc<str>, options: Options<K, V>) -> Arc<Self> {
        let shards = options.partitions.max(1);
        Arc::new_cyclic(|own| Self {
            own: own.clone(),
            pid: process.pid(),
            name,
            keys: options.keys,
            meta: options.meta,
            locks: Arc::default(),
            listeners: Listeners::new(options.listeners),
            hasher: RandomState::default(),
            by_key: ByKey::new(shards, &process.node.table.alive),
        })
    }

    /// Registers `owner`, and tells the listeners.
    pub(super) fn register(&self, owner: &Process, key: K, value: V) -> Result<(), Refused>
    where
        K: Clone,
    {
        let (hash, value) = (self.hash(&key), Value::new(value));
        let told = self.listeners.get().map(|listeners| (listeners, key.clone(), value.clone()));
        let way = || -> Arc<dyn Place> { self.own.upgrade().expect("it is used") };
        let evicted = self.by_key.insert((hash, key), value, owner, self.keys, (self, way))?;
        // The key of another one, whose drop may panic.
        panics::drop_quietly(evicted);
        if let Some((listeners, key, value)) = told {
            self.tell(&listeners, &key, owner.pid(), Some(&value));
        }
        Ok(())
    }

    /// Removes rows of `owner` under a key.
    pub(super) fn remove(&self, key: &(impl Hash + ?Sized), rows: &[Row<V>], owner: &Process) {
        let hash = self.hash(key);
        for row in rows {
            self.let_go(self.by_key.remove(hash, row.id()), owner);
        }
    }

    /// Removes all rows of `owner` under a key, and tells the listeners.
    pub(super) fn unregister<Q>(&self, key: &Q, owner: &Process)
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        let told = self.listeners.get();
        let removed = self.by_key.remove_of(self.hash(key), |it| key.equivalent(it), owner.local());
        self.let_go(removed, owner);
        if let Some(listeners) = told {
            self.tell(&listeners, &key.to_owned(), owner.pid(), None);
        }
    }

    /// `owner` does not hold any more what was removed.
    fn let_go(&self, removed: Removed<K, V>, owner: &Process) {
        // They are in `removed` still, so no value is dropped here.
        removed.for_each(|row| owner.let_go_of_own(self.held_id(row)));
        drop(removed);
    }

    /// Tells the listeners that a process has no rows under a key any more.
    pub(super) fn tell_unregistered<Q>(&self, key: &Q, owner: Pid)
    where
        Q: ToOwned<Owned = K> + ?Sized,
    {
        if let Some(listeners) = self.listeners.get() {
            self.tell(&listeners, &key.to_owned(), owner, None);
        }
    }

    /// Gives a row another value; false if it is not there any more.
    pub(super) fn replace(&self, key: &(impl Hash + ?Sized), old: &Row<V>, value: V) -> bool {
        self.by_key.replace(self.hash(key), old.id(), Value::new(value)).is_some()
    }

    fn tell(&self, listeners: &[Listener<K, V>], key: &K, pid: Pid, registered: Option<&V>) {
        for listener in listeners {
            listener.tell(&self.name, key, pid, registered);
        }
    }

    /// The rows under a key.
    pub(super) fn at<Q>(&self, key: &Q) -> Few<Row<V>>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.with(key, |rows, _| rows.iter().cloned().collect()).unwrap_or_default()
    }

    /// What `pick` makes of each row under a key whose owner is alive. It must run no user code.
    pub(super) fn living_at<Q, R>(&self, key: &Q, pick: impl Fn(Pid, &Value<V>) -> R) -> Few<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let living = |rows: &Rows<Row<V>>, alive: &Alive| {
            rows.pick(|row| alive.is(row.owner).then(|| pick(self.owner(row), &row.value)))
        };
        self.with(key, living).unwrap_or_default()
    }

    /// The rows of one process under a key.
    pub(super) fn at_of<Q>(&self, key: &Q, pid: Pid) -> Few<Row<V>>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let Some(owner) = self.local(pid) else { return Few::None };
        self.with(key, |rows, _| rows.of(owner)).unwrap_or_default()
    }

    /// The process that has a unique key and is alive.
    pub(super) fn holder<Q>(&self, key: &Q) -> Option<Pid>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let living = |rows: &Rows<Row<V>>, alive: &Alive| {
            let row = rows.first();
            alive.is(row.owner).then(|| self.owner(row))
        };
        self.with(key, living).flatten()
    }

    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// The keys of a process, in the order in which it registered them.
    pub(super) fn keys_of(&self, pid: Pid) -> Vec<K>
    where
        K: Clone,
    {
        let (Some(owner), Some(process)) = (self.local(pid), node::find(pid)) else { return Vec::new() };
        let key = |mark: Mark| self.by_key.key(KeyHash::from_bits(mark.hint), (owner, mark.number));
        process.process().held_at(self).into_iter().filter_map(key).collect()
    }

    /// All keys and their rows, shard by shard, each as it is when it is come to.
    pub(super) fn rows(&self) -> impl Iterator<Item = (K, Few<Row<V>>)>
    where
        K: Clone,
    {
        self.by_key.shards().flatten()
    }

    fn with<Q, R>(&self, key: &Q, look: impl FnOnce(&Rows<Row<V>>, &Alive) -> R) -> Option<R>
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

impl<K, V> Table<K, V> {
    /// Who has a row.
    pub(super) fn owner(&self, row: &Row<V>) -> Pid {
        self.pid.beside(row.owner)
    }

    /// A process of the node of this registry, as an owner; none if it is of another one.
    fn local(&self, pid: Pid) -> Option<LocalPid> {
        (pid.node == self.pid.node).then(|| pid.local())
    }

    /// A row as its owner knows it.
    fn held_id(&self, row: &Row<V>) -> HeldId {
        HeldId::new(self, row.number)
    }
}

/// The end of an owner: its rows go, and nobody else's.
impl<K: Send + Sync + 'static, V: Send + Sync + 'static> Place for Table<K, V> {
    fn release(&self, owner: Pid, held: Mark) -> Option<Tied> {
        panics::drop_quietly(self.by_key.remove(KeyHash::from_bits(held.hint), (owner.local(), held.number)));
        None
    }
}

/// The end of the registry's process: its registrants are told as if they were linked to it.
pub(super) struct Closing<K, V>(pub(super) Arc<Table<K, V>>);

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> Place for Closing<K, V> {
    fn release(&self, registry: Pid, _: Mark) -> Option<Tied> {
        let node = Node::of(registry);
        let process = |pid| node.as_ref()?.process(pid);
        // Those whose registration was in force. Each once, however many rows it has.
        let mut owners = BTreeMap::new();
        for (key, rows) in self.0.by_key.close() {
            for row in rows {
                let pid = self.0.owner(&row);
                // Race: one that has left its node meanwhile holds nothing, and there is nobody to be told.
                if let Some(owner) = process(pid) {
                    // What it held is the way to this table.
                    drop(owner.process().let_go(self.0.held_id(&row)));
                    owners.insert(pid, owner);
                }
                panics::drop_quietly(row);
            }
            panics::drop_quietly(key);
        }
        // Some thread may keep the table itself, see `process::found`.
        panics::drop_quietly(self.0.meta.close());
        panics::drop_quietly(self.0.listeners.close());
        // As in OTP, where it is the partitions that registrants are linked to: a registry that is killed takes them
        // with it, one that stops for any other reason shuts them down.
        let ended = process(registry).and_then(|process| process.process().reason());
        let reason =
            if ended == Some(ExitReason::Killed) { ExitReason::Killed } else { ExitReason::Shutdown };
        Some(Tied { processes: owners.into_values().collect(), reason })
    }
}
