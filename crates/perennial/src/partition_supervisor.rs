//! Supervisors of several children of one kind, among which keys are divided.
//!
//! One process that everybody asks is a bottleneck. Where its state can be divided, a partition supervisor starts
//! several: the *partitions*, numbered from 0. A key leads to one of them, always the same.
//!
//! ```
//! use perennial::{partition_supervisor::PartitionSupervisor, prelude::*};
//!
//! static HITS: PartitionSupervisor<Agent<u64>> = PartitionSupervisor::new("hits");
//!
//! # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let children = [HITS.child_spec(|_partition| Agent::child_spec(|| 0_u64, ()))];
//! Supervisor::start_link(children, Strategy::OneForOne).await?;
//! Agent::update(&HITS.via("/index.html"), |n| *n += 1).await?;
//! assert_eq!(Agent::get(&HITS.via("/index.html"), |n| *n).await?, 1);
//! # Ok(()) }
//! ```
//!
//! # What it is made of
//!
//! Its process is a [`Supervisor`], whose children have the numbers of the partitions as ids: `0_usize`, `1_usize` and
//! so on. [`PartitionSupervisor`] leads to it, so all that can be asked of a supervisor can be asked of it:
//!
//! | Elixir | here |
//! |---|---|
//! | `{:via, PartitionSupervisor, {name, key}}` | [`NAME.via(key)`](PartitionSupervisor::via) |
//! | `PartitionSupervisor.partitions/1` | [`NAME.partitions()`](PartitionSupervisor::partitions) |
//! | `PartitionSupervisor.resize!/2` | [`NAME.resize(n)`](PartitionSupervisor::resize) |
//! | `PartitionSupervisor.which_children/1` | [`Supervisor::which_children(&NAME)`](Supervisor::which_children) |
//! | `PartitionSupervisor.count_children/1` | [`Supervisor::count_children(&NAME)`](Supervisor::count_children) |
//! | `PartitionSupervisor.stop/3` | [`NAME.stop(reason)`](Address::stop) |
//!
//! A key is looked up by the sender, in a table that is shared: no message goes through the supervisor.
//!
//! # When not to use it
//!
//! * In front of a [`DynamicSupervisor`](crate::dynamic_supervisor::DynamicSupervisor) for the reason that it has in
//!   Elixir: starts do not wait for each other here.
//! * For a process for each key: that is a [registry](crate::registry).
//! * For a state that cannot be divided: who asks all partitions waits for the slowest.
//!
//! # OTP
//!
//! Elixir's `PartitionSupervisor`. Differs: a name knows what the partitions are; what is not running is an `Err` and
//! raises nothing.

mod error;
mod options;
mod resize;
mod route;
mod table;
mod via;

pub use error::{PartitionError, ResizeError};
pub use options::Options;
pub use via::Partition;

use crate::{
    child_spec::{ChildSpec, StartError, StartResult},
    exit_reason::{CallError, ExitReason},
    gen_server::{Address, GenServer, Name, Register, ServerRef},
    supervisor::{self, Supervisor},
};
use std::{fmt, future::Future, marker::PhantomData, sync::Arc};
use table::{Table, WithTable};

/// The name of a partition supervisor, with the type of the servers that are its partitions: for a `static`, or made
/// at run time from a `String`.
///
/// It is resolved on the current node at each use and holds nothing. As an [`Address`] it leads to the supervisor; see
/// the [module](self).
#[doc(alias = "PartitionSupervisor.which_children/1")]
#[doc(alias = "PartitionSupervisor.count_children/1")]
#[doc(alias = "PartitionSupervisor.stop/3")]
pub struct PartitionSupervisor<S, A = Name<Supervisor>> {
    supervisor: A,
    _partitions: PhantomData<fn() -> S>,
}

impl<S> PartitionSupervisor<S> {
    /// A name for a `static`.
    pub const fn new(name: &'static str) -> Self {
        Self { supervisor: Name::new(name), _partitions: PhantomData }
    }
}

impl<S, A> PartitionSupervisor<S, A> {
    /// One that has another kind of name, such as a key of a registry.
    ///
    /// ```
    /// use perennial::{partition_supervisor::PartitionSupervisor, prelude::*};
    /// static TENANTS: RegistryName<u32> = RegistryName::new("tenants");
    /// fn hits(tenant: u32) -> PartitionSupervisor<Agent<u64>, impl Address<Server = Supervisor> + Clone> {
    ///     PartitionSupervisor::at(TENANTS.via(tenant))
    /// }
    /// # #[perennial::main] async fn main() { assert_eq!(hits(1).partitions(), Err(CallError::NoProc)); }
    /// ```
    pub fn at(supervisor: A) -> Self {
        Self { supervisor, _partitions: PhantomData }
    }
}

impl<S, A> PartitionSupervisor<S, A>
where
    S: GenServer,
    A: Address<Server = Supervisor> + Register<Supervisor> + Clone + fmt::Debug,
{
    /// How a supervisor starts this one: a partition for each core. The id is its name.
    ///
    /// `template` makes the specification of each partition from its number. It is called for all of them when the
    /// supervisor is started, and whenever its own supervisor starts it again. The `id` it gives is not looked at.
    ///
    /// # OTP
    ///
    /// Differs: `template` is `:child_spec` and `:with_arguments` in one.
    #[doc(alias = "PartitionSupervisor.child_spec/1")]
    pub fn child_spec<F>(&self, template: F) -> ChildSpec
    where
        F: Fn(usize) -> ChildSpec + Clone + Send + Sync + 'static,
    {
        self.child_spec_with(template, Options::default())
    }

    /// As [`child_spec`](Self::child_spec), with options.
    #[doc(alias = "PartitionSupervisor.child_spec/1")]
    pub fn child_spec_with<F>(&self, template: F, options: Options) -> ChildSpec
    where
        F: Fn(usize) -> ChildSpec + Clone + Send + Sync + 'static,
    {
        let start = |(this, template, options): (Self, F, Options)| this.start_link(template, options);
        let spec = ChildSpec::supervisor(start, (self.clone(), template, options));
        ChildSpec { id: format!("{self:?}").into(), ..spec }
    }

    /// Starts this partition supervisor and its partitions, linked to the current process, if there is one.
    ///
    /// `template` makes the specification of each partition from its number, here and at once. The `id` it gives is not
    /// looked at. The partitions start one after the other.
    ///
    /// # Errors
    ///
    /// * [`StartError::AlreadyStarted`]: the name is taken.
    /// * [`StartError::Exit`]: as of [`Supervisor::start_link`]. If no partitions are asked for, or a specification is
    ///   wrong by itself, nothing was started, and the reason is an `Error`. A partition that is no `S` is one that did
    ///   not start. See [`PartitionError`].
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped after it was polled, the supervisor is started nevertheless.
    ///
    /// # OTP
    ///
    /// `PartitionSupervisor.start_link/1`. Differs: `template` is `:child_spec` and `:with_arguments` in one.
    #[doc(alias = "PartitionSupervisor.start_link/1")]
    pub fn start_link<F>(
        &self,
        template: F,
        options: Options,
    ) -> impl Future<Output = StartResult> + Send + use<S, A, F>
    where
        F: Fn(usize) -> ChildSpec,
    {
        let Options { partitions, strategy, max_restarts, max_seconds } = options;
        let table = Arc::new(Table::new(partitions));
        let specs = (0..partitions).map(|partition| table.record::<S>(partition, template(partition)));
        let specs: Result<Vec<_>, _> = specs.collect();
        let name = WithTable { name: self.supervisor.clone(), table };
        let options =
            supervisor::Options { strategy, max_restarts, max_seconds, ..supervisor::Options::default() };
        async move {
            if partitions == 0 {
                return Err(StartError::Exit(ExitReason::from(PartitionError::NoPartitions)));
            }
            let specs = specs.map_err(|wrong| StartError::Exit(ExitReason::from(wrong)))?;
            Supervisor::start_link_as(name, specs, options).await
        }
    }
}

impl<S, A: Address<Server = Supervisor>> PartitionSupervisor<S, A> {
    /// Among how many partitions keys are divided now.
    ///
    /// # Errors
    ///
    /// [`CallError::NoProc`] if it does not run, [`CallError::WrongServer`] if its name belongs to another process.
    #[doc(alias = "PartitionSupervisor.partitions/1")]
    pub fn partitions(&self) -> Result<usize, CallError> {
        Ok(table::of(&self.resolve()?)?.partitions())
    }
}

impl<S, A: Address<Server = Supervisor>> Address for PartitionSupervisor<S, A> {
    type Server = Supervisor;

    fn resolve(&self) -> Result<ServerRef<Supervisor>, CallError> {
        self.supervisor.resolve()
    }
}

impl<S> From<String> for PartitionSupervisor<S> {
    fn from(name: String) -> Self {
        Self::at(Name::from(name))
    }
}

impl<S, A: Clone> Clone for PartitionSupervisor<S, A> {
    fn clone(&self) -> Self {
        Self::at(self.supervisor.clone())
    }
}

impl<S, A: fmt::Debug> fmt::Debug for PartitionSupervisor<S, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.supervisor.fmt(f)
    }
}
