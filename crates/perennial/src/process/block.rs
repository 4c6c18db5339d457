//! What a process is: a mailbox, what it runs, and what all have.

use crate::{
    exit_reason::ExitReason,
    pid::Pid,
    process::{kin::Kin, messages::Exit, run, state::Process},
};
use perennial_cell::{Activity, Closed, Erase, Notified, Reading, Turn, Turns};
use std::{
    any::Any,
    fmt,
    ops::Deref,
    sync::Arc,
    task::{Context, Poll, Waker},
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
        self.process.pid()
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
        write!(f, "Block({})", self.process.pid())
    }
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
    /// The children of the process, if it is to have very many.
    fn kin(&self) -> Option<&dyn Kin> {
        None
    }
}
