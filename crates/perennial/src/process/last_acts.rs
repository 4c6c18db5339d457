//! What a process does last, in one function and in one order.
//!
//! # Order of events
//!
//! 1. The reason is fixed: from now on it is not alive. (`terminate` has run before.)
//! 2. Its body is dropped: handler, state, what it had taken out of the mailbox.
//! 3. The mailbox is closed and dropped.
//! 4. Names, registry rows and places in groups are released, timers that would have sent to it are gone.
//! 5. It leaves the process table.
//! 6. Callers that wait are told the reason.
//! 7. The reply of `stop_reply` is sent, unless a deadly signal came first.
//! 8. Those who monitor it are told.
//! 9. Those who are linked to it are told, then those who are tied to it otherwise: the registrants of a registry.
//! 10. Who started it, and still waits for that, is told.
//!
//! So one who hears of an end finds the names free and the process gone, and what starts next finds nothing of what
//! was before.
//!
//! Whatever may run code of a user (a `Drop`, a waker, a subscriber of `tracing`) runs by itself under
//! [`panics::call_quietly`]: a panic there is logged, and the acts go on.

use crate::{
    exit_reason::{CallError, ExitReason},
    pid::Pid,
    process::{
        block::Proc,
        bonds::{Bonds, Crash, Started},
        events::{EventId, EventKind},
        fate::Phase,
        holdings::Tied,
        links::{self, Taken},
        messages::Down,
        panics,
        signal::Signal,
        watchers::{Watcher, Watchers},
    },
};
use std::mem;

/// Ends `process` with `reason`, or with that of the signal that doomed it. `drop_body` drops what it ran.
///
/// Also called for a process that is stuck, with a `drop_body` that does nothing; when that one's poll returns at
/// last it finds that all is done and drops its body.
pub(crate) fn last_acts(block: &dyn Proc, reason: ExitReason, drop_body: &mut dyn FnMut()) {
    let process = block.process();
    let node = &process.node;
    let Some(Fixed { reason, cause, has_some }) = fix_reason(block, reason) else {
        panics::call_quietly(drop_body);
        return;
    };
    let exit = node.events.emit(
        || node.clock.now(),
        cause,
        process.pid(),
        || EventKind::Exit { reason: reason.clone() },
    );
    process.set_cause(Some(exit));

    panics::call_quietly(drop_body);
    block.close();
    let mut tied = if has_some { release(block) } else { Vec::new() };
    // First, so that who is told finds it gone; who has found it before can still bond, and is told with the others.
    node.table.remove(process.pid());
    let Some((mut bonds, mut ties)) = take_bonds(block, !tied.is_empty()) else { return };
    if let Some(bonds) = &mut bonds {
        // Before anybody is told: who hears of the end finds none of its monitors.
        for (monitor, target) in mem::take(&mut bonds.watching) {
            if let Some(target) = node.process(target)
                && let Some(ties) = &mut target.process().lock().ties
            {
                ties.watchers.remove(monitor);
            }
        }
        settle_callers(bonds, &reason);
    }
    tell_watchers(process.pid(), mem::take(&mut ties.watchers), &reason, exit);
    // One who is linked to it besides is not told twice.
    tied.iter_mut().for_each(|tied| tied.processes.retain(|to| !ties.contains(to.process().pid())));
    // Who started it comes last: it may start another one at once, which is not to meet those that this one has started.
    for peer in ties.iter() {
        let peer = node.process(peer);
        panics::call_quietly(|| {
            links::signal(peer.as_ref(), Signal::Link, process.pid(), &reason, Some(exit));
        });
    }
    for Tied { processes, reason } in tied {
        for to in processes {
            panics::call_quietly(|| links::signal_tied(&to, process.pid(), &reason, Some(exit)));
        }
    }
    let (starter, outcome) = bonds.map_or((None, None), |bonds| (bonds.starter, bonds.outcome));
    let (starter, late) = {
        let mut state = process.lock();
        state.fate.set_phase(Phase::Gone);
        // Race: the one who started it has come to wait only now, or will look for the outcome later.
        let mut late = state.ties.take();
        let starter = starter.or_else(|| late.as_mut()?.bonds.as_mut()?.starter.take());
        if starter.is_none() && outcome.is_some() {
            state.bonds().outcome = outcome.clone();
        }
        (starter, late)
    };
    drop(late);
    if let Some(starter) = starter {
        panics::call_quietly(|| starter(outcome.unwrap_or(Started::Exit(reason))));
    }
}

/// What is known from step 1 on.
struct Fixed {
    reason: ExitReason,
    cause: Option<EventId>,
    /// Whether there may be something to be released: from now on nothing of that comes.
    has_some: bool,
}

/// Step 1. None if somebody else has done this already.
fn fix_reason(block: &dyn Proc, reason: ExitReason) -> Option<Fixed> {
    let process = block.process();
    let mut state = process.lock();
    if !state.is_alive() {
        return None;
    }
    // Race: a deadly signal and a body that returns. If the signal came first the body's reason is void, as the
    // process was dead by then.
    let (reason, cause, by_itself) = match process.reason_in(&state) {
        Some(doom) => (doom, state.fate.signal(), false),
        None => {
            process.set_reason(&mut state, reason.clone());
            (reason, process.cause(), true)
        }
    };
    // Who dies of a signal while it stops does not live to reply; the caller gets the reason in step 6.
    let unsent =
        if by_itself { None } else { state.bonds_if_any_mut().and_then(|bonds| bonds.last_reply.take()) };
    process.set_ending(&mut state);
    let label = state
        .bonds_if_any()
        .and_then(|bonds| bonds.label.clone().or(bonds.name.as_ref().map(ToString::to_string)));
    let crash = state.bonds_if_any_mut().and_then(|bonds| bonds.crash.take());
    let has_some = state.ties.is_some();
    drop(state);
    panics::drop_quietly(unsent);
    // Who dies of a signal leaves it to others to say so: the crash was elsewhere, or was asked for.
    if by_itself && !reason.is_clean() {
        let (pid, behaviour) = (process.pid(), block.behaviour());
        let Crash { state, log } = crash.map(|crash| *crash).unwrap_or_default();
        let report = || {
            tracing::error!(target: "perennial", %pid, behaviour, label, %reason, state, log, "process crashed");
        };
        panics::call_quietly(report);
    }
    Some(Fixed { reason, cause, has_some })
}

/// Step 4. Returns who is to be told in step 9 besides those who are linked.
fn release(block: &dyn Proc) -> Vec<Tied> {
    let process = block.process();
    let (held, name, timers) = {
        let mut state = process.lock();
        let held = state.ties.as_mut().map(|ties| mem::take(&mut ties.held)).unwrap_or_default();
        let bonds = state.bonds_if_any_mut().map(|bonds| (bonds.name.take(), mem::take(&mut bonds.timers)));
        let (name, timers) = bonds.unwrap_or_default();
        (held, name, timers)
    };
    if let Some(name) = name {
        process.node.names.release(&name, process.pid());
    }
    let mut tied = Vec::new();
    for held in held.into_iter() {
        panics::call_quietly(|| tied.extend(held.release(process.pid())));
        panics::drop_quietly(held);
    }
    for timer in timers.into_values() {
        // Its message is dropped.
        panics::call_quietly(|| {
            process.node.clock.cancel(timer);
        });
    }
    tied
}

/// Takes what steps 6 to 10 tell; who bonds from now on finds nobody. None if there is nobody to be told, also not
/// because they are `tied` to it: then all is done.
fn take_bonds(block: &dyn Proc, tied: bool) -> Option<(Option<Box<Bonds>>, Taken)> {
    let mut state = block.process().lock();
    // In this order: the bonds are among the ties, of which the rest is dropped under the lock.
    let bonds = state.take_bonds();
    let ties = block.process().take_ties_in(&mut state);
    let nobody = bonds.is_none() && ties.is_none() && !tied;
    state.fate.set_phase(if nobody { Phase::Gone } else { Phase::Told });
    drop(state);
    if nobody {
        return None;
    }
    if let Some(Bonds { asked_to_end: Some(waiting), .. }) = bonds.as_deref() {
        panics::call_quietly(|| waiting.notify_waiters());
    }
    Some((bonds, ties.unwrap_or_default()))
}

/// Steps 6 and 7.
fn settle_callers(bonds: &mut Bonds, reason: &ExitReason) {
    let callers = mem::take(&mut bonds.callers).into_values();
    for caller in callers.chain(mem::take(&mut bonds.unsettled)) {
        panics::call_quietly(|| caller.settle(CallError::Exit(reason.clone())));
    }
    if let Some(reply) = bonds.last_reply.take() {
        panics::call_quietly(reply);
    }
}

/// Step 8.
fn tell_watchers(pid: Pid, watchers: Watchers, reason: &ExitReason, exit: EventId) {
    for (monitor, watcher) in watchers {
        let down = Down { monitor, pid: Some(pid), name: None, reason: reason.clone(), cause: Some(exit) };
        panics::call_quietly(|| tell(watcher, down));
    }
}

/// Delivers a `Down`, unless the monitor was taken back meanwhile.
pub(crate) fn tell(watcher: Watcher, mut down: Down) {
    match watcher {
        Watcher::Process { to, name } => {
            down.name = name;
            let unsent = {
                let mut state = to.process().lock();
                let watching = state
                    .bonds_if_any_mut()
                    .is_some_and(|bonds| bonds.watching.remove(&down.monitor).is_some());
                if watching && state.is_alive() { to.clone().receive(down).err() } else { Some(down) }
            };
            drop(unsent);
        }
        // An error says that nobody waits any more.
        Watcher::Future(sender) => drop(sender.send(down)),
    }
}
