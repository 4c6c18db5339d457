//! What is left when all has been stopped.

use std::time::{Duration, Instant};

use perennial::node::Node;
use perennial::process;

/// What one round did, and what is left of it.
#[derive(Clone, Debug, Default)]
pub struct Census {
    /// How many operations there were.
    pub operations: u64,
    /// How many processes did them; most were killed.
    pub hands: u64,
    /// How many processes there were at most at once.
    pub most: usize,
    /// How long it took.
    pub took: Duration,
    /// Processes that are left, and what runs in each.
    pub processes: Vec<String>,
    /// Names that somebody has.
    pub names: Vec<String>,
    /// Links of the process that was linked to everybody.
    pub links: usize,
    /// Monitors of the process that was monitored by everybody.
    pub monitors: usize,
    /// Timers that run.
    pub timers: usize,
    /// Bytes that are allocated.
    pub bytes: usize,
    /// Whether the round came to no end.
    pub stuck: bool,
    /// What else was wrong.
    pub wrong: Option<String>,
}

impl Census {
    /// Whether nothing is left that should not be; bytes are compared elsewhere.
    pub fn is_clean(&self) -> bool {
        let Self { processes, names, links, monitors, timers, stuck, wrong, .. } = self;
        processes.is_empty()
            && names.is_empty()
            && (*links, *monitors, *timers, *stuck) == (0, 0, 0, false)
            && wrong.is_none()
    }
}

/// Counts what the node has. What was in the hands of a thread a moment ago may take another one to go.
pub(super) async fn left(node: &Node, census: &mut Census) {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(1) && (node.count_processes() > 0 || node.count_timers() > 0)
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let shown = |pid| match process::info(pid) {
        Some(info) => format!("{pid} {} {:?}", info.behaviour, info.name),
        None => format!("{pid}, which has ended"),
    };
    census.processes = node.processes().into_iter().map(shown).collect();
    census.names = node.registered().iter().map(ToString::to_string).collect();
    census.timers = node.count_timers();
}
