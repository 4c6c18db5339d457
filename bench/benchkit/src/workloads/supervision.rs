//! Children of a supervisor: started, stopped, restarted.

use super::{report, start_children};
use crate::{
    Args, Key, Peer, census,
    measure::{Stopwatch, rss},
    report::print_na,
};
use std::{sync::Arc, time::Instant};

/// N children under one dynamic supervisor, each registered under its own
/// key; then every one terminated through the supervisor.
pub async fn dynamic<P: Peer>(args: &Args) {
    let n = args.n / args.clients * args.clients;
    let keys: Arc<Vec<Key>> = Arc::new((0..n).map(Key::nth).collect());
    let suffix = if args.clients == 1 { String::new() } else { format!("_{}c", args.clients) };
    let sup = P::sup_start().await;
    let before = rss();
    let started = census::started();
    let t = Stopwatch::start();
    let handles = start_children::<P>(&sup, &keys, args.clients).await;
    census::wait_started(started + n as u64).await;
    let elapsed = t.read();
    let after = rss();
    report::<P>(args, format!("dyn_start{suffix}")).ops(n as u64, elapsed).bytes(before, after, n as u64).print();
    if let Some(why) = P::NO_TERMINATE {
        print_na(P::NAME, &format!("dyn_terminate{suffix}"), why);
        return;
    }
    let stopped = census::stopped();
    let t = Stopwatch::start();
    for (key, handle) in keys.iter().zip(&handles) {
        P::sup_terminate(&sup, key, handle).await;
    }
    census::wait_stopped(stopped + n as u64).await;
    report::<P>(args, format!("dyn_terminate{suffix}")).ops(n as u64, t.read()).print();
}

/// Crash the child R times; each sample runs from sending the crash to the
/// replacement's answer to a call.
pub async fn restart<P: Peer>(args: &Args) {
    let (births, mut born) = tokio::sync::mpsc::unbounded_channel();
    let _sup = P::restartable(births).await;
    let mut samples = Vec::with_capacity(args.n);
    let mut child = born.recv().await.expect("first child");
    P::call(&child, 1).await;
    let all = Stopwatch::start();
    for _ in 0..args.n {
        let t = Instant::now();
        P::crash(&child).await;
        child = born.recv().await.expect("replacement");
        let answer = P::call(&child, 1).await;
        samples.push(t.elapsed().as_nanos() as u64);
        assert_eq!(answer, 1, "the replacement starts from a fresh state");
    }
    let cpu = all.read().cpu.as_nanos() as f64 / args.n as f64;
    report::<P>(args, "restart").samples(samples).extra("cpu_per_op_ns", cpu).print();
}

/// Orderly stop of a supervisor with N children.
pub async fn shutdown<P: Peer>(args: &Args) {
    let n = args.n as u64;
    let sup = P::sup_start().await;
    for i in 0..args.n {
        P::sup_child(&sup, i, None).await;
    }
    census::wait_started(n).await;
    let t = Stopwatch::start();
    P::sup_shutdown(&sup).await;
    census::wait_stopped(n).await;
    report::<P>(args, "shutdown").ops(n, t.read()).print();
}
