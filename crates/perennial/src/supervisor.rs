//! Supervisors: processes that start, restart and stop others.
//!
//! A supervisor has a list of [child specifications](crate::child_spec::ChildSpec). It starts the children in order,
//! each when the one before is up, and stops them in reverse order. When one ends, its `restart` says whether it
//! is started again, and the supervisor's [`Strategy`] who else is.
//!
//! ```
//! use perennial::{prelude::*, supervisor::{Strategy, Supervisor}};
//!
//! # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let children = [
//!     ChildSpec::task("metrics", || std::future::pending::<()>()),
//!     ChildSpec { restart: Restart::Transient, ..ChildSpec::task("warm up", || async {}) },
//! ];
//! let pid = Supervisor::start_link(children, Strategy::RestForOne).await?;
//! let supervisor = pid.server::<Supervisor>().unwrap();
//! assert_eq!(Supervisor::count_children(&supervisor).await?.workers, 2);
//! supervisor.stop(ExitReason::Normal).await?;
//! # Ok(()) }
//! ```
//!
//! | strategy | when a child is restarted |
//! |---|---|
//! | `OneForOne` | only that child is |
//! | `OneForAll` | all others are stopped, in reverse start order, then all are started |
//! | `RestForOne` | the same, for that child and those started after it |
//!
//! Too many restarts (more than `max_restarts` within `max_seconds`) are a sign that starting again does not help:
//! the supervisor stops all children and ends with `Shutdown`; its own supervisor may know better.
//!
//! A restart that fails is tried again, counted each time, and by a message of the supervisor to itself, so that it
//! answers other requests in between.
//!
//! # When not to use it
//!
//! For many children of one kind that come and go: that is what a
//! [`DynamicSupervisor`](crate::dynamic_supervisor::DynamicSupervisor) is for.
//!
//! # What cannot be stopped
//!
//! A child that never awaits cannot be interrupted, not even by kill. Five seconds after a kill its supervisor
//! reports it, gives it up and goes on: its names are free, its links and monitors are told `Killed`, and its memory
//! is left to it until it awaits.

mod check;
mod children;
mod error;
pub(crate) mod intensity;
mod options;
pub(crate) mod report;
mod requests;
mod server;
pub(crate) mod stop_child;

pub use children::ChildState;
pub use error::{
    DeleteChildError, FailedToStartChild, RestartChildError, StartChildError, TerminateChildError,
};
pub use options::{AutoShutdown, Options, Strategy};
pub use requests::{ChildCounts, ChildInfo};

use crate::{
    child_spec::{ChildId, ChildSpec, StartResult},
    gen_server::{self, Register},
};

/// A process that starts, restarts and stops a list of children. See the [module](self).
#[derive(Debug)]
#[doc(alias = "supervisor")]
pub struct Supervisor(server::State);

impl Supervisor {
    /// Starts a supervisor and its children, linked to the current process. `options` are [`Options`] or a
    /// [`Strategy`].
    ///
    /// # Errors
    ///
    /// [`StartError::Exit`](crate::child_spec::StartError::Exit): a specification is wrong (the reason is an `Error`
    /// with a [`SpecError`](crate::child_spec::SpecError)), or a child did not start (`ShutdownWith` a
    /// [`FailedToStartChild`]); those started before it are stopped again, in reverse order.
    #[doc(alias = "supervisor:start_link/2")]
    pub async fn start_link(
        children: impl IntoIterator<Item = ChildSpec>,
        options: impl Into<Options>,
    ) -> StartResult {
        let options = options.into();
        let name = options.name.clone();
        Self::start_link_as(name, children, options).await
    }

    /// As [`start_link`](Self::start_link), under any name, for example one in a registry. [`Options::name`] is not
    /// looked at.
    ///
    /// # Errors
    ///
    /// As [`start_link`](Self::start_link).
    pub async fn start_link_as(
        name: impl Register<Self>,
        children: impl IntoIterator<Item = ChildSpec>,
        options: impl Into<Options>,
    ) -> StartResult {
        gen_server::start_link::<Self>((children.into_iter().collect(), options.into()), name).await
    }

    /// How another supervisor starts one with these children.
    pub fn child_spec(
        id: impl Into<ChildId>,
        children: impl IntoIterator<Item = ChildSpec>,
        options: impl Into<Options>,
    ) -> ChildSpec {
        let args = (children.into_iter().collect::<Vec<_>>(), options.into());
        let start = |(children, options): (Vec<ChildSpec>, Options)| Self::start_link(children, options);
        ChildSpec { id: id.into(), ..ChildSpec::supervisor(start, args) }
    }
}
