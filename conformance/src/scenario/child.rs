//! Child specifications.

use serde::Deserialize;

use super::plan::{InitPlan, OnTerminate, Plan, StartPlan};
use super::{Action, Command, Name, Shutdown, SupervisorSpec};
use crate::value::Value;

/// What a supervisor is told of a child, and what the child then is. Defaults are the reference's.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Raw")]
pub struct ChildSpec {
    /// The id.
    pub id: Value,
    /// The base of the labels.
    pub base: String,
    /// When it is restarted; absent: permanent.
    pub restart: Option<Restart>,
    /// How it is stopped; absent: 5 s for a worker, infinity for a supervisor.
    pub shutdown: Option<Shutdown>,
    /// Worker or supervisor.
    pub kind: Type,
    /// Only shown by `which_children`; absent there: null.
    pub modules: Option<Modules>,
    /// Whether it counts for `auto_shutdown`.
    pub significant: bool,
    /// The name it is started under.
    pub name: Option<Name>,
    /// What its start function does.
    pub plan: Plan<StartPlan>,
    /// What a plain start starts.
    pub start: ChildStart,
}

/// What a child is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChildStart {
    /// The test server.
    Server(Box<ServerSpec>),
    /// A supervisor.
    Supervisor(Box<SupervisorSpec>),
    /// A registry.
    Registry(RegistrySpec),
    /// An agent, with its first function.
    Agent(Action),
    /// A task, linked and not awaited; its start returns when it has begun.
    Task(Action),
    /// A bare process; whether it traps exits.
    Bare(BareSpec),
}

/// The test server: a GenServer that does what it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSpec {
    /// Its first state.
    pub state: Value,
    /// Whether it traps exits, from init on.
    pub trap_exit: bool,
    /// What init does, by incarnation.
    pub init: Plan<InitPlan>,
    /// Registry, key and value of what init registers.
    pub registers: Vec<(String, Value, Value)>,
    /// What terminate does after logging.
    pub on_terminate: Option<OnTerminate>,
    /// What it does when a time-out comes.
    pub on_timeout: Option<Command>,
    /// What it does when an `EXIT` comes.
    pub on_exit: Option<Command>,
}

/// A bare process: no server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BareSpec {
    /// The base of its label.
    pub label: String,
    /// Whether it traps exits.
    #[serde(default)]
    pub trap_exit: bool,
}

/// A registry.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrySpec {
    /// Its name.
    pub name: String,
    /// Whether a key has one entry or many.
    pub keys: Keys,
    /// Into how many parts it is cut.
    pub partitions: Option<usize>,
    /// The names of the processes that hear of registrations.
    #[serde(default)]
    pub listeners: Vec<String>,
}

/// Whether a key of a registry has one entry or many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "named as in the reference")]
pub enum Keys {
    Unique,
    Duplicate,
}

/// When a child is restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "named as in the reference")]
pub enum Restart {
    Permanent,
    Transient,
    Temporary,
}

/// The type of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "named as in the reference")]
pub enum Type {
    Worker,
    Supervisor,
}

/// The modules of a child specification.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Value")]
pub enum Modules {
    /// `"dynamic"`.
    Dynamic,
    /// Their names.
    List(Vec<Value>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    id: Value,
    label: Option<String>,
    restart: Option<Restart>,
    shutdown: Option<Shutdown>,
    #[serde(rename = "type")]
    kind: Option<Type>,
    modules: Option<Modules>,
    #[serde(default)]
    significant: bool,
    name: Option<Name>,
    #[serde(default)]
    start: Plan<StartPlan>,
    supervisor: Option<Box<SupervisorSpec>>,
    registry: Option<RegistrySpec>,
    agent: Option<Action>,
    task: Option<Action>,
    #[serde(default)]
    plain: bool,
    #[serde(default)]
    state: Value,
    #[serde(default)]
    trap_exit: bool,
    #[serde(default)]
    init: Plan<InitPlan>,
    #[serde(default)]
    registers: Vec<(String, Value, Value)>,
    on_terminate: Option<OnTerminate>,
    on_timeout: Option<Command>,
    on_exit: Option<Command>,
}

impl TryFrom<Raw> for ChildSpec {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        let base = match (raw.label, &raw.id) {
            (Some(label), _) => label,
            (None, Value::String(id)) => id.clone(),
            (None, id) => return Err(format!("a child with the id {id} needs a `label`")),
        };
        let kind = raw.kind.unwrap_or(if raw.supervisor.is_some() { Type::Supervisor } else { Type::Worker });
        let server = ServerSpec {
            state: raw.state,
            trap_exit: raw.trap_exit,
            init: raw.init,
            registers: raw.registers,
            on_terminate: raw.on_terminate,
            on_timeout: raw.on_timeout,
            on_exit: raw.on_exit,
        };
        let start = match (raw.supervisor, raw.task, raw.agent, raw.registry, raw.plain) {
            (None, None, None, None, false) => ChildStart::Server(Box::new(server)),
            (Some(spec), None, None, None, false) => ChildStart::Supervisor(spec),
            (None, Some(action), None, None, false) => ChildStart::Task(action),
            (None, None, Some(action), None, false) => ChildStart::Agent(action),
            (None, None, None, Some(spec), false) => ChildStart::Registry(spec),
            (None, None, None, None, true) => {
                ChildStart::Bare(BareSpec { label: base.clone(), trap_exit: raw.trap_exit })
            }
            _ => return Err(format!("the child {} is more than one kind of thing", raw.id)),
        };
        Ok(Self {
            id: raw.id,
            base,
            restart: raw.restart,
            shutdown: raw.shutdown,
            kind,
            modules: raw.modules,
            significant: raw.significant,
            name: raw.name,
            plan: raw.start,
            start,
        })
    }
}

impl TryFrom<Value> for Modules {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match value {
            Value::List(names) => Ok(Self::List(names)),
            Value::String(word) if word == "dynamic" => Ok(Self::Dynamic),
            other => Err(format!("modules are a list or `dynamic`, not {other}")),
        }
    }
}
