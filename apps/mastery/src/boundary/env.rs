//! What every process of the service is given: the store, the clock, the limits.

use std::sync::Arc;

use jiff::Timestamp;
use perennial::node::Node;

use crate::store::Store;

/// What the processes share. It changes nothing by itself, so it is no process.
#[derive(Debug)]
pub struct Env {
    /// Reads go here; what is written often goes through the store's process, which groups it.
    pub store: Arc<dyn Store>,
    /// What time it is.
    pub clock: Clock,
    /// Sizes and rates.
    pub limits: Limits,
    /// With a number, the questions of a student are a function of it; without one they are random.
    pub seed: Option<u64>,
}

/// What time it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Clock {
    /// What the machine says.
    #[default]
    System,
    /// The clock of the node, which a test may have paused, counted from this moment.
    Node(Timestamp),
}

impl Clock {
    /// The time now.
    pub fn now(self) -> Timestamp {
        match self {
            Clock::System => Timestamp::now(),
            Clock::Node(epoch) => epoch.saturating_add(Node::current().now()).unwrap_or(Timestamp::MAX),
        }
    }
}

/// Sizes and rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Sessions of one run that may have a process at once.
    pub sessions_per_run: usize,
    /// Writes that may wait for the store; more are refused as busy.
    pub waiting_writes: usize,
    /// Writes in one transaction.
    pub batch: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { sessions_per_run: 200_000, waiting_writes: 20_000, batch: 2_000 }
    }
}

impl Env {
    /// An environment on this store, with the system's clock and the usual limits.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, clock: Clock::System, limits: Limits::default(), seed: None }
    }
}
