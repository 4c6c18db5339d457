//! Runs scenarios on the library: every scenario on a node of its own, with a paused clock.
//!
//! | module | holds |
//! |---|---|
//! | `lab` | the book of a scenario: labels, log, messages, ends, names of monitors and timers |
//! | `driver` | the loop: run a step, settle, observe, compare |
//! | `exec` | an operation as a message to whoever is to run it |
//! | `probe`, `bare`, `job` | the test server, which `test` is too; bare processes; the body of a task |
//! | `target` | whom an operation is for |
//! | `start`, `supervisor`, `partition`, `agent`, `registry` | starting what a specification describes |
//! | `ops`, `function` | the operations; functions on a value |
//!
//! # How it waits
//!
//! The driver is a process of the node, so the clock counts it: while it waits for the result of an operation, time
//! passes if everybody else waits too; while it settles, time stands still. It never waits for real time, so a
//! scenario takes as long as its work. One that hangs is given up after `PATIENCE`.

use std::io;
use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Once, mpsc};
use std::thread;
use std::time::Duration;

use perennial::node::{Node, Time};
use perennial::process::{self, Inbox};
use tokio::runtime::{Builder, Runtime};

use crate::matcher::{Difference, Key};
use crate::run::Subject;
use crate::scenario::Scenario;

mod agent;
mod bare;
mod driver;
mod exec;
mod function;
mod job;
pub(crate) mod lab;
mod ops;
mod partition;
mod probe;
mod registry;
mod start;
mod supervisor;
mod target;

/// How long a scenario may take in real time, of which it needs a few milliseconds.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// The library as the subject of scenarios.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Executor {
    /// How many threads run the processes; 0 for a current-thread runtime.
    pub workers: usize,
    /// How many times each scenario is run; the first difference counts.
    pub repeat: usize,
    /// Whether one who calls an idle server runs it at once.
    pub inline: bool,
}

impl Executor {
    fn runtime(self) -> io::Result<Runtime> {
        match self.workers {
            0 => Builder::new_current_thread().enable_time().build(),
            workers => Builder::new_multi_thread().worker_threads(workers).enable_time().build(),
        }
    }

    /// Runs the scenario once, in a thread of its own, so that it can be given up.
    fn once(self, scenario: Scenario) -> Option<Difference> {
        let at = Arc::new(AtomicUsize::new(0));
        let progress = at.clone();
        let (tell, told) = mpsc::channel();
        let run = move || {
            let difference = match self.runtime() {
                Ok(runtime) => runtime.block_on(self.drive(scenario, progress)),
                Err(error) => Some(Difference::trouble(Key::Run, None, error)),
            };
            // An error says that it was given up.
            let _ = tell.send(difference);
        };
        thread::spawn(run);
        told.recv_timeout(PATIENCE).unwrap_or_else(|error| {
            let problem = match error {
                mpsc::RecvTimeoutError::Timeout => "it comes to no end",
                mpsc::RecvTimeoutError::Disconnected => "the executor panicked",
            };
            Some(Difference::trouble(Key::Run, Some(at.load(Ordering::Relaxed)), problem))
        })
    }

    /// Runs the scenario on a node of its own.
    async fn drive(self, scenario: Scenario, progress: Arc<AtomicUsize>) -> Option<Difference> {
        let node = Node::new(Time::Paused);
        node.set_inline_calls(self.inline);
        let parallel = self.workers > 0;
        let (tell, told) = tokio::sync::oneshot::channel();
        let driver = {
            let (_entered, node) = (node.enter(), node.clone());
            process::spawn(|_: Inbox<()>| async move {
                let difference = driver::drive(&node, &scenario, parallel, &progress).await;
                // An error says that nobody waits any more.
                let _ = tell.send(difference);
            })
        };
        match told.await {
            Ok(difference) => difference,
            Err(_) => {
                let reason = process::monitor(driver).await.reason;
                Some(Difference::trouble(Key::Run, None, format!("the driver ended: {reason}")))
            }
        }
    }
}

impl Subject for Executor {
    fn replay(&self, scenario: Scenario) -> Option<Difference> {
        quiet_raises();
        (0..self.repeat.max(1)).find_map(|_| self.once(scenario.clone()))
    }
}

/// What a scenario that says `raise` panics with.
struct Raised;

/// Raises, as a scenario asks for.
fn raise() -> ! {
    panic::panic_any(Raised)
}

/// Keeps the panics that scenarios ask for from being printed.
fn quiet_raises() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !info.payload().is::<Raised>() {
                before(info);
            }
        }));
    });
}
