//! Looks after workers whose process blocks their thread.
//!
//! What lies in a worker's queue is put where all look. What lies with its thread cannot be had. But who it is stands in the
//! lane, and to be run it needs only somebody who begins its turn: so it is scheduled once more. Of two who come for it the
//! first has the turn, and the other one, who may be the worker, finds that there is none.

use super::{Lane, Scheduler, lock};
use std::{
    mem,
    sync::{Arc, Weak, atomic::Ordering},
    time::Duration,
};
use tokio::task::yield_now;

/// How long a process may block its thread before others take what waits behind it.
const STALL: Duration = Duration::from_millis(10);

impl Scheduler {
    /// Somebody has to look whether a process blocks a thread, and with it what was put into a queue.
    #[inline]
    pub(super) fn expect_a_stall(&self) {
        if self.is_to_be_watched && !self.watching.is_on() {
            self.begin_to_watch();
        }
    }

    #[cold]
    fn begin_to_watch(&self) {
        if self.watching.begin()
            && let Some(me) = self.me.upgrade()
        {
            self.executor.spawn_blocking(move || me.watch());
        }
    }

    /// Looks after workers whose process blocks their thread: what waits behind it is for others.
    ///
    /// Returns when nothing waits outside and all workers sleep.
    fn watch(self: Arc<Self>) {
        let polls = || -> Vec<u64> { self.lanes.iter().map(Lane::polls).collect() };
        let mut before = polls();
        loop {
            let (sleeps, end) = &self.watch_sleeps;
            let woken = end.wait_timeout_while(lock(sleeps), STALL, |()| !self.is_closed());
            drop(woken.expect("no user code runs under a lock of the scheduler"));
            if self.is_closed() {
                return;
            }
            let now = polls();
            let stalled = |lane: &usize| now[*lane] == before[*lane];
            (0..now.len()).filter(stalled).for_each(|lane| self.give_away(lane));
            let waits = self.outside_len.load(Ordering::Relaxed) > 0;
            if waits && (0..now.len()).any(|lane| stalled(&lane)) {
                // Those who could be woken may wait behind a blocked thread themselves.
                self.relieve();
            } else if !waits && self.watching.end(&self.asleep, self.lanes.len()) {
                break;
            }
            before = now;
        }
        // Race: a thread that is no worker has put something there just before, and found us watching.
        if self.has_work() {
            self.expect_a_stall();
        }
    }

    /// Has a task poll what waits outside, in place of a worker that is held up.
    fn relieve(self: &Arc<Self>) {
        // Only this thread adds to it.
        if self.relieving.load(Ordering::Relaxed) < self.lanes.len() {
            self.relieving.fetch_add(1, Ordering::Relaxed);
            self.executor.spawn(relieve(self.clone()));
        }
    }

    /// What waits in `lane` is for whoever comes first: its worker is held up.
    fn give_away(&self, lane: usize) {
        let lane = &self.lanes[lane];
        let node = self.node.get().and_then(Weak::upgrade);
        // The worker has it still, and finds that its turn was taken when it comes to it.
        let next = node.and_then(|node| lane.find_next(&node));
        let queue = lane.try_with(mem::take).unwrap_or_default();
        if next.is_some() || !queue.is_empty() {
            self.with_outside(|outside| outside.extend(next.into_iter().chain(queue)));
        }
    }
}

/// Polls what waits outside until nothing does.
async fn relieve(scheduler: Arc<Scheduler>) {
    while !scheduler.is_closed()
        && let Some(process) = scheduler.next_outside()
    {
        if let Some(again) = process.run() {
            scheduler.schedule_or_end(again);
        }
        yield_now().await;
    }
    scheduler.relieving.fetch_sub(1, Ordering::Relaxed);
}
