//! What every process of the service is given: the store, the clock, the limits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use perennial::node::Node;

use crate::core::email::Email;
use crate::store::Store;
use crate::store::records::RunId;

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
    /// What has happened since the start.
    pub counters: Counters,
}

/// What has happened since the start. Only ever more; for metrics and drills.
#[derive(Debug, Default)]
pub struct Counters {
    /// Processes of sessions that were started.
    pub sessions_started: AtomicU64,
    /// Those among them that went on with a session that had had a process before.
    pub sessions_recovered: AtomicU64,
    /// Commits of answers.
    pub answer_commits: Commits,
    /// Commits of joins.
    pub join_commits: Commits,
}

/// Group commits that succeeded. Quotients of these are the usual size of one and how long it takes.
#[derive(Debug, Default)]
pub struct Commits {
    /// How many.
    pub commits: AtomicU64,
    /// What was written by them.
    pub rows: AtomicU64,
    /// How long they took together, retries included.
    pub micros: AtomicU64,
}

impl Commits {
    /// Counts one.
    pub fn count(&self, rows: usize, took: Duration) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.rows.fetch_add(rows as u64, Ordering::Relaxed);
        self.micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
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
        Self {
            store,
            clock: Clock::System,
            limits: Limits::default(),
            seed: None,
            counters: Counters::default(),
        }
    }

    /// What a new session's questions are drawn with.
    pub fn seed_for(&self, run: RunId, student: &Email) -> u64 {
        let Some(seed) = self.seed else { return rand::random() };
        // FNV-1a: a few lines, and the same in every release.
        let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        let bytes = run.0.to_le_bytes().into_iter().chain(student.as_str().bytes());
        bytes.fold(seed ^ 0xcbf2_9ce4_8422_2325, mix)
    }
}
