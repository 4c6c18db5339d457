//! What a process is made of.
//!
//! # Invariants
//!
//! 1. `phase` goes from `Alive` to `Dying` to `Gone` and never back; the reason is fixed by the first step.
//! 2. Links are kept on both sides. They are made and removed under both locks, taken in the order of the pids; no two
//!    locks of processes are held anywhere else. One who ends takes its side whole, then tells the others, each under
//!    its own lock, if the link is still there. So no link is known to one side only, but while it is being told.
//! 3. A monitor is kept by the monitored (`watchers`) and by the watching process (`watching`); the latter is
//!    written first and decides: a `Down` whose reference is not there any more is dropped.
//! 4. No user code, waker or `Drop` of a user's value runs under the lock. What may be done under it to the process
//!    itself: push a message, notify it (which only puts it into a queue), set and cancel timers.
//! 5. A monitor, a link or a timer is taken out, and its message pushed, under one lock. So one who takes it out
//!    first never gets the message later.
//! 6. The mailbox is closed, and timers are taken out, after the phase is not `Alive` any more; a push under the
//!    lock while it is `Alive` cannot fail.

use crate::{
    clock::TimerId,
    exit_reason::{CallError, ExitReason},
    pid::{Pid, Ref},
    process::{
        events::{EventId, EventKind},
        inline::Inline,
        messages::{Down, Exit},
        node::NodeInner,
        run::{Body, BodyTurn},
        signal::Signal,
        stats::Stats,
        ties::Ties,
    },
    sync::{AtomicBool, Mutex, MutexGuard},
};
use perennial_cell::{Activity, Closed, Erase, Mailbox, Notified, Turns};
use rustc_hash::FxHashMap;
use std::{
    any::Any,
    fmt,
    pin::pin,
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    task::Waker,
    time::Duration,
};
use tokio::sync::Semaphore;

/// A process of any kind.
pub(crate) type ProcRef = Arc<dyn Proc>;

/// What can be done with a process whose messages have unknown types.
pub(crate) trait Proc: Send + Sync + 'static {
    fn process(&self) -> &Process;
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
    /// Closes the mailbox and drops what is in it.
    fn close(&self);
    /// Takes the turn for which it was scheduled.
    fn run(self: Arc<Self>);
    /// Asks for an orderly stop by a message; false if this kind of process has none.
    fn request_stop(&self, reason: ExitReason) -> bool;
    /// Whether messages wait for a reader that has a waker of its own.
    fn has_mail(&self) -> bool {
        false
    }
}

/// A process and its mailbox.
pub(crate) struct Block<D: ?Sized> {
    pub(crate) process: Process,
    mailbox: Mailbox<D>,
}

impl<D: ?Sized> Block<D> {
    pub(crate) fn new(process: Process) -> Self {
        Self { process, mailbox: Mailbox::new() }
    }

    pub(crate) fn pid(&self) -> Pid {
        self.process.pid
    }

    pub(crate) fn mailbox(&self) -> &Mailbox<D> {
        &self.mailbox
    }

    /// Sends a message. An error gives it back: the process has ended.
    pub(crate) fn send<M: Send>(&self, message: M) -> Result<(), M>
    where
        D: Erase<M>,
    {
        self.push(message)?;
        self.process.notify_message();
        Ok(())
    }

    /// Puts a message into the mailbox and has nobody polled: for one who has the process's turn, or notifies.
    pub(crate) fn push<M: Send>(&self, message: M) -> Result<(), M>
    where
        D: Erase<M>,
    {
        self.mailbox.push(message).map_err(|Closed(message)| message)
    }
}

impl<D: ?Sized> fmt::Debug for Block<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Block({})", self.process.pid)
    }
}

/// What a process is made of when it comes to be.
pub(crate) struct New<'a> {
    pub(crate) pid: Pid,
    pub(crate) order: u64,
    pub(crate) node: Arc<NodeInner>,
    pub(crate) parent: Option<&'a Process>,
    pub(crate) behaviour: &'static str,
    pub(crate) room: Option<usize>,
    /// The longest run by a caller that is not slow; none if callers are never to run it.
    pub(crate) inline: Option<Duration>,
}

/// What every process has.
pub(crate) struct Process {
    pub(crate) pid: Pid,
    pub(crate) node: Arc<NodeInner>,
    /// Its number among all processes of its node, by start.
    pub(crate) order: u64,
    pub(crate) parent: Option<Pid>,
    pub(crate) ancestors: Option<Arc<Ancestor>>,
    /// Of a task: who asked for it, who asked for that one, and so on.
    pub(crate) callers: Option<Arc<Ancestor>>,
    pub(crate) behaviour: &'static str,
    pub(crate) stats: Stats,
    /// What higher layers attach for others to find, such as the table of a registry.
    pub(crate) public: OnceLock<Arc<dyn Public>>,
    /// Room for casts, if that is bounded: each that waits holds a permit.
    pub(crate) room: Option<Arc<Semaphore>>,
    /// Set when the parent has asked a process that traps exits to end; the request lies in the mailbox.
    pub(crate) shutdown: AtomicBool,
    /// What it runs, and the right to poll that.
    pub(crate) turns: Turns<Body>,
    /// Itself, for the queue of those who are to be polled.
    me: Weak<dyn Proc>,
    /// Whether those who call it run it at once.
    pub(crate) inline: Inline,
    /// `DOOMED`, `OBSERVED`, `ENDING`, `WATCHED`: what is to be looked at before and after a poll; most have none of it.
    attention: AtomicU8,
    /// Set when `Bonds::unsettled` may hold something.
    has_unsettled: AtomicBool,
    /// The event on whose behalf the process acts now, or 0. Written by the process itself.
    cause: AtomicU64,
    state: Mutex<State>,
}

/// A flag of `attention`: set once `State::doom` is.
const DOOMED: u8 = 1;
/// A flag of `attention`: busy time is measured.
const OBSERVED: u8 = 2;
/// A flag of `attention`: the phase is not `Alive` any more. Set under the lock, with the phase.
const ENDING: u8 = 4;
/// A flag of `attention`: messages are not handled as usual, because it is suspended or something is recorded of it.
const WATCHED: u8 = 8;

/// A process's parents, grandparents and so on, or a task's callers; of very many generations only the nearest.
#[derive(Debug)]
pub(crate) struct Ancestor {
    pub(crate) pid: Pid,
    pub(crate) next: Option<Arc<Ancestor>>,
    generation: usize,
}

/// How many generations are remembered at most; half of them when there are more. A chain of processes each of which
/// starts the next would else grow for ever, and its drop would need a stack as deep.
const GENERATIONS: usize = 512;

impl Ancestor {
    /// The ancestors of a child of `parent`; all of its children share them.
    pub(crate) fn of_child(parent: &Process) -> Arc<Self> {
        let new = || Self::before(parent.pid, parent.ancestors.as_ref());
        parent.lock().ties().as_ancestor.get_or_insert_with(new).clone()
    }

    /// The callers of a task that `caller` asks for.
    pub(crate) fn of_task(caller: &Process) -> Arc<Self> {
        Self::before(caller.pid, caller.callers.as_ref())
    }

    /// `pid`, and then those known before.
    fn before(pid: Pid, known: Option<&Arc<Self>>) -> Arc<Self> {
        let push = |next: Option<Arc<Self>>, pid| {
            let generation = next.as_ref().map_or(1, |next| next.generation + 1);
            Some(Arc::new(Self { pid, next, generation }))
        };
        let kept = match known {
            Some(ancestors) if ancestors.generation >= GENERATIONS => {
                let nearest: Vec<_> = Self::pids(known).take(GENERATIONS / 2).collect();
                nearest.into_iter().rev().fold(None, push)
            }
            _ => known.cloned(),
        };
        push(kept, pid).expect("it was pushed")
    }

    /// From the parent on.
    pub(crate) fn pids(first: Option<&Arc<Self>>) -> impl Iterator<Item = Pid> {
        std::iter::successors(first, |ancestor| ancestor.next.as_ref()).map(|ancestor| ancestor.pid)
    }
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) phase: Phase,
    pub(crate) doom: Option<(ExitReason, EventId)>,
    pub(crate) trap: Option<Arc<dyn Trap>>,
    pub(crate) ties: Option<Box<Ties>>,
    pub(crate) bonds: Option<Box<Bonds>>,
    /// Answers the one who started it, with success by the process itself or else by its last act.
    pub(crate) starter: Option<Starter>,
    /// The reply of `stop_reply`, sent when state and names are gone.
    pub(crate) last_reply: Option<Box<dyn FnOnce() + Send>>,
}

#[derive(Default)]
pub(crate) enum Phase {
    #[default]
    Alive,
    /// The reason is fixed. `told` when monitors and links have been taken: too late for new ones.
    Dying {
        reason: ExitReason,
        settled: bool,
        told: bool,
    },
    Gone {
        reason: ExitReason,
    },
}

/// What few processes have, or have much of; see [`Ties`] for what many have.
#[derive(Default)]
pub(crate) struct Bonds {
    pub(crate) watchers: FxHashMap<Ref, Watcher>,
    pub(crate) watching: FxHashMap<Ref, Pid>,
    pub(crate) timers: FxHashMap<Ref, TimerId>,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) label: Option<String>,
    pub(crate) callers: FxHashMap<usize, Arc<dyn Settle>>,
    pub(crate) unsettled: Vec<Arc<dyn Settle>>,
    /// What the report of its crash is to say.
    pub(crate) crash: Option<Box<Crash>>,
    /// Tells those who wait until the process is asked to end, or ends.
    pub(crate) asked_to_end: Option<Arc<tokio::sync::Notify>>,
    /// Whom the next turn wakes, if there is something to read.
    pub(crate) reader: Option<Waker>,
}

/// What a report says of a process that has crashed, besides who it was and why.
#[derive(Default, PartialEq, Eq)]
pub(crate) struct Crash {
    pub(crate) state: Option<String>,
    pub(crate) log: Option<String>,
}

/// Told with which result a start ended.
pub(crate) type Starter = Box<dyn FnOnce(Started) + Send>;

/// How a start ended.
#[allow(clippy::enum_variant_names, reason = "the word of OTP")]
#[derive(Clone, Debug)]
pub(crate) enum Started {
    Running,
    AlreadyStarted(Pid),
    Ignore,
    Exit(ExitReason),
}

/// Who gets a `Down`.
pub(crate) enum Watcher {
    /// A process, through its mailbox.
    Process { to: Arc<dyn Receive<Down>>, name: Option<Arc<str>> },
    /// A future.
    Future(tokio::sync::oneshot::Sender<Down>),
}

/// A process that takes messages of type `M`. To receive is to push and to notify, and may be done under the lock of
/// the process: no user code runs, and no lock of the process is taken.
pub(crate) trait Receive<M>: Send + Sync {
    fn receive(&self, message: M) -> Result<(), M>;
    fn process(&self) -> &Process;
}

/// A process that takes exit signals as messages; under its lock, as [`Receive`].
pub(crate) trait Trap: Send + Sync {
    fn trapped(&self, exit: Exit);
}

/// What a process shows to others.
pub(crate) trait Public: Any + Send + Sync {
    /// A start in the name of the process has spawned one, which is not linked to it yet and has not run.
    fn spawned(&self, _: Pid) {}
}

/// What a process shows, if it is a `T`.
pub(crate) fn shown<T: Send + Sync + 'static>(public: Arc<dyn Public>) -> Option<Arc<T>> {
    let public: Arc<dyn Any + Send + Sync> = public;
    public.downcast().ok()
}

/// Something that a process holds under its pid elsewhere: rows of a registry, places in groups.
pub(crate) trait Release: Send + Sync {
    /// Gives up everything that `owner` holds there. Returns who is to be told of its end, as if linked to it.
    fn release(&self, owner: Pid) -> Option<Tied>;
    /// Where it is held, to tell one from another.
    fn place(&self) -> *const ();
}

/// Processes that are tied to one that ends, though not linked to it, and the reason that they are given.
pub(crate) struct Tied {
    pub(crate) processes: Vec<ProcRef>,
    pub(crate) reason: ExitReason,
}

/// A caller that waits for a deferred reply.
pub(crate) trait Settle: Send + Sync {
    fn settle(&self, error: CallError);
}

impl Process {
    pub(crate) fn new(new: New<'_>, me: Weak<dyn Proc>) -> Self {
        let New { pid, order, node, parent, behaviour, room, inline } = new;
        let turns = Turns::new(None, node.clock.activity());
        Self {
            pid,
            node,
            order,
            parent: parent.map(|parent| parent.pid),
            ancestors: parent.map(Ancestor::of_child),
            callers: None,
            behaviour,
            stats: Stats::default(),
            public: OnceLock::new(),
            room: room.map(|room| Arc::new(Semaphore::new(room))),
            turns,
            me,
            inline: Inline::new(inline),
            attention: AtomicU8::new(0),
            has_unsettled: AtomicBool::new(false),
            shutdown: AtomicBool::new(false),
            cause: AtomicU64::new(0),
            state: Mutex::default(),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no user code runs under the lock of a process")
    }

    /// Has the process polled soon. May be called under its lock.
    pub(crate) fn notify(&self) {
        let notified = self.turns.notify(self.node.clock.activity());
        self.after_notify(notified);
    }

    /// As [`notify`](Self::notify), for a message that was put into the mailbox; counts it.
    pub(crate) fn notify_message(&self) {
        let notified = self.turns.notify_message(self.node.clock.activity());
        self.after_notify(notified);
    }

    fn after_notify(&self, notified: Notified) {
        match notified {
            Notified::Schedule => {
                // It is there: this is a method of what it points to.
                if let Some(me) = self.me.upgrade() {
                    self.node.scheduler.schedule(me);
                }
            }
            Notified::Known { quiet: true } => self.node.clock.quiet(),
            Notified::Known { quiet: false } => {}
        }
    }

    /// Takes a turn, if nobody has one and nobody is to have one.
    pub(crate) fn try_turn(&self) -> Option<BodyTurn<'_>> {
        let activity = self.node.clock.activity();
        if let Some(activity) = activity {
            activity.enter();
        }
        let turn = self.turns.try_begin();
        if turn.is_none() && activity.is_some_and(Activity::leave) {
            self.node.clock.quiet();
        }
        turn
    }

    /// The next turn wakes `waker`, if there is something to read. To be called before the read that may find
    /// nothing.
    pub(crate) fn set_reader(&self, waker: &Waker) {
        let old = self.lock().bonds().reader.replace(waker.clone());
        drop(old);
        self.turns.set_reader();
    }

    pub(crate) fn wake_reader(&self) {
        // A statement of its own: the lock is not held while it is woken.
        let reader = self.lock().bonds.as_mut().and_then(|bonds| bonds.reader.take());
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Whether there is anything to be done before or after a poll: it is doomed or observed.
    pub(crate) fn needs_attention(&self) -> bool {
        // Acquire: as for each of the two.
        self.attention.load(Ordering::Acquire) != 0
    }

    pub(crate) fn is_doomed(&self) -> bool {
        // Acquire: pairs with `doom`; the reason itself is read under the lock.
        self.attention.load(Ordering::Acquire) & DOOMED != 0
    }

    pub(crate) fn is_observed(&self) -> bool {
        self.attention.load(Ordering::Acquire) & OBSERVED != 0
    }

    /// Has the busy time of this process measured.
    pub(crate) fn observe(&self) {
        self.attention.fetch_or(OBSERVED, Ordering::AcqRel);
    }

    pub(crate) fn unobserve(&self) {
        self.attention.fetch_and(!OBSERVED, Ordering::AcqRel);
    }

    /// Sets the deadly signal that the process is to die of; the first one counts.
    pub(crate) fn doom(&self, state: &mut State, reason: ExitReason, signal: EventId) {
        if state.doom.is_none() {
            state.doom = Some((reason, signal));
            self.attention.fetch_or(DOOMED, Ordering::AcqRel);
        }
    }

    /// Ends the process by nobody's signal: the runtime is over.
    pub(crate) fn doom_now(&self, reason: ExitReason) {
        let signal =
            EventKind::Signal { from: self.pid, signal: Signal::Kill.into(), reason: reason.clone() };
        let event = self.node.events.emit(|| self.now(), None, self.pid, || signal);
        self.doom(&mut self.lock(), reason, event);
    }

    /// Alive: not ending, and no deadly signal has arrived. Takes no lock, so it may be asked under any.
    pub(crate) fn is_alive(&self) -> bool {
        // Acquire: pairs with `doom` and `end`.
        self.attention.load(Ordering::Acquire) & (DOOMED | ENDING) == 0
    }

    /// Whether each message is to go through the mailbox, because it is suspended or something is recorded of it.
    pub(crate) fn is_watched(&self) -> bool {
        // Acquire: pairs with `set_watched`.
        self.attention.load(Ordering::Acquire) & WATCHED != 0
    }

    pub(crate) fn set_watched(&self, watched: bool) {
        // AcqRel: one who is told afterwards sees it.
        match watched {
            true => self.attention.fetch_or(WATCHED, Ordering::AcqRel),
            false => self.attention.fetch_and(!WATCHED, Ordering::AcqRel),
        };
    }

    /// Whether its reason is fixed.
    pub(crate) fn is_ending(&self) -> bool {
        // Acquire: pairs with `end`.
        self.attention.load(Ordering::Acquire) & ENDING != 0
    }

    /// Fixes the reason: from now on it is not alive.
    pub(crate) fn end(&self, state: &mut State, reason: ExitReason) {
        state.phase = Phase::Dying { reason, settled: false, told: false };
        // AcqRel: one who sees it sees what came before; it comes before all other last acts.
        self.attention.fetch_or(ENDING, Ordering::AcqRel);
    }

    /// Has the end of this process settle a caller; at once, if it is past that.
    pub(crate) fn list_caller(&self, key: usize, caller: Arc<dyn Settle>) {
        let mut state = self.lock();
        let reason = match &state.phase {
            Phase::Alive | Phase::Dying { settled: false, .. } => {
                state.bonds().callers.insert(key, caller);
                return;
            }
            Phase::Dying { reason, .. } | Phase::Gone { reason } => reason.clone(),
        };
        drop(state);
        caller.settle(CallError::Exit(reason));
    }

    /// The caller is settled otherwise.
    pub(crate) fn unlist_caller(&self, key: usize) {
        let caller = self.lock().bonds.as_mut().and_then(|bonds| bonds.callers.remove(&key));
        drop(caller);
    }

    /// A caller was dropped without a reply. By the server itself, in a callback: then it depends on how that
    /// callback ends which error the caller gets. By others, or after the end: it is told at once.
    pub(crate) fn drop_caller(&self, by_itself: bool, caller: Arc<dyn Settle>) {
        let mut state = self.lock();
        let error = match &state.phase {
            Phase::Alive if !by_itself => CallError::NoReply,
            Phase::Alive | Phase::Dying { settled: false, .. } => {
                state.bonds().unsettled.push(caller);
                self.has_unsettled.store(true, Ordering::Relaxed);
                return;
            }
            Phase::Dying { reason, .. } | Phase::Gone { reason } => CallError::Exit(reason.clone()),
        };
        drop(state);
        caller.settle(error);
    }

    /// The callback is over and the server goes on: who was dropped in it gets no reply.
    pub(crate) fn settle_dropped_callers(&self) {
        // Relaxed: written by this process, in the callback.
        if self.has_unsettled.load(Ordering::Relaxed) {
            self.has_unsettled.store(false, Ordering::Relaxed);
            let unsettled = std::mem::take(&mut self.lock().bonds().unsettled);
            unsettled.iter().for_each(|caller| caller.settle(CallError::NoReply));
        }
    }

    /// The parent has asked this process, which traps exits, to end.
    pub(crate) fn ask_to_end(&self) {
        // Release: pairs with the look of one who waits. It is set first, so that one who misses the call sees it.
        self.shutdown.store(true, Ordering::Release);
        let waiting = self.lock().bonds.as_ref().and_then(|bonds| bonds.asked_to_end.clone());
        if let Some(waiting) = waiting {
            waiting.notify_waiters();
        }
    }

    /// Waits until the process is asked to end by its parent, or ends.
    pub(crate) async fn asked_to_end(&self) {
        let waiting = {
            let mut state = self.lock();
            if !matches!(state.phase, Phase::Alive) {
                return;
            }
            state.bonds().asked_to_end.get_or_insert_default().clone()
        };
        let mut told = pin!(waiting.notified());
        told.as_mut().enable();
        // Race: it may have been asked before we were ready to be told. One that ends from now on tells us.
        if !self.shutdown.load(Ordering::Acquire) && matches!(self.lock().phase, Phase::Alive) {
            told.await;
        }
    }

    /// Gives back what its tables have in reserve.
    pub(crate) fn shrink(&self) {
        let mut state = self.lock();
        if let Some(ties) = &mut state.ties {
            ties.links.shrink();
        }
        if let Some(bonds) = &mut state.bonds {
            bonds.watchers.shrink_to_fit();
            bonds.watching.shrink_to_fit();
            bonds.timers.shrink_to_fit();
            bonds.callers.shrink_to_fit();
            bonds.unsettled.shrink_to_fit();
        }
    }

    pub(crate) fn cause(&self) -> Option<EventId> {
        EventId::from_bits(self.cause.load(Ordering::Relaxed))
    }

    pub(crate) fn set_cause(&self, cause: Option<EventId>) {
        self.cause.store(EventId::to_bits(cause), Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> Duration {
        self.node.clock.now()
    }

    /// The reason, if the process is ending or has ended.
    pub(crate) fn reason(&self) -> Option<ExitReason> {
        match &self.lock().phase {
            Phase::Alive => None,
            Phase::Dying { reason, .. } | Phase::Gone { reason } => Some(reason.clone()),
        }
    }
}

impl State {
    pub(crate) fn ties(&mut self) -> &mut Ties {
        self.ties.get_or_insert_default()
    }

    pub(crate) fn bonds(&mut self) -> &mut Bonds {
        self.bonds.get_or_insert_default()
    }

    pub(crate) fn is_alive(&self) -> bool {
        matches!(self.phase, Phase::Alive)
    }

    pub(crate) fn has_link(&self, peer: Pid) -> bool {
        self.ties.as_ref().is_some_and(|ties| ties.links.contains(peer))
    }

    /// Whether links and monitors can still be made, and will be told.
    pub(crate) fn can_bond(&self) -> bool {
        matches!(self.phase, Phase::Alive | Phase::Dying { told: false, .. })
    }
}
