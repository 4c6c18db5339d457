//! Addresses of partitions.

use crate::{
    exit_reason::CallError,
    gen_server::{Address, GenServer, ServerRef, start},
    partition_supervisor::{PartitionSupervisor, route::Route, table},
    supervisor::Supervisor,
};
use std::{fmt, hash::Hash, marker::PhantomData};

/// The partition that serves a key: [`PartitionSupervisor::via`].
///
/// It is resolved at each send, so it survives the restart of the partition and of its supervisor, and follows a
/// [`resize`](PartitionSupervisor::resize). While the supervisor does not run, has no partitions, or is about to restart
/// this one, a call is [`CallError::NoProc`] and a cast goes nowhere.
///
/// # OTP
///
/// `{via, PartitionSupervisor, {Name, Key}}`. As there, nothing can be started under it: it is no
/// [`Register`](crate::gen_server::Register). Differs: no partitions, or no supervisor, raise nothing.
pub struct Partition<S, A> {
    supervisor: A,
    route: Route,
    _server: PhantomData<fn() -> S>,
}

impl<S: GenServer, A: Address<Server = Supervisor> + Clone> PartitionSupervisor<S, A> {
    /// The partition that serves `key`, to call it, or to cast to it.
    ///
    /// An integer leads to the partition whose number is the remainder of its absolute value by the number of
    /// partitions, so `via(0)`, `via(1)` and so on are the partitions in turn. So does what hashes as one integer, such
    /// as a new type of one. Any other key leads where its hash does. Do not rely on more than that the same key leads to
    /// the same partition while their number is the same.
    ///
    /// # Examples
    ///
    /// ```
    /// use perennial::{partition_supervisor::PartitionSupervisor, prelude::*};
    /// static HITS: PartitionSupervisor<Agent<u64>> = PartitionSupervisor::new("hits");
    /// # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// HITS.start_link(|_| Agent::child_spec(|| 0_u64, ()), Default::default()).await?;
    /// Agent::update(&HITS.via(("alice", 7)), |n| *n += 1).await?;
    /// let mut total = 0;
    /// for partition in 0..HITS.partitions()? {
    ///     total += Agent::get(&HITS.via(partition), |n| *n).await?;
    /// }
    /// assert_eq!(total, 1);
    /// # Ok(()) }
    /// ```
    #[doc(alias = "PartitionSupervisor.whereis_name/1")]
    pub fn via(&self, key: impl Hash) -> Partition<S, A> {
        Partition { supervisor: self.supervisor.clone(), route: Route::of(&key), _server: PhantomData }
    }
}

impl<S: GenServer, A: Address<Server = Supervisor>> Address for Partition<S, A> {
    type Server = S;

    fn resolve(&self) -> Result<ServerRef<S>, CallError> {
        let supervisor = self.supervisor.resolve()?;
        let table = table::of(&supervisor)?;
        let process = self
            .route
            .partition(table.partitions())
            .and_then(|partition| table.partition(partition))
            .and_then(|pid| supervisor.0.process.node.process(pid));
        start::server_at(process.ok_or(CallError::NoProc)?).ok_or(CallError::WrongServer)
    }
}

impl<S, A: Clone> Clone for Partition<S, A> {
    fn clone(&self) -> Self {
        Self { supervisor: self.supervisor.clone(), route: self.route, _server: PhantomData }
    }
}

impl<S, A: fmt::Debug> fmt::Debug for Partition<S, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Partition").field(&self.supervisor).field(&self.route).finish()
    }
}
