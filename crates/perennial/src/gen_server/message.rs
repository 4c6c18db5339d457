//! The letters of a server: each kind of message as a value that knows which callback handles it.

use crate::{
    exit_reason::ExitReason,
    gen_server::{
        Caller, Cx, GenServer, HandleCallFrom, HandleCast, HandleContinue, HandleInfo, NoReply, ServerRef,
    },
    process::{
        Exit,
        block::{Block, Proc, Process, Receive, Trap},
        panics,
    },
};
use perennial_cell::{Erase, Letter};
use std::{any::Any, future::Future, pin::Pin, sync::Arc};
use tokio::sync::OwnedSemaphorePermit;

pub(crate) type Handling<'a> = Pin<Box<dyn Future<Output = NoReply> + Send + 'a>>;

/// A letter of a server of type `S`.
pub(crate) trait Deliver<S: GenServer>: Send {
    fn deliver<'a>(self: Box<Self>, server: &'a mut S, cx: &'a mut Cx<S>) -> Handling<'a>;
}

/// A message that a server of type `S` can be sent.
pub(crate) trait Message<S: GenServer>: Send + 'static {
    /// Whether it came through the mailbox, and counts as a message there.
    const SENT: bool = true;

    fn handle<'a>(self, server: &'a mut S, cx: &'a mut Cx<S>) -> Handling<'a>;
}

impl<S: GenServer, M: Message<S>> Deliver<S> for Letter<dyn Deliver<S>, M> {
    fn deliver<'a>(self: Box<Self>, server: &'a mut S, cx: &'a mut Cx<S>) -> Handling<'a> {
        if M::SENT {
            // Here and not where it is taken: a place at which little else is in the registers.
            cx.me().0.process.stats.count_message();
        }
        self.into_value().handle(server, cx)
    }
}

impl<S: GenServer, M: Message<S>> Erase<M> for dyn Deliver<S> {
    fn erase(letter: Box<Letter<Self, M>>) -> Box<Self> {
        letter
    }
}

/// A process that is a server.
pub(crate) type ServerBlock<S> = Block<dyn Deliver<S>>;

pub(crate) struct Call<M, R: Send + 'static> {
    pub(crate) request: M,
    pub(crate) from: Caller<R>,
}

impl<S: HandleCallFrom<M>, M: Send + 'static> Message<S> for Call<M, S::Reply> {
    fn handle<'a>(self, server: &'a mut S, cx: &'a mut Cx<S>) -> Handling<'a> {
        Box::pin(async move {
            let _answering = self.from.answering();
            server.handle_call_from(self.request, self.from, cx).await
        })
    }
}

pub(crate) struct Cast<M>(pub(crate) M);

impl<S: HandleCast<M>, M: Send + 'static> Message<S> for Cast<M> {
    fn handle<'a>(self, server: &'a mut S, cx: &'a mut Cx<S>) -> Handling<'a> {
        Box::pin(server.handle_cast(self.0, cx))
    }
}

/// A cast that takes room in a bounded mailbox, until it is handled or dropped.
pub(crate) struct BoundedCast<M> {
    pub(crate) message: M,
    pub(crate) room: OwnedSemaphorePermit,
}

impl<S: HandleCast<M>, M: Send + 'static> Message<S> for BoundedCast<M> {
    fn handle<'a>(self, server: &'a mut S, cx: &'a mut Cx<S>) -> Handling<'a> {
        drop(self.room);
        Box::pin(server.handle_cast(self.message, cx))
    }
}

pub(crate) struct Info<M>(pub(crate) M);

impl<S: HandleInfo<M>, M: Send + 'static> Message<S> for Info<M> {
    fn handle<'a>(self, server: &'a mut S, cx: &'a mut Cx<S>) -> Handling<'a> {
        Box::pin(server.handle_info(self.0, cx))
    }
}

/// An info that the server makes for itself: the idle time-out, what a future beside it yields.
pub(crate) struct Unsent<M>(pub(crate) M);

impl<S: HandleInfo<M>, M: Send + 'static> Message<S> for Unsent<M> {
    const SENT: bool = false;

    fn handle<'a>(self, server: &'a mut S, cx: &'a mut Cx<S>) -> Handling<'a> {
        Box::pin(server.handle_info(self.0, cx))
    }
}

pub(crate) struct Continue<M>(pub(crate) M);

impl<S: HandleContinue<M>, M: Send + 'static> Message<S> for Continue<M> {
    const SENT: bool = false;

    fn handle<'a>(self, server: &'a mut S, cx: &'a mut Cx<S>) -> Handling<'a> {
        Box::pin(server.handle_continue(self.0, cx))
    }
}

/// An exit signal to a server that traps: from its parent it ends the server, whatever the reason.
struct Trapped(Exit);

impl<S: HandleInfo<Exit>> Message<S> for Trapped {
    fn handle<'a>(self, server: &'a mut S, cx: &'a mut Cx<S>) -> Handling<'a> {
        if cx.process().process().parent == Some(self.0.from) {
            cx.process().process().set_cause(self.0.cause());
            return Box::pin(async move { Err(self.0.reason) });
        }
        Box::pin(server.handle_info(self.0, cx))
    }
}

/// The system message behind `stop`.
pub(crate) struct Stop(pub(crate) ExitReason);

impl<S: GenServer> Message<S> for Stop {
    fn handle<'a>(self, _: &'a mut S, _: &'a mut Cx<S>) -> Handling<'a> {
        Box::pin(async move { Err(self.0) })
    }
}

impl<S: GenServer> Proc for ServerBlock<S> {
    fn process(&self) -> &Process {
        &self.process
    }
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
    fn close(&self) {
        self.mailbox().close().for_each(panics::drop_quietly);
        // After the mailbox: who waits for room finds it closed.
        if let Some(room) = &self.process.room {
            room.close();
        }
    }
    fn request_stop(&self, reason: ExitReason) -> bool {
        // An error says that it has ended, which is as good.
        let _ = self.send(Stop(reason));
        true
    }
}

impl<S: HandleInfo<M>, M: Send + 'static> Receive<M> for ServerBlock<S> {
    fn receive(&self, message: M) -> Result<(), M> {
        self.send(Info(message)).map_err(|Info(message)| message)
    }
    fn process(&self) -> &Process {
        &self.process
    }
}

impl<S: HandleInfo<Exit>> Trap for ServerBlock<S> {
    fn trapped(&self, exit: Exit) {
        // An error says that it has ended.
        let _ = self.send(Trapped(exit));
    }
}

impl<S: GenServer> ServerRef<S> {
    pub(crate) fn send<M: Message<S>>(&self, message: M) -> Result<(), M> {
        self.0.send(message)
    }
}
