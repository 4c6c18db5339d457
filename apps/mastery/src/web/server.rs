//! The server child: binds, hands its listener to an acceptor, and stops in order.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use perennial::child_spec::{ChildSpec, Shutdown, StartError, StartResult};
use perennial::exit_reason::ExitReason;
use perennial::gen_server::{
    self, Cx, GenServer, HandleCall, HandleInfo, InitError, Name, NoReply, Reply, noreply, reply,
};
use perennial::pid::Pid;
use perennial::process::{self, Exit, Inbox};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::accept;
use super::practice::Practice;
use crate::facade::Mastery;

/// Under which name the server runs.
pub const SERVER: Name<Server> = Name::new("web");

/// What remains between the end of draining and a kill.
const MARGIN: Duration = Duration::from_secs(2);

/// Makes the routes with fresh state; called at each start, so that a restart leaves nothing of what went wrong.
pub(super) type MakeApp = Arc<dyn Fn() -> Router + Send + Sync>;

/// What a server is started with; made by [`child_spec`](super::child_spec).
#[derive(Clone)]
pub struct Args {
    pub(super) listen: SocketAddr,
    pub(super) drain: Duration,
    pub(super) connections: accept::Limits,
    pub(super) mastery: Mastery,
    pub(super) make_app: MakeApp,
}

pub(super) fn child_spec(args: Args) -> ChildSpec {
    let shutdown = Shutdown::Timeout(args.drain + MARGIN);
    ChildSpec { id: "web".into(), shutdown, ..Server::child_spec(args) }
}

/// The listener of a server could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody has the port.
    #[error("the address {address} is in use by another program: stop that one or listen on another address")]
    InUse {
        /// The address.
        address: SocketAddr,
    },
    /// The system refused.
    #[error("the address {address} cannot be listened on: {reason}")]
    Refused {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        reason: io::Error,
    },
}

/// The HTTP server as a process.
///
/// It listens from the moment its start has succeeded. When it is asked to stop it first stops accepting, then lets the
/// requests that are being served finish, for a limited time, and then cuts what is left.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    acceptor: Pid,
    practice: Pid,
    stop: watch::Sender<bool>,
    drain: Duration,
}

/// Asks where the server listens.
#[derive(Debug, Clone, Copy)]
pub struct LocalAddress;

impl GenServer for Server {
    type Args = Args;

    async fn start_link(args: Self::Args) -> StartResult {
        gen_server::start_link::<Self>(args, SERVER).await
    }

    async fn init(args: Args, cx: &mut Cx<Self>) -> Result<Self, InitError> {
        // The acceptor's end is to come as a message, so that it can also be waited for in `terminate`.
        cx.trap_exit();
        let listener =
            TcpListener::bind(args.listen).await.map_err(|error| bind_error(args.listen, error))?;
        let address = listener.local_addr()?;
        let practice = start_practice(&args.mastery).await?;
        let app = (args.make_app)();
        let (stop, stopped) = watch::channel(false);
        let acceptor =
            process::spawn_link(|_: Inbox<()>| accept::acceptor(listener, app, args.connections, stopped));
        tracing::info!(target: "mastery", %address, "listening");
        Ok(Self { address, acceptor, practice, stop, drain: args.drain })
    }

    async fn terminate(&mut self, _: &ExitReason, _: &mut Cx<Self>) -> Result<(), ExitReason> {
        let ended = process::monitor(self.acceptor);
        self.stop.send_replace(true);
        if perennial::time::timeout(self.drain, ended).await.is_err() {
            tracing::warn!(target: "mastery", "requests were cut: they took longer than the time to drain");
            process::kill(self.acceptor);
        }
        Ok(())
    }
}

/// Practice that a server before this one has started may still be about to end with it: this waits for that, and does
/// not have the supervisor start the server so often that it gives up.
async fn start_practice(mastery: &Mastery) -> StartResult {
    loop {
        match Practice::start_link(mastery.clone()).await {
            Err(StartError::AlreadyStarted(before)) => drop(process::monitor(before).await),
            started => return started,
        }
    }
}

impl HandleInfo<Exit> for Server {
    async fn handle_info(&mut self, exit: Exit, _: &mut Cx<Self>) -> NoReply {
        // Without these two the server serves nobody: its supervisor is to start all three anew.
        if [self.acceptor, self.practice].contains(&exit.from) { Err(exit.reason) } else { noreply() }
    }
}

impl HandleCall<LocalAddress> for Server {
    type Reply = SocketAddr;

    async fn handle_call(&mut self, _: LocalAddress, _: &mut Cx<Self>) -> Reply<SocketAddr> {
        reply(self.address)
    }
}

impl std::fmt::Debug for Args {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Args").field("listen", &self.listen).finish_non_exhaustive()
    }
}

fn bind_error(address: SocketAddr, reason: io::Error) -> BindError {
    match reason.kind() {
        io::ErrorKind::AddrInUse => BindError::InUse { address },
        _ => BindError::Refused { address, reason },
    }
}
