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
        block::{BodyTurn, Crash, Started},
        panics::{self, CatchUnwind},
    },
};
use perennial_cell::{Lending, PooledFuture};
use std::{
    any::type_name,
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::task::coop;

/// What the process of a server runs.
pub(crate) type ServerBody<S> = Lending<Live<S>, NoReply>;

type ServerTurn<'a, S> = BodyTurn<'a, dyn Deliver<S>>;

/// A server, from before its `init` until its state is dropped by the last acts.
pub(crate) struct Live<S: GenServer> {
    /// None until `init` has succeeded.
    server: Option<S>,
    cx: Cx<S>,
}

impl<S: GenServer> Live<S> {
    pub(crate) fn new(cx: Cx<S>) -> Self {
        Self { server: None, cx }
    }

    /// Registers the name, and makes the first state.
    pub(crate) fn init<'a>(&'a mut self, args: S::Args, name: impl Register<S>) -> Handling<'a> {
        PooledFuture::new(async move {
            self.server = Some(init(args, name, &mut self.cx).await?);
            self.cx.own().started();
            Ok(())
        })
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

/// Goes on with a server; ready with the reason when it has stopped. Its state is then still there.
pub(crate) fn poll<S: GenServer>(
    block: &Arc<ServerBlock<S>>,
    turn: &mut ServerTurn<'_, S>,
    cx: &mut Context<'_>,
) -> Poll<ExitReason> {
    let process = &block.process;
    let mut done =
        panics::catch(|| turn.poll_borrower(cx)).unwrap_or_else(|reason| Some(Poll::Ready(Err(reason))));
    loop {
        match done {
            Some(Poll::Pending) => return Poll::Pending,
            Some(Poll::Ready(Ok(()))) => {
                process.settle_dropped_callers();
            }
            Some(Poll::Ready(Err(reason))) => {
                let has_server = turn.value().is_some_and(|live| live.server.is_some());
                if process.is_stopping() || !has_server {
                    return Poll::Ready(reason);
                }
                process.set_stopping();
                done = lend(block, turn, cx, |live| live.terminate(reason));
                continue;
            }
            None => {}
        }
        let Some(live) = turn.value() else { return Poll::Pending };
        // One unit a message, so that a flooded server, or one that continues for ever, lets others run. An idle one
        // has nothing to wait for.
        if !coop::has_budget_remaining() && live.cx.may_have_next() && take_unit(cx).is_pending() {
            return Poll::Pending;
        }
        let Poll::Ready(mut letter) = live.cx.poll_next(cx) else { return Poll::Pending };
        // If none is left, because a future beside the server has used it up, there is one more poll.
        let _ = take_unit(cx);
        done = lend(block, turn, cx, |live| {
            letter.deliver(live.server.as_mut().expect("it has started"), &mut live.cx)
        });
    }
}

/// Takes a unit of the budget of the task that polls; if there is none, has us polled again when others have run.
fn take_unit(cx: &mut Context<'_>) -> Poll<()> {
    pin!(coop::consume_budget()).poll(cx)
}

/// Has the future that `make` makes run with the server; a panic is the reason of its end.
fn lend<S: GenServer>(
    block: &Arc<ServerBlock<S>>,
    turn: &mut ServerTurn<'_, S>,
    cx: &mut Context<'_>,
    make: impl for<'a> FnOnce(&'a mut Live<S>) -> Handling<'a>,
) -> Option<Poll<NoReply>> {
    let polled = panics::catch(|| turn.lend_and_poll(block, cx, make));
    Some(polled.unwrap_or_else(|reason| Poll::Ready(Err(reason))))
}

/// Drops what runs, then the state.
pub(crate) fn drop_body<S: GenServer>(turn: &mut ServerTurn<'_, S>) {
    panics::call_quietly(|| turn.drop_borrower());
    panics::call_quietly(|| turn.drop_value());
}

/// Takes the name and makes the first state. An error is the reason of the end; the starter is told what it means.
async fn init<S: GenServer>(args: S::Args, name: impl Register<S>, cx: &mut Cx<S>) -> Result<S, ExitReason> {
    match name.register(cx.me()) {
        Registered::Yes => {}
        Registered::Taken(holder) => {
            cx.own().start_failed(Started::AlreadyStarted(holder));
            return Err(ExitReason::Normal);
        }
        Registered::Failed(reason) => return Err(reason),
    }
    // The name is only needed above; what it holds, such as a key, is not to live as long as the server.
    drop(name);
    match CatchUnwind::new(S::init(args, cx)).await {
        Ok(Ok(server)) => Ok(server),
        Ok(Err(InitError::Ignore)) => {
            cx.own().start_failed(Started::Ignore);
            Err(ExitReason::Normal)
        }
        Ok(Err(InitError::Error(reason))) => {
            cx.own().start_failed(Started::Exit(reason));
            Err(ExitReason::Normal)
        }
        Ok(Err(InitError::Stop(reason))) | Err(reason) => Err(reason),
    }
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
