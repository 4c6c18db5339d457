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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        gen_server::{
            self, CallError, Caller, Cx, GenServer, HandleCall, HandleCallFrom, InitError, NoReply, noreply,
        },
        process,
    };

    /// Whether it is killed in `terminate`, and a caller it never answers.
    struct Leaving(bool, Option<Caller<()>>);
    struct Bye;
    struct Wait;

    impl GenServer for Leaving {
        type Args = bool;
        async fn init(killed: bool, _: &mut Cx<Self>) -> Result<Self, InitError> {
            Ok(Self(killed, None))
        }
        async fn terminate(&mut self, _: &ExitReason, cx: &mut Cx<Self>) -> Result<(), ExitReason> {
            if self.0 {
                process::kill(cx.pid());
            }
            Ok(())
        }
    }
    impl HandleCall<Bye> for Leaving {
        type Reply = &'static str;
        async fn handle_call(&mut self, _: Bye, _: &mut Cx<Self>) -> Reply<&'static str> {
            stop_reply(ExitReason::Normal, "bye")
        }
    }
    impl HandleCallFrom<Wait> for Leaving {
        type Reply = ();
        async fn handle_call_from(&mut self, _: Wait, from: Caller<()>, _: &mut Cx<Self>) -> NoReply {
            self.1 = Some(from);
            noreply()
        }
    }

    /// What one who waits, and one who is answered by `stop_reply`, get.
    async fn leave(killed: bool) -> (Result<(), CallError>, Result<&'static str, CallError>) {
        use gen_server::Address;
        let server = gen_server::start::<Leaving>(killed, ()).await.unwrap().server::<Leaving>().unwrap();
        tokio::join!(server.call(Wait), server.call(Bye))
    }

    #[test]
    fn stop_reply_answers_its_caller_and_ends_the_others() {
        let answers = crate::runtime::run_test(Default::default(), leave(false));
        assert_eq!(answers, (Err(CallError::Exit(ExitReason::Normal)), Ok("bye")));
    }

    #[test]
    fn stop_reply_does_not_answer_if_the_server_is_killed_in_terminate() {
        let killed = || CallError::Exit(ExitReason::Killed);
        let answers = crate::runtime::run_test(Default::default(), leave(true));
        assert_eq!(answers, (Err(killed()), Err(killed())));
    }
}
