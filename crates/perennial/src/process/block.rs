//! What a process is made of.
//!
//! # Invariants
//!
//! 1. The [phase](Phase) goes from `Alive` to `Gone`, step by step, and never back; the reason is fixed by the first step.
//! 2. Links are kept on both sides. They are made and removed under both locks, taken in the order of the pids; no two
//!    locks of processes are held anywhere else. One who ends takes its side whole, then tells the others, each under
//!    its own lock, if the link is still there. So no link is known to one side only, but while it is being told. And but
//!    that of a new child with its parent: the child has it from birth, and its parent from before anybody runs it. It
//!    keeps it in its [`Fate`]. The children of one that has very many are in [`Kin`], whose shards have locks of their own.
//! 3. A monitor is kept by the monitored (`watchers`) and by the watching process (`watching`); the latter is
//!    written first and decides: a `Down` whose reference is not there any more is dropped.
//! 4. No user code, waker or `Drop` of a user's value runs under the lock. What may be done under it to the process
//!    itself: push a message, notify it (which only puts it into a queue), set and cancel timers, note that it is to
//!    end where those look who find what it holds.
//! 5. A monitor, a link or a timer is taken out, and its message pushed, under one lock. So one who takes it out
//!    first never gets the message later.
//! 6. The mailbox is closed, and timers are taken out, after the phase is not `Alive` any more; a push under the
//!    lock while it is `Alive` cannot fail.

use crate::{
    clock::TimerId,
    exit_reason::{CallError, ExitReason},
    pid::{Pid, Ref},
    process::{
        ancestor::Ancestor,
        events::EventId,
        fate::{Fate, Phase},
        holdings::LetGo,
        inline::Inline,
        kin::Kin,
        messages::Exit,
        node::NodeInner,
        room::Room,
        run,
        spawn::Spawn,
        stats::{Busy, Stats},
        ties::Ties,
    },
    sync::{AtomicU16, Mutex, MutexGuard},
};
use perennial_cell::{Activity, Closed, Erase, Notified, OnceBox, Reading, Turn, Turns};
use rustc_hash::FxHashMap;
use std::{
    any::Any,
    fmt,
    ops::Deref,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

/// A process of any kind.
pub(crate) type ProcRef = Arc<dyn Proc>;

/// Has a process die; with which reason, if it does.
pub(crate) type Doom<'a> = &'a mut dyn FnMut(&Process) -> Option<ExitReason>;

/// What can be done with a process of any kind.
pub(crate) trait Proc: Send + Sync + 'static {
    fn process(&self) -> &Process;
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
    /// The type of what runs in it.
    fn behaviour(&self) -> &'static str;
    /// How many messages it was sent.
    fn sent(&self) -> u64;
    /// Has it polled soon. May be called under its lock.
    fn notify(self: Arc<Self>);
    /// Closes the mailbox and drops what is in it.
    fn close(&self);
    /// Takes the turn for which it was scheduled. Returns it if it is to be scheduled again.
    #[must_use = "what is to be scheduled would never run again"]
    fn run(self: Arc<Self>) -> Option<ProcRef>;
    /// Ends it, as nobody polls it any more.
    fn abandon(self: Arc<Self>);
    /// Ends it here and now, if it is idle and dies by `doom`, which says with which reason.
    fn end_if_idle(self: Arc<Self>, doom: Doom<'_>) -> Option<ExitReason>;
    /// Asks for an orderly stop by a message; false if this kind of process has none.
    fn request_stop(self: Arc<Self>, reason: ExitReason) -> bool;
}

/// A kind of process, named by the common form of its letters.
pub(crate) trait Kind: Send {
    /// What each process of this kind has besides what all have.
    type Own: Send + Sync + 'static;
    /// What it runs.
    type Body: Default + Send + 'static;
    /// Who reads its letters.
    const READING: Reading;

    fn behaviour(block: &Block<Self>) -> &'static str;
    /// Goes on with what it runs; ready with the reason when that has ended.
    fn poll(
        block: &Arc<Block<Self>>,
        turn: &mut BodyTurn<'_, Self>,
        cx: &mut Context<'_>,
    ) -> Poll<ExitReason>;
    /// Drops what it runs, and all that this has left. User code may panic in it only after all is done.
    fn drop_body(turn: &mut BodyTurn<'_, Self>);
    /// Drops what is in the mailbox, which is closed from now on.
    fn close(block: &Block<Self>);
    /// See [`Proc::request_stop`].
    fn request_stop(block: &Arc<Block<Self>>, reason: ExitReason) -> bool;
}

/// A process: the mailbox, what it runs, and the right to poll that. What it is [shared](Shared) lies there, too.
pub(crate) struct Block<D: ?Sized + Kind> {
    pub(crate) turns: Turns<D, D::Body, Shared<D::Own>>,
}

/// What all may look at of a process. Fields of a [`Block`], as it were.
#[repr(C)]
pub(crate) struct Shared<Own> {
    pub(crate) own: Own,
    pub(crate) process: Process,
}

/// The turn of a process.
pub(crate) type BodyTurn<'a, D> = Turn<'a, D, <D as Kind>::Body, Shared<<D as Kind>::Own>>;

impl<D: ?Sized + Kind> Deref for Block<D> {
    type Target = Shared<D::Own>;
    #[inline]
    fn deref(&self) -> &Shared<D::Own> {
        self.turns.shared()
    }
}

impl<D: ?Sized + Kind> Block<D> {
    #[inline]
    pub(crate) fn new(process: Process, own: D::Own) -> Self {
        let shared = Shared { own, process };
        Self { turns: Turns::new(shared, D::Body::default(), |shared| shared.process.node.clock.activity()) }
    }

    pub(crate) fn pid(&self) -> Pid {
        self.process.pid
    }

    /// Takes a turn, if nobody has one and nobody is to have one.
    pub(crate) fn try_turn(&self) -> Option<BodyTurn<'_, D>> {
        let clock = &self.process.node.clock;
        let activity = clock.activity();
        if let Some(activity) = activity {
            activity.enter();
        }
        let turn = self.turns.try_begin();
        if turn.is_none() && activity.is_some_and(Activity::leave) {
            clock.quiet();
        }
        turn
    }

    /// The next turn wakes `waker`, if there is something to read. To be called before the read that may find
    /// nothing.
    pub(crate) fn set_reader(&self, waker: &Waker) {
        let old = self.process.lock().bonds().reader.replace(waker.clone());
        drop(old);
        self.turns.set_reader();
    }
}

impl<D: ?Sized + Kind + 'static> Block<D> {
    /// Sends a message, and has the process polled soon. An error gives it back: the process has ended. May be called
    /// under its lock.
    pub(crate) fn send<M: Send>(self: &Arc<Self>, message: M) -> Result<(), M>
    where
        D: Erase<M>,
    {
        let clock = &self.process.node.clock;
        match Turns::send(self, message, clock.activity()) {
            Ok(notified) => {
                self.after_notify(notified);
                Ok(())
            }
            Err(Closed { message, quiet }) => {
                if quiet {
                    clock.quiet();
                }
                Err(message)
            }
        }
    }

    /// Has the process polled soon. May be called under its lock.
    pub(crate) fn notify(self: &Arc<Self>) {
        self.after_notify(Turns::notify(self, self.process.node.clock.activity()));
    }

    fn after_notify(&self, notified: Notified<Arc<Self>>) {
        match notified {
            Notified::Schedule(me) => self.process.node.scheduler.schedule(me),
            Notified::Flooded { quiet } => {
                self.process.node.scheduler.share_flooded();
                if quiet {
                    self.process.node.clock.quiet();
                }
            }
            Notified::Known { quiet: true } => self.process.node.clock.quiet(),
            Notified::Known { quiet: false } => {}
        }
    }
}

impl<D: ?Sized + Kind + 'static> Proc for Block<D> {
    fn process(&self) -> &Process {
        &self.process
    }
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
    fn behaviour(&self) -> &'static str {
        D::behaviour(self)
    }
    fn sent(&self) -> u64 {
        self.turns.messages()
    }
    fn notify(self: Arc<Self>) {
        Self::notify(&self);
    }
    fn close(&self) {
        D::close(self);
    }
    fn run(self: Arc<Self>) -> Option<ProcRef> {
        run::run(self)
    }
    fn abandon(self: Arc<Self>) {
        run::abandon(&self);
    }
    fn end_if_idle(self: Arc<Self>, doom: Doom<'_>) -> Option<ExitReason> {
        run::end_if_idle(&self, doom)
    }
    fn request_stop(self: Arc<Self>, reason: ExitReason) -> bool {
        D::request_stop(&self, reason)
    }
}

impl<D: ?Sized + Kind> AsRef<Turns<D, D::Body, Shared<D::Own>>> for Block<D> {
    fn as_ref(&self) -> &Turns<D, D::Body, Shared<D::Own>> {
        &self.turns
    }
}

impl<D: ?Sized + Kind> fmt::Debug for Block<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Block({})", self.process.pid)
    }
}

/// What a process is made of when it comes to be.
pub(crate) struct New<'a> {
    pub(crate) pid: Pid,
    pub(crate) order: u64,
    pub(crate) node: &'a Arc<NodeInner>,
    pub(crate) ancestors: Option<Arc<Ancestor>>,
    /// What was asked of it; what it needs of that is taken out.
    pub(crate) spawn: &'a mut Spawn,
}

/// What every process has.
///
/// In this order: what is written for each message comes last, away from the word to which others send.
#[repr(C)]
pub(crate) struct Process {
    pub(crate) pid: Pid,
    pub(crate) node: Arc<NodeInner>,
    /// If it has no parent: higher than that of all such processes of its node that were started before.
    pub(crate) order: u64,
    pub(crate) ancestors: Option<Arc<Ancestor>>,
    rare: OnceBox<Rare>,
    state: Mutex<State>,
    /// See [`flags`](super::flags): mostly none of them.
    pub(super) flags: AtomicU16,
    /// Whether those who call it run it at once.
    pub(crate) inline: Inline,
    /// The event on whose behalf the process acts now, or 0. Written by the process itself.
    cause: AtomicU64,
    pub(crate) stats: Stats,
}

/// What few processes have, and is looked at without a lock.
#[derive(Default)]
pub(crate) struct Rare {
    /// Itself, as its children know it.
    pub(crate) as_ancestor: OnceLock<Arc<Ancestor>>,
    /// Of a task: who asked for it, who asked for that one, and so on.
    callers: Option<Arc<Ancestor>>,
    /// Its children, if it is to have very many.
    pub(crate) kin: OnceLock<Kin>,
    /// What higher layers attach for others to find, such as the table of a registry.
    pub(crate) public: OnceLock<Arc<dyn Public>>,
    /// Room for casts, if that is bounded.
    room: Option<Box<Room>>,
    pub(crate) busy: Busy,
    pub(super) let_go: LetGo,
    /// The reason with which it ends, if that has something to tell.
    pub(super) told: OnceLock<ExitReason>,
}

pub(crate) struct State {
    /// With the reason of one that is alive: that of the deadly signal that it is to die of. Else its own, which is fixed.
    pub(super) fate: Fate,
    pub(crate) ties: Option<Box<Ties>>,
    pub(crate) bonds: Option<Box<Bonds>>,
}

/// What few processes have, or have much of; see [`Ties`] for what many have.
#[derive(Default)]
pub(crate) struct Bonds {
    pub(crate) watching: FxHashMap<Ref, Pid>,
    pub(crate) timers: FxHashMap<Ref, TimerId>,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) label: Option<String>,
    pub(crate) callers: FxHashMap<usize, Box<dyn Settle>>,
    pub(crate) unsettled: Vec<Box<dyn Settle>>,
    /// Who gets exit signals as messages.
    pub(crate) trap: Option<Arc<dyn Trap>>,
    /// Answers the one who started it, with success by the process itself or else by its last act.
    pub(crate) starter: Option<Starter>,
    /// What that one is told, if the start has failed.
    pub(crate) outcome: Option<Started>,
    /// The reply of `stop_reply`, sent when state and names are gone.
    pub(crate) last_reply: Option<LastReply>,
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

/// Sends the reply of `stop_reply`.
pub(crate) type LastReply = Box<dyn FnOnce() + Send>;

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

/// A process that takes messages of type `M`. To receive is to push and to notify, and may be done under the lock of
/// the process: no user code runs, and no lock of the process is taken.
pub(crate) trait Receive<M>: Send + Sync {
    fn receive(self: Arc<Self>, message: M) -> Result<(), M>;
    fn process(&self) -> &Process;
}

/// A process that takes exit signals as messages; under its lock, as [`Receive`].
pub(crate) trait Trap: Send + Sync {
    fn trapped(self: Arc<Self>, exit: Exit);
}

/// What a process shows to others.
pub(crate) trait Public: Any + Send + Sync {
    /// A start in the name of the process has spawned one, which is not linked to it yet and has not run.
    fn spawned(&self, _: Pid) {}
}

/// A caller that waits for a deferred reply.
pub(crate) trait Settle: Send + Sync {
    fn settle(self: Box<Self>, error: CallError);
}

impl Process {
    #[inline(always)]
    pub(crate) fn new(new: New<'_>) -> Self {
        let New { pid, order, node, ancestors, spawn } = new;
        let bonds = spawn.starter.take();
        let bonds = bonds.map(|starter| Box::new(Bonds { starter: Some(starter), ..Bonds::default() }));
        let rare = OnceBox::new();
        if spawn.callers.is_some() || spawn.room.is_some() {
            let room = spawn.room.map(|room| Box::new(Room::new(room)));
            rare.get_or_init(|| Rare { callers: spawn.callers.take(), room, ..Rare::default() });
        }
        let state = State { fate: Fate::new(ancestors.is_some()), ties: None, bonds };
        Self {
            pid,
            node: node.clone(),
            order,
            ancestors,
            rare,
            stats: Stats::default(),
            cause: AtomicU64::new(0),
            inline: Inline::new(spawn.inline),
            flags: AtomicU16::new(0),
            state: Mutex::new(state),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no user code runs under the lock of a process")
    }

    /// The process that started it, and is linked to it from the start.
    pub(crate) fn parent(&self) -> Option<Pid> {
        self.ancestors.as_ref().map(|parent| parent.pid)
    }

    /// Of a task: who asked for it, who asked for that one, and so on.
    pub(crate) fn callers(&self) -> Option<&Arc<Ancestor>> {
        self.rare.get()?.callers.as_ref()
    }

    /// Room for casts, if that is bounded.
    pub(crate) fn room(&self) -> Option<&Room> {
        self.rare.get()?.room.as_deref()
    }

    /// What higher layers have attached.
    pub(crate) fn public(&self) -> Option<&Arc<dyn Public>> {
        self.rare.get()?.public.get()
    }

    /// Its children, if it is to have very many.
    pub(crate) fn kin(&self) -> Option<&Kin> {
        self.rare.get()?.kin.get()
    }

    /// What few have; made if it is not there.
    pub(crate) fn rare(&self) -> &Rare {
        self.rare.get_or_init(Rare::default)
    }

    /// What few have, if it has.
    pub(crate) fn rare_if_any(&self) -> Option<&Rare> {
        self.rare.get()
    }

    pub(crate) fn wake_reader(&self) {
        // A statement of its own: the lock is not held while it is woken.
        let reader = self.lock().bonds.as_mut().and_then(|bonds| bonds.reader.take());
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Who gets exit signals as messages from now on; returns who did before.
    pub(crate) fn set_trap(&self, trap: Option<Arc<dyn Trap>>) -> Option<Arc<dyn Trap>> {
        let mut state = self.lock();
        // One that has ended would keep itself in memory.
        let trap = trap.filter(|_| state.is_alive());
        self.set_traps(trap.is_some());
        match trap {
            Some(_) => std::mem::replace(&mut state.bonds().trap, trap),
            None => state.bonds.as_mut()?.trap.take(),
        }
    }

    /// Sent when state and names are gone.
    pub(crate) fn set_last_reply(&self, reply: LastReply) {
        self.lock().bonds().last_reply = Some(reply);
    }

    /// The process itself gives back what its tables have in reserve.
    pub(crate) fn shrink(&self) {
        drop(self.let_go_of_last());
        let mut state = self.lock();
        if let Some(ties) = &mut state.ties {
            ties.links.shrink();
            ties.held.shrink();
            ties.watchers.shrink();
        }
        if let Some(kin) = self.kin() {
            kin.shrink();
        }
        if let Some(bonds) = &mut state.bonds {
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
        let state = self.lock();
        if state.is_alive() { None } else { self.reason_in(&state) }
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
        self.fate.phase() == Phase::Alive
    }

    pub(crate) fn traps(&self) -> bool {
        self.bonds.as_ref().is_some_and(|bonds| bonds.trap.is_some())
    }

    /// Whether links and monitors can still be made, and will be told.
    pub(crate) fn can_bond(&self) -> bool {
        self.fate.phase() < Phase::Told
    }
}

#[cfg(all(test, not(any(perennial_loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn what_every_process_has_is_little() {
        assert_eq!(size_of::<Process>(), 112);
    }
}
