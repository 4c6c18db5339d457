//! A model of processes, servers, supervisors and registries: plain data that predicts what a step shows.
//!
//! It is written from the rules of OTP and shares nothing with the library but the scenario files: no process runs, no
//! time passes, and the functions that decide here are not those that decide there. What it predicts can be compared
//! with a recording, with the library, and with a real BEAM; where two of the three agree, the third is wrong.
//!
//! | module | holds |
//! |---|---|
//! | `world` | the processes as data; labels, names, links, monitors, the signals that are on their way |
//! | `process` | how a process takes a signal and how it ends |
//! | `server` | the test server, agents and tasks: what they do when told |
//! | `start` | starting what a child specification describes |
//! | `static_sup`, `dynamic_sup` | the two supervisors |
//! | `registry` | rows of registries |
//! | `recorded` | the log in the form of the recorder |
//! | `ops`, `management` | the operations of the scenarios, and their results; those on supervisors |
//! | [`check`] | a prediction against a recording, in both directions |
//! | [`generate`] | random trees and operations, chosen while looking at the model |
//!
//! # How time is left out
//!
//! A step is over when nothing moves any more. So the model does each thing at once and to its end: a supervisor that
//! stops a child has it stopped before it goes on, and what a death tells others waits in one queue until whoever is
//! at work is done. Where the order of two events is not forced, the log says so with a `par`.
//!
//! What it does not know it does not guess: such a step is [`Outside`].

use std::fmt;

use crate::observation::{Expect, Log, Outcome};
use crate::scenario::Step;
use crate::value::Value;

use world::World;

pub mod check;
mod dynamic_sup;
pub mod generate;
mod management;
mod ops;
mod process;
mod recorded;
mod registry;
mod server;
mod start;
mod static_sup;
mod view;
mod world;

pub use view::{Member, Role};

/// What the model does not know: time, and everything that needs it; tasks that are awaited; partition supervisors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outside(pub String);

/// What a step is predicted to show.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// The result, which may be a set.
    pub result: Option<Outcome>,
    /// Everything, in the form of a scenario file.
    pub expect: Expect,
    /// The log as the recorder writes it, which leaves more orders free than the rules do.
    pub recorded: Log,
}

/// The system as the model sees it, between two steps.
#[derive(Clone, Debug)]
pub struct Model {
    world: World,
}

impl Model {
    /// Makes the system before the first step: the process `test` and nothing else.
    pub fn new(trap_exit: bool) -> Self {
        Self { world: World::new(trap_exit) }
    }

    /// Takes a step and says what it shows.
    ///
    /// # Errors
    ///
    /// The step is [`Outside`] of what the model knows. The model is of no use afterwards.
    pub fn step(&mut self, step: &Step) -> Result<Prediction, Outside> {
        if !step.settle {
            return Err(Outside("a step that does not settle".into()));
        }
        let result = self.world.perform(&step.runner, &step.op)?;
        self.world.settle()?;
        let (mut expect, trail) = self.world.observe();
        let recorded = if step.unordered { trail.loose() } else { trail.recorded() };
        if step.unordered {
            expect.log = recorded.clone();
        }
        expect.result = result.clone().map(|outcome| match outcome {
            Outcome::Value(value) => value,
            Outcome::Set(mut values) => {
                values.sort();
                Value::List(values)
            }
        });
        // The order of the recordings, where there is none.
        expect
            .inbox
            .values_mut()
            .for_each(|messages| messages.sort_by_cached_key(|it| Value::from(it.clone()).to_string()));
        Ok(Prediction { result, expect, recorded })
    }
}

impl Outside {
    fn of(what: impl fmt::Debug) -> Self {
        Self(format!("{what:?}"))
    }
}

impl fmt::Display for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Outside {}
