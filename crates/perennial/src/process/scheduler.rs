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
//! 2. A worker sleeps only after it has said so in `asleep` and has then found all queues empty. Whoever puts a
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

use crate::{
    executor::Executor,
    process::{
        asleep::{self, Asleep},
        block::ProcRef,
        node::NodeInner,
        patience::{Looking, Shift},
    },
    sync::thread_local,
};
use perennial_cell::TryLock;
use std::{
    cell::Cell,
    collections::VecDeque,
    fmt,
    future::Future,
    hint, mem,
    pin::Pin,
    ptr,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, Weak,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};
use tokio::task::{coop, yield_now};

/// How many processes a worker polls before it lets other tasks of its thread run, if they use up no budget.
const POLLS: u32 = 256;

/// How often a worker that has work of its own looks at what came from outside.
const LOOK_OUTSIDE: u32 = 31;

/// How long a worker that looks for something to do waits between two looks, in pauses of the processor: about a
/// microsecond.
const PAUSES: u32 = 32;

/// How long a process may block its thread before others take what waits behind it.
const STALL: Duration = Duration::from_millis(10);

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
    /// How many tasks [relieve] workers; one for each at most.
    relieving: AtomicUsize,
    me: Weak<Self>,
}

/// What belongs to one worker.
#[derive(Default)]
struct Lane {
    /// Almost nobody but its worker uses it. So nobody waits for it: who finds another one there, such as a thief, takes
    /// what is outside instead, or puts it there.
    queue: TryLock<VecDeque<ProcRef>>,
    /// Wakes the one of its two tasks that was polled last.
    waker: Mutex<Option<Waker>>,
    /// Those of both.
    tasks: [Mutex<Option<Waker>>; 2],
    /// How many processes it has begun to poll.
    polls: AtomicU64,
    looking: Mutex<Looking>,
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
                executor.spawn(Worker {
                    scheduler: self.clone(),
                    node: node.clone(),
                    lane,
                    task,
                    waits: task == 1,
                    tick: 0,
                    shift: Shift::begin(),
                });
            }
        }
    }

    /// Has a process polled: one whose `Turns` said that it is to be scheduled. May be called under its lock.
    pub(crate) fn schedule(&self, process: ProcRef) {
        let here = HERE.with(Cell::get);
        let mut process = Some(process);
        if ptr::eq(here.scheduler, self) {
            let waiting = self.lanes[here.lane].queue.try_with(|queue| {
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
        let waker = lock(&self.lanes[lane].waker).clone();
        if let Some(waker) = waker {
            waker.wake();
            self.share_if_here();
        }
        true
    }

    /// Somebody has to look whether a process blocks a thread, and with it what was put into a queue.
    #[inline]
    fn expect_a_stall(&self) {
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
        let own = self.lanes[lane].queue.try_with(VecDeque::pop_front).flatten();
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
            let mut stolen = self.lanes[lane].queue.try_with(half).unwrap_or_default();
            if let Some(first) = stolen.pop_front() {
                if !stolen.is_empty() {
                    if self.lanes[thief].queue.try_with(|queue| queue.append(&mut stolen)).is_none() {
                        self.put_outside(stolen);
                    }
                    self.expect_a_stall();
                }
                return Some(first);
            }
        }
        None
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
        self.put_outside(self.lanes[lane].queue.try_with(mem::take).unwrap_or_default());
    }

    /// Whether any queue has something, or somebody is there who may just be putting it there. Under the locks, so that
    /// what was put there before is seen.
    fn has_work(&self) -> bool {
        let is_empty = |lane: &Lane| lane.queue.try_with(|queue| queue.is_empty()).unwrap_or(false);
        !lock(&self.outside).is_empty() || !self.lanes.iter().all(is_empty)
    }

    /// Whether a worker that has found nothing is to look again, when others have run: what it has polled last may have
    /// woken tasks of this thread.
    fn looks_on(&self, lane: &Lane, shift: &Shift) -> bool {
        // A worker of its own has nobody to wait for.
        if self.lanes.len() == 1 || !shift.looks_on(&mut lock(&lane.looking)) {
            return false;
        }
        if shift.is_idle() {
            for _ in 0..PAUSES {
                if self.outside_len.load(Ordering::Relaxed) > 0 {
                    break;
                }
                hint::spin_loop();
            }
        }
        true
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
                match lane.queue.try_with(mem::take) {
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

/// A task of the runtime that polls processes: one of the two of a lane, which relieve each other.
///
/// One that has done its share lets other tasks run. Would it wake itself for that, tokio would wake another thread to
/// take it over, each time. A task that is woken by another one waits for its turn on this thread, and nobody is told.
struct Worker {
    scheduler: Arc<Scheduler>,
    node: Weak<NodeInner>,
    lane: usize,
    task: usize,
    /// It has yet to be told to begin: it only says how.
    waits: bool,
    tick: u32,
    /// What it has done since it was woken.
    shift: Shift,
}

impl Future for Worker {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        /// Whoever was here before is so again afterwards: a process may run another runtime inside of itself.
        struct Restore(Here);
        impl Drop for Restore {
            fn drop(&mut self) {
                HERE.with(|here| here.set(self.0));
            }
        }
        let this = &mut *self;
        let scheduler = &*this.scheduler;
        let lane = &scheduler.lanes[this.lane];
        keep(&lane.tasks[this.task], cx.waker());
        if mem::take(&mut this.waits) && !scheduler.is_closed() {
            return Poll::Pending;
        }
        keep(&lane.waker, cx.waker());
        scheduler.asleep.wake_up(this.lane);
        let _restore = Restore(
            HERE.with(|here| here.replace(Here { scheduler: ptr::from_ref(scheduler), lane: this.lane })),
        );
        this.shift = Shift::begin();
        for _ in 0..POLLS {
            if scheduler.is_closed() {
                return Poll::Ready(());
            }
            // What is used up here is given again to the next poll of this task.
            if !coop::has_budget_remaining() {
                break;
            }
            this.tick = this.tick.wrapping_add(1);
            let Some(process) = scheduler.next(this.lane, this.tick) else {
                if scheduler.looks_on(lane, &this.shift) {
                    break;
                }
                if scheduler.asleep.fall_asleep(this.lane, || scheduler.has_work() || scheduler.is_closed()) {
                    return Poll::Pending;
                }
                continue;
            };
            lane.polls.store(lane.polls.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
            this.shift.count_poll();
            process.run();
        }
        // None: that one has not been polled at all yet.
        let other = lock(&lane.tasks[1 - this.task]).clone();
        other.unwrap_or_else(|| cx.waker().clone()).wake();
        Poll::Pending
    }
}

/// Keeps a waker of the task that is polled.
fn keep(place: &Mutex<Option<Waker>>, waker: &Waker) {
    let mut kept = lock(place);
    if !kept.as_ref().is_some_and(|kept| kept.will_wake(waker)) {
        *kept = Some(waker.clone());
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // The node has ended the workers, or another one was dropped before.
        if self.scheduler.closed.swap(true, Ordering::SeqCst) {
            return;
        }
        // The runtime shuts down: what can never run any more ends. One that another thread polls finds that it is
        // doomed, and one that is spawned from now on ends at once.
        self.scheduler.close();
        let left = self.node.upgrade().map(|node| node.table.all()).unwrap_or_default();
        self.scheduler.end(left);
    }
}

/// Polls what waits outside until nothing does.
async fn relieve(scheduler: Arc<Scheduler>) {
    while !scheduler.is_closed()
        && let Some(process) = scheduler.next_outside()
    {
        process.run();
        yield_now().await;
    }
    scheduler.relieving.fetch_sub(1, Ordering::Relaxed);
}
