//! The clock of a node and its timers: real, or virtual.
//!
//! A clock tells the time since its node began. Timers are kept in one ordered map, by deadline and then by the
//! order in which they were set.
//!
//! One task of the node's runtime drives it.
//!
//! * Real: follows `tokio::time`, also when a test has paused that. The driver sleeps until the next deadline.
//! * Virtual: stands still while anything moves ([`Activity`]). When nothing does, whoever noticed tells the driver.
//!   That wakes those who wait for a lull ([`Clock::settled`]), or else moves the clock to the next deadline and
//!   fires it.
//!
//! # Why the driver looks twice
//!
//! One who calls `tokio::task::yield_now`, or whose tokio budget is used up, can run, but is in nobody's count: tokio
//! keeps its waker, and wakes it when the thread has nothing else to do. So the driver yields too, and goes on only if
//! nothing has moved meanwhile: it is woken together with all who yielded before it on its thread. Of a multi-thread
//! runtime the other threads have to be parked as well; one that keeps a waker is not. A plain task that blocks its
//! thread is not waited for without end.
//!
//! # Deadlock safety
//!
//! Timers fire outside of the lock, and while they do they are counted as activity. To count, to notice a lull
//! and to tell the driver runs no user code and takes no lock of ours, so it may be done under any.

mod deadlines;

use crate::{
    clock::deadlines::Deadlines,
    executor::Executor,
    sync::{AtomicU64, Mutex, MutexGuard},
};
use perennial_cell::{Activity, drop_payload};
use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, Weak, atomic::Ordering},
    task::{Context, Poll, Waker},
    time::Duration,
};
use tokio::time::Instant;

/// What a timer does. Runs on whatever thread finds it due, so it only sends or wakes.
type Fire = Box<dyn FnOnce() + Send>;

/// Far enough for a sleep that nobody will see the end of, and near enough not to overflow an `Instant`.
const FAR: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 30);

/// One timer of one clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TimerId {
    deadline: Duration,
    order: u64,
}

pub(crate) struct Clock {
    time: Time,
    timers: Mutex<Timers>,
    deadlines: Deadlines,
    /// Tells the driver: of a timer before its next look, of a lull, of the end.
    driver: Arc<tokio::sync::Notify>,
}

enum Time {
    Real(Instant),
    Virtual(Virtual),
}

#[derive(Default)]
struct Virtual {
    /// Nanoseconds; written under the lock of the timers.
    now: AtomicU64,
    activity: Activity,
    /// How often a lull was noticed.
    lulls: AtomicU64,
}

#[derive(Default)]
struct Timers {
    queue: BTreeMap<TimerId, Fire>,
    order: u64,
    settling: Vec<Arc<Mutex<Settling>>>,
    /// When the driver of a real clock looks again. Zero before its first look, which sees all there is.
    next_look: Duration,
}

impl Clock {
    pub(crate) fn real() -> Self {
        Self::new(Time::Real(Instant::now()))
    }

    pub(crate) fn paused() -> Self {
        Self::new(Time::Virtual(Virtual::default()))
    }

    fn new(time: Time) -> Self {
        Self { time, timers: Mutex::default(), deadlines: Deadlines::default(), driver: Arc::default() }
    }

    /// Counts what moves; none for a real clock, which does not wait for anybody.
    pub(crate) fn activity(&self) -> Option<&Activity> {
        match &self.time {
            Time::Real(_) => None,
            Time::Virtual(clock) => Some(&clock.activity),
        }
    }

    /// The time since the node began.
    pub(crate) fn now(&self) -> Duration {
        match &self.time {
            Time::Real(start) => start.elapsed(),
            // Relaxed: who was woken by a timer got here through its lock.
            Time::Virtual(clock) => Duration::from_nanos(clock.now.load(Ordering::Relaxed)),
        }
    }

    /// Fires `fire` after `delay`; a delay of zero too is asynchronous.
    pub(crate) fn schedule(&self, delay: Duration, fire: impl FnOnce() + Send + 'static) -> TimerId {
        self.schedule_at(self.now().saturating_add(delay), fire)
    }

    /// Fires `fire` at a time on this clock; at once if that is over.
    pub(crate) fn schedule_at(&self, deadline: Duration, fire: impl FnOnce() + Send + 'static) -> TimerId {
        let mut timers = self.lock();
        timers.order += 1;
        let id = TimerId { deadline, order: timers.order };
        timers.queue.insert(id, Box::new(fire));
        // The driver need not be told of what comes after its next look. So a call, whose time-out is the last of all
        // and is taken back soon, wakes nobody; the look that it would have needed finds nothing and is cheap.
        let sooner = deadline < timers.next_look;
        drop(timers);
        match &self.time {
            Time::Real(_) if sooner => self.driver.notify_one(),
            // One who is not counted sets a timer on a clock at rest: nobody else will notice it.
            Time::Virtual(clock) if clock.activity.is_quiet() => self.quiet(),
            _ => {}
        }
        id
    }

    /// Takes the timer back. Returns the time that was left, or none if it has fired.
    pub(crate) fn cancel(&self, id: TimerId) -> Option<Duration> {
        let fire = self.lock().queue.remove(&id);
        fire.map(|_| id.deadline.saturating_sub(self.now()))
    }

    /// How many timers run.
    pub(crate) fn count_timers(&self) -> usize {
        let (deadlines, looks) = self.deadlines.count();
        // A timer that fires just now is out of the queue, and counted there.
        (self.lock().queue.len() + deadlines).saturating_sub(looks)
    }

    /// The time left, or none if it has fired.
    pub(crate) fn left(&self, id: TimerId) -> Option<Duration> {
        self.lock().queue.contains_key(&id).then(|| id.deadline.saturating_sub(self.now()))
    }

    /// Fires timers at their time, until the clock is dropped.
    pub(crate) async fn drive(clock: Weak<Self>, executor: Executor) {
        // The clock itself is not held while the driver waits, so that it can go.
        let Some(driver) = clock.upgrade().map(|this| this.driver.clone()) else { return };
        loop {
            let Some(this) = clock.upgrade() else { return };
            if let Time::Real(start) = this.time {
                let wait = this.fire_due();
                let until = start + this.now().saturating_add(wait).min(FAR);
                drop(this);
                tokio::select! {
                    () = tokio::time::sleep_until(until) => {}
                    () = driver.notified() => {}
                }
                continue;
            }
            let before = this.lulls();
            drop(this);
            executor.lull().await;
            let Some(this) = clock.upgrade() else { return };
            let look_again = this.lulls() != before || this.step();
            drop(this);
            if !look_again {
                driver.notified().await;
            }
        }
    }

    /// Fires what is due on a real clock; returns the time to the next.
    fn fire_due(&self) -> Duration {
        loop {
            let now = self.now();
            let mut timers = self.lock();
            let next = timers.queue.first_key_value().map_or(now + FAR, |(first, _)| first.deadline);
            if next > now {
                timers.next_look = next;
                return next - now;
            }
            let fire = timers.queue.pop_first().map(|(_, fire)| fire);
            drop(timers);
            if let Some(fire) = fire {
                call(fire);
            }
        }
    }

    /// To be called by whoever took the last count of a virtual clock's activity back. Only tells the driver.
    pub(crate) fn quiet(&self) {
        if let Time::Virtual(clock) = &self.time {
            // Relaxed: read by the driver after it was told.
            clock.lulls.fetch_add(1, Ordering::Relaxed);
            self.driver.notify_one();
        }
    }

    fn lulls(&self) -> u64 {
        match &self.time {
            Time::Real(_) => 0,
            Time::Virtual(clock) => clock.lulls.load(Ordering::Relaxed),
        }
    }

    /// If nothing moves, does one thing about it. Returns true if nothing moves because of that.
    fn step(&self) -> bool {
        let Time::Virtual(Virtual { now, activity, .. }) = &self.time else { return false };
        let mut timers = self.lock();
        // Race: somebody may have set things in motion meanwhile; its end tells the driver again.
        if !activity.is_quiet() {
            return false;
        }
        if !timers.settling.is_empty() {
            let settling = mem::take(&mut timers.settling);
            // One count for each, which it gives back when it has seen that it may go on. Told under the lock: one
            // that is dropped meanwhile is either still in the list, or knows that it has a count.
            settling.iter().for_each(|_| activity.enter());
            let wakers: Vec<_> = settling.iter().filter_map(Settling::finish).collect();
            drop(timers);
            wakers.into_iter().for_each(|waker| call(|| waker.wake()));
            return false;
        }
        match timers.queue.first_entry() {
            Some(first) if first.key().deadline < FAR => {
                let (id, fire) = first.remove_entry();
                let nanos = u64::try_from(id.deadline.as_nanos()).expect("nearer than FAR");
                now.fetch_max(nanos, Ordering::Relaxed);
                activity.enter();
                drop(timers);
                call(fire);
                activity.leave()
            }
            // What is farther than FAR never comes.
            _ => false,
        }
    }

    /// Waits until nothing moves. Sleepers and waiters do not count as moving. Ready at once on a real clock.
    pub(crate) fn settled(self: Arc<Self>) -> Settled {
        Settled { clock: self, state: None }
    }

    fn lock(&self) -> MutexGuard<'_, Timers> {
        self.timers.lock().expect("no timer fires under the lock")
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").field("now", &self.now()).finish_non_exhaustive()
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.driver.notify_one();
    }
}

#[derive(Default)]
struct Settling {
    finished: bool,
    waker: Option<Waker>,
}

impl Settling {
    fn finish(this: &Arc<Mutex<Self>>) -> Option<Waker> {
        let mut state = this.lock().expect("no panic while the lock is held");
        state.finished = true;
        state.waker.take()
    }
}

/// Fires a timer or wakes; a panic in there is not the driver's end.
fn call(fire: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(fire)) {
        drop_payload(panic);
        tracing::error!(target: "perennial", "a timer panicked");
    }
}

/// Future of [`Clock::settled`].
#[derive(Debug)]
pub(crate) struct Settled {
    clock: Arc<Clock>,
    state: Option<Arc<Mutex<Settling>>>,
}

impl fmt::Debug for Settling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settling").field("finished", &self.finished).finish_non_exhaustive()
    }
}

impl Future for Settled {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let clock = self.clock.clone();
        let Some(activity) = clock.activity() else { return Poll::Ready(()) };
        if let Some(state) = &self.state {
            let mut settling = state.lock().expect("no panic while the lock is held");
            if !settling.finished {
                let before = settling.waker.replace(cx.waker().clone());
                drop(settling);
                drop(before);
                return Poll::Pending;
            }
            drop(settling);
            self.state = None;
            // The count was ours; we go on with that of whoever polls us, if that is counted.
            if activity.leave() {
                clock.quiet();
            }
            return Poll::Ready(());
        }
        let waker = Some(cx.waker().clone());
        let state = Arc::new(Mutex::new(Settling { finished: false, waker }));
        clock.lock().settling.push(state.clone());
        self.state = Some(state);
        // Race: one who waits outside of any process is not counted, so nobody else may come to look.
        if activity.is_quiet() {
            clock.quiet();
        }
        Poll::Pending
    }
}

impl Drop for Settled {
    fn drop(&mut self) {
        let Some(state) = self.state.take() else { return };
        self.clock.lock().settling.retain(|waiting| !Arc::ptr_eq(waiting, &state));
        let finished = state.lock().expect("no panic while the lock is held").finished;
        if finished && self.clock.activity().is_some_and(Activity::leave) {
            self.clock.quiet();
        }
    }
}
