//! Timers that send a message.

use crate::{
    pid::{Pid, Ref},
    process::{
        block::{ProcRef, Receive},
        node, panics,
        state::{Process, State},
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
        let id = process.process().lock().bonds_if_any_mut()?.timers.remove(&self.reference)?;
        // Race: it may be firing; then it finds that it was taken back.
        process.process().node.clock.cancel(id)
    }

    /// The time left, or none if it has fired.
    #[doc(alias = "erlang:read_timer/1")]
    pub fn read(self) -> Option<Duration> {
        let process = self.process()?;
        let id = *process.process().lock().bonds_if_any_mut()?.timers.get(&self.reference)?;
        process.process().node.clock.left(id)
    }

    fn process(self) -> Option<ProcRef> {
        node::find(self.owner)
    }
}

/// Sends `message` to `to` after `delay`. The timer goes when the receiver ends.
pub(crate) fn send_after<M: Send + 'static>(to: Arc<dyn Receive<M>>, delay: Duration, message: M) -> Timer {
    let reference = Ref::new();
    let receiver = to.clone();
    let fire = move || {
        let unsent = {
            let mut state = receiver.process().lock();
            let armed =
                state.bonds_if_any_mut().is_some_and(|bonds| bonds.timers.remove(&reference).is_some());
            if armed && state.is_alive() { receiver.clone().receive(message).err() } else { Some(message) }
        };
        drop(unsent);
    };
    let process = to.process();
    let mut state = process.lock();
    if state.is_alive() {
        let due = process.now().saturating_add(delay);
        arm(process, &mut state, reference, due, fire);
    }
    drop(state);
    Timer { owner: process.pid(), reference }
}

/// Sends a message from `make` every `period`, first after one `period`. Beats that are missed are left out.
#[track_caller]
pub(crate) fn send_interval<M: Send + 'static>(
    to: Arc<dyn Receive<M>>,
    period: Duration,
    make: impl FnMut() -> M + Send + 'static,
) -> Timer {
    assert!(!period.is_zero(), "an interval with a period of zero");
    let reference = Ref::new();
    let due = to.process().now().saturating_add(period);
    let interval = Interval { to: to.clone(), reference, period, due, make: Box::new(make) };
    let process = to.process();
    let mut state = process.lock();
    if state.is_alive() {
        arm(process, &mut state, reference, due, move || interval.beat());
    }
    drop(state);
    Timer { owner: process.pid(), reference }
}

/// An interval between two beats. Its entry stays in the table of its process while it fires, so that it can be
/// cancelled at any time.
struct Interval<M> {
    to: Arc<dyn Receive<M>>,
    reference: Ref,
    period: Duration,
    due: Duration,
    make: Box<dyn FnMut() -> M + Send>,
}

impl<M: Send + 'static> Interval<M> {
    fn beat(mut self) {
        // User code, outside of the lock.
        let message = match panics::catch(&mut self.make) {
            Ok(message) => message,
            Err(reason) => {
                let pid = self.to.process().pid();
                tracing::error!(target: "perennial", %pid, %reason, "the message of an interval panicked");
                if let Some(bonds) = self.to.process().lock().bonds_if_any_mut() {
                    bonds.timers.remove(&self.reference);
                }
                return;
            }
        };
        let (to, reference) = (self.to.clone(), self.reference);
        let late = to.process().now().saturating_sub(self.due);
        let missed = u32::try_from(late.as_nanos() / self.period.as_nanos()).unwrap_or(u32::MAX);
        self.due = self.due.saturating_add(self.period.saturating_mul(missed.saturating_add(1)));
        let left = {
            let mut state = to.process().lock();
            let armed = state.bonds_if_any().is_some_and(|bonds| bonds.timers.contains_key(&reference));
            if !armed || !state.is_alive() {
                Some((self, message))
            } else if let Err(message) = to.clone().receive(message) {
                Some((self, message))
            } else {
                arm(to.process(), &mut state, reference, self.due, move || self.beat());
                None
            }
        };
        drop(left);
    }
}

/// Schedules `fire` as a timer of `process`, whose lock is held, so that a timer that fires at once finds its entry.
/// Lock order: process, then clock; the clock fires without its lock.
fn arm(
    process: &Process,
    state: &mut State,
    reference: Ref,
    due: Duration,
    fire: impl FnOnce() + Send + 'static,
) {
    let id = process.node.clock.schedule_at(due, fire);
    state.bonds().timers.insert(reference, id);
}
