//! Whether one who calls a server runs it at once, on its own stack.
//!
//! That spares two switches between tasks, which is most of what a call costs. It is done only where nobody can tell
//! the difference: the server is idle and has an empty mailbox, so it would have been next anyway; the caller is itself
//! being polled on a thread of the server's runtime, so all that a callback may use is there; and few do so inside
//! of each other, so the stack does not grow. If the handler waits, the server goes on as if it had been woken.
//!
//! One that is scheduled is polled by its caller too, as by a worker: the request is put behind what lies in the mailbox.
//! Else a server that is hot would stay scheduled, as others call it while it waits for its worker.
//!
//! A handler that computes for long would hold up its caller, and two callers that could run side by side. So the time
//! is taken now and then, and a server that is slow is left to the workers for a while.

use crate::{
    executor::Executor,
    process::{
        block::{Block, BodyTurn, Kind},
        current,
        node::NodeInner,
        state::Process,
    },
};
use perennial_cell::Moment;
use std::{
    hint::spin_loop,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

/// So many processes run inside of each other on one stack at most.
const DEPTH: u32 = 8;

/// Of so many inline runs of a server one is timed, the first included: to look at the clock takes a while too.
const SAMPLE: u16 = 64;

/// A server whose run took longer is slow, unless it says otherwise.
pub(crate) const SLOW: Duration = Duration::from_micros(50);

/// One who finds that a server is being run looks again after so long: it takes about that to go through the queue.
const WAIT: Duration = Duration::from_micros(2);

/// More pauses than there are in that time.
const PAUSES: u32 = 10_000;

/// So many calls to a slow server go through its queue before it is tried again: a thread may have been interrupted.
const REST: u16 = 1024;

/// Never run by a caller.
const NEVER: u16 = u16::MAX;

/// What is known of one process. Counts may be off by a few if callers meet.
#[derive(Debug)]
pub(crate) struct Inline {
    /// How many calls go through the queue before the next try, or [`NEVER`].
    rest: AtomicU16,
    /// A run that took longer was slow.
    slow: Limit,
    /// How many times a caller has run it, but for what two bytes do not hold.
    runs: AtomicU16,
}

/// A time in two bytes: in microseconds up to 32 milliseconds, in milliseconds beyond, without end from 32 seconds on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Limit(u16);

impl Limit {
    const MILLIS: u16 = 1 << 15;

    fn new(limit: Duration) -> Self {
        let below = |time: u128| u16::try_from(time).ok().filter(|time| *time < Self::MILLIS);
        let millis = || Self::MILLIS | below(limit.as_millis()).unwrap_or(Self::MILLIS - 1);
        Self(below(limit.as_micros()).unwrap_or_else(millis))
    }

    fn duration(self) -> Duration {
        match self.0 {
            u16::MAX => Duration::MAX,
            millis if millis >= Self::MILLIS => Duration::from_millis((millis - Self::MILLIS).into()),
            micros => Duration::from_micros(micros.into()),
        }
    }
}

impl Inline {
    /// With the longest run that is not slow; none if callers are never to run it.
    pub(crate) fn new(limit: Option<Duration>) -> Self {
        let rest = if limit.is_some() { 0 } else { NEVER };
        let slow = Limit::new(limit.unwrap_or_default());
        Self { rest: AtomicU16::new(rest), slow, runs: AtomicU16::new(0) }
    }

    /// Counts a run; whether it is to be timed. By the one whose turn it is, as the next.
    fn count_run(&self) -> bool {
        let runs = self.runs.load(Ordering::Relaxed);
        self.runs.store(runs.wrapping_add(1), Ordering::Relaxed);
        runs.is_multiple_of(SAMPLE)
    }

    fn is_ready(&self) -> bool {
        match self.rest.load(Ordering::Relaxed) {
            0 => true,
            NEVER => false,
            rest => {
                self.rest.store(rest - 1, Ordering::Relaxed);
                false
            }
        }
    }
}

/// Whether code here and now may run a process of `node` on its own stack.
pub(crate) fn may_run(node: &Arc<NodeInner>) -> bool {
    if !node.inline.load(Ordering::Relaxed) {
        return false;
    }
    let (depth, on_node) = current::depth_on(node);
    depth < DEPTH && (on_node || Executor::try_current().is_some_and(|here| here.id() == node.executor.id()))
}

/// The turn of a process for one who calls it, if it may run it.
pub(crate) fn take_turn<D: ?Sized + Kind>(block: &Block<D>) -> Option<BodyTurn<'_, D>> {
    let process = &block.process;
    if !process.inline.is_ready() || !may_run(&process.node) {
        return None;
    }
    block.try_turn().or_else(|| turn_of_busy(block))
}

/// The turn of one that is scheduled, or the next one of one that runs, if that comes soon.
#[cold]
fn turn_of_busy<D: ?Sized + Kind>(block: &Block<D>) -> Option<BodyTurn<'_, D>> {
    let take = || block.turns.begin_early(D::READING).or_else(|| block.try_turn());
    let wait = || {
        // It may be we who run it, further down on this stack. A start function that calls its supervisor is not ruled out,
        // and waits in vain.
        let another =
            block.process.node.scheduler.is_shared() && current::depth_on(&block.process.node).0 <= 1;
        if !another || !block.turns.is_running() {
            return None;
        }
        // Nobody looks meanwhile: each look would take the word of the turns from who works with it.
        let began = Moment::now();
        // Counters of two cores may be apart.
        for _ in 0..PAUSES {
            if began.is_longer_ago_than(WAIT) {
                break;
            }
            spin_loop();
        }
        take()
    };
    take().or_else(wait)
}

/// Runs a process whose turn was taken: `run` ends that turn.
pub(crate) fn timed<R>(process: &Process, run: impl FnOnce() -> R) -> R {
    let inline = &process.inline;
    process.stats.count_handed();
    if !inline.count_run() {
        return run();
    }
    let (began, before) = (Moment::now(), process.stats.handled());
    let result = run();
    // What waited before the request was handled with it, and is not to make the server look slow.
    let handled = u32::try_from(process.stats.handled().saturating_sub(before)).unwrap_or(u32::MAX);
    if began.is_longer_ago_than(inline.slow.duration().saturating_mul(handled.max(1))) {
        inline.rest.store(REST, Ordering::Relaxed);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_kept_in_two_bytes() {
        let kept = |limit| Limit::new(limit).duration();
        for exact in [Duration::ZERO, SLOW, Duration::from_micros(32_767), Duration::from_millis(40)] {
            assert_eq!(kept(exact), exact);
        }
        assert_eq!(kept(Duration::from_micros(1_500_700)), Duration::from_millis(1_500));
        assert_eq!(kept(Duration::from_secs(33)), Duration::MAX);
        assert_eq!(kept(Duration::MAX), Duration::MAX);
    }
}
