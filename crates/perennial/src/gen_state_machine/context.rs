//! What the callbacks of a state machine may ask for.

use crate::{
    gen_server::{Caller, Cx},
    gen_state_machine::{
        CallEventTo, Event, EventTo, GenStateMachine, StateMachine,
        core::Actions,
        timeout_name::TimeoutName,
        timeouts::{Kind, Set},
    },
};
use std::{
    fmt,
    hash::Hash,
    ops::{Deref, DerefMut},
    time::Duration,
};

/// The context of [`enter`](GenStateMachine::enter): sets time-outs, and, as a `&gen_server::Cx`, asks of the process
/// what a server may ask: `cx.me()`, `cx.trap_exit()`, `cx.monitor(pid)`.
///
/// Time-outs are set when the callback has returned, in the order in which they were asked for; of several for the
/// same one the last counts. A time-out of zero is no timer: it comes after the events that are inserted, and before
/// anything in the mailbox.
pub struct EnterCx<'a, M: GenStateMachine> {
    server: &'a Cx<StateMachine<M>>,
    actions: &'a mut Actions<TimeoutName, Event<M>>,
}

/// The context of [`init`](GenStateMachine::init) and of the handlers of events: an [`EnterCx`] that also inserts and
/// postpones events.
pub struct EventCx<'a, M: GenStateMachine>(EnterCx<'a, M>);

impl<'a, M: GenStateMachine> EventCx<'a, M> {
    pub(crate) fn new(
        server: &'a Cx<StateMachine<M>>,
        actions: &'a mut Actions<TimeoutName, Event<M>>,
    ) -> Self {
        Self(EnterCx::new(server, actions))
    }

    /// Handles `event` before anything that waits: `{next_event, _, Event}`. Several come in the order in which they
    /// were asked for, after the new state was entered.
    pub fn next_event<E: EventTo<M>>(&mut self, event: E) {
        self.0.actions.next_events.push(event.into_event());
    }

    /// As [`next_event`](Self::next_event), for a call.
    pub fn next_call<E: CallEventTo<M>>(&mut self, request: E, from: Caller<E::Reply>) {
        self.0.actions.next_events.push(request.into_event(from));
    }

    /// Handles `event` again when the state has changed: `postpone`. That may be right after this callback, if it
    /// changes the state.
    ///
    /// What is postponed comes in its original order, after what is inserted and before anything newer. There is no
    /// bound on how much can be postponed, and it takes no room in a bounded mailbox: a machine that may stay in a state
    /// for ever should not postpone for ever.
    pub fn postpone<E: EventTo<M>>(&mut self, event: E) {
        self.0.actions.postponed.push(event.into_event());
    }

    /// As [`postpone`](Self::postpone), for a call. Its caller waits on.
    pub fn postpone_call<E: CallEventTo<M>>(&mut self, request: E, from: Caller<E::Reply>) {
        self.0.actions.postponed.push(request.into_event(from));
    }
}

impl<'a, M: GenStateMachine> EnterCx<'a, M> {
    pub(crate) fn new(
        server: &'a Cx<StateMachine<M>>,
        actions: &'a mut Actions<TimeoutName, Event<M>>,
    ) -> Self {
        Self { server, actions }
    }

    /// Has `event` come if no other event does within `after`: `{timeout, Time, Event}`. Any event cancels it, also one
    /// that is inserted.
    pub fn event_timeout<E: EventTo<M>>(&mut self, after: Duration, event: E) {
        self.set(Kind::Event, Set::After(after, event.into_event()));
    }

    /// Has `event` come if the state has not changed within `after`: `{state_timeout, Time, Event}`. If one runs
    /// already, it is set again. Set together with a change of state, it is that of the new state.
    pub fn state_timeout<E: EventTo<M>>(&mut self, after: Duration, event: E) {
        self.set(Kind::State, Set::After(after, event.into_event()));
    }

    /// Has the running state time-out bring `event` instead; if none runs, it comes at once.
    pub fn update_state_timeout<E: EventTo<M>>(&mut self, event: E) {
        self.set(Kind::State, Set::Update(event.into_event()));
    }

    /// Cancels the state time-out, if one runs.
    pub fn cancel_state_timeout(&mut self) {
        self.set(Kind::State, Set::Cancel);
    }

    /// Has `event` come after `after`, whatever else comes: `{{timeout, Name}, Time, Event}`. If one of that name runs
    /// already, it is set again. There may be any number, each with its name, which may be of any type.
    pub fn timeout<E: EventTo<M>>(
        &mut self,
        name: impl Eq + Hash + Send + Sync + 'static,
        after: Duration,
        event: E,
    ) {
        self.set(Kind::Named(TimeoutName::new(name)), Set::After(after, event.into_event()));
    }

    /// Has the running time-out of that name bring `event` instead; if none runs, it comes at once.
    pub fn update_timeout<E: EventTo<M>>(&mut self, name: impl Eq + Hash + Send + Sync + 'static, event: E) {
        self.set(Kind::Named(TimeoutName::new(name)), Set::Update(event.into_event()));
    }

    /// Cancels the time-out of that name, if one runs.
    pub fn cancel_timeout(&mut self, name: impl Eq + Hash + Send + Sync + 'static) {
        self.set(Kind::Named(TimeoutName::new(name)), Set::Cancel);
    }

    fn set(&mut self, kind: Kind<TimeoutName>, set: Set<Event<M>>) {
        self.actions.timeouts.push((kind, set));
    }
}

impl<'a, M: GenStateMachine> Deref for EventCx<'a, M> {
    type Target = EnterCx<'a, M>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<M: GenStateMachine> DerefMut for EventCx<'_, M> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

/// Not mutable: what a server asks for with `&mut`, `continue_with` and its own `timeout`, is not for a state machine.
impl<M: GenStateMachine> Deref for EnterCx<'_, M> {
    type Target = Cx<StateMachine<M>>;
    fn deref(&self) -> &Self::Target {
        self.server
    }
}

impl<M: GenStateMachine> fmt::Debug for EnterCx<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnterCx").field("me", self.server.me()).finish_non_exhaustive()
    }
}

impl<M: GenStateMachine> fmt::Debug for EventCx<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventCx").field("me", self.server.me()).finish_non_exhaustive()
    }
}
