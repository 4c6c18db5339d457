//! An operation as a message: whoever receives it runs it, and is then its caller, owner, sender, linker.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use perennial::gen_server::Cx;
use perennial::pid::{Pid, Ref};
use perennial::process::{self, Inbox, Recipient};
use tokio::sync::oneshot;

use super::bare::BareMessage;
use super::lab::{Kind, Lab};
use super::ops;
use super::probe::Probe;
use crate::mapping;
use crate::observation::Outcome;
use crate::reason::Reason;
use crate::scenario::Op;

/// An operation to run.
#[derive(Debug)]
pub(crate) struct Exec {
    op: Arc<Op>,
    answer: oneshot::Sender<Option<Outcome>>,
}

/// What a process can do to itself only, and does differently as a server and as a bare process.
pub(crate) trait Me: Send {
    /// Has the end of a process come as a message.
    fn monitor(&mut self, pid: Pid) -> Ref;
    /// Has the end of whoever has the name come as a message.
    fn monitor_name(&mut self, name: &str) -> Ref;
    /// Removes a monitor; false if it was not there any more.
    fn demonitor(&mut self, monitor: Ref) -> bool;
    /// Switches the trapping of exits; returns what it was before.
    fn trap_exit(&mut self, trap: bool) -> bool;
}

impl Exec {
    /// Runs the operation as the current process, which is `me`, and answers.
    pub(crate) fn run<'a>(self, me: &'a mut dyn Me, lab: &'a Lab) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let outcome = ops::perform(&self.op, me, lab).await;
            // An error says that nobody waits for it.
            let _ = self.answer.send(outcome);
        })
    }
}

/// Has a process run an operation, and waits for the result. One that ends in the middle of it has the result
/// `{"exit": reason}`.
pub(crate) async fn run_as(pid: Pid, kind: Kind, op: Arc<Op>, lab: &Lab) -> Option<Outcome> {
    let ended = process::monitor(pid);
    let (answer, outcome) = oneshot::channel();
    let exec = Exec { op, answer };
    let sent = match kind {
        Kind::Probe => pid.server::<Probe>().map(|server| server.recipient().send(exec).is_ok()),
        Kind::Bare => {
            process::recipient(pid).map(|it: Recipient<_>| it.send(BareMessage::Exec(exec)).is_ok())
        }
        Kind::Supervisor(_) | Kind::Agent | Kind::Registry => {
            lab.trouble("only servers and bare processes run operations");
            None
        }
    };
    if sent != Some(true) {
        return Some(Outcome::exit(Reason::NoProc));
    }
    match outcome.await {
        Ok(outcome) => outcome,
        Err(_) => Some(Outcome::exit(mapping::reason(&ended.await.reason, lab))),
    }
}

impl Me for Cx<Probe> {
    fn monitor(&mut self, pid: Pid) -> Ref {
        Self::monitor(self, pid)
    }
    fn monitor_name(&mut self, name: &str) -> Ref {
        Self::monitor_name(self, name)
    }
    fn demonitor(&mut self, monitor: Ref) -> bool {
        Self::demonitor(self, monitor)
    }
    fn trap_exit(&mut self, trap: bool) -> bool {
        self.set_trap_exit(trap)
    }
}

impl Me for Inbox<BareMessage> {
    fn monitor(&mut self, pid: Pid) -> Ref {
        Self::monitor(self, pid)
    }
    fn monitor_name(&mut self, name: &str) -> Ref {
        Self::monitor_name(self, name)
    }
    fn demonitor(&mut self, monitor: Ref) -> bool {
        Self::demonitor(self, monitor)
    }
    fn trap_exit(&mut self, trap: bool) -> bool {
        Self::trap_exit(self, trap)
    }
}
