//! Registries: keys of any type, each naming a process or many, with a value for each.
//!
//! A process registers itself; its rows go when it ends. [`RegistryName`] is the name of a registry with the types of
//! its keys and values, for a `static`. It leads to whichever registry has that name on the current node, at each use.
//!
//! ```
//! use perennial::{prelude::*, registry::RegistryName};
//!
//! static SESSIONS: RegistryName<(String, u32)> = RegistryName::new("sessions");
//!
//! struct Session;
//! impl GenServer for Session {
//!     type Args = (String, u32);
//!     async fn start_link(key: Self::Args) -> StartResult {
//!         gen_server::start_link::<Self>(key.clone(), SESSIONS.via::<Self>(key)).await
//!     }
//!     async fn init(_: Self::Args, _: &mut Cx<Self>) -> Result<Self, InitError> {
//!         Ok(Self)
//!     }
//! }
//! struct Ping;
//! impl HandleCall<Ping> for Session {
//!     type Reply = &'static str;
//!     async fn handle_call(&mut self, _: Ping, _: &mut Cx<Self>) -> Reply<&'static str> {
//!         reply("pong")
//!     }
//! }
//!
//! # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! SESSIONS.start_link(Default::default()).await?;
//! let key = ("algebra".to_owned(), 7);
//! let pid = Session::start_link(key.clone()).await?;
//! assert_eq!(Session::start_link(key.clone()).await, Err(StartError::AlreadyStarted(pid)));
//! assert_eq!(SESSIONS.via::<Session>(key).call(Ping).await?, "pong");
//! # Ok(()) }
//! ```
//!
//! # Under a supervisor
//!
//! [`SESSIONS.child_spec()`](RegistryName::child_spec), before the children that register, so that it is stopped after
//! them. If it ends, so do its registrants (see below); with `Strategy::RestForOne` they are started again after it.
//!
//! # What goes when
//!
//! | what ends | what becomes of the rows |
//! |---|---|
//! | a registrant | its rows go, before those who monitor it or are linked to it are told; nobody else's |
//! | the registry | all rows go; who has any gets an exit signal from it: `Killed` if it was killed, else `Shutdown` |
//!
//! So after a `Down` the key is free. Until then [`lookup`](RegistryName::lookup), [`dispatch`](RegistryName::dispatch)
//! and [`via`](RegistryName::via) skip a process that is ending, while the others may still see its rows. A process is
//! tied to a registry only while it has rows, and its [`links`](crate::process::links) do not show it.
//!
//! # When not to use it
//!
//! * For one server under one fixed name: a [`Name`] does that.
//! * As a cache or a database: rows go with their process, and only it can change them.
//! * To find processes of other nodes: a registry is local.
//!
//! # Errors and panics
//!
//! A registry that does not run is a fact of life, such as while its supervisor starts it again; so it is an `Err`
//! everywhere. To register from code that is in no process, or to ask something of a registry that its kind of keys cannot
//! do, is a mistake, and panics.
//!
//! # OTP
//!
//! Elixir's `Registry`. Differs: match patterns are closures; a partition is a lock and no process; rows go at once and not
//! later; what is not running is an `Err` and raises nothing.

mod by_key;
mod entries;
mod error;
pub(crate) mod few;
pub(crate) mod key_hash;
mod listener;
mod lock;
mod meta;
#[cfg(all(test, perennial_loom))]
mod models;
pub(crate) mod options;
mod read;
mod row;
pub(crate) mod rows;
mod server;
mod table;
mod value;
mod via;
mod write;

pub use entries::{Entries, IntoIter};
pub use equivalent::Equivalent;
pub use error::{RegisterError, RegistryError};
pub use listener::{Listener, RegistryEvent};
pub use lock::Locked;
pub use meta::Meta;
pub use options::{Keys, Options};
pub use server::Registry;
pub use via::{Via, ViaValue};

use crate::{
    child_spec::{ChildSpec, StartResult},
    gen_server::{GenServer, Name, start},
    process::{
        found::{self, NotFound},
        node::NodeInner,
    },
};
use std::{fmt, future::Future, hash::Hash, sync::Arc};
use table::Table;

/// What can be a key: any value that can be compared and hashed. Implemented for all that can be.
///
/// `Eq` runs while a part of the table is locked, and so does `Clone` where keys are listed: they must not use the registry.
/// Each part of the table has its keys in itself, so one that is very large is better an `Arc`.
pub trait Key: Clone + Eq + Hash + Send + Sync + 'static {}

impl<K: Clone + Eq + Hash + Send + Sync + 'static> Key for K {}

/// The name of a registry, with the types of its keys and values: for a `static`, or made at run time from a `String`.
///
/// It is resolved on the current node at each use and holds nothing. See the [module](self).
pub struct RegistryName<K, V = ()>(Name<Registry<K, V>>);

impl<K, V> RegistryName<K, V> {
    /// A name for a `static`.
    pub const fn new(name: &'static str) -> Self {
        Self(Name::new(name))
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The name of its process: to stop it, or to see whether it is there.
    pub fn name(&self) -> &Name<Registry<K, V>> {
        &self.0
    }
}

impl<K: Key, V: Send + Sync + 'static> RegistryName<K, V> {
    /// How a supervisor starts this registry, with unique keys. The id is its name.
    #[doc(alias = "Registry.child_spec/1")]
    pub fn child_spec(&self) -> ChildSpec {
        self.child_spec_with(Options::default())
    }

    /// As [`child_spec`](Self::child_spec), with options.
    #[doc(alias = "Registry.child_spec/1")]
    pub fn child_spec_with(&self, options: Options<K, V>) -> ChildSpec {
        let spec = ChildSpec::worker(Registry::<K, V>::start_link, (self.clone(), options));
        ChildSpec { id: self.as_str().into(), ..spec }
    }

    /// Starts this registry, linked to the current process, if there is one.
    ///
    /// # Errors
    ///
    /// [`StartError::AlreadyStarted`](crate::child_spec::StartError::AlreadyStarted): its name is taken, be it by a
    /// registry with other types.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped the registry is started nevertheless.
    ///
    /// # OTP
    ///
    /// `Registry.start_link/1`.
    #[doc(alias = "Registry.start_link/1")]
    pub fn start_link(&self, options: Options<K, V>) -> impl Future<Output = StartResult> + Send + use<K, V> {
        Registry::start_link((self.clone(), options))
    }

    /// The table of the registry that has this name now.
    fn table(&self) -> Result<Arc<Table<K, V>>, RegistryError> {
        found::find(self.0.text()).map_err(|not| self.missing(not))
    }

    /// Uses that table.
    fn with_table<R>(&self, f: impl FnOnce(&Table<K, V>) -> R) -> Result<R, RegistryError> {
        found::with(None, self.0.text(), f).map_err(|not| self.missing(not))
    }

    /// As [`with_table`](Self::with_table), on a node that is known.
    fn with_table_on<R>(
        &self,
        node: &NodeInner,
        f: impl FnOnce(&Table<K, V>) -> R,
    ) -> Result<R, RegistryError> {
        found::with(Some(node), self.0.text(), f).map_err(|not| self.missing(not))
    }

    fn missing(&self, not: NotFound) -> RegistryError {
        match not {
            NotFound::Nobody => RegistryError::Unknown(self.as_str().into()),
            // It has its name before its table.
            NotFound::Nothing(process) if start::server_at::<Registry<K, V>>(process.clone()).is_some() => {
                RegistryError::Unknown(self.as_str().into())
            }
            NotFound::Nothing(_) | NotFound::Other => RegistryError::WrongType(self.as_str().into()),
        }
    }
}

impl<K, V> From<String> for RegistryName<K, V> {
    fn from(name: String) -> Self {
        Self(Name::from(name))
    }
}

impl<K, V> Clone for RegistryName<K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K, V> PartialEq for RegistryName<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K, V> Eq for RegistryName<K, V> {}

impl<K, V> fmt::Debug for RegistryName<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
