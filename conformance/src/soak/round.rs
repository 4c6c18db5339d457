//! One round: start, disturb, stop, count.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use perennial::prelude::*;
use tokio::sync::oneshot;

use super::census::{Census, left};
use super::hands::{self, Note, Shared};
use super::tree;

/// How many processes disturb the trees; each that is killed is gone for the round.
const HANDS: u64 = 30;

/// How many threads outside of the runtime do.
const THREADS: u64 = 3;

/// How long the end of a round may take, or a rush.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a round on the node, and says what is left of it.
pub(super) async fn round(node: &Node, seed: u64, workers: usize, time: Duration) -> Census {
    let (tell, told) = oneshot::channel();
    let anchor = {
        let _here = node.enter();
        let node = node.clone();
        process::spawn(move |inbox: Inbox<Note>| async move {
            // An error says that nobody waits any more.
            let _ = tell.send(disturb(inbox, &node, seed, workers as u64, time).await);
        })
    };
    let mut census = match tokio::time::timeout(time + PATIENCE, told).await {
        Ok(Ok(census)) => census,
        _ => Census { stuck: true, ..Census::default() },
    };
    if !census.stuck {
        process::monitor(anchor).await;
    }
    left(node, &mut census).await;
    census
}

/// The anchor: everybody is linked to it and monitors it, and it outlives them.
async fn disturb(mut inbox: Inbox<Note>, node: &Node, seed: u64, workers: u64, time: Duration) -> Census {
    inbox.trap_exit(true);
    let root = match tree::start().await {
        Ok(root) => root,
        Err(error) => {
            return Census { wrong: Some(format!("the trees do not start: {error:?}")), ..Census::default() };
        }
    };
    let shared = Arc::new(Shared {
        done: AtomicBool::new(false),
        operations: AtomicU64::new(0),
        anchor: inbox.pid(),
        root,
    });
    let threads: Vec<_> = (0..THREADS)
        .map(|number| {
            let (node, shared) = (node.clone(), shared.clone());
            thread::spawn(move || hands::thread(&node, &shared, seed ^ (number << 8)))
        })
        .collect();
    let mut census = Census::default();
    let end = node.now() + time;
    let mut living: Vec<Pid> = Vec::new();
    while node.now() < end {
        // The hands are killed like everybody else.
        living.retain(|pid| process::is_alive(*pid));
        while (living.len() as u64) < HANDS + workers {
            let (shared, seed) = (shared.clone(), seed ^ census.hands << 16);
            living.push(process::spawn(move |inbox| hands::process(inbox, shared, seed)));
            census.hands += 1;
        }
        while inbox.try_receive().is_some() {}
        census.most = census.most.max(node.count_processes());
        perennial::time::sleep(Duration::from_millis(5)).await;
    }
    shared.done.store(true, Ordering::Relaxed);
    let joined =
        tokio::task::spawn_blocking(move || threads.into_iter().try_for_each(thread::JoinHandle::join));
    if !matches!(joined.await, Ok(Ok(()))) {
        census.wrong = Some("a thread has panicked".into());
    }
    for hand in living {
        process::monitor(hand).await;
    }
    // Whoever holds a row is a worker now: all of them go with the root.
    let stopped = process::monitor(root);
    process::exit(root, ExitReason::Shutdown);
    let reason = stopped.await.reason;
    if reason != ExitReason::Shutdown {
        census.wrong = Some(format!("the root ended otherwise: {reason}"));
    }
    while inbox.try_receive().is_some() {}
    census.operations = shared.operations.load(Ordering::Relaxed);
    // A process tells those who monitor it before those who are linked to it.
    let limit = node.now() + Duration::from_secs(1);
    while node.now() < limit && !process::links(inbox.pid()).is_empty() {
        perennial::time::sleep(Duration::from_millis(5)).await;
    }
    if let Some(info) = process::info(inbox.pid()) {
        census.links = info.links.len();
        census.monitors = info.monitored_by;
    }
    census
}
