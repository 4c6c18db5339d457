//! A call of a server by one who has its turn: no letter is written, and no place for the reply, unless it has to wait.

use crate::{
    gen_server::{
        Caller, HandleCallFrom, NoReply, Replied, Reply,
        message::ServerBlock,
        reply_cell::Answer,
        server_loop::{self, Live, ServerTurn},
    },
    pid::Pid,
    process::panics,
};
use perennial_cell::{Lent, Pooled, PooledFuture};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// What became of a request.
pub(crate) enum Direct<M, R: Send + 'static> {
    /// The server does something, or has something to do before: the request is to lie in its mailbox.
    Busy(M),
    /// It was answered.
    Answered(R),
    /// The answer, or the reason why there is none, comes later.
    Later(Answer<R>),
}

/// Has a server handle a request here and now, as the process that it is. It needs no attention, and its turn is ours.
/// Tells also whether it is to be polled after that: it has stopped, or has asked for more than messages.
pub(crate) fn call<S: HandleCallFrom<M>, M: Send + 'static>(
    me: &Arc<ServerBlock<S>>,
    turn: &mut ServerTurn<'_, S>,
    request: M,
    caller: Option<Pid>,
    task: &mut Context<'_>,
) -> (Direct<M, S::Reply>, bool) {
    if server_loop::idle(turn).is_none() {
        return (Direct::Busy(request), false);
    }
    // Race: what comes into the mailbox from here on comes after the request.
    let mut later = None;
    let lent = panics::catch(|| {
        turn.lend(me, |Live { server, cx }| {
            let server = server.as_mut().expect("it is idle");
            let mut handling = Pooled::new(server.answer_at_once(request, cx));
            match panics::catch(|| Pin::new(&mut handling).poll(task)) {
                Ok(Poll::Ready(reply)) => Lent::Done(reply),
                Ok(Poll::Pending) => {
                    let (from, answer_to_come) = Caller::with_pid(me.clone(), caller);
                    later = Some(answer_to_come);
                    Lent::Kept(PooledFuture::new(async move { answer(handling.await, from) }))
                }
                Err(reason) => Lent::Done(Err(reason)),
            }
        })
    });
    let reply = match (lent, later) {
        (Ok(None), Some(answer)) => return (Direct::Later(answer), false),
        (Ok(reply), _) => reply.expect("it is lent only to one who waits"),
        (Err(reason), _) => Err(reason),
    };
    if let Ok(Replied { reply, stop: None }) = reply {
        me.process.settle_dropped_callers();
        return (Direct::Answered(reply), server_loop::asks_for_more(turn));
    }
    let (from, answer_to_come) = Caller::with_pid(me.clone(), caller);
    if let Err(reason) = answer(reply, from) {
        server_loop::stop(me, turn, reason);
    }
    (Direct::Later(answer_to_come), true)
}

/// Has the caller get what a handler has returned: now, or from the last acts if it stops.
pub(crate) fn answer<R: Send + 'static>(reply: Reply<R>, from: Caller<R>) -> NoReply {
    let Replied { reply, stop } = reply?;
    match stop {
        None => {
            from.reply(reply);
            Ok(())
        }
        Some(reason) => {
            // Sent by the last acts, after `terminate`.
            from.reply_last(reply);
            Err(reason)
        }
    }
}
