//! The soak: trees under random kills from several threads, on a real clock; at the end nothing may be left.
//!
//! | module | holds |
//! |---|---|
//! | `worker` | the server that everybody kills |
//! | `tree` | the trees: static, dynamic and nested supervisors, two registries |
//! | `hands` | processes and threads that do random things to whomever they find |
//! | `rush` | more processes at once than any round has, to begin with |
//! | `round` | one round: start, disturb, stop, count |
//! | `census` | what is left when all of it has been stopped |
//! | `report` | the table |
//!
//! # What is counted
//!
//! A round starts the trees, lets the hands loose, ends them, stops the trees, and takes the census: processes, names,
//! timers, and the links and monitors of the one process that outlives them, which everybody was linked to and
//! monitored. Between the rounds the live bytes are read, after all threads have freed what they keep to use it again.
//! A rush and the first round bring tables to their size; what is there after the last one beyond that was lost by somebody.
//!
//! When the node and its runtime are gone, not a byte may be left that was not there before: what nobody owns any more is
//! found by that, however little it is. The rounds find what the node keeps, such as entries of its tables.

use std::sync::{Arc, Barrier, Once};
use std::time::{Duration, Instant};
use std::{panic, thread};

use perennial::node::{Node, Time};
use perennial_cell::free_unused;
use tokio::{runtime::Builder, time::timeout};

pub use census::Census;
pub use report::Report;

mod census;
mod hands;
mod report;
mod round;
mod rush;
mod tree;
mod worker;

/// How long a round lasts, before it is stopped.
const ROUND: Duration = Duration::from_secs(5);

/// How many rounds there are at least, the first one included.
const ROUNDS: u32 = 4;

/// Bytes by which the rounds on one node may differ: queues of the workers are now longer, now shorter, and pass their memory
/// on to each other. What one operation in a thousand loses is more.
const SLACK: usize = 8 * 1024;

/// What the soak is to do.
#[derive(Clone, Copy, Debug)]
pub struct Soak {
    /// For how long, all rounds together.
    pub time: Duration,
    /// How many threads run the processes.
    pub workers: usize,
    /// What the random choices begin with. Threads interleave as they like, so a seed repeats the choices only.
    pub seed: u64,
    /// The bytes that are allocated and not freed.
    pub live_bytes: fn() -> usize,
}

impl Soak {
    /// Runs the soak and says what it found.
    ///
    /// # Panics
    ///
    /// If there can be no runtime.
    pub fn run(&self) -> Report {
        quiet_crashes();
        let rounds = ROUNDS.max(u32::try_from(self.time.as_millis() / ROUND.as_millis()).unwrap_or(u32::MAX));
        let mut censuses = Vec::with_capacity(rounds as usize);
        // Everything that is made once and kept, in the program and in the runtime.
        self.node(1, ROUND / 50, &mut censuses);
        // But a hang is to be told.
        censuses.retain(|census| census.stuck);
        let before = self.bytes_without_node();
        self.node(rounds, self.time / rounds, &mut censuses);
        let after = self.bytes_without_node();
        Report { seed: self.seed, censuses, before, after, slack: SLACK }
    }

    /// When threads have gone that a node has had for itself: nobody waits for its watch.
    fn bytes_without_node(&self) -> usize {
        free_unused();
        steady(self.live_bytes)
    }

    /// Runs some rounds on one node, on a runtime of its own.
    fn node(&self, rounds: u32, time: Duration, censuses: &mut Vec<Census>) {
        let runtime = Builder::new_multi_thread()
            .worker_threads(self.workers.max(1))
            .enable_time()
            .build()
            .expect("the system gives threads");
        let node = {
            let _inside = runtime.enter();
            Node::new(Time::Real)
        };
        let rushed = runtime.block_on(async { timeout(round::PATIENCE, rush::rush(&node)).await });
        if rushed.is_err() {
            censuses.push(Census { stuck: true, ..Census::default() });
            runtime.shutdown_background();
            return;
        }
        for number in 0..rounds {
            let seed = self.seed ^ (u64::from(number) << 32);
            let begin = Instant::now();
            let mut census = runtime.block_on(round::round(&node, seed, self.workers, time));
            steady(self.live_bytes);
            if !census.stuck {
                runtime.block_on(free_on_all(self.workers.max(1)));
            }
            census.bytes = steady(self.live_bytes);
            census.took = begin.elapsed();
            let stuck = census.stuck;
            censuses.push(census);
            if stuck {
                // Whoever hangs would hold the runtime's threads.
                runtime.shutdown_background();
                return;
            }
        }
        drop(node);
        drop(runtime);
    }
}

/// The live bytes when they fall no more: what has ended is dropped by whichever thread was at it.
fn steady(live_bytes: fn() -> usize) -> usize {
    let mut least = live_bytes();
    let mut same = 0;
    while same < 10 {
        thread::sleep(Duration::from_millis(10));
        let now = live_bytes();
        same = if now < least { 0 } else { same + 1 };
        least = least.min(now);
    }
    least
}

/// Has the threads of this runtime, and this one, free what they keep to use it again.
async fn free_on_all(workers: usize) {
    free_unused();
    // Each waits for the others, so each is on a thread of its own.
    let all_are_there = Arc::new(Barrier::new(workers));
    let all: Vec<_> = (0..workers)
        .map(|_| {
            let all_are_there = all_are_there.clone();
            tokio::spawn(async move {
                all_are_there.wait();
                free_unused();
            })
        })
        .collect();
    for one in all {
        one.await.expect("nothing panics in it");
    }
}

/// What a crash that the soak asks for panics with.
struct Crash;

/// Keeps those from being printed.
fn quiet_crashes() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !info.payload().is::<Crash>() {
                before(info);
            }
        }));
    });
}
