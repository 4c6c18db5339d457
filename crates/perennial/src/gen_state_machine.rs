//! The generic state machine.

mod context;
mod core;
mod event;
mod server;
mod timeout_name;
mod timeouts;
mod transition;

pub use context::{EnterCx, EventCx};
pub use event::{CallEventTo, Event, EventTo};
pub use server::StateMachine;
pub use transition::{Next, Transition, keep_state, next_state, repeat_state, stop_and_reply};

use crate::{
    child_spec::{ChildId, ChildSpec, StartResult},
    exit_reason::ExitReason,
    gen_server::{self, Caller, Cx, InitError, Register},
};
use std::{fmt, future::Future};

/// A process with a state that changes, and data that goes with it. See the [module](self).
#[doc(alias = "gen_statem")]
pub trait GenStateMachine: Sized + Send + 'static {
    /// The argument of [`init`](Self::init). A supervisor that is to restart the machine needs it `Clone + Sync`;
    /// nobody else does.
    type Args: Send + 'static;

    /// The states, an enum as a rule. The state changes when the next one is not equal to the current one.
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
