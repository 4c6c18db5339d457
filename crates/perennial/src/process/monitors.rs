//! Monitors: one process, or a future, is told of the end of another.

use crate::{
    exit_reason::ExitReason,
    pid::{Pid, Ref},
    process::{
        block::{ProcRef, Receive},
        last_acts,
        messages::Down,
        node,
        watchers::Watcher,
    },
};
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::sync::oneshot;

/// Waits for the end of a process; ready at once, with the reason `NoProc`, if it has ended.
///
/// Works in a process, in a plain task and with any runtime. A server that wants the `Down` as a message uses
/// [`Cx::monitor`](crate::gen_server::Cx::monitor).
///
/// # Cancel safety
///
/// Dropping the future removes the monitor.
///
/// # Examples
///
/// ```
/// # #[perennial::main] async fn main() {
/// use perennial::{exit_reason::ExitReason, process};
/// let pid = process::spawn(|_: process::Inbox<()>| std::future::pending::<()>());
/// let ended = process::monitor(pid);
/// process::exit(pid, ExitReason::Shutdown);
/// assert_eq!(ended.await.reason, ExitReason::Shutdown);
/// # }
/// ```
#[doc(alias = "monitor/2")]
pub fn monitor(pid: Pid) -> Monitor {
    let (sender, receiver) = oneshot::channel();
    let monitor = Ref::new();
    watch(node::find(pid), pid, monitor, Watcher::Future(sender));
    Monitor { pid, monitor, receiver }
}

/// A monitor as a future: [`monitor`].
#[derive(Debug)]
pub struct Monitor {
    pid: Pid,
    monitor: Ref,
    receiver: oneshot::Receiver<Down>,
}

impl Future for Monitor {
    type Output = Down;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Down> {
        let (monitor, pid) = (self.monitor, self.pid);
        Pin::new(&mut self.receiver).poll(cx).map(|down| {
            // The sender goes unused only with the whole node.
            down.unwrap_or(Down {
                monitor,
                pid: Some(pid),
                name: None,
                reason: ExitReason::Killed,
                cause: None,
            })
        })
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        forget(self.pid, self.monitor);
    }
}

/// Has process `me` watch `target`; the `Down` goes to its mailbox.
pub(crate) fn watch_as(
    me: &ProcRef,
    to: Arc<dyn Receive<Down>>,
    target: Option<ProcRef>,
    pid: Option<Pid>,
    name: Option<Arc<str>>,
) -> Ref {
    let monitor = Ref::new();
    let outside = me.process().node.outside();
    let pid = pid.unwrap_or(outside);
    {
        let mut state = me.process().lock();
        // One that has ended is told nothing, and would never take it back.
        if !state.is_alive() {
            return monitor;
        }
        // Our side first, see the invariants of a block.
        state.bonds().watching.insert(monitor, pid);
    }
    watch(target, pid, monitor, Watcher::Process { to, name });
    // Race: one that was given up, which takes a kill, may have done its last acts in between. Nobody else takes back
    // what came after them.
    if me.process().is_doomed() && !me.process().lock().is_alive() {
        forget(pid, monitor);
    }
    monitor
}

/// Hangs the watcher on the target, or tells it at once that there is nobody.
fn watch(target: Option<ProcRef>, pid: Pid, monitor: Ref, watcher: Watcher) {
    if let Some(target) = target {
        let mut state = target.process().lock();
        if state.can_bond() {
            state.ties().watchers.insert(monitor, watcher);
            return;
        }
    }
    let pid = (pid.serial != 0).then_some(pid);
    last_acts::tell(watcher, Down { monitor, pid, name: None, reason: ExitReason::NoProc, cause: None });
}

/// Removes a monitor from the monitored.
fn forget(pid: Pid, monitor: Ref) -> bool {
    let Some(target) = node::find(pid) else { return false };
    let mut state = target.process().lock();
    let watcher = state.ties.as_mut().and_then(|ties| ties.watchers.remove(monitor));
    drop(state);
    watcher.is_some()
}

/// Removes a monitor of process `me`; false if its `Down` was delivered, or if there was no such monitor. A `Down`
/// in the mailbox stays there.
pub(crate) fn demonitor(me: &ProcRef, monitor: Ref) -> bool {
    let pid = me.process().lock().bonds_if_any_mut().and_then(|bonds| bonds.watching.remove(&monitor));
    let Some(pid) = pid else { return false };
    forget(pid, monitor);
    true
}
