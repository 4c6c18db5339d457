//! Partition supervisors: starting one, and finding the partition that serves a key.

use perennial::child_spec::StartResult;
use perennial::gen_server::GenServer;
use perennial::partition_supervisor::{Options, Partition, PartitionSupervisor};
use perennial::supervisor::{self, Supervisor};

use super::lab::Lab;
use super::probe::Probe;
use super::start::child_spec;
use super::target::registry_named;
use crate::scenario::{Name, PartitionSpec, Strategy};
use crate::value::Value;

/// The partition of a partition supervisor with a local name.
pub(crate) type Local<S> = Partition<S, perennial::gen_server::Name<Supervisor>>;

/// Starts a partition supervisor, linked to the current process. The labels of its partitions have their numbers.
pub(crate) async fn start(spec: &PartitionSpec, lab: &Lab) -> StartResult {
    let template = |partition: usize| {
        let mut child = (*spec.child).clone();
        child.base = format!("{}{partition}", child.base);
        child_spec(&child, None, lab)
    };
    let default = Options::default();
    let options = Options {
        partitions: spec.partitions.unwrap_or(default.partitions),
        strategy: match spec.strategy {
            Strategy::OneForOne => supervisor::Strategy::OneForOne,
            Strategy::OneForAll => supervisor::Strategy::OneForAll,
            Strategy::RestForOne => supervisor::Strategy::RestForOne,
        },
        max_restarts: spec.max_restarts,
        max_seconds: spec.max_seconds,
    };
    match &spec.name {
        Name::Local(name) => named::<Probe>(name).start_link(template, options).await,
        Name::Via { registry, key, .. } => {
            let name = registry_named(registry).via(key.clone());
            PartitionSupervisor::<Probe, _>::at(name).start_link(template, options).await
        }
    }
}

/// The partition that serves a key, which is an integer; none for any other key.
pub(crate) fn partition<S: GenServer>(supervisor: &str, key: &Value, lab: &Lab) -> Option<Local<S>> {
    match key {
        Value::Int(key) => Some(named(supervisor).via(key)),
        other => {
            lab.trouble(format!("the keys of partitions are integers, not {other}"));
            None
        }
    }
}

fn named<S>(name: &str) -> PartitionSupervisor<S> {
    PartitionSupervisor::from(name.to_owned())
}
