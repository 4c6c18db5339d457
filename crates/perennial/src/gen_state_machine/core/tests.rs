//! The core against a second one, which is written as `gen_statem.erl` is: lists with the newest first, turned around
//! when they are used. Scripts of three callbacks are run on both.

use super::{Actions, Core};
use crate::gen_state_machine::timeouts::{Kind, Order, Set};
use std::{collections::BTreeMap, time::Duration};

/// The names of time-outs.
type K = u8;
/// Which time-out, as a number: event, state, and a name.
type Which = usize;

const KINDS: [Kind<K>; 3] = [Kind::Event, Kind::State, Kind::Named(0)];
const ZERO: Duration = Duration::ZERO;
const LATER: Duration = Duration::from_secs(1);

/// Sets of time-outs that a callback may ask for; `None` cancels, an `Err` updates.
type Asked = &'static [(Which, Option<Result<Duration, ()>>)];
const ASKED: [Asked; 8] = [
    &[],
    &[(0, Some(Ok(ZERO))), (1, Some(Ok(ZERO))), (2, Some(Ok(ZERO)))],
    &[(2, Some(Ok(ZERO))), (1, Some(Ok(ZERO))), (0, Some(Ok(ZERO)))],
    &[(0, Some(Ok(LATER))), (1, Some(Ok(LATER))), (2, Some(Ok(LATER)))],
    &[(1, Some(Ok(ZERO))), (2, Some(Ok(LATER))), (1, Some(Ok(LATER)))],
    &[(1, Some(Err(()))), (2, Some(Err(())))],
    &[(1, None), (2, None)],
    &[(2, Some(Ok(LATER))), (2, None), (1, Some(Ok(ZERO)))],
];

#[derive(Clone, Copy, Debug)]
struct Callback {
    changes: bool,
    postpones: bool,
    inserts: usize,
    asks: Asked,
}

const NOTHING: Callback = Callback { changes: false, postpones: false, inserts: 0, asks: &[] };

fn callbacks() -> Vec<Callback> {
    let mut all = Vec::new();
    for changes in [false, true] {
        for postpones in [false, true] {
            for inserts in [0, 2] {
                all.extend(ASKED.map(|asks| Callback { changes, postpones, inserts, asks }));
            }
        }
    }
    all
}

/// What both cores are asked.
trait Steps {
    fn transition(
        &mut self,
        changed: bool,
        postponed: Option<u32>,
        inserted: &[u32],
        asked: Asked,
        events: &[u32],
    );
    fn next(&mut self) -> Option<u32>;
    /// The timer fires that was started first, of those that run.
    fn fire(&mut self) -> Option<u32>;
}

/// The core, and the timers that it has started.
struct Ours(Core<K, u32>, BTreeMap<u64, Kind<K>>);

impl Steps for Ours {
    fn transition(
        &mut self,
        changed: bool,
        postponed: Option<u32>,
        inserted: &[u32],
        asked: Asked,
        events: &[u32],
    ) {
        let set = |&(which, set): &(Which, Option<Result<Duration, ()>>), event: u32| match set {
            None => (KINDS[which].clone(), Set::Cancel),
            Some(Err(())) => (KINDS[which].clone(), Set::Update(event)),
            Some(Ok(after)) => (KINDS[which].clone(), Set::After(after, event)),
        };
        let timeouts = asked.iter().zip(events).map(|(asked, event)| set(asked, *event)).collect();
        let actions =
            Actions { postponed: postponed.into_iter().collect(), next_events: inserted.to_vec(), timeouts };
        for order in self.0.transition(changed, actions) {
            match order {
                Order::Start { kind, number, .. } => assert!(self.1.insert(number, kind).is_none()),
                Order::Stop(number) => assert!(self.1.remove(&number).is_some()),
            }
        }
    }
    fn next(&mut self) -> Option<u32> {
        self.0.next()
    }
    fn fire(&mut self) -> Option<u32> {
        let (number, kind) = self.1.pop_first()?;
        self.0.fired(&kind, number);
        self.0.fired(&kind, number);
        let event = self.0.next();
        assert!(event.is_some(), "a timer that is not stopped counts");
        assert_eq!(self.0.next(), None, "once");
        event
    }
}

/// `#state{}` of gen_statem, and its queue.
#[derive(Default)]
struct Theirs {
    queue: Vec<u32>,
    postponed: Vec<u32>,
    /// The number of its timer, 0 for one of zero, and its event.
    timers: [Option<(u64, u32)>; 3],
    t0q: Vec<Which>,
    last: u64,
}

impl Theirs {
    fn cancel(&mut self, which: Which) {
        if let Some((0, _)) = self.timers[which].take() {
            self.t0q.retain(|zero| *zero != which);
        }
    }
}

impl Steps for Theirs {
    fn transition(
        &mut self,
        changed: bool,
        postponed: Option<u32>,
        inserted: &[u32],
        asked: Asked,
        events: &[u32],
    ) {
        // loop_state_transition, loop_keep_state, loop_state_change
        if let Some(event) = postponed {
            self.postponed.insert(0, event);
        }
        if changed {
            self.postponed.reverse();
            self.postponed.append(&mut self.queue);
            self.queue = std::mem::take(&mut self.postponed);
            self.cancel(1);
        }
        self.cancel(0);
        // loop_timeouts: the last one first, and the others of its kind not at all
        let (mut seen, mut timeout_events, mut started) = ([false; 3], Vec::new(), Vec::new());
        for (&(which, set), &event) in asked.iter().zip(events).rev() {
            if std::mem::replace(&mut seen[which], true) {
                continue;
            }
            match (set, self.timers[which]) {
                (None, _) => self.cancel(which),
                (Some(Err(())), Some((timer, _))) => self.timers[which] = Some((timer, event)),
                (Some(Err(())), None) | (Some(Ok(ZERO)), _) => {
                    self.cancel(which);
                    self.timers[which] = Some((0, event));
                    timeout_events.insert(0, which);
                }
                (Some(Ok(_)), _) => {
                    self.cancel(which);
                    started.insert(0, (which, event));
                }
            }
        }
        // Which of two timers for the same time fires first is not said; here the one that was asked for first.
        for (which, event) in started {
            self.last += 1;
            self.timers[which] = Some((self.last, event));
        }
        self.t0q.append(&mut timeout_events);
        // loop_done
        self.queue.splice(0..0, inserted.iter().copied());
    }
    fn next(&mut self) -> Option<u32> {
        if !self.queue.is_empty() {
            return Some(self.queue.remove(0));
        }
        let which = *self.t0q.first()?;
        let event = self.timers[which].expect("it is in the queue").1;
        self.cancel(which);
        Some(event)
    }
    fn fire(&mut self) -> Option<u32> {
        let running = self.timers.iter_mut().filter(|timer| timer.is_some_and(|(timer, _)| timer > 0));
        Some(running.min()?.take()?.1)
    }
}

/// Runs the script, then callbacks that ask for nothing until nothing is left but what is postponed, and at last one
/// that changes the state. Events have numbers, in the order in which they were made.
fn handled(core: &mut impl Steps, script: &[Callback]) -> Vec<u32> {
    let (mut handled, mut made) = (Vec::new(), 0);
    let mut make = |count: usize| {
        (0..count)
            .map(|_| {
                made += 1;
                made
            })
            .collect::<Vec<u32>>()
    };
    let mut end = [Callback { changes: true, ..NOTHING }].iter();
    let mut script = script.iter();
    loop {
        // A message comes for each callback of the script, and later timers do.
        let (event, callback) = match (core.next(), script.next()) {
            (Some(event), callback) => (event, callback.unwrap_or(&NOTHING)),
            (None, Some(callback)) => (make(1)[0], callback),
            (None, None) => match (core.fire(), end.next()) {
                (Some(event), _) => (event, &NOTHING),
                (None, Some(callback)) => (make(1)[0], callback),
                (None, None) => return handled,
            },
        };
        handled.push(event);
        let postponed = callback.postpones.then_some(event);
        let (inserted, events) = (make(callback.inserts), make(callback.asks.len()));
        core.transition(callback.changes, postponed, &inserted, callback.asks, &events);
    }
}

#[test]
fn scripts_of_three_callbacks_run_as_in_gen_statem() {
    let callbacks = callbacks();
    for first in &callbacks {
        for second in &callbacks {
            // Some, in which each set of time-outs is: all would take too long.
            for third in callbacks.iter().step_by(9) {
                let script = [*first, *second, *third];
                let ours = handled(&mut Ours(Core::new(), BTreeMap::new()), &script);
                let theirs = handled(&mut Theirs::default(), &script);
                assert_eq!(ours, theirs, "{script:?}");
            }
        }
    }
}
