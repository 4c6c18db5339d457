//! A TCP server: each connection is a child of its own, so one that crashes takes nobody with it.
//!
//! ```sh
//! cargo run -p perennial-examples --bin tcp_server        # stop it with Ctrl-C
//! nc 127.0.0.1 4000                                       # talk to it: `crash` makes the connection panic
//! ```
//!
//! ```text
//! Supervisor, RestForOne
//! ├── connections: DynamicSupervisor     one temporary child for each connection, started from its `TcpStream`
//! └── acceptor                           a bare process with a loop: accept, start_child
//! ```
//!
//! The acceptor comes last, so it is stopped first: the socket is closed, nobody new comes in. Then all connections are
//! asked to end. They trap exits, so each answers what it has been asked, says `bye`, and closes; who takes longer than
//! its `Shutdown::Timeout` is killed.
#![forbid(unsafe_code)]

#[cfg(test)]
mod tests;

use perennial::{dynamic_supervisor, prelude::*};
use std::{io, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufStream},
    net::{TcpListener, TcpStream},
    sync::watch,
};

const CONNECTIONS: Name<DynamicSupervisor> = Name::new("connections");

/// Answers lines until the peer has no more, or its supervisor asks for the end.
async fn connection(stream: TcpStream, mut inbox: Inbox<Exit>) -> io::Result<()> {
    inbox.trap_exit(true);
    let mut stream = BufStream::new(stream);
    let mut line = String::new();
    loop {
        line.clear();
        tokio::select! {
            // What has been asked is answered before the end is looked at.
            biased;
            read = stream.read_line(&mut line) => {
                if read? == 0 {
                    return Ok(());
                }
                stream.write_all(answer(line.trim_end()).as_bytes()).await?;
                stream.flush().await?;
            }
            _exit = inbox.receive() => {
                stream.write_all(b"bye\n").await?;
                return stream.shutdown().await;
            }
        }
    }
}

fn answer(line: &str) -> String {
    assert_ne!(line, "crash", "this connection was asked to crash");
    format!("{}\n", line.to_uppercase())
}

/// A child that can be started once, since a `TcpStream` cannot be cloned.
fn connection_spec(stream: TcpStream, peer: SocketAddr) -> ChildSpec {
    let start = async move || Ok(process::spawn_link(|inbox| connection(stream, inbox)));
    ChildSpec {
        shutdown: Shutdown::Timeout(Duration::from_secs(30)),
        ..ChildSpec::once(peer.to_string(), start)
    }
}

/// Binds the address before it says that it is up: who starts the server is told if that is not possible.
async fn start_acceptor((address, bound): (SocketAddr, watch::Sender<Option<SocketAddr>>)) -> StartResult {
    let failed = |error: io::Error| StartError::Exit(error.into());
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    bound.send_replace(Some(listener.local_addr().map_err(failed)?));
    Ok(process::spawn_link(|_: Inbox<()>| accept(listener)))
}

async fn accept(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, peer) = listener.accept().await?;
        let started = DynamicSupervisor::start_child(&CONNECTIONS, connection_spec(stream, peer)).await;
        if let Err(error) = started {
            eprintln!("{peer}: {error}");
        }
    }
}

/// Starts the tree; gives its root, and the address that was bound.
async fn start(address: SocketAddr) -> Result<(ServerRef<Supervisor>, SocketAddr), StartError> {
    let (tell, bound) = watch::channel(None);
    let connections = dynamic_supervisor::Options {
        name: Some(CONNECTIONS),
        max_children: Some(1000),
        ..Default::default()
    };
    let children = [
        DynamicSupervisor::child_spec(connections),
        ChildSpec { id: "acceptor".into(), ..ChildSpec::worker(start_acceptor, (address, tell)) },
    ];
    let root = Supervisor::start_link(children, Strategy::RestForOne).await?;
    let bound = bound.borrow().expect("the acceptor is up, so it has told its address");
    Ok((root.server().expect("it has just been started"), bound))
}

#[perennial::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (root, address) = start("127.0.0.1:4000".parse()?).await?;
    println!("listening on {address}; Ctrl-C to stop");
    tokio::signal::ctrl_c().await?;
    println!("draining");
    root.stop(ExitReason::Shutdown).await?;
    Ok(())
}
