//! What every process has, of whatever kind.
//!
//! # Invariants
//!
//! 1. The [phase](Phase) goes from `Alive` to `Gone`, step by step, and never back; the reason is fixed by the first step.
//! 2. Links are kept on both sides. They are made and removed under both locks, taken in the order of the pids; no two
//!    locks of processes are held anywhere else. One who ends takes its side whole, then tells the others, each under
//!    its own lock, if the link is still there. So no link is known to one side only, but while it is being told. And but
//!    that of a new child with its parent: the child has it from birth, and its parent from before anybody runs it. It
//!    keeps it in its [`Fate`]. The children of one that has very many are in [`Kin`], which has locks of its own.
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
    exit_reason::ExitReason,
    pid::{LocalPid, Pid},
    process::{
        ancestor::Ancestor,
        block::{Public, Trap},
        bonds::{Bonds, LastReply},
        events::EventId,
        fate::{Fate, Phase},
        holdings::LetGo,
        inline::Inline,
        kin::Kin,
        node::NodeInner,
        room::Room,
        spawn::Spawn,
        stats::{Busy, Stats},
        ties::Ties,
    },
    sync::{AtomicU16, Mutex, MutexGuard},
};
use perennial_cell::{OnceBox, PooledBox};
use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

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
    /// What its pid has besides what all of its node have.
    local: LocalPid,
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
    /// What not all have.
    pub(crate) ties: Option<PooledBox<Ties>>,
}

impl Process {
    #[inline(always)]
    pub(crate) fn new(new: New<'_>) -> Self {
        let New { pid, order, node, ancestors, spawn } = new;
        let rare = OnceBox::new();
        if spawn.callers.is_some() || spawn.room.is_some() {
            let room = spawn.room.map(|room| Box::new(Room::new(room)));
            rare.get_or_init(|| Rare { callers: spawn.callers.take(), room, ..Rare::default() });
        }
        let mut state = State { fate: Fate::new(ancestors.is_some()), ties: None };
        if let Some(starter) = spawn.starter.take() {
            state.bonds().starter = Some(starter);
        }
        Self {
            local: pid.local(),
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

    pub(crate) fn pid(&self) -> Pid {
        self.node.pid(self.local)
    }

    /// As those of its node tell it from each other.
    pub(crate) fn local(&self) -> LocalPid {
        self.local
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
    pub(crate) fn kin(&self) -> Option<&dyn Kin> {
        self.public()?.kin()
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
        let reader = self.lock().bonds_if_any_mut().and_then(|bonds| bonds.reader.take());
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
            None => state.bonds_if_any_mut()?.trap.take(),
        }
    }

    /// Sent when state and names are gone.
    pub(crate) fn set_last_reply(&self, reply: LastReply) {
        self.lock().bonds().last_reply = Some(reply);
    }

    /// The process itself gives back what its tables have in reserve.
    pub(crate) fn shrink(&self) {
        self.let_go_of_last();
        let mut state = self.lock();
        if let Some(ties) = &mut state.ties {
            ties.links.shrink();
            ties.held.shrink();
            ties.watchers.shrink();
        }
        if let Some(kin) = self.kin() {
            kin.shrink();
        }
        if let Some(bonds) = state.bonds_if_any_mut() {
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
    /// Made if they are not there.
    pub(crate) fn ties(&mut self) -> &mut Ties {
        self.ties.get_or_insert_default()
    }

    /// Made if they are not there.
    pub(crate) fn bonds(&mut self) -> &mut Bonds {
        self.ties().bonds.get_or_insert_default()
    }

    pub(crate) fn bonds_if_any(&self) -> Option<&Bonds> {
        self.ties.as_ref()?.bonds.as_deref()
    }

    pub(super) fn take_bonds(&mut self) -> Option<Box<Bonds>> {
        self.ties.as_mut()?.bonds.take()
    }

    pub(crate) fn bonds_if_any_mut(&mut self) -> Option<&mut Bonds> {
        self.ties.as_mut()?.bonds.as_deref_mut()
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.fate.phase() == Phase::Alive
    }

    pub(crate) fn traps(&self) -> bool {
        self.bonds_if_any().is_some_and(|bonds| bonds.trap.is_some())
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
        assert_eq!(size_of::<Process>(), 96);
    }
}
