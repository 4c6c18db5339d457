//! Starting registries.

use perennial::child_spec::StartResult;
use perennial::gen_server::Name;
use perennial::registry::{self, Listener};

use super::lab::{Kind, Lab};
use super::probe::Probe;
use super::target::registry_named;
use crate::scenario::{Keys, RegistrySpec};
use crate::value::Value;

/// Starts a registry, linked to the current process. It is given its label when that has succeeded.
pub(crate) async fn start_link(base: &str, spec: &RegistrySpec, lab: &Lab) -> StartResult {
    let default = registry::Options::<Value, Value>::default();
    let options = registry::Options {
        keys: match spec.keys {
            Keys::Unique => registry::Keys::Unique,
            Keys::Duplicate => registry::Keys::Duplicate,
        },
        partitions: spec.partitions.unwrap_or(default.partitions),
        listeners: spec
            .listeners
            .iter()
            .map(|name| Listener::at(Name::<Probe>::from(name.clone())))
            .collect(),
        ..default
    };
    let pid = registry_named(&spec.name).start_link(options).await?;
    lab.draw(base, pid, Kind::Registry);
    Ok(pid)
}
