//! The life of a server: init, then one message after the other, then `terminate`.
//!
//! Each of these is a future that borrows the server, its state and its context, as long as it runs. What an idle server
//! keeps is just these two.

use crate::{
    child_spec::StartError,
    exit_reason::ExitReason,
    gen_server::{
        Cx, GenServer, InitError, NoReply, Register, Registered,
        message::{Deliver, Handling, ServerBlock},
        shown::shown,
    },
    process::{
        block::BodyTurn,
        bonds::{Crash, Started},
        budget,
        panics::{self, CatchUnwind},
    },
};
use perennial_cell::{Lending, Lent, Pooled, PooledFuture};
use std::{
    any::type_name,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

/// So many messages are handled in one poll at most: as many as tokio lets a task handle, also where it does not count.
const MESSAGES: u32 = 128;

/// What the process of a server runs.
pub(crate) type ServerBody<S> = Lending<Live<S>, NoReply>;

pub(crate) type ServerTurn<'a, S> = BodyTurn<'a, dyn Deliver<S>>;

/// A server, from before its `init` until its state is dropped by the last acts.
pub(crate) struct Live<S: GenServer> {
    /// None until `init` has succeeded.
    pub(super) server: Option<S>,
    pub(super) cx: Cx<S>,
}

impl<S: GenServer> Live<S> {
    pub(crate) fn new(cx: Cx<S>) -> Self {
        Self { server: None, cx }
    }

    /// Registers the name, and makes the first state.
    pub(super) async fn init(&mut self, args: S::Args, name: impl Register<S>) -> NoReply {
        register(name, &self.cx)?;
        let made = CatchUnwind::new(S::init(args, &mut self.cx)).await;
        let made = made.unwrap_or_else(|panic| Err(InitError::Stop(panic)));
        self.server = Some(made.map_err(|error| failed(error, &self.cx))?);
        self.cx.own().started();
        Ok(())
    }

    /// A callback has stopped the server with a reason: cleans up. The result is always an error, the last word on why.
    fn terminate(&mut self, reason: ExitReason) -> Handling<'_> {
        PooledFuture::new(async move {
            let Self { server: Some(server), cx } = self else { return Err(reason) };
            cx.forget_requests();
            leave_for_report(server, &reason, cx);
            let terminated = CatchUnwind::new(server.terminate(&reason, cx)).await;
            let (Ok(Err(other)) | Err(other)) = terminated else { return Err(reason) };
            if reason.is_clean() {
                leave_for_report(server, &other, cx);
            }
            Err(other)
        })
    }
}

/// Puts a server into the turn of its process, with its `init`; goes on with that if there is a context.
pub(super) fn begin<S: GenServer>(
    block: &Arc<ServerBlock<S>>,
    turn: &mut ServerTurn<'_, S>,
    live: Live<S>,
    (args, name): (S::Args, impl Register<S>),
    mut cx: Option<&mut Context<'_>>,
) -> Poll<ExitReason> {
    turn.put(live);
    let done = turn.lend(block, |live| {
        let init = Pooled::new(live.init(args, name));
        match &mut cx {
            Some(cx) => poll_once(init, cx),
            None => Lent::Kept(init.erase()),
        }
    });
    match (done, cx) {
        (Some(Err(reason)), _) => Poll::Ready(reason),
        (Some(Ok(())), Some(cx)) => {
            block.process.settle_dropped_callers();
            poll(block, turn, cx)
        }
        _ => Poll::Pending,
    }
}

/// Polls what a server does, which is kept if it is not ready. A panic is a reason.
pub(super) fn poll_once<'a>(
    mut future: Pooled<impl Future<Output = NoReply> + Send + 'a>,
    cx: &mut Context<'_>,
) -> Lent<'a, NoReply, NoReply> {
    match panics::catch(|| Pin::new(&mut future).poll(cx)) {
        // Apart, so that nothing is copied as a whole: to read at once what was just written in parts stalls a processor.
        Ok(Poll::Ready(Ok(()))) => Lent::Done(Ok(())),
        Ok(Poll::Ready(Err(reason))) => Lent::Done(Err(reason)),
        Ok(Poll::Pending) => Lent::Kept(future.erase()),
        Err(reason) => Lent::Done(Err(reason)),
    }
}

/// The server and its context, if it does nothing and nothing is there for it to do.
pub(super) fn idle<'a, S: GenServer>(turn: &'a mut ServerTurn<'_, S>) -> Option<&'a mut Live<S>> {
    let (live, mut mail) = turn.value_and_incoming()?;
    (live.server.is_some() && live.cx.has_only_messages() && mail.is_empty()).then_some(live)
}

/// Whether it is to be polled though no message has come.
pub(super) fn asks_for_more<S: GenServer>(turn: &mut ServerTurn<'_, S>) -> bool {
    turn.value().is_none_or(|live| !live.cx.has_only_messages())
}

/// A callback has stopped it: it is to run `terminate` when it is polled.
pub(super) fn stop<S: GenServer>(
    block: &Arc<ServerBlock<S>>,
    turn: &mut ServerTurn<'_, S>,
    reason: ExitReason,
) {
    block.process.set_stopping();
    let _lent = turn.lend::<_, ()>(block, |live| Lent::Kept(live.terminate(reason)));
}

/// Goes on with a server; ready with the reason when it has stopped. Its state is then still there.
pub(crate) fn poll<S: GenServer>(
    block: &Arc<ServerBlock<S>>,
    turn: &mut ServerTurn<'_, S>,
    cx: &mut Context<'_>,
) -> Poll<ExitReason> {
    if let Poll::Ready(reason) = go_on(block, turn, cx) {
        return Poll::Ready(reason);
    }
    // Now that it waits: it may be for one who waits for room.
    if let Some(room) = block.process.room() {
        room.give_back();
    }
    Poll::Pending
}

fn go_on<S: GenServer>(
    block: &Arc<ServerBlock<S>>,
    turn: &mut ServerTurn<'_, S>,
    cx: &mut Context<'_>,
) -> Poll<ExitReason> {
    let process = &block.process;
    loop {
        let handled = match panics::catch(|| turn.poll_borrower(cx)) {
            Ok(Some(polled)) => ready!(polled),
            Ok(None) => match panics::catch(|| handle_messages(block, turn, cx)) {
                Ok(polled) => ready!(polled),
                Err(reason) => Err(reason),
            },
            Err(reason) => Err(reason),
        };
        match handled {
            Ok(()) => process.settle_dropped_callers(),
            Err(reason) if process.is_stopping() || !has_started(turn) => return Poll::Ready(reason),
            Err(reason) => stop(block, turn, reason),
        }
    }
}

fn has_started<S: GenServer>(turn: &mut ServerTurn<'_, S>) -> bool {
    turn.value().is_some_and(|live| live.server.is_some())
}

/// Handles one message after the other; ready when one has stopped the server.
fn handle_messages<S: GenServer>(
    block: &Arc<ServerBlock<S>>,
    turn: &mut ServerTurn<'_, S>,
    cx: &mut Context<'_>,
) -> Poll<NoReply> {
    for _ in 0..MESSAGES {
        match ready!(handle_next(block, turn, cx)) {
            Ok(()) => block.process.settle_dropped_callers(),
            stopped => return Poll::Ready(stopped),
        }
    }
    // A caller may run us in a future that is not counted.
    cx.waker().wake_by_ref();
    Poll::Pending
}

/// Begins to handle the next message.
fn handle_next<S: GenServer>(
    block: &Arc<ServerBlock<S>>,
    turn: &mut ServerTurn<'_, S>,
    cx: &mut Context<'_>,
) -> Poll<NoReply> {
    let Some((Live { cx: own, .. }, mut mail)) = turn.value_and_incoming() else { return Poll::Pending };
    if own.has_only_messages() && mail.is_empty() {
        return Poll::Pending;
    }
    // One unit a message, so that a flooded server, or one that continues for ever, lets others run.
    ready!(budget::poll_unit(cx));
    let mut letter = ready!(own.poll_next(&mut mail, cx));
    let handled = turn.lend(block, |Live { server, cx: own }| {
        letter.handle_now(server.as_mut().expect("it has started"), own, cx)
    });
    // None: a future has the server from now on, and was polled.
    handled.map_or(Poll::Pending, Poll::Ready)
}

/// Drops what runs, then the state, then what was taken out of the mailbox.
pub(crate) fn drop_body<S: GenServer>(turn: &mut ServerTurn<'_, S>) {
    panics::call_quietly(|| turn.drop_borrower());
    panics::call_quietly(|| turn.drop_value());
    panics::call_quietly(|| turn.incoming().clear());
}

/// Takes the name, which is needed no more after this: what it holds, such as a key, is not to live as long as the server.
/// An error is the reason of the end; the starter is told what it means.
fn register<S: GenServer>(name: impl Register<S>, cx: &Cx<S>) -> NoReply {
    match name.register_last(cx.me()) {
        Registered::Yes => Ok(()),
        Registered::Taken(holder) => {
            cx.own().start_failed(Started::AlreadyStarted(holder));
            Err(ExitReason::Normal)
        }
        Registered::Failed(reason) => Err(reason),
    }
}

/// There is no first state: the reason of the end. The starter is told what it means.
fn failed<S: GenServer>(error: InitError, cx: &Cx<S>) -> ExitReason {
    let outcome = match error {
        InitError::Ignore => Started::Ignore,
        InitError::Error(reason) => Started::Exit(reason),
        InitError::Stop(reason) => return reason,
    };
    cx.own().start_failed(outcome);
    ExitReason::Normal
}

/// Leaves what the report of a crash is to say of the server, if this is one.
fn leave_for_report<S: GenServer>(server: &S, reason: &ExitReason, cx: &mut Cx<S>) {
    if reason.is_clean() {
        return;
    }
    // What is shown of a state as long as nobody says how: the type, which is in the report anyway.
    let state = Some(shown(server)).filter(|state| state != type_name::<S>());
    let log: Vec<_> = cx.logged().iter().map(ToString::to_string).collect();
    let crash = Crash { state, log: (!log.is_empty()).then(|| log.join("; ")) };
    if crash != Crash::default() {
        cx.own().lock().bonds().crash = Some(Box::new(crash));
    }
}

impl From<Started> for Result<(), StartError> {
    fn from(started: Started) -> Self {
        match started {
            Started::Running => Ok(()),
            Started::AlreadyStarted(pid) => Err(StartError::AlreadyStarted(pid)),
            Started::Ignore => Err(StartError::Ignore),
            Started::Exit(reason) => Err(StartError::Exit(reason)),
        }
    }
}
