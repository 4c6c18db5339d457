//! Looks after workers whose process blocks their thread.

use super::{Scheduler, lock};
use std::{
    mem,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::task::yield_now;

/// How long a process may block its thread before others take what waits behind it.
const STALL: Duration = Duration::from_millis(10);

impl Scheduler {
    /// Somebody has to look whether a process blocks a thread, and with it what was put into a queue.
    #[inline]
    pub(super) fn expect_a_stall(&self) {
        if self.lanes.len() > 1 && !self.watching.load(Ordering::Relaxed) {
            self.begin_to_watch();
        }
    }

    #[cold]
    fn begin_to_watch(&self) {
        if !self.watching.swap(true, Ordering::Relaxed)
            && let Some(me) = self.me.upgrade()
        {
            self.executor.spawn_blocking(move || me.watch());
        }
    }

    /// Looks after workers whose process blocks their thread: what waits behind it is for others.
    ///
    /// Returns when nothing waits and nobody polls.
    fn watch(self: Arc<Self>) {
        let polls =
            || -> Vec<u64> { self.lanes.iter().map(|lane| lane.polls.load(Ordering::Relaxed)).collect() };
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
            } else if !waits && now == before {
                break;
            }
            before = now;
        }
        // Race: one who put something into a queue just before found us watching. So there is one more look.
        self.watching.store(false, Ordering::Relaxed);
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
        self.put_outside(self.lanes[lane].try_with(mem::take).unwrap_or_default());
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
