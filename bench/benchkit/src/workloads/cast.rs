//! Casts, to one receiver.

use super::{in_clients, report};
use crate::{
    Args, Extended, Peer, census,
    measure::{Stopwatch, peak_rss, rss},
};

/// How many casts may wait, where the mailbox is bounded.
const BOUND: usize = 1000;

/// K senders, one receiver, N casts in all, then a call to flush.
macro_rules! casts {
    ($args:expr, $name:expr, $server:expr, $cast:path, $call:path) => {{
        let (args, server) = ($args, $server);
        let senders = args.senders;
        let each = (args.n / senders) as u64;
        census::wait_started(1).await;
        let before = rss();
        let t = Stopwatch::start();
        if senders == 1 {
            for _ in 0..each {
                $cast(&server, 1).await;
            }
        } else {
            in_clients::<P, _>(senders, |_| {
                let server = server.clone();
                async move {
                    for _ in 0..each {
                        $cast(&server, 1).await;
                    }
                }
            })
            .await;
        }
        let sent = t.read();
        let sum = $call(&server, 0).await;
        let elapsed = t.read();
        assert_eq!(sum, each * senders as u64);
        report::<P>(args, format!("{}_{senders}", $name))
            .ops(sum, elapsed)
            .extra("send_only_ns", sent.wall.as_nanos() as f64 / sum as f64)
            .extra("peak_growth_bytes", peak_rss().saturating_sub(before) as f64)
            .print();
    }};
}

/// As many as the senders please.
pub async fn cast<P: Peer>(args: &Args) {
    casts!(args, "cast", P::start_unbounded(0).await, P::cast, P::call);
}

/// With the kind of cast that waits for room, to a server with an unbounded mailbox.
pub async fn cast_wait<P: Extended>(args: &Args) {
    casts!(args, "cast_wait", P::start_unbounded(0).await, P::cast_wait, P::call);
}

/// The same, and the mailbox is bounded.
pub async fn cast_bounded<P: Extended>(args: &Args) {
    casts!(args, "cast_bounded", P::start_bounded(BOUND).await, P::cast_bounded, P::call_bounded);
}
