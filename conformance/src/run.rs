//! One file: read, replayed, judged.

use std::path::Path;

use crate::matcher::{Difference, Key};
use crate::scenario::Scenario;

/// A system that can be put under the scenarios.
pub trait Subject {
    /// Runs the steps, one after the other, and returns the first difference.
    ///
    /// It stops there: after a difference the later steps would be about another state than the recorded one.
    fn replay(&self, scenario: Scenario) -> Option<Difference>;
}

/// What became of one scenario.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The scenario's name; the path of a file that could not be read.
    pub name: String,
    /// The name of the operation at which it differs, for people.
    pub op: Option<String>,
    /// The first difference; none if it passed.
    pub difference: Option<Difference>,
}

/// Replays the scenario in `file` on `subject`. A file that cannot be read is a failed scenario.
pub fn run(file: &Path, subject: &impl Subject) -> Verdict {
    let scenario = match Scenario::read(file) {
        Ok(scenario) => scenario,
        Err(error) => {
            let difference = Difference::trouble(Key::File, None, error);
            return Verdict { name: file.display().to_string(), op: None, difference: Some(difference) };
        }
    };
    let name = scenario.name.clone();
    let ops: Vec<String> = scenario.steps.iter().map(|step| step.name.clone()).collect();
    let difference = subject.replay(scenario);
    let op = difference.as_ref().and_then(|difference| ops.get(difference.step?).cloned());
    Verdict { name, op, difference }
}
