//! Whether a child whose `init` is slow delays the start of another.

use super::report;
use crate::{Args, Extended, InitDelay, measure::quantile};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::time::sleep;

const INIT: Duration = Duration::from_millis(100);
/// Between two starts that are measured.
const PAUSE: Duration = Duration::from_millis(1);

/// Starts N children, alone, and then while another client starts one slow child after the other.
pub async fn slow_start<P: Extended>(args: &Args) {
    let delay = match args.how.as_str() {
        "waits" => InitDelay::Waits(INIT),
        "blocks" => InitDelay::Blocks(INIT),
        other => panic!("there is no slow start that {other:?}"),
    };
    let sup = P::sup_start().await;
    let alone = starts::<P>(&sup, args.n).await;

    let done = Arc::new(AtomicBool::new(false));
    let slow = P::client(0, {
        let (sup, done) = (sup.clone(), done.clone());
        async move {
            while !done.load(Ordering::Relaxed) {
                P::sup_slow_child(&sup, delay).await;
                // One that never waits for anything would block its thread for good.
                sleep(PAUSE).await;
            }
        }
    });
    // The first slow one is on its way.
    sleep(INIT / 2).await;
    let beside = starts::<P>(&sup, args.n).await;
    done.store(true, Ordering::Relaxed);
    slow.await;

    let delay = quantile(&beside, 0.99).saturating_sub(quantile(&alone, 0.5));
    report::<P>(args, format!("slow_start_{}", args.how))
        .samples(beside)
        .extra("alone_p99_ns", quantile(&alone, 0.99) as f64)
        .extra("delay_p99_ns", delay as f64)
        .print();
}

/// The times that so many starts took, the shortest first.
async fn starts<P: Extended>(sup: &P::Sup, n: usize) -> Vec<u64> {
    let mut times = Vec::with_capacity(n);
    for i in 0..n {
        let t = Instant::now();
        P::sup_child(sup, i, None).await;
        times.push(t.elapsed().as_nanos() as u64);
        sleep(PAUSE).await;
    }
    times.sort_unstable();
    times
}
