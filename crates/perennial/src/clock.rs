//! The clock of a node and its timers: real, or virtual.
//!
//! A clock tells the time since its node began. Timers are kept in one ordered map, by deadline and then by the
//! order in which they were set.
//!
//! * Real: follows `tokio::time`, also when a test has paused that. One task sleeps until the next deadline.
//! * Virtual: stands still while anything moves ([`Activity`]). When nothing does, whoever noticed wakes those
//!   who wait for that ([`Clock::settled`]), or else moves the clock to the next deadline and fires it.
//!
//! # Deadlock safety
//!
//! Timers fire outside of the lock, and while they do they are counted as activity.

use perennial_cell::Activity;
use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    mem,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, Weak,
        atomic::{AtomicU64, Ordering},
    },
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
    /// Told when a timer becomes the first.
    sooner: Arc<tokio::sync::Notify>,
}

enum Time {
    Real(Instant),
    /// Nanoseconds; written under the lock of the timers.
    Virtual(AtomicU64, Activity),
}

#[derive(Default)]
struct Timers {
    queue: BTreeMap<TimerId, Fire>,
    order: u64,
    settling: Vec<Arc<Mutex<Settling>>>,
}

impl Clock {
    pub(crate) fn real() -> Self {
        Self::new(Time::Real(Instant::now()))
    }

    pub(crate) fn paused() -> Self {
        Self::new(Time::Virtual(AtomicU64::new(0), Activity::new()))
    }

    fn new(time: Time) -> Self {
        Self { time, timers: Mutex::default(), sooner: Arc::default() }
    }

    /// Counts what moves; none for a real clock, which does not wait for anybody.
    pub(crate) fn activity(&self) -> Option<&Activity> {
        match &self.time {
            Time::Real(_) => None,
            Time::Virtual(_, activity) => Some(activity),
        }
    }

    /// The time since the node began.
    pub(crate) fn now(&self) -> Duration {
        match &self.time {
            Time::Real(start) => start.elapsed(),
            // Relaxed: who was woken by a timer got here through its lock.
            Time::Virtual(nanos, _) => Duration::from_nanos(nanos.load(Ordering::Relaxed)),
        }
    }

    /// Fires `fire` after `delay`; a delay of zero too is asynchronous.
    pub(crate) fn schedule(&self, delay: Duration, fire: impl FnOnce() + Send + 'static) -> TimerId {
        let deadline = self.now().saturating_add(delay);
        let mut timers = self.lock();
        timers.order += 1;
        let id = TimerId { deadline, order: timers.order };
        timers.queue.insert(id, Box::new(fire));
        let first = timers.queue.first_key_value().is_some_and(|(first, _)| *first == id);
        drop(timers);
        if first && matches!(self.time, Time::Real(_)) {
            self.sooner.notify_one();
        }
        id
    }

    /// Takes the timer back. Returns the time that was left, or none if it has fired.
    pub(crate) fn cancel(&self, id: TimerId) -> Option<Duration> {
        let fire = self.lock().queue.remove(&id);
        fire.map(|_| id.deadline.saturating_sub(self.now()))
    }

    /// The time left, or none if it has fired.
    pub(crate) fn left(&self, id: TimerId) -> Option<Duration> {
        self.lock().queue.contains_key(&id).then(|| id.deadline.saturating_sub(self.now()))
    }

    /// Fires timers of a real clock at their time, until the clock is dropped.
    pub(crate) async fn drive(clock: Weak<Self>) {
        loop {
            let Some(this) = clock.upgrade() else { return };
            let Time::Real(start) = this.time else { return };
            let wait = this.fire_due();
            let until = start + this.now().saturating_add(wait).min(FAR);
            // The clock itself is not held while we sleep, so that it can go.
            let sooner = this.sooner.clone();
            drop(this);
            tokio::select! {
                () = tokio::time::sleep_until(until) => {}
                () = sooner.notified() => {}
            }
        }
    }

    /// Fires what is due; returns the time to the next.
    fn fire_due(&self) -> Duration {
        loop {
            let now = self.now();
            let mut timers = self.lock();
            let Some(first) = timers.queue.first_entry() else { return FAR };
            if first.key().deadline > now {
                return first.key().deadline - now;
            }
            let fire = first.remove();
            drop(timers);
            fire();
        }
    }

    /// To be called by whoever took the last count of a virtual clock's activity back.
    pub(crate) fn quiet(&self) {
        let Time::Virtual(now, activity) = &self.time else { return };
        loop {
            let mut timers = self.lock();
            // Race: somebody outside may have set things in motion meanwhile; its end comes here again.
            if !activity.is_quiet() {
                return;
            }
            if !timers.settling.is_empty() {
                let settling = mem::take(&mut timers.settling);
                // One count for each, which it gives back when it has seen that it may go on.
                settling.iter().for_each(|_| activity.enter());
                drop(timers);
                settling.iter().for_each(Settling::finish);
                return;
            }
            let Some((id, fire)) = timers.queue.pop_first() else { return };
            let nanos = u64::try_from(id.deadline.as_nanos()).unwrap_or(u64::MAX);
            now.fetch_max(nanos, Ordering::Relaxed);
            activity.enter();
            drop(timers);
            fire();
            if !activity.leave() {
                return;
            }
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
        self.sooner.notify_one();
    }
}

#[derive(Default)]
struct Settling {
    finished: bool,
    waker: Option<Waker>,
}

impl Settling {
    fn finish(this: &Arc<Mutex<Self>>) {
        let mut state = this.lock().expect("no panic while the lock is held");
        state.finished = true;
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
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
                settling.waker = Some(cx.waker().clone());
                return Poll::Pending;
            }
            drop(settling);
            self.state = None;
            // The count was ours; if we are no process it may have been the last, and we go on uncounted.
            activity.leave();
            return Poll::Ready(());
        }
        let waker = Some(cx.waker().clone());
        let state = Arc::new(Mutex::new(Settling { finished: false, waker }));
        clock.lock().settling.push(state.clone());
        // Race: one who waits outside of any process is not counted, so nobody else may come to look.
        let quiet = activity.is_quiet();
        self.state = Some(state);
        if quiet {
            clock.quiet();
        }
        Poll::Pending
    }
}

impl Drop for Settled {
    fn drop(&mut self) {
        let Some(state) = self.state.take() else { return };
        let mut timers = self.clock.lock();
        timers.settling.retain(|waiting| !Arc::ptr_eq(waiting, &state));
        drop(timers);
        let finished = state.lock().expect("no panic while the lock is held").finished;
        if finished && self.clock.activity().is_some_and(Activity::leave) {
            self.clock.quiet();
        }
    }
}
