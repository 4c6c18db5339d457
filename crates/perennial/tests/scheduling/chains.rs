//! Many servers that call, start or end each other in a row: no stack grows with them.

use crate::support::{Run, runner};
use perennial::{node::Node, prelude::*, process};
use std::{future::Future, pin::Pin};
use tokio::sync::oneshot;

const MANY: usize = 10_000;

/// What a server of a chain is asked: how many come after it, itself included.
struct Count;

/// Calls the next one.
struct Relay(Option<ServerRef<Self>>);

impl GenServer for Relay {
    type Args = Option<ServerRef<Self>>;
    async fn init(next: Self::Args, _: &mut Cx<Self>) -> Result<Self, InitError> {
        Ok(Self(next))
    }
}

impl HandleCall<Count> for Relay {
    type Reply = usize;
    async fn handle_call(&mut self, Count: Count, _: &mut Cx<Self>) -> Reply<usize> {
        let after = match &self.0 {
            Some(next) => next.call_timeout(Count, None).await?,
            None => 0,
        };
        reply(after + 1)
    }
}

/// Starts the next one in its `init`.
struct Parent(Option<ServerRef<Self>>);

impl GenServer for Parent {
    type Args = usize;
    async fn init(more: usize, _: &mut Cx<Self>) -> Result<Self, InitError> {
        if more == 0 {
            return Ok(Self(None));
        }
        // A type that does not contain itself.
        let start: Pin<Box<dyn Future<Output = StartResult> + Send>> =
            Box::pin(gen_server::start_link::<Self>(more - 1, ()));
        let child = start.await?;
        Ok(Self(child.server()))
    }
}

rules! {
    async fn a_call_goes_through_ten_thousand_servers() {
        let mut first = None;
        for _ in 0..MANY {
            let pid = gen_server::start::<Relay>(first.take(), ()).await.unwrap();
            first = pid.server();
        }
        let first = first.unwrap();
        for _ in 0..3 {
            assert_eq!(first.call_timeout(Count, None).await, Ok(MANY));
        }
    }

    async fn ten_thousand_servers_start_each_other_and_end_with_the_first() {
        let pid = gen_server::start::<Parent>(MANY, ()).await.unwrap();
        let mut last = pid.server::<Parent>().unwrap();
        let node = Node::current();
        assert!(node.count_processes() > MANY);
        while let Some(next) = last.call(Next).await.unwrap() {
            last = next;
        }
        let ended = process::monitor(last.pid());
        process::kill(pid);
        assert_eq!(ended.await.reason, ExitReason::Killed);
        node.settled().await;
        assert_eq!(node.count_processes(), 0);
    }

    async fn a_server_may_be_called_again_and_again_in_one_poll() {
        let server = runner().await;
        let (tell, told) = oneshot::channel();
        process::spawn(|_: Inbox<()>| async move {
            let mut sum = 0;
            for n in 0..MANY {
                sum += server.call(Run(move || async move { n })).await.unwrap();
            }
            tell.send(sum).unwrap();
        });
        assert_eq!(told.await.unwrap(), (0..MANY).sum::<usize>());
    }
}

struct Next;

impl HandleCall<Next> for Parent {
    type Reply = Option<ServerRef<Self>>;
    async fn handle_call(&mut self, Next: Next, _: &mut Cx<Self>) -> Reply<Self::Reply> {
        reply(self.0.clone())
    }
}
