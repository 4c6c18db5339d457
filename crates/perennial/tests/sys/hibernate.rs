//! `hibernate`, and the option `hibernate_after`.

use crate::support::SECOND;
use perennial::{gen_server::Options, prelude::*, sys, time};
use std::time::Duration;

/// What it has done.
#[derive(Clone, Debug, Default, PartialEq)]
struct Sleeper(Vec<Did>);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Did {
    Shrink,
    Cast,
    Timeout,
}
use Did::{Cast, Shrink};

struct Hibernate;
struct Idle(Duration);

impl GenServer for Sleeper {
    type Args = ();
    async fn init(_: (), _: &mut Cx<Self>) -> Result<Self, InitError> {
        Ok(Self::default())
    }
    fn shrink(&mut self) {
        self.0.push(Shrink);
    }
}
impl HandleCast<Did> for Sleeper {
    async fn handle_cast(&mut self, did: Did, _: &mut Cx<Self>) -> NoReply {
        self.0.push(did);
        noreply()
    }
}
impl HandleCast<Hibernate> for Sleeper {
    async fn handle_cast(&mut self, _: Hibernate, cx: &mut Cx<Self>) -> NoReply {
        cx.hibernate();
        noreply()
    }
}
impl HandleCast<Idle> for Sleeper {
    async fn handle_cast(&mut self, Idle(time): Idle, cx: &mut Cx<Self>) -> NoReply {
        cx.timeout(time);
        noreply()
    }
}
impl HandleInfo<Timeout> for Sleeper {
    async fn handle_info(&mut self, _: Timeout, _: &mut Cx<Self>) -> NoReply {
        self.0.push(Did::Timeout);
        noreply()
    }
}

async fn sleeper(options: Options) -> ServerRef<Sleeper> {
    gen_server::start_unlinked_with::<Sleeper>((), (), options).await.unwrap().server().unwrap()
}

async fn done(server: &ServerRef<Sleeper>) -> Vec<Did> {
    sys::get_state(server).await.unwrap().0
}

async fn settled() {
    Node::current().settled().await;
}

rules! {
    async fn hibernate_shrinks_after_the_callback() {
        let server = sleeper(Options::default()).await;
        server.cast(Hibernate).unwrap();
        settled().await;
        assert_eq!(done(&server).await, [Shrink]);
        server.cast(Cast).unwrap();
        settled().await;
        assert_eq!(done(&server).await, [Shrink, Cast]);
    }

    async fn hibernate_does_nothing_if_a_message_is_there() {
        let server = sleeper(Options::default()).await;
        sys::suspend(&server).await.unwrap();
        server.cast(Hibernate).unwrap();
        server.cast(Cast).unwrap();
        sys::resume(&server).await.unwrap();
        settled().await;
        assert_eq!(done(&server).await, [Cast]);
    }

    async fn hibernate_after_shrinks_once_when_no_message_comes() {
        let server = sleeper(Options::default().hibernate_after(2 * SECOND)).await;
        time::sleep(SECOND).await;
        server.cast(Cast).unwrap();
        time::sleep(SECOND).await;
        server.cast(Cast).unwrap();
        time::sleep(100 * SECOND).await;
        server.cast(Cast).unwrap();
        time::sleep(100 * SECOND).await;
        assert_eq!(done(&server).await, [Cast, Cast, Shrink, Cast, Shrink]);
    }

    async fn hibernate_after_leaves_time_outs_alone() {
        let server = sleeper(Options::default().hibernate_after(SECOND)).await;
        server.cast(Idle(10 * SECOND)).unwrap();
        time::sleep(9 * SECOND).await;
        server.cast(Idle(10 * SECOND)).unwrap();
        time::sleep(100 * SECOND).await;
        assert_eq!(done(&server).await, [Did::Timeout, Shrink]);
    }

    async fn a_suspended_server_does_not_hibernate() {
        let server = sleeper(Options::default().hibernate_after(SECOND)).await;
        sys::suspend(&server).await.unwrap();
        time::sleep(100 * SECOND).await;
        assert_eq!(done(&server).await, []);
    }
}
