//! Supervisors whose children are started on demand.
//!
//! A dynamic supervisor begins with no children. [`start_child`](DynamicSupervisor::start_child) adds one at any
//! time; one that is not restarted is forgotten, and nothing is left of it. All children are stopped at once.
//!
//! ```
//! use perennial::{dynamic_supervisor::DynamicSupervisor, prelude::*};
//!
//! const WORKERS: Name<DynamicSupervisor> = Name::new("workers");
//!
//! # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! DynamicSupervisor::start_link(WORKERS).await?;
//! let work = ChildSpec { restart: Restart::Temporary, ..ChildSpec::task("work", || async {}) };
//! let pid = DynamicSupervisor::start_child(&WORKERS, work).await?;
//! process::monitor(pid).await;
//! # Ok(()) }
//! ```
//!
//! # What differs from OTP
//!
//! * Starts run beside the supervisor: a slow `init` delays no other start, query or stop, and a child's `init` may
//!   call its supervisor. The client still waits for its own child's `init`.
//! * `terminate_child` does not block others either.
//! * A supervisor that stops keeps its links until the children have ended: should it be killed meanwhile, they go
//!   too.
//! * Optional: a [back-off](Backoff), and restart intensity for each child on its own.
//!
//! # When not to use it
//!
//! For a fixed list of different children that depend on each other: that is a
//! [`Supervisor`](crate::supervisor::Supervisor).

mod backoff;
mod children;
mod error;
mod here;
#[cfg(all(test, perennial_loom))]
mod models;
mod options;
mod requests;
mod server;
mod shared;
mod starts;

pub use backoff::Backoff;
pub use error::{StartChildError, TerminateChildError};
pub use options::Options;
pub use requests::ChildInfo;

use crate::{
    child_spec::{ChildId, ChildSpec, StartResult},
    gen_server::{self, Name, Register},
};

/// A process that starts children on demand, restarts and stops them. See the [module](self).
#[derive(Debug)]
pub struct DynamicSupervisor(server::State);

impl DynamicSupervisor {
    /// Starts a dynamic supervisor, linked to the current process. `options` are [`Options`] or a [`Name`].
    ///
    /// # Errors
    ///
    /// [`StartError::AlreadyStarted`](crate::child_spec::StartError::AlreadyStarted) if the name is taken.
    #[doc(alias = "DynamicSupervisor.start_link/1")]
    pub async fn start_link(options: impl Into<Options>) -> StartResult {
        let options = options.into();
        let name = options.name.clone();
        Self::start_link_as(name, options).await
    }

    /// As [`start_link`](Self::start_link), under any name, for example one in a registry. [`Options::name`] is not
    /// looked at.
    ///
    /// # Errors
    ///
    /// As [`start_link`](Self::start_link).
    pub async fn start_link_as(name: impl Register<Self>, options: impl Into<Options>) -> StartResult {
        gen_server::start_link::<Self>(options.into(), name).await
    }

    /// How a supervisor starts one. The id is its name, or `DynamicSupervisor`.
    pub fn child_spec(options: impl Into<Options>) -> ChildSpec {
        let options = options.into();
        let id: ChildId = options.name.as_ref().map_or("DynamicSupervisor", Name::as_str).into();
        ChildSpec { id, ..ChildSpec::supervisor(|options: Options| Self::start_link(options), options) }
    }

    /// How a supervisor starts one with a name and no other options.
    pub fn named(name: Name<Self>) -> ChildSpec {
        Self::child_spec(name)
    }
}
