//! The cost of an operation among many live processes.

use super::{report, start_children};
use crate::{
    Args, Key, Peer, census,
    measure::{Stopwatch, XorShift},
};
use std::{hint::black_box, sync::Arc};

/// N of each operation, while as many children as `population` says are there, supervised and registered. Calls,
/// casts and look-ups go to any of them.
pub async fn scale<P: Peer>(args: &Args) {
    let n = args.n as u64;
    let population = args.population;
    let keys: Arc<Vec<Key>> = Arc::new((0..population).map(Key::nth).collect());
    let sup = P::sup_start().await;
    let started = census::started();
    let handles = start_children::<P>(&sup, &keys, 1).await;
    census::wait_started(started + population as u64).await;
    let mut random = XorShift(0x9E37_79B9_7F4A_7C15);
    let print = |name: &str, elapsed| {
        report::<P>(args, format!("scale_{name}")).ops(n, elapsed).extra("population", population as f64).print();
    };

    let t = Stopwatch::start();
    for _ in 0..n {
        black_box(P::call(&handles[0], 1).await);
    }
    print("call_same", t.read());

    let t = Stopwatch::start();
    for _ in 0..n {
        black_box(P::call(&handles[random.next_below(population)], 1).await);
    }
    print("call", t.read());

    let t = Stopwatch::start();
    for _ in 0..n {
        P::cast(&handles[random.next_below(population)], 1).await;
    }
    // Whoever is called after all casts is the last to be served.
    black_box(P::call(&handles[random.next_below(population)], 0).await);
    print("cast", t.read());

    let t = Stopwatch::start();
    for _ in 0..n {
        assert!(P::lookup(&keys[random.next_below(population)]).await);
    }
    print("lookup", t.read());

    let mut more = Vec::with_capacity(args.n);
    let t = Stopwatch::start();
    for i in 0..args.n {
        more.push(P::start(i).await);
    }
    print("spawn", t.read());

    let fresh: Arc<Vec<Key>> = Arc::new((0..args.n).map(|i| Key::nth(10_000_000 + i)).collect());
    let t = Stopwatch::start();
    more.extend(start_children::<P>(&sup, &fresh, 1).await);
    print("start_child", t.read());
}
