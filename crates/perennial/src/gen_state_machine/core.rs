//! What a state machine still has to do before it looks into its mailbox: a plain value, without a process.
//!
//! It holds the events that were inserted or are replayed, the events that are postponed, and the time-outs.
//!
//! # Order of one transition
//!
//! A callback has run, and so has the call that enters the new state, if there is one. What both asked for is in
//! [`Actions`], in the order in which it was asked for.
//!
//! 1. What was postponed is put behind what is postponed already.
//! 2. If the state changed, all that is postponed is put before what still waits, oldest first.
//! 3. Inserted events are put before all that.
//! 4. The event time-out is cancelled; if the state changed, the state time-out is too.
//! 5. Time-outs are set, updated and cancelled; of several for one kind the last counts.
//!
//! Then comes the first event that waits; if none does, the first time-out of zero; then the mailbox.

use crate::gen_state_machine::timeouts::{Kind, Order, Set, Timeouts};
use std::{collections::VecDeque, hash::Hash, mem};

/// What callbacks have asked for since the last transition.
pub(crate) struct Actions<K, E> {
    pub(crate) postponed: Vec<E>,
    pub(crate) next_events: Vec<E>,
    pub(crate) timeouts: Vec<(Kind<K>, Set<E>)>,
}

impl<K, E> Default for Actions<K, E> {
    fn default() -> Self {
        Self { postponed: Vec::new(), next_events: Vec::new(), timeouts: Vec::new() }
    }
}

/// Events are of type `E`; `K` are the names of time-outs.
///
/// None of its queues has a bound: each event in them was put there by a callback of the machine itself.
pub(crate) struct Core<K, E> {
    /// Inserted or replayed, the next one first.
    waiting: VecDeque<E>,
    /// The oldest first.
    postponed: Vec<E>,
    timeouts: Timeouts<K, E>,
}

impl<K: Clone + Eq + Hash, E> Core<K, E> {
    pub(crate) fn new() -> Self {
        Self { waiting: VecDeque::new(), postponed: Vec::new(), timeouts: Timeouts::new() }
    }

    /// Closes a transition. Returns what is to be done with real timers.
    pub(crate) fn transition(&mut self, changed: bool, actions: Actions<K, E>) -> Vec<Order<K>> {
        self.postponed.extend(actions.postponed);
        if changed {
            put_before(mem::take(&mut self.postponed), &mut self.waiting);
        }
        put_before(actions.next_events, &mut self.waiting);

        let mut orders = Vec::new();
        orders.extend(self.timeouts.cancel(&Kind::Event));
        if changed {
            orders.extend(self.timeouts.cancel(&Kind::State));
        }
        self.timeouts.set_all(actions.timeouts, &mut orders);
        orders
    }

    /// What is to be handled before the mailbox.
    pub(crate) fn next(&mut self) -> Option<E> {
        self.waiting.pop_front().or_else(|| self.timeouts.next_of_zero())
    }

    /// A real timer has fired: its event is the next one. It is none if its time-out was cancelled or set again since.
    pub(crate) fn fired(&mut self, kind: &Kind<K>, number: u64) {
        if let Some(event) = self.timeouts.fired(kind, number) {
            self.waiting.push_front(event);
        }
    }
}

fn put_before<E>(events: Vec<E>, queue: &mut VecDeque<E>) {
    for event in events.into_iter().rev() {
        queue.push_front(event);
    }
}

#[cfg(test)]
mod tests;
