//! What it costs that somebody listens to the events of the system.

use super::{median, report};
use crate::{
    Args, Extended, census,
    measure::{Elapsed, Stopwatch},
};
use std::hint::black_box;

const ROUNDS: usize = 9;

/// N calls, and starts and stops of a tenth of N servers, in rounds that take turns: with nobody and with one who
/// listens.
pub async fn events<P: Extended>(args: &Args) {
    let calls = (args.n / ROUNDS) as u64;
    let starts = calls / 10;
    let server = P::start(0).await;
    let (mut call, mut start) = (Compared::default(), Compared::default());
    call_all::<P>(&server, calls).await;
    start_all::<P>(starts).await;
    for _ in 0..ROUNDS {
        let (alone_call, alone_start) = (call_all::<P>(&server, calls).await, start_all::<P>(starts).await);
        let listener = P::listen().await;
        call.add(alone_call, call_all::<P>(&server, calls).await);
        start.add(alone_start, start_all::<P>(starts).await);
        P::unlisten(listener).await;
    }
    call.print::<P>(args, "events_call", calls);
    start.print::<P>(args, "events_start", starts);
}

async fn call_all<P: Extended>(server: &P::Handle, n: u64) -> Elapsed {
    let t = Stopwatch::start();
    for _ in 0..n {
        black_box(P::call(server, 1).await);
    }
    t.read()
}

async fn start_all<P: Extended>(n: u64) -> Elapsed {
    let stopped = census::stopped();
    let t = Stopwatch::start();
    for i in 0..n {
        let server = P::start(i as usize).await;
        P::stop(&server).await;
    }
    census::wait_stopped(stopped + n).await;
    t.read()
}

/// Ratios of the same with and without.
#[derive(Default)]
struct Compared {
    wall: Vec<f64>,
    cpu: Vec<f64>,
    last: Option<Elapsed>,
}

impl Compared {
    fn add(&mut self, without: Elapsed, with: Elapsed) {
        self.wall.push(with.wall.as_secs_f64() / without.wall.as_secs_f64());
        self.cpu.push(with.cpu.as_secs_f64() / without.cpu.as_secs_f64());
        self.last = Some(with);
    }

    fn print<P: Extended>(self, args: &Args, name: &str, n: u64) {
        report::<P>(args, name)
            .ops(n, self.last.expect("there was a round"))
            .extra("overhead", median(self.wall))
            .extra("cpu_overhead", median(self.cpu))
            .print();
    }
}
