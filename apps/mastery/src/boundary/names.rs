//! The names under which the processes find each other.

use perennial::prelude::*;
use perennial::registry::RegistryName;

use super::catalog::Catalog;
use super::proctor::Proctor;
use super::run::RunServer;
use super::store::StoreServer;
use crate::core::slug::Slug;
use crate::store::records::{RunId, SessionId, StudentId};

/// The process that writes answers.
pub const STORE: Name<StoreServer> = Name::new("mastery.store");
/// The process that has the quizzes.
pub const CATALOG: Name<Catalog> = Name::new("mastery.catalog");
/// The process that opens and closes runs.
pub const PROCTOR: Name<Proctor> = Name::new("mastery.proctor");
/// The supervisor of the runs.
pub const RUNS: Name<DynamicSupervisor> = Name::new("mastery.runs");

/// The sessions that have a process. Keys hold numbers and no address, for they show up in reports.
pub static SESSIONS: RegistryName<(RunId, StudentId), SessionId> = RegistryName::new("mastery.sessions");
/// The runs that have a process, by quiz: two runs of one quiz are two runs.
pub static LIVE_RUNS: RegistryName<Slug, RunId> = RegistryName::new("mastery.live_runs");

/// The process of a run.
pub fn run(run: RunId) -> Name<RunServer> {
    Name::from(format!("mastery.run.{run}"))
}

/// The supervisor of a run.
pub fn run_supervisor(run: RunId) -> Name<Supervisor> {
    Name::from(format!("mastery.run_supervisor.{run}"))
}

/// The supervisor of the sessions of a run.
pub fn sessions(run: RunId) -> Name<DynamicSupervisor> {
    Name::from(format!("mastery.sessions.{run}"))
}
