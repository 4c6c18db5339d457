//! What becomes of a call: its server is run at once, by the caller, or finds the request in its mailbox.

use crate::{
    exit_reason::CallError,
    gen_server::{
        CallTo, Caller, GenServer, ServerRef, direct::Direct, reply_cell::Answer, server_loop::ServerTurn,
    },
    pid::Pid,
    process::{current, inline, run},
};
use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};
use tokio::task::coop;

/// Whether a server that is not being polled may be run by its caller.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Inline {
    Yes,
    No,
}

/// Sends a request and waits for the reply.
pub(super) async fn call<S: GenServer, M: CallTo<S>>(
    server: Result<ServerRef<S>, CallError>,
    request: M,
    timeout: Option<Duration>,
    inline: Inline,
) -> Result<M::Reply, CallError> {
    let server = server?;
    let process = &server.0.process;
    if current::waits_for(process) {
        return Err(CallError::CallingSelf);
    }
    // Before the request is there: one who is told of it would take the turn.
    let turn = if inline == Inline::Yes { inline::take_turn(&server.0) } else { None };
    let answer = match turn {
        Some(turn) => match inline::timed(process, || run_at_once(&server, turn, request))? {
            At::Once(reply) => return Ok(reply),
            At::Last(answer) => answer,
        },
        None => submit(&server, request, current::pid())?,
    };
    answer.within(&process.node.clock, timeout).await
}

/// Puts the request into the mailbox, and has the server polled.
pub(super) fn submit<S: GenServer, M: CallTo<S>>(
    server: &ServerRef<S>,
    request: M,
    caller: Option<Pid>,
) -> Result<Answer<M::Reply>, CallError> {
    let (from, answer) = Caller::with_pid(server.0.clone(), caller);
    match request.send_to(server, from) {
        Ok(()) => Ok(answer),
        Err(from) => {
            from.disarm();
            Err(CallError::NoProc)
        }
    }
}

/// Has the server, whose turn we have, find the request behind all that it was sent before.
///
/// Out of line: who answers at once does without.
#[inline(never)]
fn put<S: GenServer, M: CallTo<S>>(
    server: &ServerRef<S>,
    turn: &mut ServerTurn<'_, S>,
    request: M,
    caller: Option<Pid>,
) -> Result<Answer<M::Reply>, CallError> {
    server.0.process.stats.count_put();
    // What came before is in the mailbox still.
    if turn.is_lent() {
        return submit(server, request, caller);
    }
    let (from, answer) = Caller::with_pid(server.0.clone(), caller);
    request.put_into(turn, from);
    Ok(answer)
}

/// When a call is answered.
enum At<R: Send + 'static> {
    Once(R),
    Last(Answer<R>),
}

/// Has the server, whose turn we have, handle the request.
fn run_at_once<S: GenServer, M: CallTo<S>>(
    server: &ServerRef<S>,
    mut turn: ServerTurn<'_, S>,
    request: M,
) -> Result<At<M::Reply>, CallError> {
    if !M::DIRECT || server.0.process.needs_attention() || !takes_budget() {
        let answer = put(server, &mut turn, request, current::pid());
        run::run_turn(&server.0, turn);
        return answer.map(At::Last);
    }
    let (caller, mut at) = (current::pid(), None);
    run::use_turn(&server.0, turn, |turn, task| {
        let (answer, goes_on) = match request.call_direct(server, turn, caller, task) {
            (Direct::Busy(request), _) => (Err(request), true),
            (Direct::Answered(reply), goes_on) => (Ok(At::Once(reply)), goes_on),
            (Direct::Later(answer), goes_on) => (Ok(At::Last(answer)), goes_on),
        };
        at = Some(answer.or_else(|request| put(server, turn, request, caller).map(At::Last)));
        goes_on
    });
    // None: it panicked, which has ended the server.
    at.unwrap_or(Err(CallError::NoProc))
}

/// Takes a unit of what the current task may do before it lets others run: one for each message.
fn takes_budget() -> bool {
    // If there is none the request goes the long way, at the end of which the caller waits.
    pin!(coop::consume_budget()).poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

/// As [`call`], by a thread, which waits for the reply.
#[track_caller]
pub(super) fn blocking<S: GenServer, M: CallTo<S>>(
    server: Result<ServerRef<S>, CallError>,
    request: M,
    timeout: Option<Duration>,
) -> Result<M::Reply, CallError> {
    // The thread is to wait, not to run the server.
    let call = call(server, request, timeout, Inline::No);
    match tokio::runtime::Handle::try_current() {
        // Panics where it would block the runtime; goes on where blocking is allowed, as in `spawn_blocking`.
        Ok(runtime) => runtime.block_on(call),
        Err(_) => block_on(call),
    }
}

/// Runs a future on this thread, which sleeps while it waits.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
