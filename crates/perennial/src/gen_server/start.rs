//! Starting a server and waiting for its `init`.

use crate::{
    child_spec::{StartError, StartResult},
    exit_reason::ExitReason,
    gen_server::{
        Cx, DebugOptions, GenServer, Register, ServerRef,
        message::ServerBlock,
        server_loop::{self, Live},
        system::System,
    },
    process::{
        Monitor,
        block::ProcRef,
        bonds::Started,
        budget, current, inline, links, monitors,
        node::{self, kill_stuck},
        spawn::{self, Spawn},
        time,
    },
};
use std::{sync::Arc, time::Duration};
use tokio::sync::oneshot;

/// How a server is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// How long `init` may take before the process is killed and the start fails with
    /// [`StartError::Timeout`]. Default: as long as it likes.
    pub timeout: Option<Duration>,
    /// How many casts may wait in the mailbox: see [`mailbox`](Self::mailbox). Default: as many as come.
    pub mailbox: Option<usize>,
    /// What it is to record from its start on: see [`sys`](crate::sys). Default: nothing.
    pub debug: DebugOptions,
    /// After how long without a message it hibernates: see [`hibernate_after`](Self::hibernate_after). Default: never.
    pub hibernate_after: Option<Duration>,
    /// How long a handler may take that a caller runs: see [`inline`](Self::inline). Default: 50 microseconds.
    pub inline: Option<Duration>,
}

impl Default for Options {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Options {
    const DEFAULT: Self = Self {
        timeout: None,
        mailbox: None,
        debug: DebugOptions::OFF,
        hibernate_after: None,
        inline: Some(inline::SLOW),
    };

    /// With a limit for `init`.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// With a limit for handlers that are run by who calls; with `None`, no caller runs one.
    ///
    /// A call to an idle server is handled at once, by its caller, on its own stack; if the server has messages and nobody
    /// handles them, the caller does that first. One run in 64 is timed, the first included. After one that took longer
    /// than the limit until it returned or awaited, the next 1,024 calls wait for a worker, so a server that computes for
    /// long does not hold up those who call it. What caller and server see is the same either way.
    ///
    /// # Examples
    ///
    /// ```
    /// use perennial::gen_server::Options;
    /// use std::time::Duration;
    /// // Its handlers compute for long: callers are not to run them.
    /// let computes = Options::default().inline(None);
    /// // They are short, and are to be run by their callers even if the machine is slow.
    /// let answers = Options::default().inline(Some(Duration::MAX));
    /// assert_ne!(computes, answers);
    /// ```
    ///
    /// # OTP
    ///
    /// None of its rules depends on it; there every call is a message.
    #[must_use]
    pub fn inline(mut self, limit: Option<Duration>) -> Self {
        self.inline = limit;
        self
    }

    /// With a limit for the casts that wait in the mailbox. When `limit` wait, [`cast`](super::Address::cast) gives
    /// the message back and [`cast_wait`](super::Address::cast_wait) waits. Calls and other messages are not bounded
    /// and take no room: a caller waits anyway. Of several that find it full at the moment in which room is made, one may
    /// be told that it is full though it is not any more.
    ///
    /// # Panics
    ///
    /// If `limit` is 0: no cast would ever be taken.
    #[must_use]
    #[track_caller]
    pub fn mailbox(mut self, limit: usize) -> Self {
        assert!(limit > 0, "a mailbox with room for no cast takes none");
        self.mailbox = Some(limit);
        self
    }

    /// With something recorded from the start on.
    #[must_use]
    pub fn debug(mut self, debug: DebugOptions) -> Self {
        self.debug = debug;
        self
    }

    /// With [`shrink`](GenServer::shrink) run each time that no message has come for this long; not while a time-out of
    /// [`cx.timeout`](super::Cx::timeout) runs. Each message then costs an allocation and a timer more.
    #[must_use]
    pub fn hibernate_after(mut self, idle: Duration) -> Self {
        self.hibernate_after = Some(idle);
        self
    }
}

/// Starts a server that is linked to the current process, if there is one, which is then its parent.
///
/// Returns when its `init` has run. `name` is `()`, a [`Name`](super::Name) or a
/// [`Via`](crate::registry::Via); it is registered before `init` runs.
///
/// # Errors
///
/// * [`StartError::AlreadyStarted`]: the name is taken; carries the holder's pid. Nothing else has happened.
/// * [`StartError::Ignore`]: `init` asked not to run. The process ended normally.
/// * [`StartError::Exit`]: `init` stopped or panicked. The name is free and the process gone when this returns. It
///   was linked: a current process that does not trap exits ends too, one that traps gets an `Exit` message.
///
/// # Cancel safety
///
/// If the future is dropped the server is started nevertheless.
///
/// # OTP
///
/// `gen_server:start_link/3,4`. As in OTP 26, a start that failed returns only when the process is gone.
#[doc(alias = "gen_server:start_link/4")]
pub async fn start_link<S: GenServer>(args: S::Args, name: impl Register<S>) -> StartResult {
    finish(begin(args, name, true, &Options::DEFAULT)?, None).await.map(|server| current::hand_on(server.0))
}

/// As [`start_link`], with options.
///
/// # Errors
///
/// As [`start_link`], and [`StartError::Timeout`].
pub async fn start_link_with<S: GenServer>(
    args: S::Args,
    name: impl Register<S>,
    options: Options,
) -> StartResult {
    finish(begin(args, name, true, &options)?, options.timeout).await.map(|server| current::hand_on(server.0))
}

/// Starts a server that is linked to nobody and has no parent.
///
/// # Errors
///
/// As [`start_link`].
#[doc(alias = "gen_server:start/4")]
pub async fn start<S: GenServer>(args: S::Args, name: impl Register<S>) -> StartResult {
    finish(begin(args, name, false, &Options::DEFAULT)?, None).await.map(|server| current::hand_on(server.0))
}

/// As [`start_link`]; returns the server itself, so that who is to call it need not look for it by its pid.
///
/// [`start_ref`] links it to nobody.
///
/// # Errors
///
/// As [`start_link`].
///
/// # Cancel safety
///
/// If the future is dropped the server is started nevertheless.
///
/// # Examples
///
/// A server that starts another one for itself, and ends with it:
///
/// ```
/// use perennial::prelude::*;
/// #[derive(GenServer)]
/// struct Counter(u64);
/// struct Next;
/// impl HandleCall<Next> for Counter {
///     type Reply = u64;
///     async fn handle_call(&mut self, _: Next, _: &mut Cx<Self>) -> Reply<u64> {
///         self.0 += 1;
///         reply(self.0)
///     }
/// }
/// struct Tickets(ServerRef<Counter>);
/// impl GenServer for Tickets {
///     type Args = u64;
///     async fn init(first: u64, _: &mut Cx<Self>) -> Result<Self, InitError> {
///         let counter = gen_server::start_link_ref::<Counter>(Counter(first - 1), ()).await.or_exit()?;
///         Ok(Self(counter))
///     }
/// }
/// impl HandleCall<Next> for Tickets {
///     type Reply = String;
///     async fn handle_call(&mut self, next: Next, _: &mut Cx<Self>) -> Reply<String> {
///         let number = self.0.call(next).await.or_exit()?;
///         reply(format!("ticket {number}"))
///     }
/// }
/// # #[perennial::main] async fn main() {
/// let tickets = gen_server::start_ref::<Tickets>(7, ()).await.unwrap();
/// assert_eq!(tickets.call(Next).await.as_deref(), Ok("ticket 7"));
/// let counter = process::links(tickets.pid())[0];
/// process::kill(counter);
/// assert_eq!(process::monitor(tickets.pid()).await.reason, ExitReason::Killed);
/// # }
/// ```
///
/// # OTP
///
/// `gen_server:start_link/3,4`. There a pid is all that one needs to call a server. Here the reference says of which type
/// it is.
#[doc(alias = "gen_server:start_link/4")]
pub async fn start_link_ref<S: GenServer>(
    args: S::Args,
    name: impl Register<S>,
) -> Result<ServerRef<S>, StartError> {
    start_with(args, name, true, &Options::DEFAULT).await
}

/// As [`start`]; returns the server itself, so that who is to call it need not look for it by its pid.
///
/// [`start_link_ref`] links it to the current process.
///
/// # Errors
///
/// As [`start_link`].
///
/// # Cancel safety
///
/// If the future is dropped the server is started nevertheless.
///
/// # Examples
///
/// ```
/// use perennial::prelude::*;
/// #[derive(GenServer)]
/// struct Counter(u64);
/// struct Add(u64);
/// impl HandleCall<Add> for Counter {
///     type Reply = u64;
///     async fn handle_call(&mut self, Add(n): Add, _: &mut Cx<Self>) -> Reply<u64> {
///         self.0 += n;
///         reply(self.0)
///     }
/// }
/// # #[perennial::main] async fn main() {
/// let counter = gen_server::start_ref::<Counter>(Counter(40), ()).await.unwrap();
/// assert_eq!(counter.call(Add(2)).await, Ok(42));
/// # }
/// ```
///
/// # OTP
///
/// `gen_server:start/3,4`. There a pid is all that one needs to call a server. Here the reference says of which type it is.
#[doc(alias = "gen_server:start/4")]
pub async fn start_ref<S: GenServer>(
    args: S::Args,
    name: impl Register<S>,
) -> Result<ServerRef<S>, StartError> {
    start_with(args, name, false, &Options::DEFAULT).await
}

/// As [`start`], with options.
///
/// # Errors
///
/// As [`start_link`], and [`StartError::Timeout`].
pub async fn start_unlinked_with<S: GenServer>(
    args: S::Args,
    name: impl Register<S>,
    options: Options,
) -> StartResult {
    finish(begin(args, name, false, &options)?, options.timeout)
        .await
        .map(|server| current::hand_on(server.0))
}

/// As [`start`], monitored before it first runs.
///
/// # Errors
///
/// As [`start`]; the monitor is then gone.
#[doc(alias = "gen_server:start_monitor/4")]
pub async fn start_monitor<S: GenServer>(
    args: S::Args,
    name: impl Register<S>,
) -> Result<(ServerRef<S>, Monitor), StartError> {
    start_monitor_with(args, name, Options::default()).await
}

/// As [`start_monitor`], with options.
///
/// # Errors
///
/// As [`start_monitor`], and [`StartError::Timeout`].
pub async fn start_monitor_with<S: GenServer>(
    args: S::Args,
    name: impl Register<S>,
    options: Options,
) -> Result<(ServerRef<S>, Monitor), StartError> {
    let server = begin(args, name, false, &options)?;
    let monitor = monitors::monitor(server.pid());
    finish(server, options.timeout).await.map(|server| (server, monitor))
}

/// As [`start_link`] and [`start`]; returns the server itself.
pub(crate) async fn start_with<S: GenServer>(
    args: S::Args,
    name: impl Register<S>,
    link: bool,
    options: &Options,
) -> Result<ServerRef<S>, StartError> {
    finish(begin(args, name, link, options)?, options.timeout).await
}

/// Apart from [`finish`], so that a start that waits, and each future around it, does not keep the arguments.
fn begin<S: GenServer>(
    args: S::Args,
    name: impl Register<S>,
    link: bool,
    options: &Options,
) -> Result<ServerRef<S>, StartError> {
    // A name that is taken needs no process to find that out; the race is settled again in the process.
    if let Some(holder) = name.holder() {
        return Err(StartError::AlreadyStarted(holder));
    }
    let Options { mailbox: room, inline, .. } = *options;
    let spawn = Spawn { link, room, inline, at_once: true, ..Spawn::default() };
    let block = spawn::spawn(spawn, (), |block: &Arc<ServerBlock<S>>, turn, cx| {
        let live = Live::new(Cx::new(ServerRef(block.clone()), System::new(options, &block.process)));
        server_loop::begin(block, turn, live, (args, name), cx)
    });
    Ok(ServerRef(block))
}

/// Waits until the start of `server` has ended. Mostly it has: whoever starts a server runs its `init`.
async fn finish<S: GenServer>(
    server: ServerRef<S>,
    timeout: Option<Duration>,
) -> Result<ServerRef<S>, StartError> {
    // One who starts many lets others run in between. Who has a supervisor start one does so before.
    if !current::is_start() {
        budget::unit().await;
    }
    let outcome = match server.0.process.start_ended() {
        Ok(outcome) => outcome,
        // Boxed, which is seldom needed, so that the future of a start is small.
        Err(told) => Box::pin(wait(&server, told, timeout)).await?,
    };
    Result::from(outcome).map(|()| server)
}

async fn wait<S: GenServer>(
    server: &ServerRef<S>,
    told: oneshot::Receiver<Started>,
    timeout: Option<Duration>,
) -> Result<Started, StartError> {
    // The sender goes unused only with the whole node.
    let outcome = async { told.await.unwrap_or(Started::Exit(ExitReason::Killed)) };
    let Some(limit) = timeout else { return Ok(outcome.await) };
    let clock = server.0.process.node.clock.clone();
    if let Some(outcome) = time::timeout_on(&clock, limit, outcome).await {
        return Ok(outcome);
    }
    // Unlinked first, so that the caller survives the kill.
    if let Some(me) = current::process() {
        links::unlink_from(&me, server.pid());
    }
    let process: ProcRef = server.0.clone();
    kill_stuck(&process, &clock).await;
    Err(StartError::Timeout)
}

/// Whoever is at `pid`, if it is a server of type `S`.
pub(crate) fn server_at<S: GenServer>(process: ProcRef) -> Option<ServerRef<S>> {
    process.as_any().downcast::<ServerBlock<S>>().ok().map(ServerRef)
}

impl crate::pid::Pid {
    /// The server of type `S` at this pid; none if it has ended or is of another type.
    pub fn server<S: GenServer>(self) -> Option<ServerRef<S>> {
        server_at(node::find(self)?)
    }
}
