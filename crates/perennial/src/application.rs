//! The application: one tree of processes that is started, runs, and is stopped in order.
//!
//! ```no_run
//! use perennial::{
//!     application::{Application, Outcome},
//!     prelude::*,
//!     supervisor::{Strategy, Supervisor},
//! };
//!
//! #[perennial::main]
//! async fn main() -> Outcome {
//!     let children = [ChildSpec::task("metrics", || std::future::pending::<()>())];
//!     Application::new("mastery").run(Supervisor::start_link(children, Strategy::OneForOne)).await
//! }
//! ```
//!
//! [`run`](Application::run) starts the tree and waits until a signal asks the program to end, or until the tree has
//! ended by itself. Its [`Outcome`] is what `main` returns: it says with which status the program ends. A program that
//! has things to do once the tree is up uses [`start`](Application::start) and [`Running::wait`].
//!
//! # How it stops
//!
//! SIGTERM and SIGINT (elsewhere Ctrl-C), [`Running::stop`], and [`Node::stop`](crate::node::Node::stop) do the same:
//!
//! 1. The top process gets the exit signal `Shutdown` from its parent; a supervisor stops its children, the last first.
//! 2. What has not ended within [`shutdown_timeout`](Application::shutdown_timeout) is killed.
//! 3. Whatever else was started by the tree, with links, and is still there, is killed.
//!
//! A second signal ends the program at once. Signals need the feature `signal`, which is on by default.
//!
//! # When not to use it
//!
//! In a library, or in a test: start your supervisor there. A program has one application, as a rule. For parts of it
//! that start and stop together there are supervisors.

mod master;
mod outcome;
mod signals;
mod stop;

pub use outcome::Outcome;

use crate::{
    child_spec::{StartError, StartResult},
    exit_reason::ExitReason,
    gen_server::{Address, Name, Options, ServerRef, start::start_with},
    pid::Pid,
    process::monitors,
};
use master::{Master, Plan};
use signals::Signals;
use std::{
    fmt,
    future::Future,
    sync::{Arc, OnceLock},
    time::Duration,
};

/// How long an application may take to stop, unless it says otherwise.
pub const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(30);

/// An application that has not been started. See the [module](self).
#[derive(Clone, Debug)]
#[doc(alias = "application")]
#[must_use = "nothing runs until it is started"]
pub struct Application {
    name: String,
    shutdown_timeout: Option<Duration>,
    signals: bool,
}

impl Application {
    /// An application with a name, for its messages. On one node no two of one name run.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), shutdown_timeout: Some(SHUTDOWN_TIMEOUT), signals: true }
    }

    /// How long it may take to stop before what is left is killed; `None` is as long as it likes. Default: 30 s.
    pub fn shutdown_timeout(self, timeout: impl Into<Option<Duration>>) -> Self {
        Self { shutdown_timeout: timeout.into(), ..self }
    }

    /// Leaves signals to the program. Once an application has listened to a signal, that does not end the program by
    /// itself any more, also when the application is gone.
    pub fn without_signals(self) -> Self {
        Self { signals: false, ..self }
    }

    /// Starts the tree, waits until it has ended or a signal asks it to, and stops it in order.
    ///
    /// `start` is the future that does so, mostly `Supervisor::start_link(..)`. It runs in the process of the
    /// application, and gives the pid of the top process, which it has started with a link.
    ///
    /// # Panics
    ///
    /// If there is no tokio runtime, or if it was made without IO, which signals need: see `enable_all`.
    ///
    /// # Cancel safety
    ///
    /// The application runs on if the future is dropped, and still obeys signals; nobody hears of its outcome.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[perennial::main] async fn main() {
    /// use perennial::{application::{Application, Outcome}, prelude::*};
    /// let start = async { Ok(process::spawn_link(|_: Inbox<()>| async {})) };
    /// let outcome = Application::new("brief").run(start).await;
    /// assert_eq!(outcome, Outcome::Ended(ExitReason::Normal));
    /// # }
    /// ```
    ///
    /// # OTP
    ///
    /// `application:start/2` with a permanent application, and `init:stop/0` at a signal. Differs: an application that
    /// ends by itself does not stop others; the outcome says what happened, and the program decides.
    #[doc(alias = "application:start/2")]
    pub async fn run(self, start: impl Future<Output = StartResult> + Send + 'static) -> Outcome {
        match self.start_with(start).await {
            Ok(running) => running.wait().await,
            Err(outcome) => outcome,
        }
    }

    /// Starts the tree, and returns when it is up. Signals are obeyed from now on.
    ///
    /// # Errors
    ///
    /// * [`StartError::AlreadyStarted`]: an application of this name runs.
    /// * any other: what `start` gave. [`StartError::Exit`] with `Shutdown` if a signal came first. What had been
    ///   started is stopped again when this returns.
    ///
    /// # Panics
    ///
    /// As [`run`](Self::run).
    #[doc(alias = "application:start/2")]
    pub async fn start(
        self,
        start: impl Future<Output = StartResult> + Send + 'static,
    ) -> Result<Running, StartError> {
        self.start_with(start).await.map_err(|outcome| match outcome {
            Outcome::NotStarted(error) => error,
            // A signal came first.
            _ => StartError::Exit(ExitReason::Shutdown),
        })
    }

    async fn start_with(
        self,
        start: impl Future<Output = StartResult> + Send + 'static,
    ) -> Result<Running, Outcome> {
        let outcome = Arc::new(OnceLock::new());
        let registered = Name::<Master>::from(format!("application.{}", self.name));
        let plan = Plan {
            name: self.name,
            start: Box::pin(start),
            deadline: self.shutdown_timeout,
            signals: if self.signals { Signals::listen() } else { Signals::none() },
            outcome: outcome.clone(),
        };
        match start_with::<Master>(plan, registered, false, &Options::default()).await {
            Ok(master) => Ok(Running { master, outcome }),
            Err(error) => Err(outcome.get().cloned().unwrap_or(Outcome::NotStarted(error))),
        }
    }
}

/// An application that was started. Dropping it changes nothing.
#[derive(Clone)]
pub struct Running {
    master: ServerRef<Master>,
    outcome: Arc<OnceLock<Outcome>>,
}

impl Running {
    /// The process of the application: the parent of the top process.
    pub fn pid(&self) -> Pid {
        self.master.pid()
    }

    /// Waits until the application has ended, for whatever reason, and everything in it.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn wait(&self) -> Outcome {
        let down = monitors::monitor(self.pid()).await;
        // Without an outcome it was killed.
        self.outcome.get().cloned().unwrap_or(Outcome::Ended(down.reason))
    }

    /// Stops the application in order, and waits for that. One that has ended says how.
    ///
    /// # Cancel safety
    ///
    /// After the first poll it stops, whether somebody waits or not.
    #[doc(alias = "application:stop/1")]
    pub async fn stop(&self) -> Outcome {
        // The outcome says more than an error would.
        let _ = self.master.stop(ExitReason::Shutdown).await;
        self.wait().await
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Running({})", self.pid())
    }
}
