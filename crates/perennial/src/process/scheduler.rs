//! Which process is polled next, and on which thread.
//!
//! A node has as many workers as its runtime has threads. A worker is a task of the runtime, or rather two that relieve
//! each other: it polls one process after the other, and lets the runtime run other tasks in between. So I/O, timers,
//! `tokio::spawn` and `block_in_place` work in every callback.
//!
//! # Invariants
//!
//! 1. A process is in one place at most: it is put there by whoever its `Turns` told to schedule it, unless it is too late,
//!    and taken out by the worker that begins its turn, or finds that somebody else has done so. Only the [watch](watch) puts
//!    into a queue, besides, what lies where one thread alone can take it.
//! 2. A worker sleeps only after it has said so in `asleep` and has then found that all queues have the length zero. Whoever puts a
//!    process into a queue looks at `asleep` after that, unless it is a worker that will look there itself. So no process is
//!    slept over.
//! 3. After `closed` workers poll nothing any more. All processes of the node are ended by who closed it, or by who polls
//!    them at that time.
//!
//! # Who is woken
//!
//! To wake a thread costs far more than to poll a process. So a worker for which a single process waits wakes
//! nobody: it comes to that itself, when the process that it polls is done. That one lies with its [thread](here), where others
//! neither see nor take it. Should it be sent many messages before, it is put into the queue, and somebody is woken after all.
//! Should the one that is polled block the thread, [`watch`](Scheduler::watch) notices, and gives what waits to all; there is
//! a watch as long as a worker is awake for which something waits.
//!
//! A worker that has found nothing to do goes on to look for a little, if what it has polled before took long: what comes
//! next is likely to come soon, and to be worth a thread of its own; see [`patience`](super::patience).
//!
//! Tokio keeps the task that was woken last on the thread that woke it, where no other one takes it away. So a worker
//! that wakes another one has tokio [share](Executor::share) it; and the watch is no task but a thread, and has a task made
//! for what it finds, so that neither waits behind the thread that is blocked.

mod here;
mod lane;
pub(super) mod post;
mod watch;
mod worker;

use self::{lane::Lane, post::Post, worker::Worker};
use crate::{
    executor::Executor,
    process::{
        asleep::{self, Asleep, Watching},
        block::ProcRef,
        current,
        node::NodeInner,
    },
    sync::{AtomicBool, Mutex, MutexGuard, fence},
};
use std::{
    collections::VecDeque,
    fmt, mem,
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    task::Waker,
};

/// How often a worker that has work of its own looks at what came from outside.
const LOOK_OUTSIDE: u32 = 31;

/// The queues of a node.
pub(crate) struct Scheduler {
    executor: Executor,
    lanes: Box<[Lane]>,
    /// What was scheduled by threads that are no worker of this node.
    outside: Mutex<VecDeque<ProcRef>>,
    /// Its length, to be looked at without the lock.
    outside_len: AtomicUsize,
    asleep: Asleep,
    closed: AtomicBool,
    /// Whether others can go on while a process blocks its thread.
    is_to_be_watched: bool,
    /// Whether somebody [watches](Self::watch).
    watching: Watching,
    /// Where that one waits.
    post: Post,
    /// How many tasks [relieve](watch) workers; one for each at most.
    relieving: AtomicUsize,
    node: OnceLock<Weak<NodeInner>>,
    me: Weak<Self>,
}

impl Scheduler {
    /// With one queue for each thread of the runtime.
    pub(crate) fn new(executor: &Executor) -> Arc<Self> {
        let workers = executor.workers().clamp(1, asleep::MOST);
        Arc::new_cyclic(|me| Self {
            executor: executor.clone(),
            lanes: (0..workers).map(|_| Lane::default()).collect(),
            outside: Mutex::default(),
            outside_len: AtomicUsize::new(0),
            asleep: Asleep::default(),
            closed: AtomicBool::new(false),
            // Also with one worker: who blocks in place has another thread run what else there is.
            is_to_be_watched: executor.replaces_who_blocks(),
            watching: Watching::default(),
            post: Post::default(),
            relieving: AtomicUsize::new(0),
            node: OnceLock::new(),
            me: me.clone(),
        })
    }

    /// Starts the workers; they end with the node, or with the runtime.
    pub(crate) fn start(self: &Arc<Self>, executor: &Executor, node: &Weak<NodeInner>) {
        self.node.get_or_init(|| node.clone());
        // A model polls by hand. There a worker would be dropped at once, which is the end.
        if cfg!(perennial_loom) {
            return;
        }
        for lane in 0..self.lanes.len() {
            for task in [0, 1] {
                executor.spawn(Worker::new(self.clone(), lane, task));
            }
        }
    }

    /// Has a process polled: one whose `Turns` said that it is to be scheduled. May be called under its lock, by who has it.
    pub(crate) fn schedule(&self, process: ProcRef) {
        let Some(lane) = here::lane(self) else { return self.schedule_woken_outside(process) };
        self.schedule_here(lane, process);
    }

    fn schedule_here(&self, lane: usize, process: ProcRef) {
        match self.lanes[lane].put_next(process) {
            None => self.expect_a_stall(),
            Some(process) => self.schedule_behind(lane, process),
        }
    }

    /// Has a process polled by the worker that is here, which has others that come before, or by another one.
    fn schedule_behind(&self, lane: usize, process: ProcRef) {
        match self.lanes[lane].put(process, VecDeque::push_back) {
            None => {
                self.wake_one();
            }
            Some(process) => self.schedule_outside(process),
        }
    }

    fn schedule_woken_outside(&self, process: ProcRef) {
        // Race: who closes this abandons all processes after that, and then empties the queues for the last time. So what is
        // put there is taken out again, or it is seen here that it is too late. Then it is left to be abandoned.
        let late = self.with_outside(|outside| match self.is_closed() {
            true => Some(process),
            false => {
                outside.push_back(process);
                None
            }
        });
        match late {
            // Who woke it has it too, so this does not drop it.
            Some(process) => drop(process),
            None => self.tell_of_outside(),
        }
    }

    fn schedule_outside(&self, process: ProcRef) {
        self.with_outside(|outside| outside.push_back(process));
        self.tell_of_outside();
    }

    /// Something was put there.
    fn tell_of_outside(&self) {
        // A process that is polled here by somebody else, such as a caller, may block the thread with whoever was woken on it.
        if !self.wake_one() || current::is_inside() {
            self.expect_a_stall();
        }
    }

    /// Puts what the worker of `lane` was to take next where others find it, too.
    fn put_first(&self, lane: usize, process: ProcRef) {
        if let Some(process) = self.lanes[lane].put(process, VecDeque::push_front) {
            self.with_outside(|outside| outside.push_back(process));
        }
    }

    /// Many messages wait for one that is scheduled: another worker is to see to it, should it wait behind what is polled
    /// here.
    pub(crate) fn share_flooded(&self) {
        if let Some(lane) = here::lane(self)
            && let Some(next) = self.lanes[lane].take_next()
        {
            self.put_first(lane, next);
        }
        self.wake_one();
    }

    fn with_outside<R>(&self, f: impl FnOnce(&mut VecDeque<ProcRef>) -> R) -> R {
        let mut outside = lock(&self.outside);
        let result = f(&mut outside);
        self.outside_len.store(outside.len(), Ordering::Relaxed);
        result
    }

    /// As [`schedule`](Self::schedule), for one who holds no lock of a process. After the end it is not polled, but
    /// ended here and now.
    pub(crate) fn schedule_or_end(&self, process: ProcRef) {
        match here::lane(self) {
            Some(lane) => self.schedule_here(lane, process),
            None => self.schedule_outside(process),
        }
        // Race: the queues may have been emptied for the last time before it was put there. Then this sees that they
        // are closed, for that was said before, and the lock of the queue comes between.
        if self.is_closed() {
            self.end(self.drain());
        }
    }

    /// Ends processes, and those that are scheduled because of that.
    fn end(&self, mut left: Vec<ProcRef>) {
        loop {
            left.into_iter().for_each(|process| process.abandon());
            // Also if there was nobody: one that a caller has ended may lie in a queue still, and holds the node.
            left = self.drain();
            if left.is_empty() {
                return;
            }
        }
    }

    /// Wakes a worker that sleeps; false if there is none.
    fn wake_one(&self) -> bool {
        let Some(lane) = self.asleep.take_one() else { return false };
        // It said that it sleeps after it went on duty, and stays so until it is woken. Race: if it was woken otherwise just now,
        // the other one may be on duty; then one of the two has looked at the queues since, or will.
        let lane = &self.lanes[lane];
        if let Some(waker) = lane.tasks[lane.duty.task()].get() {
            waker.wake_by_ref();
            self.share_if_here();
        }
        true
    }

    /// Whoever was woken just now is not to wait for what this thread does.
    fn share_if_here(&self) {
        if here::lane(self).is_some() {
            self.executor.share();
        }
    }

    /// The next process for the worker of `lane`: its own, else one from outside, else half of another one's.
    pub(super) fn next(&self, lane: usize, tick: u32) -> Option<ProcRef> {
        if tick.is_multiple_of(LOOK_OUTSIDE)
            && let Some(process) = self.next_outside()
        {
            return Some(process);
        }
        let own = &self.lanes[lane];
        let next = own.take_next().or_else(|| match own.has_queue() {
            true => own.try_with(VecDeque::pop_front).flatten(),
            false => None,
        });
        next.or_else(|| self.next_outside()).or_else(|| self.steal(lane))
    }

    fn next_outside(&self) -> Option<ProcRef> {
        if self.outside_len.load(Ordering::Relaxed) == 0 {
            return None;
        }
        self.with_outside(VecDeque::pop_front)
    }

    fn steal(&self, thief: usize) -> Option<ProcRef> {
        let others = (1..self.lanes.len()).map(|step| (thief + step) % self.lanes.len());
        for lane in others {
            let half = |queue: &mut VecDeque<ProcRef>| {
                let rest = queue.split_off(queue.len().div_ceil(2));
                mem::replace(queue, rest)
            };
            if !self.lanes[lane].has_queue() {
                continue;
            }
            let mut stolen = self.lanes[lane].try_with(half).unwrap_or_default();
            if let Some(first) = stolen.pop_front() {
                if !stolen.is_empty() {
                    if self.lanes[thief].try_with(|queue| queue.append(&mut stolen)).is_none() {
                        self.with_outside(|outside| outside.extend(stolen));
                    }
                    self.expect_a_stall();
                }
                return Some(first);
            }
        }
        None
    }

    /// Whether any queue has something, for one who has said that it sleeps.
    fn seems_to_have_work(&self) -> bool {
        // Relaxed: what was put there by one who does not see that it sleeps is seen here, see `Asleep`.
        self.outside_len.load(Ordering::Relaxed) > 0 || self.lanes.iter().any(Lane::has_queue)
    }

    /// Whether any queue has something, or somebody is there who may just be putting it there. Under the locks, so that
    /// what was put there before is seen.
    fn has_work(&self) -> bool {
        let is_empty = |lane: &Lane| lane.queue.try_with(|queue| queue.is_empty()).unwrap_or(false);
        !lock(&self.outside).is_empty() || !self.lanes.iter().all(is_empty)
    }

    /// The runtime shuts down: what can never run any more ends. One that another thread polls finds that it is doomed, and
    /// one that is spawned from now on ends at once.
    pub(crate) fn end_all(&self) {
        // The node has ended the workers, or another one was here before.
        if self.closed.swap(true, Ordering::SeqCst) {
            return;
        }
        self.close();
        let node = self.node.get().and_then(Weak::upgrade);
        let left = node.map(|node| node.table.all()).unwrap_or_default();
        self.end(left);
    }

    /// Ends the workers. What lies in a queue is polled no more.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.post.call_off();
        // SeqCst: pairs with the one of a worker that is polled for the first time.
        fence(Ordering::SeqCst);
        let tasks = self.lanes.iter().flat_map(|lane| &lane.tasks);
        tasks.filter_map(OnceLock::get).for_each(Waker::wake_by_ref);
    }

    /// Takes all that lies in the queues.
    fn drain(&self) -> Vec<ProcRef> {
        let mut all: Vec<_> = mem::take(&mut *lock(&self.outside)).into();
        all.extend(self.lanes.iter().flat_map(Lane::drain));
        all
    }

    /// Whether several threads poll its processes.
    pub(crate) fn is_shared(&self) -> bool {
        self.lanes.len() > 1
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheduler").field("workers", &self.lanes.len()).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no user code runs under a lock of the scheduler")
}
