//! A rush before the rounds: more at once than any of them has.
//!
//! Tables of a node, its threads and its runtime keep the size that they needed once. If a round could still bring one to a
//! size that it never had, nobody could tell that from a loss.

use std::sync::Arc;
use std::thread;

use perennial::prelude::*;
use perennial::registry;
use tokio::sync::Barrier;

use super::tree::ROWS;
use super::worker::{Args, Get, Later, Worker};

/// So many processes are there at once. It is three rows of 64 places for each of the 64 shards of the process table; and no
/// round has so many of its few processes in one shard that they need a fourth.
const PROCESSES: u64 = 3 * 64 * 64;

/// So many of them have a name, and wait for a reply at once.
const CALLERS: u64 = 500;

/// So many threads outside of the runtime make a call: one for each of the lists of time-outs, which threads get by turns.
const THREADS: u64 = 16;

/// Keys from here on are those of the rush.
const KEYS: u64 = 1_000;

/// Runs the rush on the node, until all are gone.
pub(super) async fn rush(node: &Node) {
    let first = {
        let _here = node.enter();
        process::spawn(|_: Inbox<()>| begin())
    };
    process::monitor(first).await;
    // Those who are linked to it end after it, and so do those whom they have started.
    loop {
        let left = node.processes();
        if left.is_empty() {
            return;
        }
        for pid in left {
            process::monitor(pid).await;
        }
    }
}

/// The body of the process to which all others are linked.
async fn begin() {
    let rows = ROWS.child_spec_with(registry::Options::default());
    Supervisor::start_link(vec![rows], Strategy::OneForOne).await.expect("nobody disturbs it");
    // It ticks all the time.
    let server = Worker::start_link(Args { key: 5, trap: false }).await.expect("nobody disturbs it");
    let server = server.server::<Worker>().expect("nobody ends it");
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let (node, server) = (Node::current(), server.clone());
            thread::spawn(move || {
                let _here = node.enter();
                // Here and below: on a busy machine the time may be over before the reply.
                drop(server.blocking_call(Get));
            })
        })
        .collect();
    let all_are_there = Arc::new(Barrier::new(usize::try_from(PROCESSES).expect("few enough")));
    let all: Vec<_> = (0..PROCESSES)
        .map(|number| {
            let (server, all_are_there) = (server.clone(), all_are_there.clone());
            process::spawn_link(move |inbox: Inbox<()>| async move {
                ROWS.register(KEYS + number, 0).expect("nobody else has the key");
                tokio::task::yield_now().await;
                if number < CALLERS {
                    let name = format!("rush {number}");
                    process::register(name, inbox.pid()).expect("nobody else has the name");
                    drop(server.call(Later).await);
                }
                all_are_there.wait().await;
            })
        })
        .collect();
    for pid in all {
        process::monitor(pid).await;
    }
    for thread in threads {
        thread.join().expect("nothing panics in it");
    }
    // Those who are linked to this one end with it.
    process::exit_self(ExitReason::Shutdown);
}
