//! `mastery serve`, or just `mastery`: the service.

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use perennial::application::{Application, Running};
use perennial::node::Node;
use perennial::prelude::*;
use perennial::{runtime, time};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::app::{self, ROOT};
use crate::boundary::env::Env;
use crate::facade::Mastery;
use crate::web::keys::Keys;
use crate::web::{self, LocalAddress, SERVER};

/// How long it may take to stop: requests may go on for 10 seconds, and what they have started must reach the disk.
const STOP_WITHIN: Duration = Duration::from_secs(30);

/// And how long the store may take to close after that: a disk that hangs must not keep the program.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// Serve quizzes to a class.
///
/// Prints its address and its processes, and stops in order on Ctrl-C or SIGTERM, at once on the second.
#[derive(Debug, Args)]
pub struct Serve {
    /// Where answers are kept; made if it is not there.
    #[arg(long, value_name = "DIR", default_value = "./data")]
    data: PathBuf,
    /// Where to listen. 0.0.0.0 is everywhere: then others on the network can join.
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// The port; with 0 the system chooses one.
    #[arg(long, default_value_t = 4000)]
    port: u16,
}

impl Serve {
    /// Serves until it is asked to stop, and returns the status.
    ///
    /// # Errors
    ///
    /// A sentence that says what to do: the port is in use, the data directory cannot be used, the database is newer than the
    /// program: nothing was touched then. Or how the service ended, if not in order.
    pub fn run(&self, out: &mut impl Write) -> io::Result<u8> {
        self.check_port()?;
        log_to_stderr();
        runtime::run_main(self.serve(out))
    }

    async fn serve(&self, out: &mut impl Write) -> io::Result<u8> {
        let env = app::open(&self.data).await.map_err(io::Error::other)?;
        let keys = Keys::in_dir(&self.data)?;
        let token = keys.teacher_token();
        let running =
            Application::new("mastery").shutdown_timeout(STOP_WITHIN).start(self.tree(&env, keys)).await;
        let served = match running {
            Ok(running) => self.serve_until_stopped(&running, &token, out).await,
            // A signal came before we were up: that is no failure.
            Err(StartError::Exit(ExitReason::Shutdown)) => Ok(0),
            Err(error) => Err(io::Error::other(error)),
        };
        if time::timeout(CLOSE_WITHIN, app::close(&env)).await.is_err() {
            tracing::warn!("the store was not closed in time; what was acknowledged is on disk all the same");
        }
        served
    }

    /// Starts everything; the service is up only when it has quizzes.
    fn tree(&self, env: &Arc<Env>, keys: Keys) -> impl Future<Output = StartResult> + use<> {
        let (env, mastery) = (env.clone(), Mastery::new(env.clone()));
        let web = web::child_spec(mastery.clone(), web::Options::new(self.listen(), keys));
        async move {
            let root = app::start(&env, [web]).await?;
            app::ship(&mastery).await.map_err(|error| StartError::Exit(ExitReason::from(error)))?;
            Ok(root)
        }
    }

    async fn serve_until_stopped(
        &self,
        running: &Running,
        token: &str,
        out: &mut impl Write,
    ) -> io::Result<u8> {
        // Who cannot be told where we are gets no service: it is stopped in order too.
        let welcomed = self.welcome(token, out).await;
        let outcome = if welcomed.is_ok() { running.wait().await } else { running.stop().await };
        welcomed?;
        // It has given up, or could not stop in time.
        if outcome.is_success() { Ok(0) } else { Err(io::Error::other(outcome.to_string())) }
    }

    async fn welcome(&self, token: &str, out: &mut impl Write) -> io::Result<()> {
        // With port 0 only the server knows. If it does not say, it is being stopped or started again.
        let address = SERVER.call(LocalAddress).await.unwrap_or(self.listen());
        let root = ROOT.resolve().map(|root| app::outline::outline(&Node::current(), root.pid()));
        // In one piece: who reads the first line and stops us at once is not to change the rest.
        let text = format!(
            "mastery is at http://{address} (data in {})\n\n\
             teachers send Authorization: Bearer {token}\n\n\
             {}\n\
             Ctrl-C stops it.\n",
            self.data.display(),
            root.unwrap_or_default()
        );
        out.write_all(text.as_bytes())?;
        out.flush()
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

/// Warnings, crash and supervisor reports go to the standard error; `RUST_LOG` says what else, in the usual form.
fn log_to_stderr() {
    let wanted = EnvFilter::builder().with_default_directive(LevelFilter::WARN.into()).from_env_lossy();
    let log = tracing_subscriber::fmt().with_env_filter(wanted).with_writer(io::stderr);
    // An error says that somebody logs already, such as a test.
    let _ = log.try_init();
}
