//! One who is flooded, or never waits, or blocks its thread, and all the others.

use crate::support::{Run, Runner, node_on, runner};
use perennial::{
    node::Node,
    prelude::*,
    process,
    runtime::{TestOptions, run_test},
};
use std::{sync::mpsc, time::Duration};
use tokio::{runtime::Builder, sync::oneshot, time::timeout};

fn nothing() -> Run<impl FnOnce() -> std::future::Ready<()> + Send + 'static> {
    Run(|| std::future::ready(()))
}

/// A server that always has more to do: the rest of a flood is replaced as it is handled.
#[derive(Clone, GenServer)]
struct Flooded(u32);

struct More;
struct Left;

const FLOOD: u32 = 10_000;

impl HandleCast<More> for Flooded {
    async fn handle_cast(&mut self, More: More, cx: &mut Cx<Self>) -> NoReply {
        self.0 -= 1;
        let me = cx.me();
        while self.0 < FLOOD {
            self.0 += 1;
            me.cast(More).expect("unbounded");
        }
        noreply()
    }
}

impl HandleCall<Left> for Flooded {
    type Reply = u32;
    async fn handle_call(&mut self, _: Left, _: &mut Cx<Self>) -> Reply<u32> {
        reply(self.0)
    }
}

async fn flooded() -> Pid {
    let pid = gen_server::start::<Flooded>(Flooded(1), ()).await.unwrap();
    pid.server::<Flooded>().unwrap().cast(More).unwrap();
    pid
}

/// One that can always be polled again.
fn restless() -> Pid {
    process::spawn(|_: Inbox<()>| async {
        loop {
            tokio::task::yield_now().await;
        }
    })
}

/// Calls others, as a process, as a plain task, and by a task of tokio.
async fn others_are_served(server: &ServerRef<Runner>) {
    for _ in 0..100 {
        server.call(nothing()).await.unwrap();
    }
    let called = server.clone();
    let (_, ended) = process::spawn_monitor(|_: Inbox<()>| async move {
        for _ in 0..100 {
            called.call(nothing()).await.unwrap();
        }
    });
    assert_eq!(ended.await.reason, ExitReason::Normal);
    server.call(Run(|| async { tokio::spawn(async {}).await.unwrap() })).await.unwrap();
}

rules! {
    async fn a_flooded_server_does_not_starve_the_others() {
        let server = runner().await;
        let flooded = [flooded().await, flooded().await, flooded().await];
        others_are_served(&server).await;
        for pid in flooded {
            let ended = process::monitor(pid);
            process::kill(pid);
            assert_eq!(ended.await.reason, ExitReason::Killed);
        }
    }

    async fn a_caller_runs_a_flooded_server_for_a_while_only_also_if_nobody_counts_what_it_does() {
        let server = runner().await;
        let flooded = flooded().await;
        let call = flooded.server::<Flooded>().unwrap().call(Left);
        let left = tokio::spawn(Node::current().counted(tokio::task::unconstrained(call)));
        others_are_served(&server).await;
        assert!(left.await.unwrap().is_ok());
        let ended = process::monitor(flooded);
        process::kill(flooded);
        assert_eq!(ended.await.reason, ExitReason::Killed);
    }

    async fn one_who_never_waits_does_not_starve_the_others() {
        let server = runner().await;
        let restless = [restless(), restless(), restless()];
        others_are_served(&server).await;
        for pid in restless {
            let ended = process::monitor(pid);
            process::kill(pid);
            assert_eq!(ended.await.reason, ExitReason::Killed);
        }
    }
}

#[test]
fn a_busy_node_takes_no_thread_from_those_who_ask_for_one_that_may_block() {
    let runtime = Builder::new_multi_thread().worker_threads(2).max_blocking_threads(1).enable_all().build();
    let runtime = runtime.unwrap();
    let _node = node_on(&runtime);
    runtime.block_on(async {
        let flooded = flooded().await;
        others_are_served(&runner().await).await;
        for _ in 0..3 {
            let blocks = tokio::task::spawn_blocking(|| 7);
            assert_eq!(timeout(Duration::from_secs(10), blocks).await.unwrap().unwrap(), 7);
        }
        process::kill(flooded);
    });
}

/// The first of two processes blocks its thread until the second one, which waits behind it, has run.
async fn one_waits_behind_another_that_blocks() {
    let server = runner().await;
    let (tell, told) = oneshot::channel();
    process::spawn(|_: Inbox<()>| async move {
        let (go, gone) = mpsc::channel();
        // The one who puts it into the queue of this worker is this one.
        process::spawn(move |_: Inbox<()>| async move { go.send(()).unwrap() });
        let others = gone.recv_timeout(Duration::from_secs(10));
        tell.send((others, server.call(nothing()).await)).unwrap();
    });
    assert_eq!(told.await.unwrap(), (Ok(()), Ok(())));
}

#[perennial::test(flavor = "multi_thread", workers = 2)]
async fn what_waits_behind_one_that_blocks_its_thread_is_done_by_another_worker() {
    for _ in 0..20 {
        one_waits_behind_another_that_blocks().await;
    }
}

#[perennial::test(flavor = "multi_thread", workers = 2)]
async fn what_waits_behind_one_that_blocks_its_thread_is_done_also_by_a_worker_that_never_rests() {
    let restless = restless();
    for _ in 0..5 {
        one_waits_behind_another_that_blocks().await;
    }
    process::kill(restless);
}

#[perennial::test(flavor = "multi_thread", workers = 2)]
async fn what_waits_behind_one_that_blocks_its_thread_is_done_as_often_as_that_blocks() {
    let (tell, told) = oneshot::channel();
    process::spawn(|_: Inbox<()>| async move {
        for _ in 0..5 {
            let (go, gone) = mpsc::channel();
            process::spawn(move |_: Inbox<()>| async move { go.send(()).unwrap() });
            gone.recv_timeout(Duration::from_secs(10)).unwrap();
        }
        tell.send(()).unwrap();
    });
    told.await.unwrap();
}

#[perennial::test(flavor = "multi_thread", workers = 2)]
async fn a_server_that_waits_behind_a_blocked_thread_is_polled_elsewhere_and_goes_on_as_ever() {
    let server = runner().await;
    let (tell, told) = oneshot::channel();
    let called = server.clone();
    process::spawn(|_: Inbox<()>| async move {
        let (go, gone) = mpsc::channel();
        for n in 0..100 {
            let go = go.clone();
            let waits_and_says = move || async move {
                tokio::task::yield_now().await;
                go.send(n).unwrap();
            };
            called.cast(Run(waits_and_says)).unwrap();
        }
        let said: Vec<_> = (0..100).map(|_| gone.recv_timeout(Duration::from_secs(10)).unwrap()).collect();
        tell.send(said).unwrap();
    });
    assert_eq!(told.await.unwrap(), (0..100).collect::<Vec<_>>());
    others_are_served(&server).await;
}

/// Tokio keeps the worker that was woken for it with the thread.
#[test]
fn what_a_handler_that_blocks_the_thread_of_its_caller_waits_for_is_done_by_others() {
    for _ in 0..5 {
        // Each on a node of its own, after whose workers nobody has had to look yet.
        run_test(TestOptions::default().multi_thread(2), async {
            let (server, other) = (runner().await, runner().await);
            let blocks = Run(move || async move {
                let (tell, told) = mpsc::channel();
                other.cast(Run(move || async move { tell.send(7).unwrap() })).unwrap();
                told.recv_timeout(Duration::from_secs(10))
            });
            let call = tokio::spawn(async move { server.call_timeout(blocks, None).await });
            assert_eq!(call.await.unwrap(), Ok(Ok(7)));
        });
    }
}

#[perennial::test(flavor = "multi_thread", workers = 2)]
async fn a_handler_that_blocks_its_thread_harms_its_worker_only() {
    let (blocked, server) = (runner().await, runner().await);
    let (go, gone) = mpsc::channel::<()>();
    let (held, is_held) = oneshot::channel();
    blocked
        .cast(Run(move || async move {
            held.send(()).unwrap();
            // An error says that the test lets go.
            let _ = gone.recv();
        }))
        .unwrap();
    is_held.await.unwrap();
    others_are_served(&server).await;
    drop(go);
    blocked.call(nothing()).await.unwrap();
}
