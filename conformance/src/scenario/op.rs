//! Operations, one variant each.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value as Json;

use super::{
    Action, BareSpec, ChildSpec, Command, Function, Keys, LabelledSupervisor, Name, Restart, Shutdown,
    SupervisorKind, Target, Wait, millis, present, yes,
};
use crate::guard::Guard;
use crate::pattern::{Pattern, Variable};
use crate::reason::{Reason, Signal};
use crate::value::Value;

/// An operation with its arguments; what each does is section 6 of the README.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs, reason = "the operations and their arguments are listed in the README")]
#[rustfmt::skip] // One operation a line, as in the README.
pub enum Op {
    // Processes.
    StartLink { child: Box<ChildSpec>, init_timeout: Option<Wait> },
    Start { child: Box<ChildSpec>, init_timeout: Option<Wait> },
    Spawn { child: BareSpec },
    SpawnLink { child: BareSpec },
    Link { target: Target },
    Unlink { target: Target },
    Monitor { target: Target, #[serde(rename = "ref")] monitor: String },
    Demonitor { #[serde(rename = "ref")] monitor: String, #[serde(default)] flush: bool, #[serde(default)] info: bool },
    TrapExit { value: bool },
    Exit { target: Target, reason: Signal },
    Send(Letter),
    Alive { target: Target },
    Links { target: Target },
    Whereis { target: Target },
    RegisterName { #[serde(default = "test")] target: Target, name: String },
    UnregisterName { name: String },
    SendAfter { target: Target, #[serde(default)] msg: Value, #[serde(deserialize_with = "millis")] ms: Duration, #[serde(rename = "ref")] timer: String },
    CancelTimer { #[serde(rename = "ref")] timer: String },
    ReadTimer { #[serde(rename = "ref")] timer: String },

    // Servers.
    Call { target: Target, cmd: Command, timeout: Option<Wait> },
    Cast { target: Target, cmd: Command },
    Stop { target: Target, reason: Option<Reason>, timeout: Option<Wait> },

    // Supervisors.
    StartSupervisor(LabelledSupervisor),
    StartChild { sup: Target, child: Box<ChildSpec>, kind: Option<SupervisorKind> },
    TerminateChild(WhichChild),
    RestartChild { sup: Target, id: Value, kind: Option<SupervisorKind> },
    DeleteChild { sup: Target, id: Value, kind: Option<SupervisorKind> },
    WhichChildren { sup: Target, kind: Option<SupervisorKind> },
    CountChildren { sup: Target, kind: Option<SupervisorKind> },
    Partitions { sup: Target, kind: Option<SupervisorKind> },

    // Registries.
    StartRegistry { name: String, keys: Keys, partitions: Option<usize>, #[serde(default)] listeners: Vec<String>, label: Option<String> },
    Register { registry: String, key: Value, #[serde(default)] value: Value },
    Unregister { registry: String, key: Value },
    Lookup { registry: String, key: Value },
    Keys { registry: String, target: Target },
    Values { registry: String, key: Value, target: Target },
    Count { registry: String },
    UpdateValue { registry: String, key: Value, fun: Function },
    Match { registry: String, key: Value, pattern: Pattern, #[serde(default)] guards: Vec<Guard> },
    CountMatch { registry: String, key: Value, pattern: Pattern, #[serde(default)] guards: Vec<Guard> },
    UnregisterMatch { registry: String, key: Value, pattern: Pattern, #[serde(default)] guards: Vec<Guard> },
    Select { registry: String, #[serde(default)] key: Pattern, #[serde(default)] pid: Pattern, #[serde(default)] value: Pattern, #[serde(default)] guards: Vec<Guard>, body: Vec<Variable> },
    PutMeta { registry: String, key: Value, #[serde(default)] value: Value },
    GetMeta { registry: String, key: Value },
    DeleteMeta { registry: String, key: Value },
    Dispatch { registry: String, key: Value, #[serde(default)] msg: Value },
    ActiveSessions { sup: Target, registry: String, title: Value },

    // Tasks; a task is named by its label, or by the base for the latest.
    TaskAsync { label: String, #[serde(rename = "do")] action: Action, sup: Option<Target>, #[serde(default)] nolink: bool, shutdown: Option<Shutdown> },
    TaskAwait { task: Target, timeout: Option<Wait> },
    TaskYield { task: Target, timeout: Option<Wait> },
    TaskShutdown { task: Target, timeout: Option<Shutdown> },
    TaskIgnore { task: Target },
    TaskAwaitMany { task: Vec<Target>, timeout: Option<Wait> },
    TaskYieldMany { task: Vec<Target>, timeout: Option<Wait> },
    TaskCompleted { value: Value },
    TaskStart { label: String, #[serde(rename = "do")] action: Action, #[serde(default)] link: bool },
    TaskStartChild { sup: Target, label: String, #[serde(rename = "do")] action: Action, restart: Option<Restart>, shutdown: Option<Shutdown> },
    TaskChildren { sup: Target },
    AsyncStream { items: Vec<StreamItem>, sup: Option<Target>, #[serde(default)] nolink: bool, max_concurrency: Option<usize>, #[serde(default = "yes")] ordered: bool, timeout: Option<Wait>, on_timeout: Option<OnTimeout>, #[serde(default)] zip_input_on_exit: bool, take: Option<usize> },

    // Agents.
    AgentStart { label: String, #[serde(rename = "do")] action: Action, name: Option<Name>, #[serde(default = "yes")] link: bool, init_timeout: Option<Wait> },
    AgentGet { target: Target, fun: Function, timeout: Option<Wait> },
    AgentGetAndUpdate { target: Target, fun: Function, timeout: Option<Wait> },
    AgentUpdate { target: Target, fun: Function, timeout: Option<Wait> },
    AgentCast { target: Target, fun: Function },
    AgentStop { target: Target, reason: Option<Reason>, timeout: Option<Wait> },

    // Time and order.
    Wait { #[serde(deserialize_with = "millis")] ms: Duration },
    Settle {},
    AwaitAsync { #[serde(rename = "ref")] client: String },
}

/// A message to send.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RawLetter")]
pub enum Letter {
    /// A plain message.
    Msg(Target, Value),
    /// A command, as a message.
    Command(Target, Command),
}

/// A child to terminate.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RawChild")]
pub struct WhichChild {
    /// The supervisor.
    pub sup: Target,
    /// Its kind, if the target does not tell.
    pub kind: Option<SupervisorKind>,
    /// The child, by id or by process.
    pub child: ChildKey,
}

/// How a child is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChildKey {
    /// By id, to a supervisor or partition supervisor.
    Id(Value),
    /// By process, to a dynamic supervisor or task supervisor.
    Process(Target),
}

/// An item of a stream: the work of one unlabelled task.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Json")]
pub struct StreamItem {
    /// The work.
    pub action: Action,
    /// The item as written: what `zip_input_on_exit` shows.
    pub input: Value,
}

/// What a stream does with a task that takes too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnTimeout {
    /// The caller exits.
    Exit,
    /// The task is killed.
    KillTask,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLetter {
    target: Target,
    cmd: Option<Command>,
    #[serde(default, deserialize_with = "present")]
    msg: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawChild {
    sup: Target,
    kind: Option<SupervisorKind>,
    #[serde(default, deserialize_with = "present")]
    id: Option<Value>,
    pid: Option<Target>,
}

impl TryFrom<RawLetter> for Letter {
    type Error = &'static str;

    fn try_from(raw: RawLetter) -> Result<Self, Self::Error> {
        match (raw.cmd, raw.msg) {
            (Some(command), None) => Ok(Self::Command(raw.target, command)),
            (None, Some(value)) => Ok(Self::Msg(raw.target, value)),
            _ => Err("one of `msg` and `cmd` is sent"),
        }
    }
}

impl TryFrom<RawChild> for WhichChild {
    type Error = &'static str;

    fn try_from(raw: RawChild) -> Result<Self, Self::Error> {
        let child = match (raw.id, raw.pid) {
            (Some(id), None) => ChildKey::Id(id),
            (None, Some(process)) => ChildKey::Process(process),
            _ => return Err("one of `id` and `pid` names the child"),
        };
        Ok(Self { sup: raw.sup, kind: raw.kind, child })
    }
}

impl TryFrom<Json> for StreamItem {
    type Error = String;

    fn try_from(json: Json) -> Result<Self, String> {
        let input = json.clone().try_into()?;
        let action = serde_json::from_value(json).map_err(|e| e.to_string())?;
        Ok(Self { action, input })
    }
}

fn test() -> Target {
    Target::Test
}
