//! The letters of a server: each kind of message as a value that knows which callback handles it.
//!
//! *System messages* are handled by the process itself, and also while the server is suspended: requests of
//! [`sys`](crate::sys), `stop`, and what ends the server because its parent does.

use crate::{
    exit_reason::ExitReason,
    gen_server::{
        Caller, Cx, GenServer, HandleCallFrom, HandleCast, HandleContinue, HandleInfo, NoReply, ServerRef,
        debug::{Event, MessageKind},
        reply_cell::Replied,
        server_loop::{self, ServerBody},
    },
    pid::Pid,
    process::{
        Exit,
        block::{Block, BodyTurn, Kind, Receive, Trap},
        panics,
        state::Process,
    },
};
use perennial_cell::{Erase, Lent, Letter, Opened, Pooled, PooledFuture, Reading};
use std::{
    any::type_name,
    future::Future,
    sync::Arc,
    task::{Context, Poll},
};

pub(crate) type Handling<'a> = PooledFuture<'a, NoReply>;

pub(crate) type Letters<S> = Opened<dyn Deliver<S>>;

/// A letter of a server of type `S`.
pub(crate) trait Deliver<S: GenServer>: Send {
    /// Takes the message out and makes the future that handles it.
    fn deliver<'a>(&mut self, server: &'a mut S, cx: &'a mut Cx<S>) -> Handling<'a>;
    /// As [`deliver`](Self::deliver), and polls that once. A panic is a reason.
    fn handle_now<'a>(
        &mut self,
        server: &'a mut S,
        cx: &'a mut Cx<S>,
        task: &mut Context<'_>,
    ) -> Lent<'a, NoReply, NoReply>;
    fn is_system(&self) -> bool;
    fn event(&self) -> Option<Event>;
    fn reply_to_come(&self) -> Option<ReplyToCome>;
}

/// A message that a server of type `S` can be sent.
pub(crate) trait Message<S: GenServer>: Send + 'static {
    /// Whether it came through the mailbox, and counts as a message there.
    const SENT: bool = true;
    /// Whether it is a system message.
    const SYSTEM: bool = false;

    fn handle(self, server: &mut S, cx: &mut Cx<S>) -> impl Future<Output = NoReply> + Send;

    /// What the debug options are told when it begins to be handled; nothing of a system message.
    fn event(&self) -> Option<Event> {
        None
    }

    /// To be kept while it is handled, if it can be replied to.
    fn reply_to_come(&self) -> Option<ReplyToCome> {
        None
    }
}

/// Tells whether a call was replied to, and what the debug options are told then.
pub(crate) struct ReplyToCome {
    pub(crate) cell: Box<dyn Replied>,
    pub(crate) out: Event,
}

impl<S: GenServer, M: Message<S>> Deliver<S> for Letter<dyn Deliver<S>, M> {
    fn deliver<'a>(&mut self, server: &'a mut S, cx: &'a mut Cx<S>) -> Handling<'a> {
        self.open(server, cx).erase()
    }
    fn handle_now<'a>(
        &mut self,
        server: &'a mut S,
        cx: &'a mut Cx<S>,
        task: &mut Context<'_>,
    ) -> Lent<'a, NoReply, NoReply> {
        server_loop::poll_once(self.open(server, cx), task)
    }
    fn is_system(&self) -> bool {
        M::SYSTEM
    }
    fn event(&self) -> Option<Event> {
        self.value().event()
    }
    fn reply_to_come(&self) -> Option<ReplyToCome> {
        self.value().reply_to_come()
    }
}

/// What opens a letter of a server.
trait Open<S: GenServer> {
    fn open<'a>(
        &mut self,
        server: &'a mut S,
        cx: &'a mut Cx<S>,
    ) -> Pooled<impl Future<Output = NoReply> + Send + 'a>;
}

impl<S: GenServer, M: Message<S>> Open<S> for Letter<dyn Deliver<S>, M> {
    fn open<'a>(
        &mut self,
        server: &'a mut S,
        cx: &'a mut Cx<S>,
    ) -> Pooled<impl Future<Output = NoReply> + Send + 'a> {
        if M::SENT {
            // Here and not where it is taken: a place at which little else is in the registers.
            cx.me().0.process.stats.count_message();
        }
        Pooled::new(self.take_value().handle(server, cx))
    }
}

fn event_in<M>(kind: MessageKind, from: Option<Pid>) -> Option<Event> {
    Some(Event::In { kind, message: type_name::<M>(), from })
}

impl<S: GenServer, M: Message<S>> Erase<M> for dyn Deliver<S> {
    fn erase(letter: &mut Letter<Self, M>) -> &mut Self {
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
    fn handle(self, server: &mut S, cx: &mut Cx<S>) -> impl Future<Output = NoReply> + Send {
        let Self { request, mut from } = self;
        async move {
            // Else its end, in whatever way the callback ends, has told the caller.
            let _answering = S::KEEPS_CALLER.then(|| from.answering());
            server.handle_call_from(request, from, cx).await
        }
    }
    fn event(&self) -> Option<Event> {
        event_in::<M>(MessageKind::Call, self.from.pid())
    }
    fn reply_to_come(&self) -> Option<ReplyToCome> {
        let out = Event::Out { reply: type_name::<S::Reply>(), to: self.from.pid() };
        self.from.replied().map(|cell| ReplyToCome { cell, out })
    }
}

pub(crate) struct Cast<M>(pub(crate) M);

impl<S: HandleCast<M>, M: Send + 'static> Message<S> for Cast<M> {
    fn handle(self, server: &mut S, cx: &mut Cx<S>) -> impl Future<Output = NoReply> + Send {
        server.handle_cast(self.0, cx)
    }
    fn event(&self) -> Option<Event> {
        event_in::<M>(MessageKind::Cast, None)
    }
}

/// A cast that takes room in a bounded mailbox, until it is handled. One that never is was dropped because the server has
/// ended, with all room that there was.
pub(crate) struct BoundedCast<M>(pub(crate) M);

impl<S: HandleCast<M>, M: Send + 'static> Message<S> for BoundedCast<M> {
    fn handle(self, server: &mut S, cx: &mut Cx<S>) -> impl Future<Output = NoReply> + Send {
        // Before it is handled: a handler may wait for who waits for room.
        if let Some(room) = cx.own().room() {
            room.free();
        }
        server.handle_cast(self.0, cx)
    }
    fn event(&self) -> Option<Event> {
        event_in::<M>(MessageKind::Cast, None)
    }
}

pub(crate) struct Info<M>(pub(crate) M);

impl<S: HandleInfo<M>, M: Send + 'static> Message<S> for Info<M> {
    fn handle(self, server: &mut S, cx: &mut Cx<S>) -> impl Future<Output = NoReply> + Send {
        server.handle_info(self.0, cx)
    }
    fn event(&self) -> Option<Event> {
        event_in::<M>(MessageKind::Info, None)
    }
}

/// An info that the server makes for itself: the idle time-out, what a future beside it yields.
pub(crate) struct Unsent<M>(pub(crate) M);

impl<S: HandleInfo<M>, M: Send + 'static> Message<S> for Unsent<M> {
    const SENT: bool = false;

    fn handle(self, server: &mut S, cx: &mut Cx<S>) -> impl Future<Output = NoReply> + Send {
        server.handle_info(self.0, cx)
    }
    fn event(&self) -> Option<Event> {
        event_in::<M>(MessageKind::Info, None)
    }
}

pub(crate) struct Continue<M>(pub(crate) M);

impl<S: HandleContinue<M>, M: Send + 'static> Message<S> for Continue<M> {
    const SENT: bool = false;

    fn handle(self, server: &mut S, cx: &mut Cx<S>) -> impl Future<Output = NoReply> + Send {
        server.handle_continue(self.0, cx)
    }
    fn event(&self) -> Option<Event> {
        Some(Event::Continue { message: type_name::<M>() })
    }
}

/// An exit signal from its parent to a server that traps: it ends the server, whatever the reason.
struct ParentExit(Exit);

impl<S: HandleInfo<Exit>> Message<S> for ParentExit {
    const SYSTEM: bool = true;

    fn handle(self, _: &mut S, cx: &mut Cx<S>) -> impl Future<Output = NoReply> + Send {
        cx.own().set_cause(self.0.cause());
        async move { Err(self.0.reason) }
    }
}

/// A request of [`sys`](crate::sys).
pub(crate) struct System<F>(pub(crate) F);

impl<S: GenServer, F> Message<S> for System<F>
where
    F: FnOnce(&mut S, &mut Cx<S>) -> NoReply + Send + 'static,
{
    const SYSTEM: bool = true;

    async fn handle(self, server: &mut S, cx: &mut Cx<S>) -> NoReply {
        self.0(server, cx)
    }
}

/// The system message behind `stop`.
pub(crate) struct Stop(pub(crate) ExitReason);

impl<S: GenServer> Message<S> for Stop {
    const SYSTEM: bool = true;

    async fn handle(self, _: &mut S, _: &mut Cx<S>) -> NoReply {
        Err(self.0)
    }
}

impl<S: GenServer> Kind for dyn Deliver<S> {
    type Own = ();
    type Body = ServerBody<S>;
    const READING: Reading = Reading::InTurns;

    fn behaviour(_: &ServerBlock<S>) -> &'static str {
        type_name::<S>()
    }
    fn poll(
        block: &Arc<ServerBlock<S>>,
        turn: &mut BodyTurn<'_, Self>,
        cx: &mut Context<'_>,
    ) -> Poll<ExitReason> {
        server_loop::poll(block, turn, cx)
    }
    fn drop_body(turn: &mut BodyTurn<'_, Self>) {
        server_loop::drop_body(turn);
    }
    fn close(block: &ServerBlock<S>) {
        block.turns.close().for_each(panics::drop_quietly);
        // After the mailbox: who waits for room finds it closed.
        if let Some(room) = block.process.room() {
            room.close();
        }
    }
    fn request_stop(block: &Arc<ServerBlock<S>>, reason: ExitReason) -> bool {
        // An error says that it has ended, which is as good.
        let _ = block.send(Stop(reason));
        true
    }
}

impl<S: HandleInfo<M>, M: Send + 'static> Receive<M> for ServerBlock<S> {
    fn receive(self: Arc<Self>, message: M) -> Result<(), M> {
        self.send(Info(message)).map_err(|Info(message)| message)
    }
    fn process(&self) -> &Process {
        &self.process
    }
}

impl<S: HandleInfo<Exit>> Trap for ServerBlock<S> {
    fn trapped(self: Arc<Self>, exit: Exit) {
        // An error says that it has ended.
        let _ = match self.process.parent() == Some(exit.from) {
            true => self.send(ParentExit(exit)).is_ok(),
            false => self.send(Info(exit)).is_ok(),
        };
    }
}

impl<S: GenServer> ServerRef<S> {
    pub(crate) fn send<M: Message<S>>(&self, message: M) -> Result<(), M> {
        self.0.send(message)
    }
}
