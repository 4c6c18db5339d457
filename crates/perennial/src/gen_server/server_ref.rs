//! A typed reference to one process that is a server.

use crate::{
    exit_reason::CallError,
    gen_server::{Address, GenServer, InfoTo, message::ServerBlock},
    pid::Pid,
    process::{
        Recipient,
        room::{NoRoom, Room, Taken},
    },
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

impl<S: GenServer> ServerRef<S> {
    /// Takes room for a cast, if that is bounded.
    pub(crate) fn try_room(&self) -> Result<Taken, NoRoom> {
        self.0.process.room().map_or(Ok(Taken::Nothing), Room::try_take)
    }

    /// Waits for room for a cast, if that is bounded.
    pub(crate) async fn room(&self) -> Taken {
        match self.0.process.room() {
            Some(room) => room.take().await,
            None => Taken::Nothing,
        }
    }
}

impl<S: GenServer> Address for ServerRef<S> {
    type Server = S;
    fn resolve(&self) -> Result<Self, CallError> {
        Ok(self.clone())
    }
    fn with_server<R>(&self, f: impl FnOnce(&Self) -> R) -> Result<R, CallError> {
        Ok(f(self))
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
