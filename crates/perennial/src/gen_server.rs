//! The generic server: a process that keeps state and handles calls, casts and other messages one at a time.
//!
//! A server implements [`GenServer`], and one trait for each kind of message, once for each message type:
//!
//! | trait | for | OTP |
//! |---|---|---|
//! | [`HandleCall<M>`](HandleCall) | requests with a reply | `handle_call/3` |
//! | [`HandleCallFrom<M>`](HandleCallFrom) | requests whose reply comes later, or from elsewhere | `handle_call/3`, `reply/2` |
//! | [`HandleCast<M>`](HandleCast) | messages without a reply | `handle_cast/2` |
//! | [`HandleInfo<M>`](HandleInfo) | everything else: timers, [`Exit`](crate::process::Exit), [`Down`](crate::process::Down) | `handle_info/2` |
//! | [`HandleContinue<M>`](HandleContinue) | what a callback left for right after it | `handle_continue/2` |
//!
//! ```
//! use perennial::prelude::*;
//!
//! struct Counter(i64);
//! struct Add(i64);
//! struct Read;
//!
//! impl GenServer for Counter {
//!     type Args = i64;
//!     async fn init(start: i64, _: &mut Cx<Self>) -> Result<Self, InitError> {
//!         Ok(Self(start))
//!     }
//! }
//! impl HandleCast<Add> for Counter {
//!     async fn handle_cast(&mut self, Add(n): Add, _: &mut Cx<Self>) -> NoReply {
//!         self.0 += n;
//!         noreply()
//!     }
//! }
//! impl HandleCall<Read> for Counter {
//!     type Reply = i64;
//!     async fn handle_call(&mut self, _: Read, _: &mut Cx<Self>) -> Reply<i64> {
//!         reply(self.0)
//!     }
//! }
//!
//! # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let counter = Counter::start_link(1).await?.server::<Counter>().unwrap();
//! counter.cast(Add(2))?;
//! assert_eq!(counter.call(Read).await?, 3);
//! # Ok(()) }
//! ```
//!
//! Where `init` would only return its argument, as here, `#[derive(GenServer)]` writes that impl; the argument is
//! then the state itself.
//!
//! # How it ends
//!
//! A callback that returns `Err(reason)` stops its server, alone; so does `?`. A panic does the same. `terminate` runs
//! when a callback stops or panics, at [`stop`](Address::stop), and at an exit signal from the parent if the server
//! traps exits; not at a kill, nor at an exit signal that is not trapped, nor when `init` fails.
//!
//! # When not to use it
//!
//! For state that needs no process of its own, and for work that one process would do for many: a server handles
//! one message at a time, and everybody waits for it.

mod accepts;
mod address;
mod call;
mod caller;
mod context;
mod deadline;
pub(crate) mod debug;
pub(crate) mod direct;
pub(crate) mod message;
#[cfg(all(test, perennial_loom))]
mod models;
mod multi_call;
mod name;
mod reply;
mod reply_cell;
mod request_id;
mod request_ids;
mod server_loop;
mod server_ref;
pub(crate) mod shown;
pub(crate) mod start;
pub(crate) mod system;
mod watched;

pub use crate::exit_reason::CallError;
pub use accepts::{CallTo, CastTo, ContinueTo, InfoTo};
pub use address::{Address, CALL_TIMEOUT, CastError};
pub use caller::Caller;
pub use context::Cx;
pub use deadline::Deadline;
pub use debug::DebugOptions;
pub use multi_call::{MultiCall, multi_call};
pub use name::{Name, Register, Registered};
pub use perennial_macros::GenServer;
pub use reply::{NoReply, Replied, Reply, noreply, reply, stop, stop_reply};
pub use request_id::{RequestId, Response};
pub use request_ids::{RequestIds, Unanswered};
pub use server_ref::ServerRef;
pub use start::{
    Options, start, start_link, start_link_ref, start_link_with, start_monitor, start_monitor_with,
    start_ref, start_unlinked_with,
};

use crate::{
    child_spec::{ChildId, ChildSpec, StartResult},
    exit_reason::{ExitReason, Failure},
};
use std::{any::type_name, fmt, future::Future, time::Duration};

/// A process that keeps state and handles one message at a time. See the [module](self).
#[doc(alias = "gen_server")]
pub trait GenServer: Sized + Send + 'static {
    /// The argument of [`init`](Self::init). A supervisor that is to restart the server needs it
    /// `Clone + Sync`; nobody else does.
    type Args: Send + 'static;

    /// How long [`call`](Address::call) waits for this server: 5 s. None for a server whose callers are to wait as long
    /// as it takes.
    const CALL_TIMEOUT: Option<Duration> = Some(CALL_TIMEOUT);

    /// Makes the first state. Whoever starts the server waits for this.
    ///
    /// # Errors
    ///
    /// [`InitError::Ignore`] not to run after all; [`InitError::Stop`], or `?`, to fail.
    #[doc(alias = "init/1")]
    fn init(args: Self::Args, cx: &mut Cx<Self>) -> impl Future<Output = Result<Self, InitError>> + Send;

    /// Cleans up, before the process ends with `reason`: see [the module](self#how-it-ends) for when it runs.
    ///
    /// # Errors
    ///
    /// An `Err`, or a panic, replaces the reason.
    #[doc(alias = "terminate/2")]
    fn terminate(
        &mut self,
        reason: &ExitReason,
        cx: &mut Cx<Self>,
    ) -> impl Future<Output = Result<(), ExitReason>> + Send {
        let _ = (reason, cx);
        async { Ok(()) }
    }

    /// Gives up memory that it does not need while it is idle: capacity, caches. Runs when the server hibernates: when a
    /// callback has asked for it with [`Cx::hibernate`], or after [`Options::hibernate_after`].
    ///
    /// # OTP
    ///
    /// What `hibernate` does there for all of a process, by collecting its garbage. Here nothing is garbage: what can
    /// be given up only the server knows.
    #[doc(alias = "proc_lib:hibernate/3")]
    fn shrink(&mut self) {}

    /// Shows the state, for people: in [`sys::get_status`](crate::sys::get_status), and in the report of a crash. As
    /// it is, it shows the name of the type and nothing of the state. A state that is `Debug`, and has no secrets, is
    /// shown by
    ///
    /// ```
    /// # use perennial::prelude::*;
    /// # #[derive(Debug)] struct Counter(u64);
    /// # impl GenServer for Counter {
    /// #     type Args = ();
    /// #     async fn init(_: (), _: &mut Cx<Self>) -> Result<Self, InitError> { Ok(Self(0)) }
    /// fn format_status(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
    ///     std::fmt::Debug::fmt(self, f)
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// An error, or a panic, hides the state; it is then said that this failed.
    ///
    /// # OTP
    ///
    /// `format_status/1`. Differs: it shows the state only. Reasons and events are what they are.
    #[doc(alias = "format_status/1")]
    fn format_status(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(type_name::<Self>())
    }

    /// Starts the server, linked to the current process, without a name. To give it one, write this as
    /// `gen_server::start_link(args, NAME).await`.
    ///
    /// # Errors
    ///
    /// See [`start_link`].
    fn start_link(args: Self::Args) -> impl Future<Output = StartResult> + Send {
        start_link::<Self>(args, ())
    }

    /// How a supervisor starts it: a permanent worker, by [`start_link`](Self::start_link). The id is the name of
    /// that function.
    fn child_spec(args: Self::Args) -> ChildSpec
    where
        Self::Args: Clone + Sync,
    {
        ChildSpec::worker(Self::start_link, args)
    }
    /// As [`child_spec`](Self::child_spec), under a name: a [`Name`], or a [`Via`](crate::registry::Via). The id is the
    /// type of the server and the name. [`start_link`](Self::start_link) is not used.
    ///
    /// ```
    /// # use perennial::prelude::*;
    /// # #[derive(Clone, GenServer)] struct Counter(u64);
    /// const HITS: Name<Counter> = Name::new("hits");
    /// let spec = Counter::child_spec_as(Counter(0), HITS);
    /// assert_eq!(spec.id, ChildId::of::<Counter>(&HITS));
    /// ```
    fn child_spec_as<N>(args: Self::Args, name: N) -> ChildSpec
    where
        Self::Args: Clone + Sync,
        N: Register<Self> + Clone + fmt::Debug,
    {
        let id = ChildId::of::<Self>(&name);
        let start = |(args, name): (Self::Args, N)| start_link::<Self>(args, name);
        ChildSpec { id, ..ChildSpec::worker(start, (args, name)) }
    }
}

/// Answers the call `M` by returning the reply: it cannot forget to.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not answer the call `{M}`",
    label = "`{Self}` has no `HandleCall<{M}>`",
    note = "write `impl HandleCall<{M}> for {Self}` (or `HandleCallFrom<{M}>`, to reply later)"
)]
pub trait HandleCall<M: Send + 'static>: GenServer {
    /// What the caller gets.
    type Reply: Send + 'static;

    /// Answers: [`reply`], [`stop_reply`] or [`stop`].
    ///
    /// # Errors
    ///
    /// An `Err` stops the server with that reason, which is also what the caller gets.
    #[doc(alias = "handle_call/3")]
    fn handle_call(
        &mut self,
        request: M,
        cx: &mut Cx<Self>,
    ) -> impl Future<Output = Reply<Self::Reply>> + Send;

    /// Whether `answer` may keep the [`Caller`] when it is over.
    #[doc(hidden)]
    const ANSWER_KEEPS_CALLER: bool = false;

    /// Answers `from` with what `handle_call` returns. Here, and not in the blanket impl of [`HandleCallFrom`], because
    /// a state machine does otherwise: it answers requests of any type, and may keep `from`.
    #[doc(hidden)]
    fn answer(
        &mut self,
        request: M,
        from: Caller<Self::Reply>,
        cx: &mut Cx<Self>,
    ) -> impl Future<Output = NoReply> + Send {
        async move { direct::answer(self.handle_call(request, cx).await, from) }
    }
}

/// Answers the call `M` later, or from another process: it gets the [`Caller`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not answer the call `{M}`",
    label = "`{Self}` has no `HandleCall<{M}>`",
    note = "write `impl HandleCall<{M}> for {Self}` (or `HandleCallFrom<{M}>`, to reply later)"
)]
pub trait HandleCallFrom<M: Send + 'static>: GenServer {
    /// Whether the [`Caller`] may be kept when the callback has ended.
    #[doc(hidden)]
    const KEEPS_CALLER: bool = true;

    /// What the caller gets.
    type Reply: Send + 'static;

    /// Takes the request; `from` is to be answered with [`Caller::reply`], now or later.
    ///
    /// # Errors
    ///
    /// An `Err` stops the server with that reason, which is also what a caller without a reply gets.
    #[doc(alias = "handle_call/3")]
    fn handle_call_from(
        &mut self,
        request: M,
        from: Caller<Self::Reply>,
        cx: &mut Cx<Self>,
    ) -> impl Future<Output = NoReply> + Send;

    /// As [`HandleCall::handle_call`], for one that keeps no caller: who calls it may run it without one.
    #[doc(hidden)]
    fn answer_at_once(
        &mut self,
        request: M,
        cx: &mut Cx<Self>,
    ) -> impl Future<Output = Reply<Self::Reply>> + Send {
        let _ = (request, cx);
        async { unreachable!("it keeps its caller") }
    }
}

impl<S: HandleCall<M>, M: Send + 'static> HandleCallFrom<M> for S {
    const KEEPS_CALLER: bool = <S as HandleCall<M>>::ANSWER_KEEPS_CALLER;

    type Reply = <S as HandleCall<M>>::Reply;

    fn handle_call_from(
        &mut self,
        request: M,
        from: Caller<Self::Reply>,
        cx: &mut Cx<Self>,
    ) -> impl Future<Output = NoReply> + Send {
        self.answer(request, from, cx)
    }

    fn answer_at_once(
        &mut self,
        request: M,
        cx: &mut Cx<Self>,
    ) -> impl Future<Output = Reply<Self::Reply>> + Send {
        self.handle_call(request, cx)
    }
}

/// Handles the cast `M`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not take the cast `{M}`",
    label = "`{Self}` has no `HandleCast<{M}>`",
    note = "write `impl HandleCast<{M}> for {Self}`"
)]
pub trait HandleCast<M: Send + 'static>: GenServer {
    /// Handles a message that has no reply.
    ///
    /// # Errors
    ///
    /// An `Err` stops the server with that reason.
    #[doc(alias = "handle_cast/2")]
    fn handle_cast(&mut self, message: M, cx: &mut Cx<Self>) -> impl Future<Output = NoReply> + Send;
}

/// Handles messages of type `M` that are neither calls nor casts.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not handle the message `{M}`",
    label = "`{Self}` has no `HandleInfo<{M}>`",
    note = "trapping exits needs `HandleInfo<Exit>`, monitoring needs `HandleInfo<Down>`, `cx.timeout` needs `HandleInfo<Timeout>`"
)]
pub trait HandleInfo<M: Send + 'static>: GenServer {
    /// Handles a message.
    ///
    /// # Errors
    ///
    /// An `Err` stops the server with that reason.
    #[doc(alias = "handle_info/2")]
    fn handle_info(&mut self, message: M, cx: &mut Cx<Self>) -> impl Future<Output = NoReply> + Send;
}

/// Handles what a callback left with [`Cx::continue_with`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not continue with `{M}`",
    label = "`{Self}` has no `HandleContinue<{M}>`",
    note = "write `impl HandleContinue<{M}> for {Self}`"
)]
pub trait HandleContinue<M: Send + 'static>: GenServer {
    /// Goes on, before any message.
    ///
    /// # Errors
    ///
    /// An `Err` stops the server with that reason.
    #[doc(alias = "handle_continue/2")]
    fn handle_continue(&mut self, message: M, cx: &mut Cx<Self>) -> impl Future<Output = NoReply> + Send;
}

/// Why `init` does not give a server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InitError {
    /// It is not to run: the start fails with [`StartError::Ignore`](crate::child_spec::StartError::Ignore), the
    /// process ends normally, and a supervisor goes on without it.
    Ignore,
    /// The start fails and the process ends with this reason, which its links see.
    Stop(ExitReason),
    /// The start fails with this reason; the process ends normally, so that nobody who is linked ends too.
    Error(ExitReason),
}

impl From<ExitReason> for InitError {
    fn from(reason: ExitReason) -> Self {
        Self::Stop(reason)
    }
}

/// `?` in `init`: the start fails with the error.
impl<E: Failure> From<E> for InitError {
    fn from(error: E) -> Self {
        Self::Stop(ExitReason::from(error))
    }
}
