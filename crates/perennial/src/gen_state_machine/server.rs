//! The process of a state machine: a generic server around the [`Core`].
//!
//! A message is handled as an event, then everything that comes before the mailbox, in one handler of the server. In
//! between nothing is taken from the mailbox, as in OTP.

use crate::{
    exit_reason::ExitReason,
    gen_server::{
        Caller, Cx, GenServer, HandleCall, HandleCast, HandleContinue, HandleInfo, InitError, NoReply, Reply,
        ServerRef, message::Message,
    },
    gen_state_machine::{
        EnterCx, Event, EventCx, GenStateMachine, HandleCallEvent, HandleEvent,
        core::{Actions, Core},
        timeout_name::TimeoutName,
        timeouts::{Kind, Order},
        transition::{Next, Step},
    },
    process::{Timer, block::Receive, budget, state::Process, timer},
};
use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

type Asked<M> = Actions<TimeoutName, Event<M>>;

/// The server that runs a state machine of type `M`: what names and references name, as in `Name<StateMachine<Lock>>`.
pub struct StateMachine<M: GenStateMachine> {
    data: M,
    state: M::State,
    core: Core<TimeoutName, Event<M>>,
    /// The timers that run, by their number in the core.
    timers: HashMap<u64, Timer>,
}

/// Enters the first state, with what `init` has asked for. Handled when the starter has been told, and before any
/// message.
struct Begin<M: GenStateMachine>(Asked<M>);

impl<M: GenStateMachine> GenServer for StateMachine<M> {
    type Args = M::Args;

    /// As in OTP: a caller waits as long as it takes.
    const CALL_TIMEOUT: Option<Duration> = None;

    async fn init(args: M::Args, cx: &mut Cx<Self>) -> Result<Self, InitError> {
        let mut asked = Actions::default();
        let (state, data) = M::init(args, &mut EventCx::new(cx, &mut asked)).await?;
        cx.continue_with(Begin(asked));
        Ok(Self { data, state, core: Core::new(), timers: HashMap::new() })
    }

    async fn terminate(&mut self, reason: &ExitReason, cx: &mut Cx<Self>) -> Result<(), ExitReason> {
        self.data.terminate(reason, &self.state, cx).await
    }

    fn format_status(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.data.format_status(&self.state, f)
    }
}

/// What [`sys::with_state`](crate::sys::with_state) shows.
impl<M: GenStateMachine> StateMachine<M> {
    /// The state that it is in.
    pub fn state(&self) -> &M::State {
        &self.state
    }

    /// Its data.
    pub fn data(&self) -> &M {
        &self.data
    }
}

// Of no use to anybody else.
#[diagnostic::do_not_recommend]
impl<M: GenStateMachine> HandleContinue<Begin<M>> for StateMachine<M> {
    async fn handle_continue(&mut self, Begin(asked): Begin<M>, cx: &mut Cx<Self>) -> NoReply {
        self.go_on(Next(Step::Repeat), asked, cx).await
    }
}

impl<M: HandleEvent<E>, E: Send + 'static> HandleCast<E> for StateMachine<M> {
    async fn handle_cast(&mut self, event: E, cx: &mut Cx<Self>) -> NoReply {
        let mut asked = Actions::default();
        let next = self.data.handle_event(event, &self.state, &mut EventCx::new(cx, &mut asked)).await?;
        self.go_on(next, asked, cx).await
    }
}

impl<M: HandleEvent<E>, E: Send + 'static> HandleInfo<E> for StateMachine<M> {
    async fn handle_info(&mut self, event: E, cx: &mut Cx<Self>) -> NoReply {
        self.handle_cast(event, cx).await
    }
}

impl<M: HandleCallEvent<E>, E: Send + 'static> HandleCall<E> for StateMachine<M> {
    const ANSWER_KEEPS_CALLER: bool = true;

    type Reply = M::Reply;

    async fn handle_call(&mut self, _: E, _: &mut Cx<Self>) -> Reply<M::Reply> {
        unreachable!("`answer` does without it")
    }

    async fn answer(&mut self, request: E, from: Caller<M::Reply>, cx: &mut Cx<Self>) -> NoReply {
        let mut asked = Actions::default();
        let mut event_cx = EventCx::new(cx, &mut asked);
        let next = self.data.handle_call_event(request, from, &self.state, &mut event_cx).await?;
        self.go_on(next, asked, cx).await
    }
}

impl<M: GenStateMachine> StateMachine<M> {
    /// A callback has run: closes its transition, and handles all that comes before the mailbox.
    async fn go_on(&mut self, next: Next<M::State>, asked: Asked<M>, cx: &mut Cx<Self>) -> NoReply {
        self.transition(next, asked, cx).await?;
        self.handle_waiting(cx).await
    }

    async fn handle_waiting(&mut self, cx: &mut Cx<Self>) -> NoReply {
        while let Some(event) = self.core.next() {
            // As between two messages: others get their turn, and a caller that was dropped is told.
            budget::unit().await;
            cx.own().settle_dropped_callers();
            let mut asked = Actions::default();
            let next = event.handle(&mut self.data, &self.state, &mut EventCx::new(cx, &mut asked)).await?;
            self.transition(next, asked, cx).await?;
        }
        Ok(())
    }

    async fn transition(
        &mut self,
        Next(step): Next<M::State>,
        mut asked: Asked<M>,
        cx: &mut Cx<Self>,
    ) -> NoReply {
        let changed = match step {
            Step::Keep => false,
            Step::Repeat => {
                self.data.enter(&self.state, &self.state, &mut EnterCx::new(cx, &mut asked)).await?;
                false
            }
            Step::To(state) if state == self.state => {
                self.state = state;
                false
            }
            Step::To(state) => {
                let entered = self.data.enter(&self.state, &state, &mut EnterCx::new(cx, &mut asked)).await;
                // If it has panicked `terminate` sees the old state, if it has stopped the new one.
                self.state = state;
                entered?;
                true
            }
        };
        for order in self.core.transition(changed, asked) {
            self.obey(order, cx);
        }
        Ok(())
    }

    fn obey(&mut self, order: Order<TimeoutName>, cx: &Cx<Self>) {
        match order {
            Order::Start { kind, number, after } => {
                let me = Arc::new(Alarm(cx.me().clone()));
                let timer = timer::send_after(me, after, Fired { kind, number });
                self.timers.insert(number, timer);
            }
            Order::Stop(number) => {
                if let Some(timer) = self.timers.remove(&number) {
                    timer.cancel();
                }
            }
        }
    }
}

/// A timer of the machine has fired.
struct Fired {
    kind: Kind<TimeoutName>,
    number: u64,
}

impl<M: GenStateMachine> Message<StateMachine<M>> for Fired {
    async fn handle(self, machine: &mut StateMachine<M>, cx: &mut Cx<StateMachine<M>>) -> NoReply {
        machine.timers.remove(&self.number);
        // Race: it was on its way while its time-out was cancelled or set again. Then it is no event.
        machine.core.fired(&self.kind, self.number);
        machine.handle_waiting(cx).await
    }
}

/// The machine as one to whom timers send.
struct Alarm<M: GenStateMachine>(ServerRef<StateMachine<M>>);

impl<M: GenStateMachine> Receive<Fired> for Alarm<M> {
    fn receive(self: Arc<Self>, fired: Fired) -> Result<(), Fired> {
        self.0.send(fired)
    }
    fn process(&self) -> &Process {
        &self.0.0.process
    }
}

impl<M: GenStateMachine> fmt::Debug for StateMachine<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StateMachine").finish_non_exhaustive()
    }
}
