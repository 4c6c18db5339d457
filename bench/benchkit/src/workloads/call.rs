//! Calls, one after the other and many at once.

use super::{in_clients, report};
use crate::{
    Args, Extended, Key, Peer, census,
    measure::{Elapsed, Stopwatch},
};
use std::hint::black_box;

const WARM_UP: u64 = 1000;

/// Does a call N times, one after the other, and tells the time; some before that, to warm up.
macro_rules! in_sequence {
    ($n:expr, $call:expr) => {{
        for _ in 0..WARM_UP {
            $call.await;
        }
        let t = Stopwatch::start();
        for _ in 0..$n {
            black_box($call.await);
        }
        t.read()
    }};
}

/// One caller, one server, N sequential round trips.
pub async fn call<P: Peer>(args: &Args) {
    let n = args.n as u64;
    let server = P::start(0).await;
    let elapsed = in_sequence!(n, P::call(&server, 1));
    assert_eq!(P::call(&server, 0).await, n + WARM_UP);
    report::<P>(args, "call").ops(n, elapsed).print();
}

/// The same, in all the ways in which a call can be made or answered.
pub async fn call_how<P: Extended>(args: &Args) {
    let n = args.n as u64;
    let elapsed = match args.how.as_str() {
        "queued" => {
            let server = P::start_queued().await;
            in_sequence!(n, P::call(&server, 1))
        }
        "timeout" => {
            let server = P::start(0).await;
            in_sequence!(n, P::call_timeout(&server, 1))
        }
        "yielding" => {
            let server = P::start(0).await;
            in_sequence!(n, P::call_yielding(&server, 1))
        }
        "task" => from_task::<P>(n).await,
        "name" => {
            P::start_named().await;
            in_sequence!(n, P::call_name(1))
        }
        "via" => {
            let key = Key::nth(0);
            P::start_registered(0, &key).await;
            let via = P::via(&key);
            in_sequence!(n, P::call_via(&via, 1))
        }
        other => panic!("there is no call {other:?}"),
    };
    report::<P>(args, format!("call_{}", args.how)).ops(n, elapsed).print();
}

async fn from_task<P: Extended>(n: u64) -> Elapsed {
    let server = P::start(0).await;
    let calls = tokio::spawn(async move { in_sequence!(n, P::call(&server, 1)) });
    calls.await.expect("it does not fail")
}

/// C callers spread over S servers, N calls in all.
pub async fn call_many<P: Peer>(args: &Args) {
    let (callers, servers) = (args.callers, args.servers);
    let each = args.n / callers;
    let mut handles = Vec::new();
    for i in 0..servers {
        handles.push(P::start(i).await);
    }
    census::wait_started(servers as u64).await;
    let t = Stopwatch::start();
    in_clients::<P, _>(callers, |c| {
        let server = handles[c % servers].clone();
        async move {
            for _ in 0..each {
                black_box(P::call(&server, 1).await);
            }
        }
    })
    .await;
    let elapsed = t.read();
    let name = format!("call_many_{callers}x{servers}");
    report::<P>(args, name).ops((each * callers) as u64, elapsed).print();
}
