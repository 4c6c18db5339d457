//! Every order of what two or three threads do to the same few processes.
//!
//!     RUSTFLAGS="--cfg perennial_loom" cargo test -p perennial --release --lib models::
//!
//! The processes are real, and in a table; but no worker runs them. A thread that does something as a process calls what
//! that process would call, and one that ends a process does its last acts; `turns` polls what is scheduled by hand.
//! Mailbox and wake-ups are one step here: they have models of their own, in `perennial-cell`.
//!
//! No map that is gone through has more than one entry. Its order would be another one each time, and loom needs to be
//! able to repeat what it did.

mod asleep;
mod exits;
pub(crate) mod links;
mod monitors;
mod names;
mod post;
mod table;
mod turns;

use crate::{
    executor::Executor,
    exit_reason::ExitReason,
    pid::Pid,
    process::{
        block::{Block, ProcRef, Public, Trap},
        inbox::Open,
        last_acts::last_acts,
        links::{NoProc, signal},
        messages::{Down, Exit},
        node::{self, Node, Time},
        run,
        signal::Signal,
        spawn::{self, Spawn},
    },
};
use std::{sync::Arc, time::Duration};

/// Loom reads `LOOM_MAX_PREEMPTIONS`; without it, every order is tried.
pub(crate) fn in_every_order(model: impl Fn() + Send + Sync + 'static) {
    loom::model(model);
}

/// What a process of a model gets.
#[derive(Debug)]
pub(crate) enum Message {
    Exit(Exit),
    Down(Down),
}

impl From<Exit> for Message {
    fn from(exit: Exit) -> Self {
        Self::Exit(exit)
    }
}

impl From<Down> for Message {
    fn from(down: Down) -> Self {
        Self::Down(down)
    }
}

pub(crate) fn node() -> Node {
    Node::on(Executor::current(), Time::Real)
}

/// A process that does nothing by itself.
#[derive(Clone)]
pub(crate) struct Puppet {
    block: Arc<Block<dyn Open<Message>>>,
    pub(crate) process: ProcRef,
}

impl Puppet {
    pub(crate) fn new(node: &Node) -> Self {
        Self::child_of(node, None)
    }

    pub(crate) fn child_of(node: &Node, parent: Option<&Self>) -> Self {
        let parent = parent.map(|parent| parent.process.process());
        let mut spawn = Spawn { link: true, inline: Some(Duration::MAX), ..Spawn::default() };
        let block = spawn::make(&node.0, parent, &mut spawn, "puppet");
        Self { process: block.clone(), block }
    }

    pub(crate) fn trapping(node: &Node) -> Self {
        let puppet = Self::new(node);
        puppet.process.process().set_trap(Some(puppet.block.clone() as Arc<dyn Trap>));
        puppet
    }

    /// With what it shows to others, such as its children.
    pub(crate) fn with_public(self, public: Arc<dyn Public>) -> Self {
        assert!(self.process.process().rare().public.set(public).is_ok());
        self
    }

    pub(crate) fn pid(&self) -> Pid {
        self.block.pid()
    }

    /// Does its last acts.
    pub(crate) fn end(&self, reason: ExitReason) {
        let turn = self.block.turns.claim().expect("nobody polls it");
        run::end(&self.block, turn, reason);
    }

    /// Has its last acts done by somebody else, as for one that is stuck.
    pub(crate) fn give_up(&self) {
        last_acts(&*self.process, ExitReason::Killed, &mut || {});
    }

    pub(crate) fn signal(&self, kind: Signal, reason: ExitReason) {
        signal(Some(&self.process), kind, self.process.process().node.outside(), &reason, None);
    }

    /// The reason of the deadly signal that it got, if it got one.
    pub(crate) fn doom(&self) -> Option<ExitReason> {
        let process = self.process.process();
        let state = process.lock();
        if state.is_alive() { process.reason_in(&state) } else { None }
    }

    /// The messages that it got, and has not taken before.
    pub(crate) fn take(&self) -> Vec<Message> {
        self.block.turns.take().map(|mut letter| letter.open()).collect()
    }

    pub(crate) fn monitor(&self, target: &Self) -> crate::pid::Ref {
        let (to, pid) = (self.block.clone(), target.pid());
        // As one who knows a pid does.
        let found = node::find(pid);
        super::monitors::watch_as(&self.process, to, found, Some(pid), None)
    }

    /// As [`link`](super::link) does, for one that does not trap.
    pub(crate) fn link(&self, pid: Pid) -> Result<(), NoProc> {
        super::links::link_with(self.process.process(), pid).then_some(()).ok_or(NoProc)
    }

    /// Whether anything is left that it would have to give back.
    pub(crate) fn holds_nothing(&self) -> bool {
        let process = self.process.process();
        let state = process.lock();
        process.links_in(&state).is_empty()
            && state.ties.as_deref().is_none_or(|ties| ties.held.is_empty() && ties.watchers.is_empty())
            && state.bonds_if_any().is_none_or(|bonds| bonds.watching.is_empty() && bonds.name.is_none())
    }
}
