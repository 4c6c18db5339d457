//! Links and exit signals.

use crate::{
    exit_reason::ExitReason,
    pid::Pid,
    process::{
        block::ProcRef,
        current,
        events::{EventId, EventKind},
        kin::Kin,
        messages::Exit,
        node,
        signal::{self, Effect, Signal},
        state::{Process, State},
        ties::{Links, Ties},
        watchers::Watchers,
    },
    sync::MutexGuard,
};
use std::{fmt, mem};

/// There is no such process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoProc;

impl fmt::Display for NoProc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such process")
    }
}

impl std::error::Error for NoProc {}

/// Links the current process with another one: when one ends, the other gets an exit signal.
///
/// There is at most one link between two processes; linking twice, or to oneself, does nothing.
///
/// # Errors
///
/// [`NoProc`] if it has ended and the current process does not trap exits. One that traps gets the message
/// [`Exit`] with the reason `NoProc` instead, and no error.
///
/// # Panics
///
/// If called outside of a process.
///
/// # OTP
///
/// `link/1`. Differs: to the dead it is an `Err` where `link/1` raises.
#[doc(alias = "link/1")]
#[track_caller]
pub fn link(pid: Pid) -> Result<(), NoProc> {
    let me = current::process().expect("only a process can link; this code runs in none");
    if pid == me.process().pid() || link_with(me.process(), pid) {
        return Ok(());
    }
    let cause = current::cause();
    if !me.process().lock().traps() {
        return Err(NoProc);
    }
    deliver(&me, Via::Nothing, Signal::Exit, pid, &ExitReason::NoProc, cause);
    Ok(())
}

/// Makes the link, unless it is there; false if there is no such process.
pub(crate) fn link_with(me: &Process, pid: Pid) -> bool {
    node::find(pid).is_some_and(|other| connect(me, other.process()))
        // Race: it has left the table, and is about to tell us with which reason.
        || me.has_link_in(&me.lock(), pid)
}

/// Makes the link; false if one of the two has told its links already. That may be `me`, if it was given up.
pub(crate) fn connect(me: &Process, other: &Process) -> bool {
    let (mut mine, mut theirs) = lock_both(me, other);
    // Race: the other has made the link, and ends. It has told us, or will; there is nothing to add.
    if me.has_link_in(&mine, other.pid()) {
        return true;
    }
    mine.can_bond() && theirs.can_bond() && {
        me.add_link_in(&mut mine, other.pid());
        other.add_link_in(&mut theirs, me.pid());
        true
    }
}

/// Makes the parent's side of the link with a new child, which has its own and has not run; false if the parent has told its
/// links already, and so not this child. `by_start`: see [`Kin::adopt`].
pub(crate) fn connect_child(parent: &Process, child: &Process, by_start: bool) -> bool {
    if !parent.adopt(child.pid(), by_start) {
        child.remove_link_in(&mut child.lock(), parent.pid());
        return false;
    }
    // Race: the child was given up before it ran, and has told the parent, which did not know it. If it has not told yet,
    // it will find the link.
    if child.is_ending() && !child.lock().can_bond() {
        parent.remove_link_in(&mut parent.lock(), child.pid());
    }
    true
}

/// Locks two processes. Always in the order of their pids, so that of two who do that none waits for the other.
fn lock_both<'a>(one: &'a Process, two: &'a Process) -> (MutexGuard<'a, State>, MutexGuard<'a, State>) {
    if one.pid() < two.pid() {
        let first = one.lock();
        (first, two.lock())
    } else {
        let first = two.lock();
        (one.lock(), first)
    }
}

/// Removes the link to another process, if there is one. It has no effect after this; an [`Exit`] that lies in
/// the mailbox already stays there.
///
/// # Panics
///
/// If called outside of a process.
#[doc(alias = "unlink/1")]
#[track_caller]
pub fn unlink(pid: Pid) {
    let me = current::process().expect("only a process can unlink; this code runs in none");
    unlink_from(&me, pid);
}

pub(crate) fn unlink_from(me: &ProcRef, pid: Pid) {
    match node::find(pid) {
        Some(other) if pid != me.process().pid() => unlink_both(me.process(), other.process()),
        _ => {
            let me = me.process();
            me.remove_link_in(&mut me.lock(), pid);
        }
    }
}

/// Removes the link between two processes.
pub(crate) fn unlink_both(me: &Process, other: &Process) {
    let (mut mine, mut theirs) = lock_both(me, other);
    me.remove_link_in(&mut mine, other.pid());
    other.remove_link_in(&mut theirs, me.pid());
}

impl Process {
    /// Adds a link with a child; false if those were told already.
    fn adopt(&self, child: Pid, by_start: bool) -> bool {
        if let Some(kin) = self.kin() {
            return kin.adopt(child, by_start);
        }
        let mut state = self.lock();
        state.can_bond() && {
            self.add_link_in(&mut state, child);
            true
        }
    }
}

/// Links under the lock of the process.
impl Process {
    fn is_parent(&self, peer: Pid) -> bool {
        self.parent() == Some(peer)
    }

    fn add_link_in(&self, state: &mut State, peer: Pid) {
        match self.is_parent(peer) {
            true => drop(state.fate.set_child(true)),
            false => drop(state.ties().links.insert(peer, ())),
        }
    }

    fn has_link_in(&self, state: &State, peer: Pid) -> bool {
        state.fate.is_child() && self.is_parent(peer)
            || state.ties.as_ref().is_some_and(|ties| ties.links.contains(peer))
            || self.kin().is_some_and(|kin| kin.is_linked(peer))
    }

    /// False if it was not there.
    fn remove_link_in(&self, state: &mut State, peer: Pid) -> bool {
        if self.is_parent(peer) {
            return state.fate.set_child(false);
        }
        // It may be at both places: one who links with a child that is not adopted yet does not find it among the children.
        let linked = state.ties.as_mut().is_some_and(|ties| ties.links.remove(peer).is_some());
        self.kin().is_some_and(|kin| kin.unlink(peer)) | linked
    }

    /// In no order.
    pub(super) fn links_in(&self, state: &State) -> Vec<Pid> {
        let parent = self.parent().filter(|_| state.fate.is_child());
        let links = parent.into_iter().chain(state.ties.iter().flat_map(|ties| ties.links.keys()));
        links.chain(self.kin().into_iter().flat_map(Kin::linked)).collect()
    }

    /// Takes them all, with the watchers, if there are any; from now on no child comes.
    pub(super) fn take_ties_in(&self, state: &mut State) -> Option<Taken> {
        let parent = self.parent().filter(|_| state.fate.set_child(false));
        let (ties, kin) = (state.ties.take(), self.kin());
        if parent.is_none() && ties.is_none() && kin.is_none() {
            // Most have none.
            return None;
        }
        let Ties { links, watchers, .. } = ties.map(|mut ties| mem::take(&mut *ties)).unwrap_or_default();
        let taken = Taken { parent, watchers, links, kin: kin.map(Kin::end).unwrap_or_default() };
        (!taken.is_empty()).then_some(taken)
    }
}

/// All links that a process had, and its watchers.
#[derive(Default)]
pub(super) struct Taken {
    /// That of the process, if it was linked with it.
    parent: Option<Pid>,
    pub(super) watchers: Watchers,
    links: Links,
    kin: Vec<Pid>,
}

impl Taken {
    fn is_empty(&self) -> bool {
        self.parent.is_none() && self.watchers.is_empty() && self.links.is_empty() && self.kin.is_empty()
    }

    pub(super) fn contains(&self, pid: Pid) -> bool {
        self.parent == Some(pid) || self.links.contains(pid) || self.kin.contains(&pid)
    }

    /// In no order, but the parent last.
    pub(super) fn iter(&self) -> impl Iterator<Item = Pid> {
        self.links.keys().chain(self.kin.iter().copied()).chain(self.parent)
    }
}

/// Sends an exit signal with a reason.
///
/// A process that traps exits gets the message [`Exit`]. Another one ends with that reason, unless it is
/// `Normal`, which is ignored. The dead do not mind. From inside the process itself it takes effect when the
/// process next awaits; [`exit_self`](super::exit_self) ends it on the spot.
///
/// # OTP
///
/// `exit/2`, but for the reason `kill`: that is [`kill`].
#[doc(alias = "exit/2")]
pub fn exit(pid: Pid, reason: ExitReason) {
    send(pid, Signal::Exit, reason);
}

/// Ends a process, whether it traps exits or not. `terminate` does not run; others see the reason `Killed`.
///
/// What runs without awaiting cannot be interrupted: it ends when it next awaits.
///
/// # OTP
///
/// `exit(Pid, kill)`.
#[doc(alias = "exit/2")]
pub fn kill(pid: Pid) {
    send(pid, Signal::Kill, ExitReason::Killed);
}

fn send(pid: Pid, signal: Signal, reason: ExitReason) {
    let Some(to) = node::find(pid) else { return };
    let (from, cause) = match current::pid() {
        Some(me) => (me, current::cause()),
        None => (to.process().node.outside(), None),
    };
    let signal = if signal == Signal::Exit && from == pid { Signal::ExitSelf } else { signal };
    self::signal(Some(&to), signal, from, &reason, cause);
}

/// Sends an exit signal to a process, if it is there; that is an event, caused by `cause`.
pub(crate) fn signal(
    to: Option<&ProcRef>,
    signal: Signal,
    from: Pid,
    reason: &ExitReason,
    cause: Option<EventId>,
) {
    let Some(to) = to else { return };
    let via = if signal == Signal::Link { Via::Link } else { Via::Nothing };
    deliver(to, via, signal, from, reason, cause);
}

/// Sends the signal with which `me` stops a child that does not run; not if it would only be told, because it traps exits.
///
/// Nobody can keep it from ending any more, so it needs no link that would say so. It is not notified: who calls this has
/// its turn. Returns the reason with which it ends: that of the signal that came first.
pub(crate) fn doom_child(
    me: &Process,
    child: &Process,
    kind: Signal,
    reason: &ExitReason,
) -> Option<ExitReason> {
    // Nobody but itself changes that.
    let Effect::Dies(dies_of) = signal::effect(kind, reason, child.traps()) else { return None };
    let node = &child.node;
    let event = node.events.emit(
        || node.clock.now(),
        current::cause(),
        child.pid(),
        || EventKind::Signal { from: me.pid(), signal: kind.into(), reason: reason.clone() },
    );
    let mut its = child.lock();
    child.doom(&mut its, dies_of, event);
    let dies_of = child.reason_in(&its);
    let is_kin = me.kin().is_some_and(|kin| kin.unlink(child.pid()));
    if is_kin {
        child.remove_link_in(&mut its, me.pid());
    }
    drop(its);
    if !is_kin {
        unlink_both(me, child);
    }
    dies_of
}

/// Sends what a link would have sent to a process whose link with its parent came too late: the parent had ended, as a
/// supervisor in whose name others start children, or one whose code runs on because it was given up.
pub(crate) fn signal_orphan(child: &ProcRef, parent: &Process) {
    let reason = parent.reason().unwrap_or(ExitReason::Killed);
    deliver(child, Via::Nothing, Signal::Link, parent.pid(), &reason, parent.cause());
}

/// Sends what a link would send to one who is tied to `from` without a link, as those are who have rows in a registry.
pub(crate) fn signal_tied(to: &ProcRef, from: Pid, reason: &ExitReason, cause: Option<EventId>) {
    deliver(to, Via::Nothing, Signal::Link, from, reason, cause);
}

fn is_linked(process: &ProcRef, peer: Pid) -> bool {
    let process = process.process();
    process.has_link_in(&process.lock(), peer)
}

/// What has to be there for a signal to arrive.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Via {
    Nothing,
    /// A link, which the signal uses up.
    Link,
}

fn deliver(to: &ProcRef, via: Via, kind: Signal, from: Pid, reason: &ExitReason, cause: Option<EventId>) {
    if via == Via::Link && !is_linked(to, from) {
        return;
    }
    let process = to.process();
    let node = &process.node;
    let event = node.events.emit(
        || node.clock.now(),
        cause,
        process.pid(),
        || EventKind::Signal { from, signal: kind.into(), reason: reason.clone() },
    );
    let mut state = process.lock();
    // Race: it was unlinked since we looked. Link and effect go under one lock: once `unlink` has returned, nothing
    // comes that was not there before.
    let linked = via == Via::Link && process.remove_link_in(&mut state, from);
    if (via == Via::Link && !linked) || !state.is_alive() {
        return;
    }
    match signal::effect(kind, reason, state.traps()) {
        Effect::Dropped => {}
        Effect::Message => {
            let trap = state.bonds_if_any().and_then(|bonds| bonds.trap.clone());
            if let Some(trap) = &trap {
                trap.clone().trapped(Exit { from, reason: reason.clone(), cause: Some(event) });
            }
            drop(state);
            // Those who wait for this are woken outside of the lock.
            if process.parent() == Some(from) {
                process.ask_to_end();
            }
        }
        Effect::Dies(reason) => {
            process.doom(&mut state, reason, event);
            drop(state);
            to.clone().notify();
        }
    }
}

/// The processes that are linked to `pid`, in no order; none if it has ended.
#[doc(alias = "process_info/2")]
pub fn links(pid: Pid) -> Vec<Pid> {
    let Some(process) = node::find(pid) else { return Vec::new() };
    let process = process.process();
    process.links_in(&process.lock())
}
