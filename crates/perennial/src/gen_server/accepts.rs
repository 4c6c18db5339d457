//! The messages of a server, seen from the message: bounds of what sends.
//!
//! `M: CallTo<S>` says the same as `S: HandleCallFrom<M>`. With the latter as the bound of `call`, the compiler would
//! guess `M` from what `S` handles before it looks at the argument, and speak of a wrong argument, or of `_`, where
//! a handler is missing.

use crate::{
    gen_server::{
        Caller, Cx, GenServer, HandleCallFrom, HandleCast, HandleContinue, HandleInfo, ServerRef,
        direct::{self, Direct},
        message::{BoundedCast, Call, Cast, Info},
        server_loop::ServerTurn,
    },
    pid::Pid,
    process::{Recipient, room::Taken},
};
use std::task::Context;

/// A request that a server of type `S` answers: it has [`HandleCall`](super::HandleCall) or [`HandleCallFrom`] for it.
pub trait CallTo<S: GenServer>: Send + 'static {
    /// What the caller gets.
    type Reply: Send + 'static;

    #[doc(hidden)]
    #[allow(private_interfaces, reason = "of use to nobody else")]
    fn put_into(self, turn: &mut ServerTurn<'_, S>, from: Caller<Self::Reply>);

    #[doc(hidden)]
    fn send_to(self, server: &ServerRef<S>, from: Caller<Self::Reply>) -> Result<(), Caller<Self::Reply>>;

    /// Whether [`call_direct`](Self::call_direct) can be used.
    #[doc(hidden)]
    const DIRECT: bool;

    #[doc(hidden)]
    #[allow(private_interfaces, reason = "of use to nobody else")]
    fn call_direct(
        self,
        server: &ServerRef<S>,
        turn: &mut ServerTurn<'_, S>,
        caller: Option<Pid>,
        task: &mut Context<'_>,
    ) -> (Direct<Self, Self::Reply>, bool)
    where
        Self: Sized;
}

impl<S: HandleCallFrom<M>, M: Send + 'static> CallTo<S> for M {
    type Reply = S::Reply;

    #[allow(private_interfaces, reason = "of use to nobody else")]
    fn put_into(self, turn: &mut ServerTurn<'_, S>, from: Caller<S::Reply>) {
        turn.incoming().put(Call { request: self, from });
    }

    fn send_to(self, server: &ServerRef<S>, from: Caller<S::Reply>) -> Result<(), Caller<S::Reply>> {
        server.send(Call { request: self, from }).map_err(|Call { from, .. }| from)
    }

    const DIRECT: bool = !S::KEEPS_CALLER;

    #[allow(private_interfaces, reason = "of use to nobody else")]
    fn call_direct(
        self,
        server: &ServerRef<S>,
        turn: &mut ServerTurn<'_, S>,
        caller: Option<Pid>,
        task: &mut Context<'_>,
    ) -> (Direct<M, S::Reply>, bool) {
        direct::call(&server.0, turn, self, caller, task)
    }
}

/// A message that a server of type `S` takes as a cast: it has [`HandleCast`] for it.
pub trait CastTo<S: GenServer>: Sized + Send + 'static {
    #[doc(hidden)]
    fn send_to(self, server: &ServerRef<S>, room: Taken);
}

impl<S: HandleCast<M>, M: Send + 'static> CastTo<S> for M {
    fn send_to(self, server: &ServerRef<S>, room: Taken) {
        // As in OTP, the dead do not mind.
        let _sent = match room {
            Taken::Nothing => server.send(Cast(self)).is_ok(),
            Taken::One => server.send(BoundedCast(self)).is_ok(),
        };
    }
}

/// A message that a server of type `S` takes as neither call nor cast: it has [`HandleInfo`] for it.
pub trait InfoTo<S: GenServer>: Sized + Send + 'static {
    #[doc(hidden)]
    fn send_to(self, server: &ServerRef<S>);
    #[doc(hidden)]
    fn recipient(server: &ServerRef<S>) -> Recipient<Self>;
}

impl<S: HandleInfo<M>, M: Send + 'static> InfoTo<S> for M {
    fn send_to(self, server: &ServerRef<S>) {
        // As above.
        let _ = server.send(Info(self));
    }

    fn recipient(server: &ServerRef<S>) -> Recipient<M> {
        Recipient::new(server.0.clone())
    }
}

/// A message with which a server of type `S` continues: it has [`HandleContinue`] for it.
pub trait ContinueTo<S: GenServer>: Send + 'static {
    #[doc(hidden)]
    fn put_into(self, cx: &mut Cx<S>);
}

impl<S: HandleContinue<M>, M: Send + 'static> ContinueTo<S> for M {
    fn put_into(self, cx: &mut Cx<S>) {
        cx.push_continue(self);
    }
}
