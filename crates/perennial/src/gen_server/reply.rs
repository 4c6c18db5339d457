//! What callbacks return: OTP's tuples as functions.

use crate::exit_reason::ExitReason;

/// What [`handle_call`](super::HandleCall::handle_call) returns: `Ok` is `{reply, R, State}` or
/// `{stop, Reason, R, State}`, `Err` is `{stop, Reason, State}`.
pub type Reply<R> = Result<Replied<R>, ExitReason>;

/// What the other callbacks return: `Ok` is `{noreply, State}`, `Err` is `{stop, Reason, State}`.
pub type NoReply = Result<(), ExitReason>;

/// A reply, and whether the server goes on.
#[derive(Debug)]
pub struct Replied<R> {
    pub(crate) reply: R,
    pub(crate) stop: Option<ExitReason>,
}

/// Answers the call: `{reply, R, State}`.
pub fn reply<R>(reply: R) -> Reply<R> {
    Ok(Replied { reply, stop: None })
}

/// Stops, then answers the call: `{stop, Reason, R, State}`. `terminate` runs before the reply is sent, and the
/// caller finds the server's name free.
pub fn stop_reply<R>(reason: ExitReason, reply: R) -> Reply<R> {
    Ok(Replied { reply, stop: Some(reason) })
}

/// Stops without an answer: `{stop, Reason, State}`. A caller gets the reason.
pub fn stop<T>(reason: ExitReason) -> Result<T, ExitReason> {
    Err(reason)
}

/// Goes on: `{noreply, State}`.
pub fn noreply() -> NoReply {
    Ok(())
}
