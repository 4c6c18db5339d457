//! What callbacks return: OTP's tuples as functions.

use crate::{exit_reason::ExitReason, gen_server::Caller};

/// What the handler of an event returns: `Ok` goes on, `Err(reason)` is `{stop, Reason}`.
pub type Transition<S> = Result<Next<S>, ExitReason>;

/// Where a state machine goes after an event: see [`next_state`], [`keep_state`], [`repeat_state`].
#[derive(Debug)]
pub struct Next<S>(pub(crate) Step<S>);

#[derive(Debug)]
pub(crate) enum Step<S> {
    To(S),
    Keep,
    Repeat,
}

/// Goes to `state`: `{next_state, State, Data}`. If that equals the current one it is as [`keep_state`].
///
/// Otherwise the state changes: [`enter`](super::GenStateMachine::enter) is called, the state time-out is cancelled,
/// and what is postponed is handled again.
pub fn next_state<S>(state: S) -> Transition<S> {
    Ok(Next(Step::To(state)))
}

/// Stays in the state: `{keep_state, Data}`, `keep_state_and_data`.
#[doc(alias = "keep_state_and_data")]
pub fn keep_state<S>() -> Transition<S> {
    Ok(Next(Step::Keep))
}

/// Stays in the state, and calls [`enter`](super::GenStateMachine::enter) again: `{repeat_state, Data}`. It is no
/// change of state: what is postponed stays so, and the state time-out goes on.
#[doc(alias = "repeat_state_and_data")]
pub fn repeat_state<S>() -> Transition<S> {
    Ok(Next(Step::Repeat))
}

/// Answers `from`, then stops: `{stop_and_reply, Reason, {reply, From, Reply}}`. The reply is sent before `terminate`
/// runs, unlike that of [`gen_server::stop_reply`](crate::gen_server::stop_reply). To answer several, reply to each,
/// and [`stop`](crate::gen_server::stop).
///
/// # Errors
///
/// Always: `Err` is how a callback stops.
pub fn stop_and_reply<T, R: Send + 'static>(
    reason: ExitReason,
    from: Caller<R>,
    reply: R,
) -> Result<T, ExitReason> {
    from.reply(reply);
    Err(reason)
}
