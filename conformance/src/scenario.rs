//! A scenario file as types.
//!
//! Everything a file may say has a variant or a field here, and what is not known is an error that names the file, the
//! step and the key: a scenario that was half understood would pass for the wrong reason.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value as Json};

pub use action::{Action, Ending};
pub use child::{BareSpec, ChildSpec, ChildStart, Keys, Modules, RegistrySpec, Restart, ServerSpec, Type};
pub use command::Command;
pub use function::Function;
pub use op::{ChildKey, Letter, OnTimeout, Op, StreamItem, WhichChild};
pub use plan::{InitAction, InitPlan, OnTerminate, Plan, StartAction, StartPlan};
pub use step::{Runner, Step};
pub use supervisor::{
    AutoShutdown, DynamicSpec, LabelledSupervisor, PartitionSpec, StaticSpec, Strategy, SupervisorKind,
    SupervisorSpec, TaskSpec,
};
pub use target::{Name, Target};
pub use time::{Shutdown, Wait, millis};

mod action;
mod child;
mod command;
mod function;
mod op;
mod plan;
mod step;
mod supervisor;
mod target;
mod time;

/// An experiment: steps, run one after the other by the process `test`.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The name, for people.
    pub name: String,
    /// What it is about, for people.
    pub about: String,
    /// Whether `test` traps exits from the beginning.
    pub trap_exit: bool,
    /// The steps.
    pub steps: Vec<Step>,
}

/// A file that could not be read as a scenario.
#[derive(Debug)]
pub struct ScenarioError {
    file: PathBuf,
    place: String,
    problem: String,
}

impl Scenario {
    /// Reads the scenario in `file`.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is no JSON, or says something that is not known; the error names the step and the key.
    pub fn read(file: &Path) -> Result<Self, ScenarioError> {
        let text = fs::read_to_string(file).map_err(|e| ScenarioError::new(file, String::new(), &e))?;
        Self::parse(&text, file)
    }

    /// Reads a scenario from the text of a file, which is named in errors.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn parse(text: &str, file: &Path) -> Result<Self, ScenarioError> {
        let error = |place, problem: &dyn fmt::Display| ScenarioError::new(file, place, problem);
        let raw: Raw = serde_json::from_str(text).map_err(|e| error(String::new(), &e))?;
        let steps = raw.steps.into_iter().enumerate().map(|(index, step)| {
            let op = step.get("op").and_then(Json::as_str).unwrap_or("no op").to_owned();
            Step::read(step).map_err(|e| error(format!("step {index} ({op}): "), &e))
        });
        let steps = steps.collect::<Result<_, _>>()?;
        Ok(Self { name: raw.name, about: raw.about, trap_exit: raw.trap_exit, steps })
    }
}

impl ScenarioError {
    fn new(file: &Path, place: String, problem: &dyn fmt::Display) -> Self {
        Self { file: file.to_owned(), place, problem: problem.to_string() }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: String,
    #[serde(default)]
    about: String,
    // For people: which upstream test, which seed.
    #[serde(default, rename = "upstream")]
    _upstream: Json,
    #[serde(default, rename = "seed")]
    _seed: Json,
    #[serde(default = "yes")]
    trap_exit: bool,
    steps: Vec<Map<String, Json>>,
}

fn yes() -> bool {
    true
}

/// Keeps `null` apart from an absent key.
fn present<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}{}", self.file.display(), self.place, self.problem)
    }
}

impl std::error::Error for ScenarioError {}
