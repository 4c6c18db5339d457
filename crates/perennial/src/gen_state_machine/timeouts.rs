//! The time-outs of a state machine: one event time-out, one state time-out, and one for each name.
//!
//! A plain value: what is to be done with real timers comes out as [`Order`]s, and what they do comes in with
//! [`fired`](Timeouts::fired).
//!
//! # Invariants
//!
//! 1. A time-out runs on the timer with its number, or is of zero and in `zeros`, never both.
//! 2. A number is used once. So a timer that has fired, and whose message is on its way while its time-out is
//!    cancelled or set again, is told from the one that counts.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    hash::Hash,
    time::Duration,
};

/// Which time-out: of each there is at most one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind<K> {
    /// Cancelled by any event.
    Event,
    /// Cancelled by a change of state.
    State,
    /// Cancelled by hand only.
    Named(K),
}

/// What a callback asks of a time-out.
#[derive(Debug)]
pub(crate) enum Set<E> {
    After(Duration, E),
    /// Another event for the one that runs; if none does, it comes at once.
    Update(E),
    Cancel,
}

/// What is to be done with the timer of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order<K> {
    Start { kind: Kind<K>, number: u64, after: Duration },
    Stop(u64),
}

pub(crate) struct Timeouts<K, E> {
    running: HashMap<Kind<K>, Running<E>>,
    /// Those of zero, in the order in which they come.
    zeros: VecDeque<Kind<K>>,
    last_number: u64,
}

struct Running<E> {
    /// None if it is of zero.
    timer: Option<u64>,
    event: E,
}

impl<K: Clone + Eq + Hash, E> Timeouts<K, E> {
    pub(crate) fn new() -> Self {
        Self { running: HashMap::new(), zeros: VecDeque::new(), last_number: 0 }
    }

    /// Of several for one kind the last counts, and has its place.
    pub(crate) fn set_all(&mut self, all: Vec<(Kind<K>, Set<E>)>, orders: &mut Vec<Order<K>>) {
        let mut seen = HashSet::new();
        let mut kept: Vec<_> = all.into_iter().rev().filter(|(kind, _)| seen.insert(kind.clone())).collect();
        while let Some((kind, set)) = kept.pop() {
            self.set(kind, set, orders);
        }
    }

    fn set(&mut self, kind: Kind<K>, set: Set<E>, orders: &mut Vec<Order<K>>) {
        match set {
            Set::Cancel => orders.extend(self.cancel(&kind)),
            Set::Update(event) => match self.running.get_mut(&kind) {
                Some(running) => running.event = event,
                None => self.start(kind, Duration::ZERO, event, orders),
            },
            Set::After(after, event) => {
                orders.extend(self.cancel(&kind));
                self.start(kind, after, event, orders);
            }
        }
    }

    fn start(&mut self, kind: Kind<K>, after: Duration, event: E, orders: &mut Vec<Order<K>>) {
        let timer = if after.is_zero() {
            self.zeros.push_back(kind.clone());
            None
        } else {
            self.last_number += 1;
            orders.push(Order::Start { kind: kind.clone(), number: self.last_number, after });
            Some(self.last_number)
        };
        self.running.insert(kind, Running { timer, event });
    }

    pub(crate) fn cancel(&mut self, kind: &Kind<K>) -> Option<Order<K>> {
        let running = self.running.remove(kind)?;
        if running.timer.is_none() {
            self.zeros.retain(|zero| zero != kind);
        }
        running.timer.map(Order::Stop)
    }

    /// The timer with this number has fired.
    pub(crate) fn fired(&mut self, kind: &Kind<K>, number: u64) -> Option<E> {
        let counts = self.running.get(kind).is_some_and(|running| running.timer == Some(number));
        if counts { self.running.remove(kind).map(|running| running.event) } else { None }
    }

    pub(crate) fn next_of_zero(&mut self) -> Option<E> {
        let kind = self.zeros.pop_front()?;
        self.running.remove(&kind).map(|running| running.event)
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind::*, *};

    const LATER: Duration = Duration::from_secs(1);

    fn start(kind: Kind<u8>, number: u64) -> Order<u8> {
        Order::Start { kind, number, after: LATER }
    }

    /// What is running before; what is asked for; the orders; what comes of zero.
    #[test]
    fn what_is_asked_for_becomes_orders_and_zeros() {
        type Sets = Vec<(Kind<u8>, Set<&'static str>)>;
        type Row = (Sets, Sets, Vec<Order<u8>>, Vec<&'static str>);
        let after = |event| Set::After(LATER, event);
        let zero = |event| Set::After(Duration::ZERO, event);
        let table: Vec<Row> = vec![
            (vec![], vec![(State, after("a"))], vec![start(State, 1)], vec![]),
            (vec![], vec![(State, zero("a"))], vec![], vec!["a"]),
            (vec![], vec![(State, Set::Update("a"))], vec![], vec!["a"]),
            (vec![], vec![(State, Set::Cancel)], vec![], vec![]),
            (vec![], vec![(State, after("a")), (State, zero("b"))], vec![], vec!["b"]),
            (
                vec![],
                vec![(State, zero("a")), (Event, zero("b")), (State, zero("c"))],
                vec![],
                vec!["b", "c"],
            ),
            (
                vec![],
                vec![(Named(1), after("a")), (Named(2), after("b"))],
                vec![start(Named(1), 1), start(Named(2), 2)],
                vec![],
            ),
            (
                vec![(State, after("a"))],
                vec![(State, after("b"))],
                vec![Order::Stop(1), start(State, 2)],
                vec![],
            ),
            (vec![(State, after("a"))], vec![(State, zero("b"))], vec![Order::Stop(1)], vec!["b"]),
            (vec![(State, after("a"))], vec![(State, Set::Update("b"))], vec![], vec![]),
            (vec![(State, after("a"))], vec![(State, Set::Cancel)], vec![Order::Stop(1)], vec![]),
            (vec![(State, after("a"))], vec![(Named(1), Set::Cancel)], vec![], vec![]),
            (vec![(State, zero("a"))], vec![(State, after("b"))], vec![start(State, 1)], vec![]),
            (vec![(State, zero("a"))], vec![(State, Set::Cancel)], vec![], vec![]),
            (vec![(State, zero("a")), (Event, zero("b"))], vec![(State, zero("c"))], vec![], vec!["b", "c"]),
            (
                vec![(State, zero("a")), (Event, zero("b"))],
                vec![(State, Set::Update("c"))],
                vec![],
                vec!["c", "b"],
            ),
        ];
        for (number, (before, asked, expected, zeros)) in table.into_iter().enumerate() {
            let mut timeouts = Timeouts::new();
            timeouts.set_all(before, &mut Vec::new());
            let mut orders = Vec::new();
            timeouts.set_all(asked, &mut orders);
            assert_eq!(orders, expected, "row {number}");
            assert_eq!(
                std::iter::from_fn(|| timeouts.next_of_zero()).collect::<Vec<_>>(),
                zeros,
                "row {number}"
            );
        }
    }

    #[test]
    fn only_the_timer_that_counts_fires_and_only_once() {
        let mut timeouts = Timeouts::<u8, _>::new();
        timeouts.set_all(vec![(State, Set::After(LATER, "first"))], &mut Vec::new());
        timeouts.set_all(vec![(State, Set::After(LATER, "second"))], &mut Vec::new());
        timeouts.set_all(vec![(State, Set::Update("third"))], &mut Vec::new());
        assert_eq!(timeouts.fired(&State, 1), None);
        assert_eq!(timeouts.fired(&State, 2), Some("third"));
        assert_eq!(timeouts.fired(&State, 2), None);
    }
}
