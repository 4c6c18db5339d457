//! The table of a partition supervisor: how many partitions there are, and who they are. It is read by who sends, and
//! written by the supervisor when it starts a partition.
//!
//! # Invariants
//!
//! 1. It belongs to one incarnation of the supervisor, and is attached to its process before that has its name.
//! 2. A place is written by the start of its partition, within the supervisor, before that knows of the child. What it
//!    holds after the child has ended is the pid of a process that is gone, and a pid is never used twice: who is led
//!    there finds nobody.
//! 3. `partitions` is changed by [`resize`](super::PartitionSupervisor::resize) only, which holds `resizing`: raised
//!    after the partitions run, lowered before they are stopped.

use crate::{
    child_spec::{ChildId, ChildSpec, SpecError, Start, StartError},
    exit_reason::CallError,
    gen_server::{GenServer, Register, Registered, ServerRef},
    partition_supervisor::PartitionError,
    pid::Pid,
    process::{self, block::Public},
    supervisor::Supervisor,
};
use std::{
    any::{Any, type_name},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::sync::Mutex;

/// See the module.
pub(super) struct Table {
    partitions: AtomicUsize,
    places: Box<[RwLock<Option<Pid>>]>,
    /// Whose turn it is to resize. It is held over an `await`, and guards nothing else.
    pub(super) resizing: Mutex<()>,
}

impl Public for Table {}

impl Table {
    pub(super) fn new(partitions: usize) -> Self {
        Self {
            partitions: AtomicUsize::new(partitions),
            places: (0..partitions).map(|_| RwLock::default()).collect(),
            resizing: Mutex::default(),
        }
    }

    /// Among how many partitions keys are divided.
    pub(super) fn partitions(&self) -> usize {
        // Acquire, with the Release of `set_partitions`: who sees a partition counted finds it in its place.
        self.partitions.load(Ordering::Acquire)
    }

    /// How many partitions the supervisor was started with.
    pub(super) fn max(&self) -> usize {
        self.places.len()
    }

    pub(super) fn set_partitions(&self, partitions: usize) {
        self.partitions.store(partitions, Ordering::Release);
    }

    /// Who was started last as this partition, dead or alive.
    pub(super) fn partition(&self, partition: usize) -> Option<Pid> {
        *self.places.get(partition)?.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, partition: usize, pid: Pid) {
        *self.places[partition].write().unwrap_or_else(PoisonError::into_inner) = Some(pid);
    }

    /// The specification of a partition, whose every start is recorded here.
    pub(super) fn record<S: GenServer>(
        self: &Arc<Self>,
        partition: usize,
        spec: ChildSpec,
    ) -> Result<ChildSpec, SpecError> {
        // Its start is hidden from the supervisor behind ours.
        spec.check()?;
        let start = move |(table, start): (Arc<Self>, Start)| async move {
            let pid = start.run().await?;
            // One that has ended meanwhile is of no type; the supervisor is about to hear of it.
            if pid.server::<S>().is_none() && process::is_alive(pid) {
                process::kill(pid);
                let expected = type_name::<S>();
                return Err(StartError::Exit(PartitionError::WrongServer { partition, expected }.into()));
            }
            table.set(partition, pid);
            Ok(pid)
        };
        Ok(ChildSpec {
            id: ChildId::new(partition),
            start: Start::new(start, (self.clone(), spec.start)),
            ..spec
        })
    }
}

/// The table of a supervisor.
pub(super) fn of(supervisor: &ServerRef<Supervisor>) -> Result<&Table, CallError> {
    let public = supervisor.0.process.public();
    // Any other supervisor has none.
    public.and_then(|public| (&**public as &dyn Any).downcast_ref()).ok_or(CallError::WrongServer)
}

/// The name of a supervisor, to be registered with its table.
pub(super) struct WithTable<A> {
    pub(super) name: A,
    pub(super) table: Arc<Table>,
}

impl<A: Register<Supervisor>> Register<Supervisor> for WithTable<A> {
    fn register(&self, supervisor: &ServerRef<Supervisor>) -> Registered {
        // Before the name: who finds the supervisor finds its table. Nobody else sets it.
        let _ = supervisor.0.process.rare().public.set(self.table.clone());
        self.name.register(supervisor)
    }

    fn holder(&self) -> Option<Pid> {
        self.name.holder()
    }
}
