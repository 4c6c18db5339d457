//! What OTP delivers as tuples: messages with types.

use crate::{
    exit_reason::ExitReason,
    pid::{Pid, Ref},
    process::events::EventId,
};
use std::sync::Arc;

/// An exit signal, as a process that traps exits receives it: `{'EXIT', From, Reason}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// The linked process that ended, or who sent the signal.
    pub from: Pid,
    /// Why.
    pub reason: ExitReason,
    pub(crate) cause: Option<EventId>,
}

impl Exit {
    /// The event that caused it.
    pub fn cause(&self) -> Option<EventId> {
        self.cause
    }
}

/// The end of a monitored process: `{'DOWN', Ref, process, Pid, Reason}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Down {
    /// Which monitor.
    pub monitor: Ref,
    /// The process, or nobody if it was monitored by a name that nobody had.
    pub pid: Option<Pid>,
    /// The name, if it was monitored by name.
    pub name: Option<Arc<str>>,
    /// Why it ended; [`NoProc`](ExitReason::NoProc) if it was gone already.
    pub reason: ExitReason,
    pub(crate) cause: Option<EventId>,
}

/// No message arrived in the time that a callback asked for with `cx.timeout`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeout;
