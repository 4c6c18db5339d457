//! Two servers that compute, asked at once and one after the other.

use super::{median, report};
use crate::{
    Args, Extended,
    measure::{Stopwatch, rounds_in},
};
use std::time::Duration;

/// How long each of the two computes.
const WORK: Duration = Duration::from_micros(50);
const ROUNDS: usize = 9;

/// N times both, in rounds that take turns: joined, and one after the other.
pub async fn pair<P: Extended>(args: &Args) {
    let n = (args.n / ROUNDS) as u64;
    let rounds = rounds_in(WORK);
    let (one, two) = (P::start(0).await, P::start(1).await);
    let mut speedups = Vec::new();
    let mut last = None;
    for _ in 0..ROUNDS {
        let t = Stopwatch::start();
        for _ in 0..n {
            P::call_computing(&one, rounds).await;
            P::call_computing(&two, rounds).await;
        }
        let sequence = t.read();
        let t = Stopwatch::start();
        for _ in 0..n {
            tokio::join!(P::call_computing(&one, rounds), P::call_computing(&two, rounds));
        }
        let joined = t.read();
        speedups.push(sequence.wall.as_secs_f64() / joined.wall.as_secs_f64());
        last = Some(joined);
    }
    let joined = last.expect("there was a round");
    report::<P>(args, "pair").ops(n, joined).extra("speedup", median(speedups)).print();
}
