//! What few processes have, or have much of: who waits for one, what it watches, and how it is to end.

use crate::{
    clock::TimerId,
    exit_reason::{CallError, ExitReason},
    pid::{Pid, Ref},
    process::block::Trap,
};
use rustc_hash::FxHashMap;
use std::{sync::Arc, task::Waker};

/// What few processes have, or have much of; see [`Ties`](super::ties::Ties) for what many have.
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

/// A caller that waits for a deferred reply.
pub(crate) trait Settle: Send + Sync {
    fn settle(self: Box<Self>, error: CallError);
}
