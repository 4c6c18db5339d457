//! What an exit signal does: a pure rule.

use crate::exit_reason::ExitReason;

/// How an exit signal came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// [`kill`](crate::process::kill): cannot be trapped.
    Kill,
    /// [`exit`](crate::process::exit) from another process.
    Exit,
    /// [`exit`](crate::process::exit) to oneself.
    ExitSelf,
    /// A linked process ended.
    Link,
}

/// What becomes of it at the receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing.
    Dropped,
    /// It is put into the mailbox as an [`Exit`](crate::process::Exit).
    Message,
    /// The receiver ends with this reason.
    Dies(ExitReason),
}

/// The rule of exit signals.
///
/// | signal | reason | traps | does not trap |
/// |---|---|---|---|
/// | kill | – | dies: killed | dies: killed |
/// | exit or link | normal | message | dropped |
/// | exit to oneself | normal | message | dies: normal |
/// | any but kill | any other | message | dies with it |
pub(crate) fn effect(signal: Signal, reason: &ExitReason, traps: bool) -> Effect {
    match signal {
        Signal::Kill => Effect::Dies(ExitReason::Killed),
        _ if traps => Effect::Message,
        Signal::Exit | Signal::Link if reason.is_normal() => Effect::Dropped,
        Signal::Exit | Signal::Link | Signal::ExitSelf => Effect::Dies(reason.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Effect::*, Signal::*, *};

    #[test]
    fn the_table_of_exit_signals() {
        let boom = || ExitReason::other("boom");
        let table = [
            (Kill, ExitReason::Normal, true, Dies(ExitReason::Killed)),
            (Kill, boom(), false, Dies(ExitReason::Killed)),
            (Exit, ExitReason::Normal, false, Dropped),
            (Exit, ExitReason::Normal, true, Message),
            (Link, ExitReason::Normal, false, Dropped),
            (Link, ExitReason::Normal, true, Message),
            (ExitSelf, ExitReason::Normal, false, Dies(ExitReason::Normal)),
            (ExitSelf, ExitReason::Normal, true, Message),
            (Exit, boom(), false, Dies(boom())),
            (Exit, boom(), true, Message),
            (Link, ExitReason::Killed, false, Dies(ExitReason::Killed)),
            (Link, ExitReason::Killed, true, Message),
            // A *reason* kill is a reason like any other.
            (Link, ExitReason::other("kill"), true, Message),
            (Exit, ExitReason::Shutdown, false, Dies(ExitReason::Shutdown)),
        ];
        for (signal, reason, traps, expected) in table {
            assert_eq!(effect(signal, &reason, traps), expected, "{signal:?} {reason:?} {traps}");
        }
    }
}
