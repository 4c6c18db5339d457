//! Whom an operation is for.

use perennial::exit_reason::CallError;
use perennial::gen_server::{self, Address, GenServer, Register, Registered, ServerRef};
use perennial::pid::Pid;
use perennial::process;
use perennial::registry::{RegistryName, Via, ViaValue};

use super::lab::{Kind, Lab, TEST};
use super::partition::{self, Local};
use super::probe::Probe;
use crate::scenario::{Name, Target};
use crate::value::Value;

/// The registries of scenarios: keys and values are values.
pub(crate) type Registry = RegistryName<Value, Value>;

/// Returns the process at `target`, dead or alive, and what it is; none if nobody is there.
pub(crate) fn find(target: &Target, lab: &Lab) -> Option<(Pid, Kind)> {
    match target {
        Target::Test => lab.find(TEST),
        Target::Label(label) => lab.find(label),
        Target::Base(base) => lab.latest(base),
        Target::Name(name) => known(process::whereis(name)?, lab),
        Target::Via { registry, key } => {
            let rows = registry_named(registry).lookup(key).ok()?;
            known(rows.first()?.0, lab)
        }
        Target::Partition { supervisor, key } => {
            known(partition::partition::<Probe>(supervisor, key, lab)?.pid_now()?, lab)
        }
    }
}

fn known(pid: Pid, lab: &Lab) -> Option<(Pid, Kind)> {
    lab.find(&lab.label(pid)?)
}

/// The registry with this name.
pub(crate) fn registry_named(name: &str) -> Registry {
    Registry::from(name.to_owned())
}

/// The process at `target`, dead or alive.
pub(crate) fn pid(target: &Target, lab: &Lab) -> Option<Pid> {
    find(target, lab).map(|(pid, _)| pid)
}

/// A server of type `S` as a target says where it is: a name is resolved at each use, a label is a process.
#[derive(Debug)]
pub(crate) enum At<S: GenServer> {
    /// By a local name.
    Name(gen_server::Name<S>),
    /// By a key of a registry.
    Via(Via<S, Value, Value>),
    /// By a key of a partition supervisor.
    Partition(Local<S>),
    /// By its label; none if it has ended, or was never there.
    Process(Option<ServerRef<S>>),
}

impl<S: GenServer> At<S> {
    pub(crate) fn new(target: &Target, lab: &Lab) -> Self {
        match target {
            Target::Name(name) => Self::Name(gen_server::Name::from(name.clone())),
            Target::Via { registry, key } => Self::Via(registry_named(registry).via(key.clone())),
            Target::Partition { supervisor, key } => {
                partition::partition(supervisor, key, lab).map_or(Self::Process(None), Self::Partition)
            }
            target => Self::Process(pid(target, lab).and_then(Pid::server)),
        }
    }
}

impl<S: GenServer> Address for At<S> {
    type Server = S;

    fn resolve(&self) -> Result<ServerRef<S>, CallError> {
        match self {
            Self::Name(name) => name.resolve(),
            Self::Via(via) => via.resolve(),
            Self::Partition(partition) => partition.resolve(),
            Self::Process(server) => server.clone().ok_or(CallError::NoProc),
        }
    }
}

/// The name a server is to be started under.
#[derive(Debug)]
pub(crate) enum StartName<S> {
    /// None.
    None,
    /// A local name.
    Local(gen_server::Name<S>),
    /// A key of a registry.
    Via(Via<S, Value, Value>),
    /// A key of a registry, with a value.
    ViaValue(ViaValue<S, Value, Value>),
}

impl<S: GenServer> StartName<S> {
    pub(crate) fn new(name: Option<&Name>) -> Self {
        match name {
            None => Self::None,
            Some(Name::Local(name)) => Self::Local(gen_server::Name::from(name.clone())),
            Some(Name::Via { registry, key, value: Value::Null }) => {
                Self::Via(registry_named(registry).via(key.clone()))
            }
            Some(Name::Via { registry, key, value }) => {
                Self::ViaValue(registry_named(registry).via_value(key.clone(), value.clone()))
            }
        }
    }
}

impl<S: GenServer> Register<S> for StartName<S> {
    fn register(&self, server: &ServerRef<S>) -> Registered {
        match self {
            Self::None => Registered::Yes,
            Self::Local(name) => name.register(server),
            Self::Via(via) => via.register(server),
            Self::ViaValue(via) => via.register(server),
        }
    }

    fn holder(&self) -> Option<Pid> {
        match self {
            Self::None => None,
            Self::Local(name) => name.holder(),
            Self::Via(via) => via.holder(),
            Self::ViaValue(via) => via.holder(),
        }
    }
}
