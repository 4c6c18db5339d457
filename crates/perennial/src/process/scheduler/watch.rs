//! Looks after workers whose process blocks their thread.
//!
//! What lies in a worker's queue is put where all look. What lies with its thread cannot be had. But who it is stands in the
//! lane, and to be run it needs only somebody who begins its turn: so it is scheduled once more. Of two who come for it the
//! first has the turn, and the other one, who may be the worker, finds that there is none.
//!
//! The watch is a thread of its own: made when it is first needed, it rests while all workers sleep, and ends with the
//! scheduler. Threads of the runtime that are there for what blocks are counted, and belong to who asks for them.

use super::{Lane, Scheduler};
use std::{
    mem,
    sync::{Arc, Weak, atomic::Ordering},
    thread,
    time::Duration,
};
use tokio::task::yield_now;

/// As long as the names of threads may be on Linux.
const THREAD: &str = "perennial-watch";

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
        if !self.watching.begin() {
            return;
        }
        if !self.post.call(|| self.man_the_post()) {
            // The machine has no thread to give. Whoever comes next tries again.
            self.watching.give_up();
        }
    }

    /// Starts the thread; false if there can be none.
    fn man_the_post(&self) -> bool {
        let Some(me) = self.me.upgrade() else { return false };
        let stands_at_the_post = move || {
            // Should it drop the last of the node, what goes with that may use the runtime.
            let _runtime = me.executor.enter();
            while me.post.wait_for_a_call(|| me.is_closed()) {
                me.watch();
            }
        };
        thread::Builder::new().name(THREAD.into()).spawn(stands_at_the_post).is_ok()
    }

    /// Looks after workers whose process blocks their thread: what waits behind it is for others.
    ///
    /// Returns when nothing waits outside and all workers sleep.
    fn watch(self: &Arc<Self>) {
        let polls = || -> Vec<u64> { self.lanes.iter().map(Lane::polls).collect() };
        let mut before = polls();
        loop {
            self.post.wait(STALL, || self.is_closed());
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
            // Race: as in `schedule_or_end`. The queues were emptied while this was in none of them.
            if self.is_closed() {
                self.end(self.drain());
            }
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

#[cfg(all(test, not(any(perennial_loom, shuttle))))]
mod tests {
    use super::*;
    use crate::process::{
        self, Inbox,
        block::ProcRef,
        node::{Node, Time},
        spawn,
    };
    use std::{collections::VecDeque, time::Instant};
    use tokio::runtime::{Builder, Runtime};

    /// A scheduler whose watch has a thread, and the node that it is of.
    fn watched_on(runtime: &Runtime) -> (Node, Weak<Scheduler>) {
        let _entered = runtime.enter();
        let node = Node::new(Time::Real);
        let scheduler = node.0.scheduler.clone();
        scheduler.expect_a_stall();
        assert!(scheduler.post.lock().has_thread);
        (node, Arc::downgrade(&scheduler))
    }

    /// What is there still when a runtime has ended on which a process waited.
    fn after_the_end_of_a_runtime() -> (Node, Weak<Scheduler>, ProcRef) {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (node, scheduler) = watched_on(&runtime);
        let pid = {
            let _entered = node.enter();
            spawn(|_: Inbox<()>| std::future::pending::<()>())
        };
        let process = node.process(pid).unwrap();
        (node, scheduler, process)
    }

    fn soon(is_so: impl Fn() -> bool) -> bool {
        let began = Instant::now();
        while !is_so() && began.elapsed() < Duration::from_secs(10) {
            thread::yield_now();
        }
        is_so()
    }

    /// Whether only so many have it soon: its workers and the thread have let go of it.
    fn is_left_to(few: usize, scheduler: &Weak<Scheduler>) -> bool {
        soon(|| scheduler.strong_count() == few)
    }

    #[test]
    fn the_thread_of_the_watch_rests_while_all_workers_sleep_and_is_called_again() {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (node, _) = watched_on(&runtime);
        let scheduler = &node.0.scheduler;
        for _ in 0..3 {
            assert!(soon(|| !scheduler.watching.is_on()));
            assert!(!scheduler.post.lock().is_called);
            scheduler.expect_a_stall();
        }
    }

    #[test]
    fn the_thread_of_the_watch_ends_with_the_node_or_with_the_runtime() {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (node, scheduler) = watched_on(&runtime);
        drop(node);
        assert!(is_left_to(0, &scheduler));
        let (node, scheduler) = watched_on(&runtime);
        drop(runtime);
        // The node has it still.
        assert!(is_left_to(1, &scheduler));
        drop(node);
    }

    /// Once more in a program of its own, which asks for more memory for each thread than there are addresses.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_node_for_whose_watch_there_is_no_thread_goes_on_without_it() {
        use std::{env, process::Command};
        const STACK: (&str, &str) = ("RUST_MIN_STACK", "1152921504606846976");
        if env::var(STACK.0).as_deref() != Ok(STACK.1) {
            let mut again = Command::new(env::current_exe().unwrap());
            let me = "a_node_for_whose_watch_there_is_no_thread_goes_on_without_it";
            let done = again.args([me, "--test-threads=1"]).env(STACK.0, STACK.1).output().unwrap();
            let said = String::from_utf8_lossy(&done.stdout);
            assert!(done.status.success() && said.contains("1 passed"), "{done:?}");
            return;
        }
        // The runtime says itself how much its threads need.
        let mut threads = Builder::new_multi_thread();
        let runtime = threads.worker_threads(2).thread_stack_size(2 << 20).enable_all().build().unwrap();
        let _entered = runtime.enter();
        let node = Node::new(Time::Real);
        let scheduler = &node.0.scheduler;
        for _ in 0..2 {
            scheduler.expect_a_stall();
            assert!(!scheduler.watching.is_on() && !scheduler.post.lock().has_thread);
        }
        let _here = node.enter();
        let ended = process::monitor(spawn(|_: Inbox<()>| async {}));
        runtime.block_on(ended);
    }

    #[test]
    fn what_the_watch_has_in_hand_when_the_runtime_ends_is_not_kept() {
        let (node, scheduler, process) = after_the_end_of_a_runtime();
        assert!(is_left_to(1, &scheduler));
        // It lay in a queue that was emptied before, and the watch gives it away now.
        let ours = node.0.scheduler.clone();
        assert!(ours.lanes[0].put(process, VecDeque::push_back).is_none());
        ours.give_away(0);
        drop((ours, node));
        assert!(is_left_to(0, &scheduler));
    }

    #[test]
    fn one_who_was_woken_as_the_runtime_ended_is_not_kept() {
        let (node, scheduler, process) = after_the_end_of_a_runtime();
        // Who woke it puts it there only now.
        node.0.scheduler.schedule(process.clone());
        drop((process, node));
        assert!(is_left_to(0, &scheduler));
    }

    #[test]
    fn what_lies_in_a_queue_is_let_go_of_as_the_runtime_ends_also_if_no_process_is_left() {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let left = {
            let _runtime = runtime.enter();
            let node = Node::new(Time::Real);
            let _here = node.enter();
            let process = node.process(spawn(|_: Inbox<()>| std::future::pending::<()>())).unwrap();
            // As by a caller, before a worker comes to what it was woken for.
            process.abandon();
            assert_eq!(node.count_processes(), 0);
            Arc::downgrade(&node.0)
        };
        drop(runtime);
        assert_eq!(left.strong_count(), 0);
    }
}
