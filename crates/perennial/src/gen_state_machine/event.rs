//! An event with the handler for it, its type erased: what waits in a state machine.

use crate::{
    gen_server::Caller,
    gen_state_machine::{EventCx, GenStateMachine, HandleCallEvent, HandleEvent, Transition},
};
use std::{fmt, future::Future, pin::Pin};

type Handling<'a, S> = Pin<Box<dyn Future<Output = Transition<S>> + Send + 'a>>;

/// An event that a state machine of type `M` handles, whatever its type.
pub struct Event<M: GenStateMachine>(Box<dyn Handle<M>>);

impl<M: GenStateMachine> Event<M> {
    pub(crate) async fn handle(
        self,
        machine: &mut M,
        state: &M::State,
        cx: &mut EventCx<'_, M>,
    ) -> Transition<M::State> {
        self.0.handle(machine, state, cx).await
    }
}

impl<M: GenStateMachine> fmt::Debug for Event<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Event(..)")
    }
}

trait Handle<M: GenStateMachine>: Send {
    fn handle<'a>(
        self: Box<Self>,
        machine: &'a mut M,
        state: &'a M::State,
        cx: &'a mut EventCx<'_, M>,
    ) -> Handling<'a, M::State>;
}

struct OneWay<E>(E);

impl<M: HandleEvent<E>, E: Send + 'static> Handle<M> for OneWay<E> {
    fn handle<'a>(
        self: Box<Self>,
        machine: &'a mut M,
        state: &'a M::State,
        cx: &'a mut EventCx<'_, M>,
    ) -> Handling<'a, M::State> {
        Box::pin(machine.handle_event(self.0, state, cx))
    }
}

struct Call<E, R: Send + 'static> {
    request: E,
    from: Caller<R>,
}

impl<M: HandleCallEvent<E>, E: Send + 'static> Handle<M> for Call<E, M::Reply> {
    fn handle<'a>(
        self: Box<Self>,
        machine: &'a mut M,
        state: &'a M::State,
        cx: &'a mut EventCx<'_, M>,
    ) -> Handling<'a, M::State> {
        Box::pin(machine.handle_call_event(self.request, self.from, state, cx))
    }
}

/// An event that a state machine of type `M` handles: it has [`HandleEvent`] for it.
///
/// Says the same as `M: HandleEvent<E>`, seen from the event.
pub trait EventTo<M: GenStateMachine>: Send + 'static {
    #[doc(hidden)]
    fn into_event(self) -> Event<M>;
}

impl<M: HandleEvent<E>, E: Send + 'static> EventTo<M> for E {
    fn into_event(self) -> Event<M> {
        Event(Box::new(OneWay(self)))
    }
}

/// A request that a state machine of type `M` answers: it has [`HandleCallEvent`] for it.
pub trait CallEventTo<M: GenStateMachine>: Send + 'static {
    /// What the caller gets.
    type Reply: Send + 'static;

    #[doc(hidden)]
    fn into_event(self, from: Caller<Self::Reply>) -> Event<M>;
}

impl<M: HandleCallEvent<E>, E: Send + 'static> CallEventTo<M> for E {
    type Reply = M::Reply;

    fn into_event(self, from: Caller<M::Reply>) -> Event<M> {
        Event(Box::new(Call { request: self, from }))
    }
}
