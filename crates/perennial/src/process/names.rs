//! Local names: one name space of strings per node.

use crate::{
    pid::Pid,
    process::block::{Bonds, Phase, ProcRef},
    sync::RwLock,
};
use rustc_hash::FxHashMap;
use std::{
    fmt,
    hash::{BuildHasher, BuildHasherDefault},
    sync::Arc,
};

const SHARDS: usize = 16;

type Shard = RwLock<FxHashMap<Arc<str>, ProcRef>>;

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
        self.shard(name).read().expect("no user code runs under this lock").get(name).map(look)
    }

    /// Gives `process` the name.
    pub(crate) fn register(&self, name: Arc<str>, process: &ProcRef) -> Result<(), RegisterError> {
        let mut shard = self.shard(&name).write().expect("no user code runs under this lock");
        if let Some(holder) = shard.get(&name) {
            return Err(RegisterError::Taken(holder.process().pid));
        }
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
        shard.insert(name, process.clone());
        Ok(())
    }

    /// Frees the name if `owner` still has it: it may have been given up and taken by another meanwhile.
    pub(crate) fn release(&self, name: &str, owner: Pid) {
        let mut shard = self.shard(name).write().expect("no user code runs under this lock");
        if shard.get(name).is_some_and(|holder| holder.process().pid == owner) {
            shard.remove(name);
        }
    }

    /// Frees the name; returns who had it.
    pub(crate) fn unregister(&self, name: &str) -> Option<ProcRef> {
        let mut shard = self.shard(name).write().expect("no user code runs under this lock");
        let process = shard.remove(name)?;
        if let Some(bonds) = &mut process.process().lock().bonds {
            bonds.name = None;
        }
        Some(process)
    }

    /// All names, in alphabetical order.
    pub(crate) fn all(&self) -> Vec<Arc<str>> {
        let read = |shard: &Shard| {
            let locked = shard.read().expect("no user code runs under this lock");
            locked.keys().cloned().collect::<Vec<_>>()
        };
        let mut names: Vec<_> = self.shards.iter().flat_map(read).collect();
        names.sort();
        names
    }

    fn shard(&self, name: &str) -> &Shard {
        let hasher = BuildHasherDefault::<rustc_hash::FxHasher>::default();
        &self.shards[usize::try_from(hasher.hash_one(name) >> 60).expect("four bits")]
    }
}
