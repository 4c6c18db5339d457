//! A prediction against a recording.
//!
//! Both may leave an order free. What the model says must be possible by the recording, and what was recorded must be
//! possible by the model, each in several interleavings: a model that promises too much fails the first, one that
//! promises too little the second.

use super::{Model, Outside, Prediction};
use crate::mapping;
use crate::matcher::{Difference, difference};
use crate::observation::{Event, Expect, Log, LogEntry, Observation, Outcome};
use crate::scenario::{Scenario, Step};

/// How a scenario compares.
#[derive(Clone, Debug)]
pub enum Check {
    /// Every step is predicted as it was recorded.
    Same,
    /// This step is predicted otherwise: `expected` is what was recorded.
    Different(Difference),
    /// The model does not know this step; those before it are the same.
    Outside {
        /// The step, counted from 0.
        step: usize,
        /// What it does not know.
        what: Outside,
    },
}

/// Predicts every step of a recorded scenario, up to the first difference.
pub fn check(scenario: &Scenario) -> Check {
    let mut model = Model::new(scenario.trap_exit);
    for (index, step) in scenario.steps.iter().enumerate() {
        match model.step(step) {
            Err(what) => return Check::Outside { step: index, what },
            Ok(prediction) => {
                if let Some(difference) = compare(index, step, &prediction) {
                    return Check::Different(difference);
                }
            }
        }
    }
    Check::Same
}

fn compare(index: usize, step: &Step, prediction: &Prediction) -> Option<Difference> {
    let mut predicted = step.clone();
    // The recorder takes more orders for free than are.
    predicted.expect = Expect { log: prediction.recorded.clone(), ..prediction.expect.clone() };
    let is_set = matches!(prediction.result, Some(Outcome::Set(_)));
    (0..8).find_map(|seed| {
        let (ours, theirs) = (seen(&prediction.expect, is_set, seed), seen(&step.expect, is_set, seed));
        possible(index, step, &ours).or_else(|| {
            let differs = possible(index, &predicted, &theirs)?;
            Some(Difference { expected: differs.got, got: differs.expected, ..differs })
        })
    })
}

/// Whether a recorded step allows an observation; where a continue ran late, in the form that forgives it.
fn possible(index: usize, step: &Step, seen: &Observation) -> Option<Difference> {
    let differs = difference(index, step, seen)?;
    let mut unraced = step.clone();
    unraced.expect.log = mapping::unraced(&step.expect.log);
    difference(index, &unraced, &mapping::unraced_seen(seen)).map(|_| differs)
}

/// One observation that an expectation allows.
fn seen(expect: &Expect, is_set: bool, seed: usize) -> Observation {
    let Expect { result, log, exits, inbox } = expect.clone();
    let result = result.map(|value| match value {
        crate::value::Value::List(values) if is_set => Outcome::Set(values),
        value => Outcome::Value(value),
    });
    Observation { result, log: interleave(&log, seed), exits, inbox }
}

/// The events of a log, those of a `par` in turn, beginning with a different one for each seed.
fn interleave(log: &Log, seed: usize) -> Vec<Event> {
    let mut events = Vec::new();
    for entry in log {
        match entry {
            LogEntry::Event(event) => events.push(event.clone()),
            LogEntry::Par(logs) => {
                let mut parts: Vec<_> = logs.iter().map(|log| interleave(log, seed).into_iter()).collect();
                let mut turn = seed;
                while parts.iter().any(|part| part.len() > 0) {
                    let part = turn % parts.len();
                    // Every other seed takes one after the other, the rest one event at a time.
                    let take = if seed.is_multiple_of(2) { usize::MAX } else { 1 };
                    events.extend(parts[part].by_ref().take(take));
                    turn += 1;
                }
            }
        }
    }
    events
}
