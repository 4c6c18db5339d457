//! A server with a state that can be copied, and tests on both kinds of runtime.

use perennial::prelude::*;
use std::time::Duration;

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// The numbers that it was sent, in order. A 0 is a panic of its `clone`.
#[derive(Debug, PartialEq)]
pub(crate) struct Numbers(pub(crate) Vec<u32>);

pub(crate) struct All;
/// Answered by the caller's `reply`, in the callback.
pub(crate) struct AllFrom;
/// Answered never: the caller is dropped.
pub(crate) struct Ignored;
/// Answered when it stops.
pub(crate) struct Bye;
/// Leaves a continue.
pub(crate) struct Continues;
/// Stops the server with an `Err`.
pub(crate) struct Fail;

impl Clone for Numbers {
    fn clone(&self) -> Self {
        assert!(!self.0.contains(&0), "no zero is copied");
        Self(self.0.clone())
    }
}

impl GenServer for Numbers {
    type Args = Vec<u32>;
    async fn init(numbers: Vec<u32>, _: &mut Cx<Self>) -> Result<Self, InitError> {
        Ok(Self(numbers))
    }
    fn format_status(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.last() {
            Some(13) => Err(std::fmt::Error),
            Some(14) => panic!("not shown"),
            _ => write!(f, "{} numbers", self.0.len()),
        }
    }
}

impl HandleCast<u32> for Numbers {
    async fn handle_cast(&mut self, n: u32, _: &mut Cx<Self>) -> NoReply {
        self.0.push(n);
        noreply()
    }
}

impl HandleInfo<u32> for Numbers {
    async fn handle_info(&mut self, n: u32, _: &mut Cx<Self>) -> NoReply {
        self.0.push(n);
        noreply()
    }
}

impl HandleCall<All> for Numbers {
    type Reply = Vec<u32>;
    async fn handle_call(&mut self, _: All, _: &mut Cx<Self>) -> Reply<Vec<u32>> {
        reply(self.0.clone())
    }
}

impl HandleCallFrom<AllFrom> for Numbers {
    type Reply = Vec<u32>;
    async fn handle_call_from(&mut self, _: AllFrom, from: Caller<Vec<u32>>, _: &mut Cx<Self>) -> NoReply {
        from.reply(self.0.clone());
        noreply()
    }
}

impl HandleCallFrom<Ignored> for Numbers {
    type Reply = ();
    async fn handle_call_from(&mut self, _: Ignored, _: Caller<()>, _: &mut Cx<Self>) -> NoReply {
        noreply()
    }
}

impl HandleCall<Bye> for Numbers {
    type Reply = ();
    async fn handle_call(&mut self, _: Bye, _: &mut Cx<Self>) -> Reply<()> {
        stop_reply(ExitReason::Normal, ())
    }
}

impl HandleCall<Continues> for Numbers {
    type Reply = ();
    async fn handle_call(&mut self, _: Continues, cx: &mut Cx<Self>) -> Reply<()> {
        cx.continue_with(7_u32);
        reply(())
    }
}

impl HandleContinue<u32> for Numbers {
    async fn handle_continue(&mut self, n: u32, _: &mut Cx<Self>) -> NoReply {
        self.0.push(n);
        noreply()
    }
}

impl HandleCast<Fail> for Numbers {
    async fn handle_cast(&mut self, _: Fail, _: &mut Cx<Self>) -> NoReply {
        stop(boom())
    }
}

pub(crate) fn boom() -> ExitReason {
    ExitReason::other("boom")
}

/// A server that is linked to nobody.
pub(crate) async fn numbers() -> ServerRef<Numbers> {
    numbers_with(gen_server::Options::default()).await
}

pub(crate) async fn numbers_with(options: gen_server::Options) -> ServerRef<Numbers> {
    let pid = gen_server::start_unlinked_with::<Numbers>(Vec::new(), (), options).await.expect("it starts");
    pid.server().expect("it is one")
}
