//! Starting supervisors.

use perennial::child_spec::StartResult;
use perennial::dynamic_supervisor::{self, DynamicSupervisor};
use perennial::supervisor::{self, Supervisor};
use perennial::task::TaskSupervisor;

use super::lab::{Kind, Lab};
use super::partition;
use super::start::child_spec;
use super::target::StartName;
use crate::scenario::{AutoShutdown, DynamicSpec, StaticSpec, Strategy, SupervisorSpec, TaskSpec};

/// Starts a supervisor, linked to the current process. It is given its label when that has succeeded.
pub(crate) async fn start_link(base: &str, spec: &SupervisorSpec, lab: &Lab) -> StartResult {
    let pid = match spec {
        SupervisorSpec::Supervisor(spec) => start_static(spec, lab).await?,
        SupervisorSpec::Dynamic(spec) => start_dynamic(spec, lab).await?,
        SupervisorSpec::Partition(spec) => partition::start(spec, lab).await?,
        SupervisorSpec::Task(spec) => start_task(spec).await?,
    };
    lab.draw(base, pid, Kind::Supervisor(spec.kind()));
    Ok(pid)
}

async fn start_static(spec: &StaticSpec, lab: &Lab) -> StartResult {
    let options = supervisor::Options {
        name: None,
        strategy: match spec.strategy {
            Strategy::OneForOne => supervisor::Strategy::OneForOne,
            Strategy::OneForAll => supervisor::Strategy::OneForAll,
            Strategy::RestForOne => supervisor::Strategy::RestForOne,
        },
        max_restarts: spec.max_restarts,
        max_seconds: spec.max_seconds,
        auto_shutdown: match spec.auto_shutdown {
            AutoShutdown::Never => supervisor::AutoShutdown::Never,
            AutoShutdown::AnySignificant => supervisor::AutoShutdown::AnySignificant,
            AutoShutdown::AllSignificant => supervisor::AutoShutdown::AllSignificant,
        },
    };
    let children: Vec<_> = spec.children.iter().map(|child| child_spec(child, None, lab)).collect();
    Supervisor::start_link_as(StartName::new(spec.name.as_ref()), children, options).await
}

async fn start_dynamic(spec: &DynamicSpec, lab: &Lab) -> StartResult {
    let options = dynamic_supervisor::Options {
        max_children: spec.max_children,
        max_restarts: spec.max_restarts,
        max_seconds: spec.max_seconds,
        ..dynamic_supervisor::Options::default()
    };
    let pid = DynamicSupervisor::start_link_as(StartName::new(spec.name.as_ref()), options).await?;
    lab.keep(pid, |extra| extra.argument = spec.extra_arguments.first().cloned());
    Ok(pid)
}

async fn start_task(spec: &TaskSpec) -> StartResult {
    let options = dynamic_supervisor::Options {
        max_children: spec.max_children,
        max_restarts: spec.max_restarts,
        max_seconds: spec.max_seconds,
        ..dynamic_supervisor::Options::default()
    };
    TaskSupervisor::start_link_as(StartName::new(spec.name.as_ref()), options).await
}
