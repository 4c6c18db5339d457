//! The trees.

use std::time::Duration;

use perennial::dynamic_supervisor;
use perennial::prelude::*;
use perennial::registry;
use perennial::supervisor;

use super::worker::{Args, Worker};

/// Every key once.
pub(super) const ROWS: RegistryName<u64, u64> = RegistryName::new("rows");
/// Many under a key.
pub(super) const TOPICS: RegistryName<u64, u64> = RegistryName::new("topics");
/// Has as many children as it may.
pub(super) const CROWD: Name<DynamicSupervisor> = Name::new("crowd");
/// Gives up soon.
pub(super) const FRAGILE: Name<DynamicSupervisor> = Name::new("fragile");
/// Restarts all together.
pub(super) const ALL: Name<Supervisor> = Name::new("all");
/// Restarts those that came later.
pub(super) const REST: Name<Supervisor> = Name::new("rest");

/// How many children the crowd has at most.
const CROWDED: usize = 100;

/// Starts everything, linked to the current process.
pub(super) async fn start() -> StartResult {
    let parts = |keys| registry::Options { keys, partitions: 2, ..registry::Options::default() };
    let crowd = dynamic_supervisor::Options {
        name: Some(CROWD),
        max_children: Some(CROWDED),
        max_restarts: u32::MAX,
        max_seconds: Duration::from_millis(100),
        ..dynamic_supervisor::Options::default()
    };
    let fragile = dynamic_supervisor::Options {
        name: Some(FRAGILE),
        max_children: Some(CROWDED / 5),
        max_seconds: Duration::from_millis(50),
        ..dynamic_supervisor::Options::default()
    };
    let nested = vec![
        Supervisor::child_spec("all", workers(300), options(ALL, Strategy::OneForAll)),
        Supervisor::child_spec("rest", workers(310), options(REST, Strategy::RestForOne)),
    ];
    let children = vec![
        ROWS.child_spec_with(parts(Keys::Unique)),
        TOPICS.child_spec_with(parts(Keys::Duplicate)),
        ChildSpec { id: "crowd".into(), ..DynamicSupervisor::child_spec(crowd) },
        ChildSpec { id: "fragile".into(), ..DynamicSupervisor::child_spec(fragile) },
        Supervisor::child_spec("nested", nested, Strategy::RestForOne),
    ];
    // The root never gives up: the hands are at the others.
    let root = supervisor::Options {
        max_restarts: u32::MAX,
        max_seconds: Duration::from_millis(100),
        ..supervisor::Options::default()
    };
    Supervisor::start_link(children, root).await
}

fn options(name: Name<Supervisor>, strategy: Strategy) -> supervisor::Options {
    let (max_restarts, max_seconds) = (10, Duration::from_millis(100));
    supervisor::Options {
        name: Some(name),
        strategy,
        max_restarts,
        max_seconds,
        ..supervisor::Options::default()
    }
}

fn workers(from: u64) -> Vec<ChildSpec> {
    (from..from + 4).map(|key| child(key, Restart::Permanent)).collect()
}

/// A child of any of them; one key in three is a name too.
pub(super) fn child(key: u64, restart: Restart) -> ChildSpec {
    let args = Args { key, trap: key.is_multiple_of(2) };
    let spec = match key % 3 {
        0 => Worker::child_spec_as(args, ROWS.via::<Worker>(key)),
        _ => Worker::child_spec(args),
    };
    let shutdown = match key % 4 {
        0 => Shutdown::BrutalKill,
        1 => Shutdown::Timeout(Duration::from_millis(50)),
        _ => Shutdown::Infinity,
    };
    ChildSpec { id: id(key), restart, shutdown, ..spec }
}

/// The id of the child with the key.
pub(super) fn id(key: u64) -> ChildId {
    ChildId::new(key)
}
