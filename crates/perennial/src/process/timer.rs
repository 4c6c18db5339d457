//! Timers that send a message.

use crate::{
    pid::{Pid, Ref},
    process::{
        block::{ProcRef, Receive},
        node::Node,
    },
};
use std::{sync::Arc, time::Duration};

/// A timer that was set with `send_after`. Dropping it changes nothing: the timer goes on.
///
/// # OTP
///
/// A timer reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timer {
    owner: Pid,
    reference: Ref,
}

impl Timer {
    /// Takes the timer back. Returns the time that was left, or none if it has fired (its message may lie in the
    /// mailbox) or its process has ended.
    #[doc(alias = "erlang:cancel_timer/1")]
    pub fn cancel(self) -> Option<Duration> {
        let process = self.process()?;
        let id = process.process().lock().bonds.as_mut()?.timers.remove(&self.reference)?;
        process.process().node.clock.cancel(id)
    }

    /// The time left, or none if it has fired.
    #[doc(alias = "erlang:read_timer/1")]
    pub fn read(self) -> Option<Duration> {
        let process = self.process()?;
        let id = *process.process().lock().bonds.as_mut()?.timers.get(&self.reference)?;
        process.process().node.clock.left(id)
    }

    fn process(self) -> Option<ProcRef> {
        Node::of(self.owner)?.process(self.owner)
    }
}

/// Sends `message` to `to` after `delay`. The timer goes when the receiver ends.
pub(crate) fn send_after<M: Send + 'static>(to: Arc<dyn Receive<M>>, delay: Duration, message: M) -> Timer {
    let reference = Ref::new();
    let timer = Timer { owner: to.process().pid, reference };
    let receiver = to.clone();
    arm(to.process(), reference, delay, move || {
        // An error says that the receiver has ended.
        let _ = receiver.receive(message);
    });
    timer
}

/// Sends a message from `make` every `period`, first after one `period`.
pub(crate) fn send_interval<M: Send + 'static>(
    to: Arc<dyn Receive<M>>,
    period: Duration,
    make: impl Fn() -> M + Send + Sync + 'static,
) -> Timer {
    let reference = Ref::new();
    let timer = Timer { owner: to.process().pid, reference };
    tick(to, reference, period, Arc::new(make));
    timer
}

fn tick<M: Send + 'static>(
    to: Arc<dyn Receive<M>>,
    reference: Ref,
    period: Duration,
    make: Arc<dyn Fn() -> M + Send + Sync>,
) {
    let receiver = to.clone();
    arm(to.process(), reference, period, move || {
        let message = make();
        if receiver.receive(message).is_ok() {
            tick(receiver, reference, period, make);
        }
    });
}

/// Schedules `fire` as a timer of `process`.
fn arm(
    process: &super::block::Process,
    reference: Ref,
    delay: Duration,
    fire: impl FnOnce() + Send + 'static,
) {
    let (node, pid) = (process.node.clone(), process.pid);
    let mut state = process.lock();
    if !state.can_bond() {
        return;
    }
    // Scheduled under the lock, so that a timer that fires at once finds its entry and takes it out. Lock order:
    // process, then clock; the clock fires without its lock.
    let id = process.node.clock.schedule(delay, move || {
        if let Some(process) = node.process(pid)
            && let Some(bonds) = &mut process.process().lock().bonds
        {
            bonds.timers.remove(&reference);
        }
        fire();
    });
    state.bonds().timers.insert(reference, id);
}
