//! Supervisors, as `start_supervisor` and child specifications describe them.

use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value as Json};

use super::{ChildSpec, Name};
use crate::value::Value;

/// A supervisor to start, by kind.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SupervisorSpec {
    /// A fixed list of children, and a strategy.
    Supervisor(StaticSpec),
    /// Children started on demand.
    Dynamic(DynamicSpec),
    /// Tasks started on demand.
    Task(TaskSpec),
    /// The same child several times, found by key.
    Partition(PartitionSpec),
}

/// The kinds of supervisors, for operations on one that is dead or unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "named as the variants of `SupervisorSpec`")]
pub enum SupervisorKind {
    #[default]
    Supervisor,
    Dynamic,
    Task,
    Partition,
}

/// A supervisor with the base of its label.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Map<String, Json>")]
pub struct LabelledSupervisor {
    /// The base.
    pub label: String,
    /// The supervisor.
    pub spec: SupervisorSpec,
}

/// The arguments of a supervisor of kind `supervisor`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "named as in the reference")]
pub struct StaticSpec {
    pub name: Option<Name>,
    #[serde(default = "three")]
    pub max_restarts: u32,
    #[serde(default = "five_seconds", deserialize_with = "seconds")]
    pub max_seconds: Duration,
    #[serde(default)]
    pub strategy: Strategy,
    #[serde(default)]
    pub children: Vec<ChildSpec>,
    #[serde(default)]
    pub auto_shutdown: AutoShutdown,
}

/// The arguments of a supervisor of kind `dynamic`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "named as in the reference")]
pub struct DynamicSpec {
    pub name: Option<Name>,
    #[serde(default = "three")]
    pub max_restarts: u32,
    #[serde(default = "five_seconds", deserialize_with = "seconds")]
    pub max_seconds: Duration,
    pub max_children: Option<usize>,
    /// At most one: with `[x]` the state of a child is `[x, state]`.
    #[serde(default)]
    pub extra_arguments: Vec<Value>,
}

/// The arguments of a supervisor of kind `task`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "named as in the reference")]
pub struct TaskSpec {
    pub name: Option<Name>,
    #[serde(default = "three")]
    pub max_restarts: u32,
    #[serde(default = "five_seconds", deserialize_with = "seconds")]
    pub max_seconds: Duration,
    pub max_children: Option<usize>,
}

/// The arguments of a supervisor of kind `partition`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "named as in the reference")]
pub struct PartitionSpec {
    pub name: Name,
    #[serde(default = "three")]
    pub max_restarts: u32,
    #[serde(default = "five_seconds", deserialize_with = "seconds")]
    pub max_seconds: Duration,
    pub partitions: Option<usize>,
    pub child: Box<ChildSpec>,
    #[serde(default)]
    pub strategy: Strategy,
}

/// Which children a restart concerns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "named as in the reference")]
pub enum Strategy {
    #[default]
    OneForOne,
    OneForAll,
    RestForOne,
}

/// Whether the end of significant children ends the supervisor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "named as in the reference")]
pub enum AutoShutdown {
    #[default]
    Never,
    AnySignificant,
    AllSignificant,
}

impl SupervisorSpec {
    /// The kind.
    pub fn kind(&self) -> SupervisorKind {
        match self {
            Self::Supervisor(_) => SupervisorKind::Supervisor,
            Self::Dynamic(_) => SupervisorKind::Dynamic,
            Self::Task(_) => SupervisorKind::Task,
            Self::Partition(_) => SupervisorKind::Partition,
        }
    }
}

impl TryFrom<Map<String, Json>> for LabelledSupervisor {
    type Error = String;

    fn try_from(mut keys: Map<String, Json>) -> Result<Self, String> {
        let Some(Json::String(label)) = keys.remove("label") else {
            return Err("`label` is missing or no string".into());
        };
        let spec = serde_json::from_value(Json::Object(keys)).map_err(|e| e.to_string())?;
        Ok(Self { label, spec })
    }
}

fn three() -> u32 {
    3
}

fn five_seconds() -> Duration {
    Duration::from_secs(5)
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(Duration::from_secs)
}
