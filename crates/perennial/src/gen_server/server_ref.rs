//! A typed reference to one process that is a server.

use crate::{
    exit_reason::CallError,
    gen_server::{Address, GenServer, InfoTo, message::ServerBlock},
    pid::Pid,
    process::Recipient,
};
use std::{fmt, sync::Arc};

/// One process that is a server of type `S`, alive or not. It does not follow a restart: a name does.
pub struct ServerRef<S: GenServer>(pub(crate) Arc<ServerBlock<S>>);

impl<S: GenServer> ServerRef<S> {
    /// Its pid.
    pub fn pid(&self) -> Pid {
        self.0.pid()
    }

    /// It, as one who takes messages of type `M`.
    pub fn recipient<M: InfoTo<S>>(&self) -> Recipient<M> {
        M::recipient(self)
    }
}

impl<S: GenServer> Address for ServerRef<S> {
    type Server = S;
    fn resolve(&self) -> Result<Self, CallError> {
        Ok(self.clone())
    }
}

impl<S: GenServer> Clone for ServerRef<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S: GenServer> PartialEq for ServerRef<S> {
    fn eq(&self, other: &Self) -> bool {
        self.pid() == other.pid()
    }
}

impl<S: GenServer> Eq for ServerRef<S> {}

impl<S: GenServer> fmt::Debug for ServerRef<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerRef({})", self.pid())
    }
}
