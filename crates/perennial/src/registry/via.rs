//! Names of servers that are keys of a registry.

use crate::{
    exit_reason::{CallError, ExitReason},
    gen_server::{Address, GenServer, Register, Registered, ServerRef, start},
    pid::Pid,
    process::{block::ProcRef, node},
    registry::{
        Key, RegistryName,
        error::{RegisterError, RegistryError},
        options::Keys,
        table::Table,
        write,
    },
};
use std::{fmt, marker::PhantomData};

/// The server of type `S` under a unique key of a registry: [`RegistryName::via`].
///
/// It is resolved at each send, so it survives the restart of the server. While there is no such registry, or nobody
/// has the key, a call is [`CallError::NoProc`] and a cast goes nowhere; the same is true of a registry with duplicate keys,
/// where a key names nobody.
///
/// # OTP
///
/// `{via, Registry, {Registry, Key}}`. Differs: a registry that does not run raises nothing.
pub struct Via<S, K, V = ()> {
    registry: RegistryName<K, V>,
    key: K,
    _server: PhantomData<fn() -> S>,
}

/// As [`Via`], with the value that a server which is started under it gets: [`RegistryName::via_value`].
pub struct ViaValue<S, K, V> {
    via: Via<S, K, V>,
    value: V,
}

impl<K: Key, V: Send + Sync + 'static> RegistryName<K, V> {
    /// The server of type `S` under `key`: to call it, or to start one with `key` as its name. Such a server registers
    /// before its `init` runs; its value is the default of `V`.
    ///
    /// A start with it fails, besides for all reasons that any start has,
    ///
    /// * with [`StartError::AlreadyStarted`](crate::child_spec::StartError::AlreadyStarted) if somebody has the key;
    /// * with [`StartError::Exit`](crate::child_spec::StartError::Exit) and an error that names the registry, if that does
    ///   not run, has other types, or has duplicate keys.
    ///
    /// # Examples
    ///
    /// See the [module](super).
    #[doc(alias = "Registry.register_name/2")]
    #[doc(alias = "Registry.whereis_name/1")]
    pub fn via<S: GenServer>(&self, key: K) -> Via<S, K, V> {
        Via { registry: self.clone(), key, _server: PhantomData }
    }

    /// As [`via`](Self::via), with a value for a server that is started under it.
    ///
    /// # OTP
    ///
    /// `{via, Registry, {Registry, Key, Value}}`.
    pub fn via_value<S: GenServer>(&self, key: K, value: V) -> ViaValue<S, K, V> {
        ViaValue { via: self.via(key), value }
    }
}

impl<S: GenServer, K: Key, V: Send + Sync + 'static> Via<S, K, V> {
    /// Who has the key and is not ending.
    fn holder(&self, table: &Table<K, V>) -> Option<Pid> {
        if table.keys == Keys::Unique { table.holder(&self.key) } else { None }
    }

    fn process(&self) -> Result<Option<ProcRef>, RegistryError> {
        // Race: who has the key may have left the node meanwhile.
        self.registry.with_table(|table| self.holder(table).and_then(node::find))
    }

    fn pid(&self) -> Option<Pid> {
        self.registry.with_table(|table| self.holder(table)).ok().flatten()
    }

    fn register_with(self, server: &ServerRef<S>, value: V) -> Registered {
        let (name, me) = (self.registry.as_str(), &server.0.process);
        let register = |table: &Table<K, V>| match table.keys {
            Keys::Unique => match write::register(name, table, me, self.key, value) {
                Ok(()) => Registered::Yes,
                Err(RegisterError::AlreadyRegistered(pid)) => Registered::Taken(pid),
                Err(error) => Registered::Failed(ExitReason::from(error)),
            },
            Keys::Duplicate => {
                let text = format!("registry `{name}` has duplicate keys; `via` needs unique ones");
                Registered::Failed(ExitReason::other(text))
            }
        };
        let registered = self.registry.with_table_on(&me.node, register);
        registered.unwrap_or_else(|error| Registered::Failed(RegisterError::from(error).into()))
    }
}

impl<S: GenServer, K: Key, V: Send + Sync + 'static> Address for Via<S, K, V> {
    type Server = S;

    fn resolve(&self) -> Result<ServerRef<S>, CallError> {
        match self.process() {
            Ok(Some(process)) => start::server_at(process).ok_or(CallError::WrongServer),
            Ok(None) | Err(RegistryError::Unknown(_)) => Err(CallError::NoProc),
            Err(RegistryError::WrongType(_)) => Err(CallError::WrongServer),
        }
    }
}

impl<S: GenServer, K: Key, V: Default + Send + Sync + 'static> Register<S> for Via<S, K, V> {
    fn register(&self, server: &ServerRef<S>) -> Registered {
        self.clone().register_last(server)
    }
    fn register_last(self, server: &ServerRef<S>) -> Registered {
        self.register_with(server, V::default())
    }
    fn holder(&self) -> Option<Pid> {
        self.pid()
    }
}

impl<S: GenServer, K: Key, V: Send + Sync + 'static> Address for ViaValue<S, K, V> {
    type Server = S;

    fn resolve(&self) -> Result<ServerRef<S>, CallError> {
        self.via.resolve()
    }
}

impl<S: GenServer, K: Key, V: Clone + Send + Sync + 'static> Register<S> for ViaValue<S, K, V> {
    fn register(&self, server: &ServerRef<S>) -> Registered {
        self.clone().register_last(server)
    }
    fn register_last(self, server: &ServerRef<S>) -> Registered {
        self.via.register_with(server, self.value)
    }
    fn holder(&self) -> Option<Pid> {
        self.via.pid()
    }
}

impl<S, K: Clone, V> Clone for Via<S, K, V> {
    fn clone(&self) -> Self {
        Self { registry: self.registry.clone(), key: self.key.clone(), _server: PhantomData }
    }
}

impl<S, K: Clone, V: Clone> Clone for ViaValue<S, K, V> {
    fn clone(&self) -> Self {
        Self { via: self.via.clone(), value: self.value.clone() }
    }
}

impl<S, K: fmt::Debug, V> fmt::Debug for Via<S, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Via").field(&self.registry).field(&self.key).finish()
    }
}

impl<S, K: fmt::Debug, V: fmt::Debug> fmt::Debug for ViaValue<S, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Via { registry, key, .. } = &self.via;
        f.debug_tuple("ViaValue").field(registry).field(key).field(&self.value).finish()
    }
}
