//! Runs a program or a test: what [`#[perennial::main]`](crate::main) and [`#[perennial::test]`](crate::test) do,
//! as functions.
//!
//! ```
//! use perennial::{process, runtime};
//! let reason = runtime::run_main(async {
//!     let (_, ended) = process::spawn_monitor(|_: process::Inbox<()>| async {});
//!     ended.await.reason
//! });
//! assert!(reason.is_normal());
//! ```
//!
//! Who has a runtime already needs neither: make a [`Node`] on it and
//! [bind](Node::bind_to_runtime) it, or do nothing and get the default node.

use crate::{
    executor::Runtime,
    process::node::{Node, Time},
};
use std::{
    future::Future,
    panic::{self, AssertUnwindSafe},
    time::Duration,
};

/// How long each process that is not linked to a parent may take to end, when the body has ended.
const PATIENCE: Duration = Duration::from_secs(30);
/// The same after a test. By the clock of its node, so it costs nothing on a paused one.
const TEST_PATIENCE: Duration = Duration::from_secs(5);

/// Which tokio runtime.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Flavor {
    #[default]
    CurrentThread,
    MultiThread(usize),
}

/// How a test is run: [`run_test`].
///
/// By default on the current thread, with a real clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TestOptions {
    time: Time,
    flavor: Flavor,
}

impl TestOptions {
    /// The clock stands still while anything moves, then goes to the next timer at once.
    #[must_use]
    pub fn paused(self) -> Self {
        Self { time: Time::Paused, ..self }
    }

    /// On a multi-thread runtime.
    #[must_use]
    pub fn multi_thread(self, workers: usize) -> Self {
        Self { flavor: Flavor::MultiThread(workers), ..self }
    }
}

/// Runs `body` on a multi-thread tokio runtime and a node of its own, and returns what it returned. What still runs
/// then is stopped in order, the youngest first; what takes longer than 30 seconds is killed.
///
/// The node is bound to the runtime, so that all that runs there is in it: plain tasks too.
///
/// # Panics
///
/// If the threads of the runtime cannot be made, or if `body` does; then nothing is stopped in order.
pub fn run_main<F: Future>(body: F) -> F::Output {
    run(Runtime::multi_thread(None), Time::Real, PATIENCE, body)
}

/// Runs `body` on a tokio runtime and a node of its own, and returns what it returned. What still runs then is
/// stopped, so that nothing is left.
///
/// The body is no process: it has no pid, it cannot link. A paused clock counts it like one.
///
/// # Panics
///
/// As [`run_main`].
///
/// # Examples
///
/// ```
/// use perennial::{node::Node, runtime::{TestOptions, run_test}, time};
/// use std::time::Duration;
/// run_test(TestOptions::default().paused(), async {
///     time::sleep(Duration::from_secs(3600)).await;
///     assert_eq!(Node::current().now(), Duration::from_secs(3600));
/// });
/// ```
pub fn run_test<F: Future>(options: TestOptions, body: F) -> F::Output {
    let runtime = match options.flavor {
        Flavor::CurrentThread => Runtime::current_thread(),
        Flavor::MultiThread(workers) => Runtime::multi_thread(Some(workers)),
    };
    run(runtime, options.time, TEST_PATIENCE, body)
}

fn run<F: Future>(runtime: Runtime, time: Time, patience: Duration, body: F) -> F::Output {
    let node = Node::on(runtime.executor(), time);
    node.bind_to_runtime();
    let counted = node.counted(async {
        let output = body.await;
        node.stop(patience).await;
        output
    });
    let output = panic::catch_unwind(AssertUnwindSafe(|| runtime.block_on(counted)));
    // A process that never awaits would hold up the end of the runtime for ever.
    runtime.shut_down(patience);
    output.unwrap_or_else(|panic| panic::resume_unwind(panic))
}
