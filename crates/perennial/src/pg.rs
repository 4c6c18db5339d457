//! Process groups: any number of processes under one name, for as long as they live.
//!
//! A [`Scope`] is a name space of groups, whose names are values of one type. A process may be in a group several times,
//! and in many groups; anybody may have it join and leave. When it ends it has left all of them before anybody hears
//! of its end.
//!
//! ```
//! use perennial::{pg::Scope, prelude::*};
//!
//! static ROOMS: Scope<String> = Scope::new("rooms");
//!
//! #[derive(GenServer)]
//! struct Guest(Vec<&'static str>);
//! struct Hear(&'static str);
//! struct Heard;
//!
//! impl HandleCast<Hear> for Guest {
//!     async fn handle_cast(&mut self, Hear(word): Hear, _: &mut Cx<Self>) -> NoReply {
//!         self.0.push(word);
//!         noreply()
//!     }
//! }
//! impl HandleCall<Heard> for Guest {
//!     type Reply = Vec<&'static str>;
//!     async fn handle_call(&mut self, _: Heard, _: &mut Cx<Self>) -> Reply<Vec<&'static str>> {
//!         reply(self.0.clone())
//!     }
//! }
//!
//! # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! ROOMS.start_link().await?;
//! let guest = Guest::start_link(Guest(Vec::new())).await?;
//! ROOMS.join("hall".to_owned(), guest)?;
//!
//! for pid in ROOMS.members("hall") {
//!     if let Some(guest) = pid.server::<Guest>() {
//!         guest.cast(Hear("hello"))?;
//!     }
//! }
//! let guest = guest.server::<Guest>().unwrap();
//! assert_eq!(guest.call(Heard).await?, ["hello"]);
//!
//! guest.stop(ExitReason::Normal).await?;
//! assert_eq!(ROOMS.members("hall"), []);
//! # Ok(()) }
//! ```
//!
//! # Under a supervisor
//!
//! [`ROOMS.child_spec()`](Scope::child_spec), before the children that join. If the scope ends, its groups and monitors
//! are gone, and nobody is told or ended: who wants to be in its groups after that joins again. With
//! `Strategy::RestForOne` its members are started again after it, and do.
//!
//! # What goes when
//!
//! | what ends | what becomes of the groups |
//! |---|---|
//! | a member | it has left all groups, and monitors were told, before its `Down` |
//! | who monitors | its monitors go |
//! | the scope | all groups and monitors go; members live on |
//!
//! # When not to use it
//!
//! * To find one process by a key: that is a [registry](crate::registry) with unique keys.
//! * To send one message to many: a registry with duplicate keys and [`Recipient`](crate::process::Recipient)s as values
//!   has [`dispatch`](crate::registry::RegistryName::dispatch), and knows the types.
//! * Where a process must end when the names are lost: registrants end with their registry, members do not.
//!
//! # OTP
//!
//! `pg`. Differs: joins and leaves go to shared memory from the caller; who has ended is in no group, not even for a
//! moment; a scope that does not run is an `Err`; groups are those of one node.

mod error;
mod group;
mod groups;
mod monitor;
mod read;
mod row;
mod server;
mod table;
mod write;

pub use error::{JoinError, LeaveError, ScopeError};
pub use monitor::{GroupEvent, MonitorRef};
pub use server::Pg;

use crate::{
    child_spec::{ChildSpec, StartResult},
    gen_server::{GenServer, Name, start},
    process::found::{self, NotFound},
    registry::Key,
};
use std::{fmt, future::Future, sync::Arc};
use table::Table;

/// The name of a scope, with the type of the names of its groups: for a `static`, or made at run time from a `String`.
///
/// It is resolved on the current node at each use and holds nothing. See the [module](self).
///
/// # OTP
///
/// The argument `Scope` of the functions of `pg`. `Scope::default()` is the default scope, `pg`.
#[doc(alias = "pg")]
pub struct Scope<G>(Name<Pg<G>>);

impl<G> Scope<G> {
    /// A name for a `static`.
    pub const fn new(name: &'static str) -> Self {
        Self(Name::new(name))
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The name of its process: to stop it, or to see whether it is there.
    pub fn name(&self) -> &Name<Pg<G>> {
        &self.0
    }
}

impl<G: Key> Scope<G> {
    /// How a supervisor starts this scope. The id is its name.
    pub fn child_spec(&self) -> ChildSpec {
        ChildSpec { id: self.as_str().into(), ..ChildSpec::worker(Pg::<G>::start_link, self.clone()) }
    }

    /// Starts this scope, linked to the current process, if there is one.
    ///
    /// # Errors
    ///
    /// [`StartError::AlreadyStarted`](crate::child_spec::StartError::AlreadyStarted): its name is taken, be it by a scope
    /// with groups of another type.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped the scope is started nevertheless.
    #[doc(alias = "pg:start_link/1")]
    pub fn start_link(&self) -> impl Future<Output = StartResult> + Send + use<G> {
        Pg::start_link(self.clone())
    }

    /// The table of the scope that has this name now.
    fn table(&self) -> Result<Arc<Table<G>>, ScopeError> {
        let unknown = || ScopeError::Unknown(self.as_str().into());
        let wrong = || ScopeError::WrongType(self.as_str().into());
        found::find(self.0.text()).map_err(|not| match not {
            // It has its name before its table.
            NotFound::Nothing(process) if start::server_at::<Pg<G>>(process.clone()).is_some() => unknown(),
            NotFound::Nothing(_) | NotFound::Other => wrong(),
            NotFound::Nobody => unknown(),
        })
    }
}

impl<G> Default for Scope<G> {
    fn default() -> Self {
        Self::new("pg")
    }
}

impl<G> From<String> for Scope<G> {
    fn from(name: String) -> Self {
        Self(Name::from(name))
    }
}

impl<G> Clone for Scope<G> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<G> PartialEq for Scope<G> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<G> Eq for Scope<G> {}

impl<G> fmt::Debug for Scope<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
