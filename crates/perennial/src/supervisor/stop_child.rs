//! Stopping one child, in the three ways of its specification.

use crate::{
    child_spec::{Restart, Shutdown},
    exit_reason::ExitReason,
    pid::Pid,
    process::{self, current, links, node, signal::Signal, state::Process, time},
};

/// Stops a child of the current process and waits for its end. Returns the reason that others see.
///
/// The link is kept until the child has ended: should the supervisor be killed meanwhile, the child goes too.
/// An `Exit` of the child that is already in the mailbox need not be taken out, because no pid is used twice and
/// one that is not listed is ignored.
///
/// # Cancel safety
///
/// If the future is dropped the child has been told to stop and nobody waits.
pub(crate) async fn stop_child(pid: Pid, shutdown: Shutdown) -> ExitReason {
    if let Some(me) = current::process()
        && let Some(reason) = stop_at_once(me.process(), pid, shutdown)
    {
        return reason;
    }
    let Some(child) = node::find(pid) else { return ExitReason::NoProc };
    let clock = child.process().node.clock.clone();
    let down = process::monitor(pid);
    let reason = match shutdown {
        Shutdown::BrutalKill => node::kill_stuck(&child, &clock).await,
        Shutdown::Infinity => {
            links::exit(pid, ExitReason::Shutdown);
            down.await.reason
        }
        Shutdown::Timeout(limit) => {
            links::exit(pid, ExitReason::Shutdown);
            match time::timeout_on(&clock, limit, down).await {
                Some(down) => down.reason,
                None => node::kill_stuck(&child, &clock).await,
            }
        }
    };
    if let Some(me) = current::process() {
        links::unlink_from(&me, pid);
    }
    reason
}

/// Stops a child of the current process here and now, if it is idle and the signal for that is deadly; or finds that it
/// has ended.
///
/// That spares the wake-up, the turn, a monitor and a time-out: a process that is to die and that nobody polls can be
/// ended by anybody.
pub(crate) fn stop_at_once(supervisor: &Process, pid: Pid, shutdown: Shutdown) -> Option<ExitReason> {
    let Some(child) = supervisor.node.process(pid) else { return Some(ExitReason::NoProc) };
    let (signal, reason) = match shutdown {
        Shutdown::BrutalKill => (Signal::Kill, ExitReason::Killed),
        Shutdown::Timeout(_) | Shutdown::Infinity => (Signal::Exit, ExitReason::Shutdown),
    };
    child.end_if_idle(&mut |child| links::doom_child(supervisor, child, signal, &reason))
}

/// Whether the end of a child that was being stopped is worth a report.
///
/// | stopped by | nothing to report |
/// |---|---|
/// | brutal kill | killed |
/// | shutdown | shutdown; and, unless it is permanent, normal or shutdown with a value |
pub(crate) fn is_shutdown_error(shutdown: Shutdown, restart: Restart, reason: &ExitReason) -> bool {
    match (shutdown, reason) {
        // It had ended before it was told to, and its own report was made then.
        (_, ExitReason::NoProc) => false,
        (Shutdown::BrutalKill, reason) => *reason != ExitReason::Killed,
        (_, ExitReason::Shutdown) => false,
        (_, reason) => restart == Restart::Permanent || !reason.is_clean(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reported_of_a_child_that_was_stopped() {
        let soft = Shutdown::Infinity;
        let table = [
            (Shutdown::BrutalKill, Restart::Permanent, ExitReason::Killed, false),
            (Shutdown::BrutalKill, Restart::Temporary, ExitReason::Normal, true),
            (soft, Restart::Permanent, ExitReason::Shutdown, false),
            (soft, Restart::Permanent, ExitReason::Normal, true),
            (soft, Restart::Transient, ExitReason::Normal, false),
            (soft, Restart::Permanent, ExitReason::shutdown_with(1), true),
            (soft, Restart::Temporary, ExitReason::shutdown_with(1), false),
            (soft, Restart::Temporary, ExitReason::Killed, true),
        ];
        for (shutdown, restart, reason, expected) in table {
            assert_eq!(
                is_shutdown_error(shutdown, restart, &reason),
                expected,
                "{shutdown:?} {restart:?} {reason:?}"
            );
        }
    }
}
