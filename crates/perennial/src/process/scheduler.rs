//! Which process is polled next, and on which thread.
//!
//! A node has as many workers as its runtime has threads. A worker is a task of the runtime, or rather two that relieve
//! each other: it polls one process after the other, and lets the runtime run other tasks in between. So I/O, timers,
//! `tokio::spawn` and `block_in_place` work in every callback.
//!
//! # Invariants
//!
//! 1. A process is in one queue at most: it is put there by whoever its `Turns` told to schedule it, and taken out by
//!    the worker that begins its turn, or finds that a caller has done so.
//! 2. A worker sleeps only after it has said so in `asleep` and has then found that all queues have the length zero. Whoever puts a
//!    process into a queue looks at `asleep` after that, unless it is itself a worker and the only one who has
//!    something to do. So no process is slept over.
//! 3. After `closed` nothing is polled any more. All processes of the node are ended by who closed it, or by who polls
//!    them at that time.
//!
//! # Who is woken
//!
//! To wake a thread costs fifty times what it takes to poll a process. So a worker that puts a single process into its
//! own queue wakes nobody: it comes to that itself, when the process that it polls is done. Should that one send it many
//! messages first, somebody is woken after all. Should it block the thread meanwhile, [`watch`](Scheduler::watch) notices,
//! and gives what lies in the queue to all.
//!
//! A worker that has found nothing to do goes on to look for a little, if what it has polled before took long: what comes
//! next is likely to come soon, and to be worth a thread of its own; see [`patience`](super::patience).
//!
//! Tokio keeps the task that was woken last on the thread that woke it, where no other one takes it away. So a worker
//! that wakes another one has tokio [share](Executor::share) it; and the watch is a thread of the runtime's pool for what
//! blocks, and has a task made for what it finds, so that neither waits behind the thread that is blocked.

mod watch;
mod worker;

use self::worker::Worker;
use crate::{
    executor::Executor,
    process::{
        asleep::{self, Asleep, Duty},
        block::ProcRef,
        node::NodeInner,
        patience::Looking,
    },
    sync::thread_local,
};
use perennial_cell::TryLock;
use std::{
    cell::Cell,
    collections::VecDeque,
    fmt, mem, ptr,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, Weak,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    task::Waker,
    thread,
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
    /// Whether somebody [watches](Self::watch).
    watching: AtomicBool,
    /// Where that one sleeps; it is woken by the end, which may have to wait for it.
    watch_sleeps: (Mutex<()>, Condvar),
    /// How many tasks [relieve](watch) workers; one for each at most.
    relieving: AtomicUsize,
    me: Weak<Self>,
}

/// What belongs to one worker, in lines of the cache by itself.
#[derive(Default)]
#[repr(align(128))]
struct Lane {
    /// Almost nobody but its worker uses it. So nobody waits for it: who finds another one there, such as a thief, takes
    /// what is outside instead, or puts it there.
    queue: TryLock<VecDeque<ProcRef>>,
    /// Its length, to be looked at without the lock.
    len: AtomicUsize,
    /// Which of its two tasks polls processes.
    duty: Duty,
    /// What wakes them.
    tasks: [Mutex<Option<Waker>>; 2],
    /// How many processes it has begun to poll.
    polls: AtomicU64,
    looking: TryLock<Looking>,
}

impl Lane {
    /// Uses the queue, unless somebody does so now.
    fn try_with<R>(&self, f: impl FnOnce(&mut VecDeque<ProcRef>) -> R) -> Option<R> {
        self.queue.try_with(|queue| {
            let result = f(queue);
            self.len.store(queue.len(), Ordering::Relaxed);
            result
        })
    }
}

/// The worker that polls a process on this thread.
#[derive(Clone, Copy)]
struct Here {
    scheduler: *const Scheduler,
    lane: usize,
}

thread_local! {
    static HERE: Cell<Here> = const { Cell::new(Here { scheduler: ptr::null(), lane: 0 }) };
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
            watching: AtomicBool::new(false),
            watch_sleeps: Default::default(),
            relieving: AtomicUsize::new(0),
            me: me.clone(),
        })
    }

    /// Starts the workers; they end with the node, or with the runtime.
    pub(crate) fn start(self: &Arc<Self>, executor: &Executor, node: &Weak<NodeInner>) {
        // A model polls by hand. There a worker would be dropped at once, which is the end.
        if cfg!(perennial_loom) {
            return;
        }
        for lane in 0..self.lanes.len() {
            for task in [0, 1] {
                executor.spawn(Worker::new(self.clone(), node.clone(), lane, task));
            }
        }
    }

    /// Has a process polled: one whose `Turns` said that it is to be scheduled. May be called under its lock.
    pub(crate) fn schedule(&self, process: ProcRef) {
        let here = HERE.with(Cell::get);
        let mut process = Some(process);
        if ptr::eq(here.scheduler, self) {
            let waiting = self.lanes[here.lane].try_with(|queue| {
                if let Some(process) = process.take() {
                    queue.push_back(process);
                }
                queue.len()
            });
            match waiting {
                Some(1) => return self.expect_a_stall(),
                Some(_) => {
                    self.wake_one();
                    return;
                }
                None => {}
            }
        }
        if let Some(process) = process {
            self.put_outside([process]);
            if !self.wake_one() {
                self.expect_a_stall();
            }
        }
    }

    fn put_outside(&self, processes: impl IntoIterator<Item = ProcRef>) {
        let mut outside = lock(&self.outside);
        outside.extend(processes);
        self.outside_len.store(outside.len(), Ordering::Relaxed);
    }

    /// As [`schedule`](Self::schedule), for one who holds no lock of a process. After the end it is not polled, but
    /// ended here and now.
    pub(crate) fn schedule_or_end(&self, process: ProcRef) {
        self.schedule(process);
        // Race: the queues may have been emptied for the last time before it was put there. Then this sees that they
        // are closed, for that was said before, and the lock of the queue comes between.
        if self.is_closed() {
            self.end(self.drain());
        }
    }

    /// Ends processes, and those that are scheduled because of that.
    fn end(&self, mut left: Vec<ProcRef>) {
        while !left.is_empty() {
            left.into_iter().for_each(|process| process.abandon());
            left = self.drain();
        }
    }

    /// Wakes a worker that sleeps; false if there is none.
    pub(crate) fn wake_one(&self) -> bool {
        let Some(lane) = self.asleep.take_one() else { return false };
        // It said that it sleeps after it went on duty, and stays so until it is woken. Race: if it was woken otherwise just now,
        // the other one may be on duty; then one of the two has looked at the queues since, or will.
        let lane = &self.lanes[lane];
        let waker = lock(&lane.tasks[lane.duty.task()]).clone();
        if let Some(waker) = waker {
            waker.wake();
            self.share_if_here();
        }
        true
    }

    /// Whoever was woken just now is not to wait for what this thread does.
    fn share_if_here(&self) {
        if ptr::eq(HERE.with(Cell::get).scheduler, self) {
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
        // Mostly it is the worker itself who puts something there.
        let own = match own.len.load(Ordering::Relaxed) {
            0 => None,
            _ => own.try_with(VecDeque::pop_front).flatten(),
        };
        own.or_else(|| self.next_outside()).or_else(|| self.steal(lane))
    }

    fn next_outside(&self) -> Option<ProcRef> {
        if self.outside_len.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let mut outside = lock(&self.outside);
        let process = outside.pop_front();
        self.outside_len.store(outside.len(), Ordering::Relaxed);
        process
    }

    fn steal(&self, thief: usize) -> Option<ProcRef> {
        let others = (1..self.lanes.len()).map(|step| (thief + step) % self.lanes.len());
        for lane in others {
            let half = |queue: &mut VecDeque<ProcRef>| {
                let rest = queue.split_off(queue.len().div_ceil(2));
                mem::replace(queue, rest)
            };
            if self.lanes[lane].len.load(Ordering::Relaxed) == 0 {
                continue;
            }
            let mut stolen = self.lanes[lane].try_with(half).unwrap_or_default();
            if let Some(first) = stolen.pop_front() {
                if !stolen.is_empty() {
                    if self.lanes[thief].try_with(|queue| queue.append(&mut stolen)).is_none() {
                        self.put_outside(stolen);
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
        let waits = |len: &AtomicUsize| len.load(Ordering::Relaxed) > 0;
        waits(&self.outside_len) || self.lanes.iter().any(|lane| waits(&lane.len))
    }

    /// Whether any queue has something, or somebody is there who may just be putting it there. Under the locks, so that
    /// what was put there before is seen.
    fn has_work(&self) -> bool {
        let is_empty = |lane: &Lane| lane.queue.try_with(|queue| queue.is_empty()).unwrap_or(false);
        !lock(&self.outside).is_empty() || !self.lanes.iter().all(is_empty)
    }

    /// Ends the workers. What lies in a queue is polled no more.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        // Race: the watch may have looked just before. Then it sleeps by the time that the lock is ours.
        drop(lock(&self.watch_sleeps.0));
        self.watch_sleeps.1.notify_all();
        for lane in &self.lanes {
            for task in &lane.tasks {
                let waker = lock(task).take();
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
        }
    }

    /// Takes all that lies in the queues.
    fn drain(&self) -> Vec<ProcRef> {
        let mut all: Vec<_> = mem::take(&mut *lock(&self.outside)).into();
        for lane in &self.lanes {
            // Who is there now does not stay for long.
            all.extend(loop {
                match lane.try_with(mem::take) {
                    Some(queue) => break queue,
                    None => thread::yield_now(),
                }
            });
        }
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
