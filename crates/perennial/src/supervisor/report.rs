//! Supervisor reports, in OTP's vocabulary, as `tracing` events of the target `perennial::supervisor`.
//!
//! | context | level | when |
//! |---|---|---|
//! | `child_terminated` | error | a child ended abnormally, or it is permanent |
//! | `start_error` | error | a child could not be started |
//! | `shutdown_error` | error | a child that was told to stop ended with another reason |
//! | `shutdown` | error | too many restarts: the supervisor stops |
//! | `progress` | info | a child was started |

use crate::pid::Pid;
use std::fmt::{Debug, Display};

/// Who reports.
#[derive(Clone, Copy)]
pub(crate) struct Reporter {
    pub(crate) supervisor: Pid,
}

impl Reporter {
    pub(crate) fn child_terminated(self, id: &dyn Debug, pid: Option<Pid>, reason: &dyn Display) {
        self.error("child_terminated", id, pid, reason);
    }

    pub(crate) fn start_error(self, id: &dyn Debug, pid: Option<Pid>, reason: &dyn Display) {
        self.error("start_error", id, pid, reason);
    }

    pub(crate) fn shutdown_error(self, id: &dyn Debug, pid: Option<Pid>, reason: &dyn Display) {
        self.error("shutdown_error", id, pid, reason);
    }

    pub(crate) fn shutdown(self, id: &dyn Debug, pid: Option<Pid>) {
        self.error("shutdown", id, pid, &"reached_max_restart_intensity");
    }

    pub(crate) fn progress(self, id: &dyn Debug, pid: Pid) {
        let supervisor = self.supervisor;
        tracing::info!(target: "perennial::supervisor", context = "progress", %supervisor, child_id = ?id, child_pid = %pid, "child started");
    }

    fn error(self, context: &'static str, id: &dyn Debug, pid: Option<Pid>, reason: &dyn Display) {
        let supervisor = self.supervisor;
        tracing::error!(target: "perennial::supervisor", context, %supervisor, child_id = ?id, child_pid = ?pid, %reason, "supervisor report");
    }
}
