//! Servers that do nothing most of the time: what it takes to have them.

use super::report;
use crate::{
    Args, Peer, census,
    measure::{Stopwatch, rss},
};
use std::hint::black_box;

/// Start N, take the memory of the idle population, call each once, stop all.
pub async fn spawn<P: Peer>(args: &Args) {
    let n = args.n;
    // one throwaway server first, so that lazy statics are not counted
    let first = P::start(0).await;
    P::call(&first, 1).await;
    let started = census::started();

    let mut handles = Vec::with_capacity(n);
    let before = rss();
    let t = Stopwatch::start();
    for i in 0..n {
        handles.push(P::start(i).await);
    }
    census::wait_started(started + n as u64).await;
    let spawned = t.read();
    let after = rss();
    report::<P>(args, "spawn").ops(n as u64, spawned).bytes(before, after, n as u64).print();

    let t = Stopwatch::start();
    for handle in &handles {
        black_box(P::call(handle, 1).await);
    }
    report::<P>(args, "spawn_call_each").ops(n as u64, t.read()).print();

    let stopped = census::stopped();
    let t = Stopwatch::start();
    for handle in &handles {
        P::stop(handle).await;
    }
    census::wait_stopped(stopped + n as u64).await;
    report::<P>(args, "spawn_stop").ops(n as u64, t.read()).print();
}
