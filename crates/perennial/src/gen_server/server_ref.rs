//! A typed reference to one process that is a server.

use crate::{
    exit_reason::CallError,
    gen_server::{Address, GenServer, InfoTo, message::ServerBlock},
    pid::Pid,
    process::Recipient,
};
use std::{fmt, sync::Arc};
use tokio::sync::{OwnedSemaphorePermit, TryAcquireError};

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

/// The mailbox is bounded and full.
pub(crate) struct NoRoom;

impl<S: GenServer> ServerRef<S> {
    /// Takes room for a cast, if that is bounded.
    pub(crate) fn try_room(&self) -> Result<Option<OwnedSemaphorePermit>, NoRoom> {
        let Some(room) = self.0.process.room() else { return Ok(None) };
        match room.clone().try_acquire_owned() {
            Ok(room) => Ok(Some(room)),
            Err(TryAcquireError::NoPermits) => Err(NoRoom),
            // It has ended, and takes anything.
            Err(TryAcquireError::Closed) => Ok(None),
        }
    }

    /// Waits for room for a cast, if that is bounded.
    pub(crate) async fn room(&self) -> Option<OwnedSemaphorePermit> {
        // An error says that it has ended, see above.
        self.0.process.room()?.clone().acquire_owned().await.ok()
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
