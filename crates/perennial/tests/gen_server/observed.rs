//! What can be seen of a server from outside: P29.

use perennial::{
    node::Node,
    prelude::*,
    process::{self, Timeout},
    time,
};
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;

/// Its casts wait for a permit each.
struct Waiting(Arc<Semaphore>);

struct Wait;
struct ThenMore;

impl GenServer for Waiting {
    type Args = Arc<Semaphore>;
    async fn init(permits: Arc<Semaphore>, _: &mut Cx<Self>) -> Result<Self, InitError> {
        Ok(Self(permits))
    }
}

impl HandleCast<Wait> for Waiting {
    async fn handle_cast(&mut self, _: Wait, _: &mut Cx<Self>) -> NoReply {
        self.0.acquire().await?.forget();
        noreply()
    }
}

impl HandleCast<ThenMore> for Waiting {
    async fn handle_cast(&mut self, _: ThenMore, cx: &mut Cx<Self>) -> NoReply {
        cx.continue_with(ThenMore);
        noreply()
    }
}

impl HandleContinue<ThenMore> for Waiting {
    async fn handle_continue(&mut self, _: ThenMore, cx: &mut Cx<Self>) -> NoReply {
        cx.timeout(Duration::from_secs(1));
        noreply()
    }
}

impl HandleInfo<Timeout> for Waiting {
    async fn handle_info(&mut self, _: Timeout, _: &mut Cx<Self>) -> NoReply {
        self.0.add_permits(1);
        noreply()
    }
}

async fn waiting() -> (ServerRef<Waiting>, Arc<Semaphore>) {
    let permits = Arc::new(Semaphore::new(0));
    let pid = gen_server::start::<Waiting>(permits.clone(), ()).await.unwrap();
    (pid.server().unwrap(), permits)
}

/// What waits in the mailbox, and what was taken out, when nothing moves.
async fn counts(pid: Pid) -> (u64, u64) {
    Node::current().settled().await;
    let info = process::info(pid).unwrap();
    (info.mailbox_len, info.messages)
}

async fn what_waits_is_exact_while_a_callback_waits() {
    let (server, permits) = waiting().await;
    assert_eq!(counts(server.pid()).await, (0, 0));
    for _ in 0..3 {
        server.cast(Wait).unwrap();
    }
    assert_eq!(counts(server.pid()).await, (2, 1));
    server.cast(Wait).unwrap();
    assert_eq!(counts(server.pid()).await, (3, 1));
    permits.add_permits(2);
    assert_eq!(counts(server.pid()).await, (1, 3));
    permits.add_permits(2);
    assert_eq!(counts(server.pid()).await, (0, 4));
}

#[perennial::test(paused)]
async fn what_waits_is_exact_while_a_callback_waits_on_one_thread() {
    what_waits_is_exact_while_a_callback_waits().await;
}

#[perennial::test(paused, flavor = "multi_thread", workers = 2)]
async fn what_waits_is_exact_while_a_callback_waits_on_two_threads() {
    what_waits_is_exact_while_a_callback_waits().await;
}

#[perennial::test(paused)]
async fn what_a_server_makes_for_itself_is_no_message() {
    let (server, permits) = waiting().await;
    server.cast(ThenMore).unwrap();
    time::sleep(Duration::from_secs(2)).await;
    assert_eq!(permits.available_permits(), 1);
    assert_eq!(counts(server.pid()).await, (0, 1));
}
