//! Names: found, registered, unregistered.

use super::{in_clients, report};
use crate::{
    Args, Key, Peer, census,
    measure::{Stopwatch, XorShift},
};
use std::sync::Arc;

/// N lookups by key among a registered population.
pub async fn registry_lookup<P: Peer>(args: &Args) {
    let keys: Vec<Key> = (0..args.population).map(Key::nth).collect();
    let mut handles = Vec::with_capacity(keys.len());
    for (i, key) in keys.iter().enumerate() {
        handles.push(P::start_registered(i, key).await);
    }
    census::wait_started(keys.len() as u64).await;
    let each = args.n / args.clients;
    let keys = Arc::new(keys);
    let t = Stopwatch::start();
    in_clients::<P, _>(args.clients, |c| {
        let keys = keys.clone();
        async move {
            let mut random = XorShift(0x9E37_79B9_7F4A_7C15 ^ (c as u64 + 1));
            for _ in 0..each {
                let key = &keys[random.next_below(keys.len())];
                assert!(P::lookup(key).await);
            }
        }
    })
    .await;
    let elapsed = t.read();
    let name = if args.clients == 1 { "registry_lookup".into() } else { format!("registry_lookup_{}c", args.clients) };
    report::<P>(args, name).ops((each * args.clients) as u64, elapsed).print();
}

/// N register + unregister pairs beside a registered population.
pub async fn registry_churn<P: Peer>(args: &Args) {
    let keys: Vec<Key> = (0..args.population).map(Key::nth).collect();
    let mut handles = Vec::with_capacity(keys.len());
    for (i, key) in keys.iter().enumerate() {
        handles.push(P::start_registered(i, key).await);
    }
    census::wait_started(keys.len() as u64).await;
    let spare = P::start(0).await;
    let fresh: Vec<Key> = (0..1000).map(|i| Key::nth(10_000_000 + i)).collect();
    let t = Stopwatch::start();
    for i in 0..args.n {
        P::churn(&fresh[i % fresh.len()], &spare).await;
    }
    report::<P>(args, "registry_churn").ops(args.n as u64, t.read()).print();
}
