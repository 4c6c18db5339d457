//! Local names: one name space of strings per node.

use crate::{
    pid::Pid,
    process::{block::ProcRef, bonds::Bonds},
    sync::{AtomicU64, RwLock, RwLockReadGuard, RwLockWriteGuard},
};
use hashbrown::{HashTable, hash_table::Entry};
use rustc_hash::FxBuildHasher;
use std::{
    fmt,
    hash::BuildHasher,
    sync::{Arc, atomic::Ordering},
};

const SHARDS: usize = 16;

#[derive(Default)]
struct Shard {
    names: RwLock<HashTable<Named>>,
    /// How often `names` was changed. Written under its lock.
    changes: AtomicU64,
}

/// A state of the names that have the shard of one name.
#[derive(Clone, Copy, Default)]
pub(crate) struct Moment {
    shard: usize,
    changes: u64,
}

struct Named {
    name: Arc<str>,
    process: ProcRef,
}

/// Who has which name.
pub(crate) struct Names {
    shards: [Shard; SHARDS],
}

/// A name, as who asks for it has it.
#[derive(Clone)]
pub(crate) enum Text {
    Static(&'static str),
    Shared(Arc<str>),
}

impl Text {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Static(name) => name,
            Self::Shared(name) => name,
        }
    }

    pub(crate) fn to_shared(&self) -> Arc<str> {
        match self {
            Self::Static(name) => Arc::from(*name),
            Self::Shared(name) => name.clone(),
        }
    }
}

/// Why a name could not be registered.
///
/// # OTP
///
/// The cases in which `register/2` raises `badarg`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegisterError {
    /// Somebody has the name.
    Taken(Pid),
    /// The process has a name already; a process has at most one.
    HasName,
    /// The process has ended.
    NoProc,
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken(pid) => write!(f, "the name is taken by {pid}"),
            Self::HasName => f.write_str("the process has a name already"),
            Self::NoProc => f.write_str("no such process"),
        }
    }
}

impl std::error::Error for RegisterError {}

impl Names {
    pub(crate) fn new() -> Self {
        Self { shards: Default::default() }
    }

    pub(crate) fn get(&self, name: &str) -> Option<ProcRef> {
        let hash = hash(name);
        let names = self.shard(hash).read();
        names.find(hash, |named| *named.name == *name).map(|named| named.process.clone())
    }

    /// Who has the name, the name as it is kept, and how long that is so.
    pub(crate) fn find(&self, name: &str) -> Option<(ProcRef, Arc<str>, Moment)> {
        let hash = hash(name);
        let shard = self.shard(hash);
        let names = shard.read();
        let named = names.find(hash, |named| *named.name == *name)?;
        // Relaxed: whoever changes the names has the lock meanwhile.
        let moment = Moment { shard: index(hash), changes: shard.changes.load(Ordering::Relaxed) };
        Some((named.process.clone(), named.name.clone(), moment))
    }

    /// Whether all that was found then would be found now.
    pub(crate) fn is_still(&self, then: Moment) -> bool {
        // Acquire: pairs with `changed`. Who knows of a change by other means sees a greater number.
        self.shards[then.shard].changes.load(Ordering::Acquire) == then.changes
    }

    /// Gives `process` the name.
    pub(crate) fn register(&self, name: Arc<str>, process: &ProcRef) -> Result<(), RegisterError> {
        let hash = hash(&name);
        let shard = self.shard(hash);
        let mut names = shard.write();
        let free = match names.entry(hash, |named| named.name == name, Named::hash) {
            Entry::Vacant(free) => free,
            Entry::Occupied(taken) => return Err(RegisterError::Taken(taken.get().process.process().pid())),
        };
        // Lock order: shard, then process. A process that ends takes its name out of its bonds first and
        // comes to the shard without its own lock, so it either sees this name or we see that it ends.
        let mut state = process.process().lock();
        if !state.is_alive() {
            return Err(RegisterError::NoProc);
        }
        let bonds: &mut Bonds = state.bonds();
        if bonds.name.is_some() {
            return Err(RegisterError::HasName);
        }
        bonds.name = Some(name.clone());
        free.insert(Named { name, process: process.clone() });
        shard.changed();
        Ok(())
    }

    /// Frees the name if `owner` still has it: it may have been given up and taken by another meanwhile.
    pub(crate) fn release(&self, name: &str, owner: Pid) {
        let is_owners = |named: &Named| *named.name == *name && named.process.process().pid() == owner;
        drop(self.remove(name, is_owners));
    }

    /// Frees the name; returns who had it.
    pub(crate) fn unregister(&self, name: &str) -> Option<ProcRef> {
        let hash = hash(name);
        let shard = self.shard(hash);
        let mut names = shard.write();
        let named = names.find_entry(hash, |named| *named.name == *name).ok()?.remove().0;
        shard.changed();
        // Under the lock of the shard too, as in `register`: name and process agree at any time.
        if let Some(bonds) = named.process.process().lock().bonds_if_any_mut() {
            bonds.name = None;
        }
        Some(named.process)
    }

    /// All names, in alphabetical order.
    pub(crate) fn all(&self) -> Vec<Arc<str>> {
        let read = |shard: &Shard| {
            let names = shard.read();
            names.iter().map(|named| named.name.clone()).collect::<Vec<_>>()
        };
        let mut names: Vec<_> = self.shards.iter().flat_map(read).collect();
        names.sort();
        names
    }

    fn remove(&self, name: &str, is: impl Fn(&Named) -> bool) -> Option<Named> {
        let hash = hash(name);
        let shard = self.shard(hash);
        let mut names = shard.write();
        let named = names.find_entry(hash, is).ok()?.remove().0;
        shard.changed();
        Some(named)
    }

    fn shard(&self, hash: u64) -> &Shard {
        &self.shards[index(hash)]
    }
}

impl Shard {
    fn read(&self) -> RwLockReadGuard<'_, HashTable<Named>> {
        self.names.read().expect("no user code runs under this lock")
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashTable<Named>> {
        self.names.write().expect("no user code runs under this lock")
    }

    /// Under the lock.
    fn changed(&self) {
        // Release: what is noted from now on was found after the change, see `is_still`.
        self.changes.fetch_add(1, Ordering::Release);
    }
}

impl Named {
    fn hash(&self) -> u64 {
        hash(&self.name)
    }
}

/// The number of a shard.
fn index(hash: u64) -> usize {
    // Neither the lowest bits, which choose the bucket in the table, nor the highest, which tell entries apart.
    (hash >> 32) as usize % SHARDS
}

fn hash(name: &str) -> u64 {
    FxBuildHasher.hash_one(name)
}
