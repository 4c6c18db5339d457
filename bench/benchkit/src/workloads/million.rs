//! A whole service in one process: sessions that are started, called once each, and stopped in order.

use super::report;
use crate::{
    Args, Extended, Key, census,
    measure::{Stopwatch, peak_rss, rss},
};

/// N sessions under one supervisor, each registered under its key, which is all that the caller knows of it.
pub async fn million<P: Extended>(args: &Args) {
    let n = args.n as u64;
    let keys: Vec<Key> = (0..args.n).map(Key::nth).collect();
    let sup = P::sup_start().await;
    let (started, stopped) = (census::started(), census::stopped());
    let before = rss();
    let all = Stopwatch::start();

    let t = Stopwatch::start();
    for (i, key) in keys.iter().enumerate() {
        P::sup_child(&sup, i, Some(key)).await;
    }
    census::wait_started(started + n).await;
    report::<P>(args, "million_start").ops(n, t.read()).bytes(before, rss(), n).print();

    let t = Stopwatch::start();
    for key in &keys {
        assert_eq!(P::call_via(&P::via(key), 1).await, 1);
    }
    report::<P>(args, "million_call").ops(n, t.read()).print();

    let t = Stopwatch::start();
    P::sup_shutdown(&sup).await;
    census::wait_stopped(stopped + n).await;
    report::<P>(args, "million_stop").ops(n, t.read()).print();

    report::<P>(args, "million")
        .ops(n, all.read())
        .extra("peak_growth_bytes", peak_rss().saturating_sub(before) as f64)
        .print();
}
