//! How long calls take while the machine is busy, but not too busy.

use super::{in_clients, report};
use crate::{
    Args, Extended,
    measure::{Stopwatch, XorShift, rounds_in},
};
use rustix::thread::set_current_timer_slack;
use std::{
    num::NonZeroU64,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use tokio::{
    runtime::Handle,
    sync::mpsc::{UnboundedSender, unbounded_channel},
};

/// How long a handler computes.
const WORK: Duration = Duration::from_micros(20);
/// Requests come in batches, as they do from a network: what came meanwhile, so often.
const TICK: Duration = Duration::from_micros(250);
/// Of what the servers can do at most.
const LOAD: f64 = 0.8;

/// First as many clients as there are servers call as fast as they can, which is the capacity. Then requests come at
/// times that are set beforehand, at random, whatever became of those before, as at a web server: each is a plain task,
/// which calls one of the servers. Its time counts from when its batch was due.
pub async fn latency<P: Extended>(args: &Args) {
    let rounds = rounds_in(WORK);
    let mut servers = Vec::new();
    for i in 0..args.servers {
        servers.push(P::start(i).await);
    }
    let servers: Arc<[P::Handle]> = servers.into();
    let capacity = capacity::<P>(&servers, args.n, rounds).await;

    let (done, mut all_done) = unbounded_channel();
    let requests = Requests::<P> {
        servers,
        rounds,
        times: (0..args.n).map(|_| AtomicU64::new(0)).collect(),
        pause: 1.0 / (LOAD * capacity),
        _done: done,
    };
    let requests = Arc::new(requests);
    let (times, runtime) = (requests.times.clone(), Handle::current());
    thread::spawn(move || requests.send_all(&runtime));
    // Ends when the last request has dropped its sender.
    let _: Option<()> = all_done.recv().await;
    let times = times.iter().map(|time| time.load(Ordering::Relaxed)).collect();
    report::<P>(args, "latency").samples(times).extra("capacity_per_sec", capacity).print();
}

/// Calls a second.
async fn capacity<P: Extended>(servers: &Arc<[P::Handle]>, n: usize, rounds: u64) -> f64 {
    let each = n / servers.len();
    let t = Stopwatch::start();
    in_clients::<P, _>(servers.len(), |client| {
        let (servers, mut random) = (servers.clone(), XorShift(client as u64 + 1));
        async move {
            for _ in 0..each {
                P::call_computing(&servers[random.next_below(servers.len())], rounds).await;
            }
        }
    })
    .await;
    (each * servers.len()) as f64 / t.read().wall.as_secs_f64()
}

struct Requests<P: Extended> {
    servers: Arc<[P::Handle]>,
    rounds: u64,
    /// What each took, in nanoseconds.
    times: Arc<[AtomicU64]>,
    /// Between two of them on average, in seconds.
    pause: f64,
    _done: UnboundedSender<()>,
}

impl<P: Extended> Requests<P> {
    /// On a thread of its own, which sleeps most of the time.
    fn send_all(self: Arc<Self>, runtime: &Handle) {
        // Else a sleep takes 50 µs longer than asked for.
        let _ = set_current_timer_slack(Some(NonZeroU64::MIN));
        let mut random = XorShift(0x9E37_79B9_7F4A_7C15);
        let began = Instant::now();
        let mut comes = 0.0;
        let mut due = began;
        for number in 0..self.times.len() {
            comes += self.pause * exponential(&mut random);
            while due < began + Duration::from_secs_f64(comes) {
                due += TICK;
                thread::sleep(due.saturating_duration_since(Instant::now()));
            }
            let (this, server) = (self.clone(), random.next_below(self.servers.len()));
            runtime.spawn(async move {
                P::call_computing(&this.servers[server], this.rounds).await;
                this.times[number].store(due.elapsed().as_nanos() as u64, Ordering::Relaxed);
            });
        }
    }
}

/// A time between two arrivals that do not know of each other, 1 on average.
fn exponential(random: &mut XorShift) -> f64 {
    const STEPS: usize = 1 << 30;
    -((random.next_below(STEPS) + 1) as f64 / STEPS as f64).ln()
}
