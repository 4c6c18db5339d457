//! Takes connections and serves them until it is told to stop.
//!
//! # Order of events
//!
//! 1. `stopped` turns true: the listener is closed, so new connections are refused by the system.
//! 2. Each connection finishes the request it is serving, if any, and closes.
//! 3. The acceptor ends when the last connection has; if it is killed before, the rest are aborted with it.

use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use perennial::process;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The limits of connections.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many at once; further ones wait in the system's queue.
    pub open: usize,
    /// How long a client may take to send the head of a request, or to say nothing between two.
    pub head: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { open: 20_000, head: Duration::from_secs(30) }
    }
}

/// The head of a request has at most this many bytes.
const HEAD_BYTES: usize = 16 * 1024;

/// The address a request came from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) IpAddr);

/// Serves connections, in a process, until `stopped` is true, or its sender is gone, and they have ended.
pub(super) async fn acceptor(
    listener: TcpListener,
    app: Router,
    limits: Limits,
    mut stopped: watch::Receiver<bool>,
) {
    process::set_label("acceptor");
    let mut connections = JoinSet::new();
    let stop = stopped.clone();
    loop {
        let is_full = connections.len() >= limits.open;
        tokio::select! {
            biased;
            () = told(&mut stopped) => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if !is_full => match accepted {
                Ok((stream, peer)) => {
                    let peer = Peer(peer.ip().to_canonical());
                    connections.spawn(serve(stream, peer, app.clone(), limits, stop.clone()));
                }
                Err(error) => after(&error).await,
            },
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// An accept fails for the one connection, which is gone, or for want of file descriptors: then nothing helps but
/// to wait until others have closed.
async fn after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::warn!(target: "mastery", %error, "no connection can be accepted; waiting");
        perennial::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Waits until it is time to stop. The guard that `wait_for` returns is a lock, so it is dropped at once.
async fn told(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

async fn serve(
    stream: TcpStream,
    peer: Peer,
    app: Router,
    limits: Limits,
    mut stopped: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let app = TowerToHyperService::new(app);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        app.call(request)
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service)
    );
    // A client that goes away or talks nonsense is no event: hyper has answered 400 if it could.
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = told(&mut stopped) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(target: "mastery", %error, "a connection ended early");
    }
}
