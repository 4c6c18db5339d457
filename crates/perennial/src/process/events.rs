//! Lifecycle events: what happened to which process, and because of what.

use crate::{exit_reason::ExitReason, pid::Pid, process::signal::Signal};
use std::{
    cell::Cell,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::broadcast;

/// How many events a slow listener may be behind before it loses the oldest.
const CAPACITY: usize = 4096;

/// The number of an event within its node. Of two events that a listener hears of, the one that was made first has the
/// lower one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(u64);

impl EventId {
    pub(crate) fn to_bits(this: Option<Self>) -> u64 {
        this.map_or(0, |id| id.0)
    }

    pub(crate) fn from_bits(bits: u64) -> Option<Self> {
        (bits != 0).then_some(Self(bits))
    }
}

/// One thing that happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Event {
    /// Its number.
    pub id: EventId,
    /// The event that caused it, if another one did.
    pub cause: Option<EventId>,
    /// The time since the node began.
    pub at: Duration,
    /// The process that it happened to; for decisions, the supervisor.
    pub pid: Pid,
    /// What happened.
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// A process was made; it is in the process table and has not run yet.
    Start {
        /// The process that started it.
        parent: Option<Pid>,
        /// The type of what runs in it.
        behaviour: &'static str,
    },
    /// A process is ending: its reason is fixed.
    Exit {
        /// Why.
        reason: ExitReason,
    },
    /// An exit signal was sent to the process.
    Signal {
        /// Who sent it: a linked process that ended, or the caller of `exit` or `kill`.
        from: Pid,
        /// How it came about.
        signal: SignalKind,
        /// With which reason.
        reason: ExitReason,
    },
    /// A supervisor restarts a child, and maybe others with it.
    Restart {
        /// The child that ended, by its old pid.
        child: Pid,
        /// Its id in the supervisor; empty under a dynamic supervisor.
        id: String,
    },
    /// A supervisor has seen too many restarts and stops.
    GiveUp {
        /// The child that ended last, by its old pid.
        child: Pid,
    },
}

/// How an exit signal came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignalKind {
    /// By `kill`.
    Kill,
    /// By `exit`.
    Exit,
    /// Over a link.
    Link,
}

impl From<Signal> for SignalKind {
    fn from(signal: Signal) -> Self {
        match signal {
            Signal::Kill => Self::Kill,
            Signal::Exit | Signal::ExitSelf => Self::Exit,
            Signal::Link => Self::Link,
        }
    }
}

/// So many numbers a thread draws at once while nobody listens: one counter for all threads would be fought over.
const DRAWN: u64 = 64;

thread_local! {
    /// Whose numbers this thread has drawn, the last that it has used, and how many are left.
    static NUMBERS: Cell<(u64, u64, u64)> = const { Cell::new((0, 0, 0)) };
}

/// The events of a node. Numbers are drawn always, events are made only if somebody listens.
#[derive(Debug)]
pub(crate) struct Events {
    /// Its number among all of the program, from 1 on.
    serial: u64,
    last: AtomicU64,
    listeners: OnceLock<broadcast::Sender<Event>>,
}

impl Default for Events {
    fn default() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let serial = LAST.fetch_add(1, Ordering::Relaxed) + 1;
        Self { serial, last: AtomicU64::new(0), listeners: OnceLock::new() }
    }
}

impl Events {
    /// Draws the number of an event and, if somebody listens, sends it.
    pub(crate) fn emit(
        &self,
        now: impl FnOnce() -> Duration,
        cause: Option<EventId>,
        pid: Pid,
        kind: impl FnOnce() -> EventKind,
    ) -> EventId {
        if !cfg!(perennial_no_events)
            && let Some(listeners) = self.listeners.get()
            && listeners.receiver_count() > 0
        {
            // Relaxed: only the number matters. It is higher than all that were drawn before, by any thread.
            let id = EventId(self.last.fetch_add(1, Ordering::Relaxed) + 1);
            // An error says that the last listener has just gone.
            let _ = listeners.send(Event { id, cause, at: now(), pid, kind: kind() });
            return id;
        }
        EventId(self.draw())
    }

    /// A number for an event that nobody hears of. It is a cause at most.
    fn draw(&self) -> u64 {
        let (serial, last, left) = NUMBERS.get();
        let (last, left) = match left {
            1.. if serial == self.serial => (last, left),
            _ => (self.last.fetch_add(DRAWN, Ordering::Relaxed), DRAWN),
        };
        NUMBERS.set((self.serial, last + 1, left - 1));
        last + 1
    }

    pub(crate) fn listen(&self) -> EventStream {
        EventStream(self.listeners.get_or_init(|| broadcast::channel(CAPACITY).0).subscribe())
    }
}

/// The events of a node from the moment of the subscription on, bounded: one who is more than 4096 behind
/// loses the oldest, and is told how many.
#[derive(Debug)]
pub struct EventStream(broadcast::Receiver<Event>);

impl EventStream {
    /// Waits for the next event.
    ///
    /// # Errors
    ///
    /// [`Missed`] if events were lost in between; the next call goes on with the oldest that is kept.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no event is lost when the future is dropped.
    pub async fn next(&mut self) -> Result<Event, Missed> {
        match self.0.recv().await {
            Ok(event) => Ok(event),
            Err(broadcast::error::RecvError::Lagged(count)) => Err(Missed(count)),
            // The node is gone, and with it all that could happen.
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }

    /// The next event, if one is there already.
    ///
    /// # Errors
    ///
    /// [`Missed`], as for [`next`](Self::next).
    pub fn try_next(&mut self) -> Result<Option<Event>, Missed> {
        match self.0.try_recv() {
            Ok(event) => Ok(Some(event)),
            Err(broadcast::error::TryRecvError::Lagged(count)) => Err(Missed(count)),
            Err(_) => Ok(None),
        }
    }
}

/// So many events were lost, because the listener was slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missed(pub u64);
