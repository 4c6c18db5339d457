//! Local names: one name space of strings per node.

use crate::{
    pid::Pid,
    process::block::{Bonds, Phase, ProcRef},
    sync::RwLock,
};
use hashbrown::{HashTable, hash_table::Entry};
use rustc_hash::FxBuildHasher;
use std::{fmt, hash::BuildHasher, sync::Arc};

const SHARDS: usize = 16;

type Shard = RwLock<HashTable<Named>>;

struct Named {
    name: Arc<str>,
    process: ProcRef,
}

/// Who has which name.
pub(crate) struct Names {
    shards: [Shard; SHARDS],
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
        self.with(name, ProcRef::clone)
    }

    /// Looks at who has the name, under the lock of a shard: no user code, and nothing that waits.
    pub(crate) fn with<R>(&self, name: &str, look: impl FnOnce(&ProcRef) -> R) -> Option<R> {
        let hash = hash(name);
        let shard = self.shard(hash).read().expect("no user code runs under this lock");
        shard.find(hash, |named| *named.name == *name).map(|named| look(&named.process))
    }

    /// Gives `process` the name.
    pub(crate) fn register(&self, name: Arc<str>, process: &ProcRef) -> Result<(), RegisterError> {
        let hash = hash(&name);
        let mut shard = self.shard(hash).write().expect("no user code runs under this lock");
        let free = match shard.entry(hash, |named| named.name == name, Named::hash) {
            Entry::Vacant(free) => free,
            Entry::Occupied(taken) => return Err(RegisterError::Taken(taken.get().process.process().pid)),
        };
        // Lock order: shard, then process. A process that ends takes its name out of its bonds first and
        // comes to the shard without its own lock, so it either sees this name or we see that it ends.
        let mut state = process.process().lock();
        if !matches!(state.phase, Phase::Alive) {
            return Err(RegisterError::NoProc);
        }
        let bonds: &mut Bonds = state.bonds();
        if bonds.name.is_some() {
            return Err(RegisterError::HasName);
        }
        bonds.name = Some(name.clone());
        free.insert(Named { name, process: process.clone() });
        Ok(())
    }

    /// Frees the name if `owner` still has it: it may have been given up and taken by another meanwhile.
    pub(crate) fn release(&self, name: &str, owner: Pid) {
        let is_owners = |named: &Named| *named.name == *name && named.process.process().pid == owner;
        drop(self.remove(name, is_owners));
    }

    /// Frees the name; returns who had it.
    pub(crate) fn unregister(&self, name: &str) -> Option<ProcRef> {
        let hash = hash(name);
        let mut shard = self.shard(hash).write().expect("no user code runs under this lock");
        let named = shard.find_entry(hash, |named| *named.name == *name).ok()?.remove().0;
        // Under the lock of the shard too, as in `register`: name and process agree at any time.
        if let Some(bonds) = &mut named.process.process().lock().bonds {
            bonds.name = None;
        }
        Some(named.process)
    }

    /// All names, in alphabetical order.
    pub(crate) fn all(&self) -> Vec<Arc<str>> {
        let read = |shard: &Shard| {
            let locked = shard.read().expect("no user code runs under this lock");
            locked.iter().map(|named| named.name.clone()).collect::<Vec<_>>()
        };
        let mut names: Vec<_> = self.shards.iter().flat_map(read).collect();
        names.sort();
        names
    }

    fn remove(&self, name: &str, is: impl Fn(&Named) -> bool) -> Option<Named> {
        let hash = hash(name);
        let mut shard = self.shard(hash).write().expect("no user code runs under this lock");
        Some(shard.find_entry(hash, is).ok()?.remove().0)
    }

    fn shard(&self, hash: u64) -> &Shard {
        // Neither the lowest bits, which choose the bucket in the table, nor the highest, which tell entries apart.
        &self.shards[(hash >> 32) as usize % SHARDS]
    }
}

impl Named {
    fn hash(&self) -> u64 {
        hash(&self.name)
    }
}

fn hash(name: &str) -> u64 {
    FxBuildHasher.hash_one(name)
}
