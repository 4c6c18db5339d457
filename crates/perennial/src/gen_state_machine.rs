//! The generic state machine: a server whose state is one of a few, and decides what a message means.
//!
//! A machine implements [`GenStateMachine`]: its states are an enum, its data is the machine itself. It handles events,
//! whose handlers get the current state and say which one is next, with one trait impl for each type of event, as a
//! [`GenServer`](crate::gen_server::GenServer) does.
//!
//! | trait | for | OTP |
//! |---|---|---|
//! | [`HandleEvent<E>`](HandleEvent) | casts, messages, time-outs, inserted events | `cast`, `info`, `timeout`, `internal` |
//! | [`HandleCallEvent<E>`](HandleCallEvent) | requests with a reply | `{call, From}` |
//!
//! This is the lock of gen_statem's manual. A right code opens it for ten seconds. What is typed meanwhile waits until it
//! is locked again.
//!
//! ```
//! use perennial::prelude::*;
//! use std::time::Duration;
//!
//! struct CodeLock {
//!     code: String,
//!     typed: String,
//! }
//!
//! #[derive(Clone, Copy, Debug, PartialEq)]
//! enum State {
//!     Locked,
//!     Open,
//! }
//!
//! struct Button(char);
//! struct TimeIsUp;
//! struct Look;
//!
//! impl GenStateMachine for CodeLock {
//!     type Args = String;
//!     type State = State;
//!
//!     async fn init(code: String, _: &mut EventCx<'_, Self>) -> Result<(State, Self), InitError> {
//!         Ok((State::Locked, Self { code, typed: String::new() }))
//!     }
//!
//!     async fn enter(&mut self, _: &State, state: &State, cx: &mut EnterCx<'_, Self>) -> Result<(), ExitReason> {
//!         match state {
//!             State::Locked => self.typed.clear(),
//!             State::Open => cx.state_timeout(Duration::from_secs(10), TimeIsUp),
//!         }
//!         Ok(())
//!     }
//! }
//!
//! impl HandleEvent<Button> for CodeLock {
//!     async fn handle_event(&mut self, button: Button, state: &State, cx: &mut EventCx<'_, Self>) -> Transition<State> {
//!         match state {
//!             State::Open => {
//!                 cx.postpone(button);
//!                 keep_state()
//!             }
//!             State::Locked => {
//!                 self.typed.push(button.0);
//!                 if self.typed.ends_with(&self.code) { next_state(State::Open) } else { keep_state() }
//!             }
//!         }
//!     }
//! }
//!
//! impl HandleEvent<TimeIsUp> for CodeLock {
//!     async fn handle_event(&mut self, _: TimeIsUp, _: &State, _: &mut EventCx<'_, Self>) -> Transition<State> {
//!         next_state(State::Locked)
//!     }
//! }
//!
//! impl HandleCallEvent<Look> for CodeLock {
//!     type Reply = State;
//!     async fn handle_call_event(
//!         &mut self,
//!         _: Look,
//!         from: Caller<State>,
//!         state: &State,
//!         _: &mut EventCx<'_, Self>,
//!     ) -> Transition<State> {
//!         from.reply(*state);
//!         keep_state()
//!     }
//! }
//!
//! # use perennial::{runtime::{TestOptions, run_test}, time};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { run_test(TestOptions::default().paused(), async {
//! let lock = CodeLock::start_link("42".into()).await?.server::<StateMachine<CodeLock>>().unwrap();
//! for digit in "1421".chars() {
//!     lock.cast(Button(digit))?;
//! }
//! assert_eq!(lock.call(Look).await?, State::Open);
//! time::sleep(Duration::from_secs(11)).await;
//! assert_eq!(lock.call(Look).await?, State::Locked);
//! # Ok(()) }) }
//! ```
//!
//! # What comes next
//!
//! When a handler has returned:
//!
//! 1. If it went to another state, or repeats it, [`enter`](GenStateMachine::enter) is called.
//! 2. What it inserted with [`next_event`](EventCx::next_event) comes first, in that order.
//! 3. If the state changed, what was [postponed](EventCx::postpone) comes then, the oldest first.
//! 4. Then what was inserted or postponed before, and waits still.
//! 5. Then time-outs of zero, in the order in which they were set.
//! 6. Then the mailbox, in order of arrival; a timer that fires is there too.
//!
//! | time-out | set with | cancelled by |
//! |---|---|---|
//! | of an event | [`event_timeout`](EnterCx::event_timeout) | any event |
//! | of a state | [`state_timeout`](EnterCx::state_timeout) | a change of state, [`cancel_state_timeout`](EnterCx::cancel_state_timeout) |
//! | with a name | [`timeout`](EnterCx::timeout) | [`cancel_timeout`](EnterCx::cancel_timeout) |
//!
//! Events for which a change of state is all that matters may as well share a type: make an enum of them, and handle
//! it with one `match (state, event)`. Calls need a type each, for their replies.
//!
//! # As a server
//!
//! The process is an ordinary server of type [`StateMachine<M>`](StateMachine). So all that leads to a server leads to
//! it, such as a `Name<StateMachine<CodeLock>>`, and has `call`, `cast`, `send` and `stop`. It is supervised by
//! [`CodeLock::child_spec(args)`](GenStateMachine::child_spec), and traps exits and monitors in the same way, if it
//! handles `Exit` and `Down` as events. It ends as [servers do](crate::gen_server#how-it-ends). A
//! [`call`](crate::gen_server::Address::call) waits as long as it takes, not 5 s, for the request may be postponed.
//!
//! # When not to use it
//!
//! If what a message means does not depend on the state, or only in one place: a server with a field is shorter.

mod context;
mod core;
mod event;
mod server;
mod timeout_name;
mod timeouts;
mod transition;

pub use context::{EnterCx, EventCx};
#[doc(hidden)]
pub use event::Event;
pub use event::{CallEventTo, EventTo};
pub use server::StateMachine;
pub use transition::{Next, Transition, keep_state, next_state, repeat_state, stop_and_reply};

use crate::{
    child_spec::{ChildId, ChildSpec, StartResult},
    exit_reason::ExitReason,
    gen_server::{self, Caller, Cx, InitError, Register},
};
use std::{fmt, future::Future};

/// A process with a state that changes, and data that goes with it. See the [module](self).
///
/// # OTP
///
/// `gen_statem`, in the callback mode `[handle_event_function, state_enter]`. Differs:
///
/// * Data is `&mut self`; what a callback asks for besides the next state, it asks of its context.
/// * An event is owned: who postpones or inserts one hands it over. It need not be the one at hand.
/// * What a state enter call may not do is not there to be called. It cannot repeat the state either.
/// * There is no absolute time-out, and no other callback module to change to.
#[doc(alias = "gen_statem")]
pub trait GenStateMachine: Sized + Send + 'static {
    /// The argument of [`init`](Self::init). A supervisor that is to restart the machine needs it `Clone + Sync`;
    /// nobody else does.
    type Args: Send + 'static;

    /// The states, an enum as a rule. The state changes when the next one is not equal to the current one. `Sync`,
    /// because handlers that wait keep a reference to it.
    type State: PartialEq + Send + Sync + 'static;

    /// Makes the first state, and the data, which is the machine itself. Whoever starts the machine waits for this,
    /// but not for the first [`enter`](Self::enter).
    ///
    /// # Errors
    ///
    /// [`InitError::Ignore`] not to run after all; [`InitError::Stop`], or `?`, to fail.
    #[doc(alias = "init/1")]
    fn init(
        args: Self::Args,
        cx: &mut EventCx<'_, Self>,
    ) -> impl Future<Output = Result<(Self::State, Self), InitError>> + Send;

    /// The state is `state` now, and was `old`: the state enter call. Runs after each change of state, before any other
    /// event; at the start, where `old` is `state`; and at [`repeat_state`].
    ///
    /// It can neither go to another state, nor postpone or insert events. It can set time-outs, answer callers that
    /// were kept, and stop.
    ///
    /// # Errors
    ///
    /// An `Err` stops the machine with that reason.
    #[doc(alias = "state_enter")]
    fn enter(
        &mut self,
        old: &Self::State,
        state: &Self::State,
        cx: &mut EnterCx<'_, Self>,
    ) -> impl Future<Output = Result<(), ExitReason>> + Send {
        let _ = (old, state, cx);
        async { Ok(()) }
    }

    /// Cleans up, before the process ends with `reason`: see [`gen_server`](gen_server#how-it-ends) for when it
    /// runs.
    ///
    /// # Errors
    ///
    /// An `Err`, or a panic, replaces the reason.
    #[doc(alias = "terminate/3")]
    fn terminate(
        &mut self,
        reason: &ExitReason,
        state: &Self::State,
        cx: &mut Cx<StateMachine<Self>>,
    ) -> impl Future<Output = Result<(), ExitReason>> + Send {
        let _ = (reason, state, cx);
        async { Ok(()) }
    }

    /// Shows the state and the data, for people, as [`GenServer::format_status`](crate::gen_server::GenServer) does for a
    /// server. As it is, it shows the name of the type only.
    ///
    /// # Errors
    ///
    /// An error, or a panic, hides both; it is then said that this failed.
    ///
    /// # OTP
    ///
    /// `format_status/1` of `gen_statem`. Differs: it shows state and data only. Reasons and events are what they are.
    #[doc(alias = "format_status/1")]
    fn format_status(&self, state: &Self::State, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = state;
        f.write_str(std::any::type_name::<Self>())
    }

    /// Starts the machine, linked to the current process, without a name. To give it one, write this as
    /// `gen_server::start_link(args, NAME).await`, where `NAME` is a `Name<StateMachine<Self>>`.
    ///
    /// # Errors
    ///
    /// See [`gen_server::start_link`].
    #[doc(alias = "gen_statem:start_link/3")]
    fn start_link(args: Self::Args) -> impl Future<Output = StartResult> + Send {
        gen_server::start_link::<StateMachine<Self>>(args, ())
    }

    /// How a supervisor starts it: a permanent worker, by [`start_link`](Self::start_link). The id is the name of
    /// that function.
    fn child_spec(args: Self::Args) -> ChildSpec
    where
        Self::Args: Clone + Sync,
    {
        ChildSpec::worker(Self::start_link, args)
    }

    /// As [`child_spec`](Self::child_spec), under a name. The id is the type of the server and the name.
    /// [`start_link`](Self::start_link) is not used.
    fn child_spec_as<N>(args: Self::Args, name: N) -> ChildSpec
    where
        Self::Args: Clone + Sync,
        N: Register<StateMachine<Self>> + Clone + fmt::Debug,
    {
        let id = ChildId::of::<StateMachine<Self>>(&name);
        let start = |(args, name): (Self::Args, N)| gen_server::start_link::<StateMachine<Self>>(args, name);
        ChildSpec { id, ..ChildSpec::worker(start, (args, name)) }
    }
}

/// Handles events of type `E`, however they come: cast, sent, inserted, or from a time-out.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not handle the event `{E}`",
    label = "`{Self}` has no `HandleEvent<{E}>`",
    note = "write `impl HandleEvent<{E}> for {Self}`"
)]
pub trait HandleEvent<E: Send + 'static>: GenStateMachine {
    /// Handles an event: [`next_state`], [`keep_state`], [`repeat_state`] or [`stop`](gen_server::stop).
    ///
    /// # Errors
    ///
    /// An `Err` stops the machine with that reason.
    #[doc(alias = "handle_event/4")]
    fn handle_event(
        &mut self,
        event: E,
        state: &Self::State,
        cx: &mut EventCx<'_, Self>,
    ) -> impl Future<Output = Transition<Self::State>> + Send;
}

/// Handles the call `E`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not answer the call `{E}`",
    label = "`{Self}` has no `HandleCallEvent<{E}>`",
    note = "write `impl HandleCallEvent<{E}> for {Self}`"
)]
pub trait HandleCallEvent<E: Send + 'static>: GenStateMachine {
    /// What the caller gets.
    type Reply: Send + 'static;

    /// Handles a request: `from` is to be answered with [`Caller::reply`], now or later, or
    /// [postponed](EventCx::postpone_call). If it is dropped, the caller is told so.
    ///
    /// # Errors
    ///
    /// An `Err` stops the machine with that reason, which is also what a caller without a reply gets.
    #[doc(alias = "handle_event/4")]
    fn handle_call_event(
        &mut self,
        request: E,
        from: Caller<Self::Reply>,
        state: &Self::State,
        cx: &mut EventCx<'_, Self>,
    ) -> impl Future<Output = Transition<Self::State>> + Send;
}
