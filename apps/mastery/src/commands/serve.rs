//! `mastery serve`, or just `mastery`: the service.

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::PathBuf;

use clap::Args;
use perennial::node::Node;
use perennial::prelude::*;
use perennial::runtime;

use crate::app;
use crate::facade::Mastery;
use crate::web;
use crate::web::keys::Keys;

/// Serve quizzes to a class.
///
/// Prints its address and its processes, and stops in order on Ctrl-C or SIGTERM.
#[derive(Debug, Args)]
pub struct Serve {
    /// Where answers are kept; made if it is not there.
    #[arg(long, value_name = "DIR", default_value = "./data")]
    data: PathBuf,
    /// Where to listen. 0.0.0.0 is everywhere: then others on the network can join.
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// The port.
    #[arg(long, default_value_t = 4000)]
    port: u16,
}

impl Serve {
    /// Serves until it is asked to stop, and returns the status.
    ///
    /// # Errors
    ///
    /// A sentence that says what to do: the port is in use, the data directory cannot be used, the database is newer than the
    /// program. Nothing was touched then.
    pub fn run(&self, out: &mut impl Write) -> io::Result<u8> {
        self.check_port()?;
        runtime::run_main(self.serve(out))
    }

    async fn serve(&self, out: &mut impl Write) -> io::Result<u8> {
        let env = app::open(&self.data).await.map_err(io::Error::other)?;
        let mastery = Mastery::new(env.clone());
        let keys = Keys::in_dir(&self.data)?;
        let token = keys.teacher_token();
        let web = web::child_spec(mastery.clone(), web::Options::new(self.listen(), keys));
        let root = app::start(&env, [web]).await.map_err(io::Error::other)?;
        app::ship(&mastery).await.map_err(io::Error::other)?;
        writeln!(out, "mastery is at http://{} (data in {})\n", self.listen(), self.data.display())?;
        writeln!(out, "teachers send Authorization: Bearer {token}\n")?;
        writeln!(out, "{}", app::outline::outline(&Node::current(), root))?;
        writeln!(out, "Ctrl-C stops it.")?;
        out.flush()?;
        let status = tokio::select! {
            stop = asked_to_stop() => stop.map(|()| 0)?,
            // It has given up; its reports say why.
            _ = process::monitor(root) => 1,
        };
        app::stop(&env).await;
        Ok(status)
    }

    fn listen(&self) -> SocketAddr {
        (self.host, self.port).into()
    }

    /// Looks before anything is opened, so that a second start by mistake leaves no trace.
    fn check_port(&self) -> io::Result<()> {
        let listen = self.listen();
        TcpListener::bind(listen).map(drop).map_err(|error| {
            let message = match error.kind() {
                io::ErrorKind::AddrInUse => {
                    format!(
                        "port {} is in use: stop what uses it or choose another one with --port",
                        self.port
                    )
                }
                _ => format!("cannot listen on {listen} ({error}): choose another --host or --port"),
            };
            io::Error::new(error.kind(), message)
        })
    }
}

/// Waits for Ctrl-C or, where there is such a thing, SIGTERM.
async fn asked_to_stop() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
