//! Starting what a child specification describes.

use std::sync::Arc;

use perennial::child_spec::{self, ChildType, StartError, StartResult};
use perennial::gen_server::{self, Options};
use perennial::process;
use perennial::time::sleep;

use super::lab::Lab;
use super::probe::{Probe, ProbeArgs};
use super::target::StartName;
use super::{agent, bare, job, raise, registry, supervisor};
use crate::mapping;
use crate::observation::{Event, Outcome};
use crate::reason::Reason;
use crate::scenario::{ChildSpec, ChildStart, Plan, Restart, ServerSpec, Shutdown, StartAction, Type, Wait};
use crate::value::Value;

/// Whether a process is started with a link to the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Linked {
    Yes,
    No,
}

/// Starts a test server from the current process.
pub(crate) async fn start_server(
    child: &ChildSpec,
    linked: Linked,
    init_timeout: Option<Wait>,
    lab: &Lab,
) -> Outcome {
    let ChildStart::Server(spec) = &child.start else {
        lab.trouble(format!("only a server can be started by itself, not {:?}", child.start));
        return mapping::raised();
    };
    let result = server(child, spec, linked, init_timeout.and_then(Wait::limit), lab).await;
    mapping::started(&result, lab)
}

async fn server(
    child: &ChildSpec,
    spec: &ServerSpec,
    linked: Linked,
    limit: Option<std::time::Duration>,
    lab: &Lab,
) -> StartResult {
    let args = ProbeArgs::new(&child.base, spec, lab);
    let name = StartName::new(child.name.as_ref());
    match (limit, linked) {
        (None, Linked::Yes) => gen_server::start_link::<Probe>(args, name).await,
        (None, Linked::No) => gen_server::start::<Probe>(args, name).await,
        (Some(limit), Linked::Yes) => {
            gen_server::start_link_with::<Probe>(args, name, Options::default().timeout(limit)).await
        }
        (Some(limit), Linked::No) => {
            gen_server::start_unlinked_with::<Probe>(args, name, Options::default().timeout(limit)).await
        }
    }
}

/// The library's specification for one of a scenario. Its start function consults the plan, then launches the child.
/// `argument` is the extra argument of a dynamic supervisor.
pub(crate) fn child_spec(child: &ChildSpec, argument: Option<&Value>, lab: &Lab) -> child_spec::ChildSpec {
    let mut child = child.clone();
    if let (Some(argument), ChildStart::Server(spec)) = (argument, &mut child.start) {
        spec.state = Value::List(vec![argument.clone(), spec.state.clone()]);
    }
    let kind = match child.kind {
        Type::Worker => ChildType::Worker,
        Type::Supervisor => ChildType::Supervisor,
    };
    let id = mapping::id_of_child(&child.id, mapping::modules(child.modules.as_ref()));
    let (restart, shutdown, significant) = (child.restart, child.shutdown, child.significant);
    let start = |(child, lab): (Arc<ChildSpec>, Lab)| async move { start_child(&child, &lab).await };
    let args = (Arc::new(child), lab.clone());
    let default = match kind {
        ChildType::Worker => child_spec::ChildSpec::worker(start, args),
        ChildType::Supervisor => child_spec::ChildSpec::supervisor(start, args),
    };
    child_spec::ChildSpec {
        id,
        restart: match restart {
            None | Some(Restart::Permanent) => child_spec::Restart::Permanent,
            Some(Restart::Transient) => child_spec::Restart::Transient,
            Some(Restart::Temporary) => child_spec::Restart::Temporary,
        },
        shutdown: match shutdown {
            None => default.shutdown,
            Some(Shutdown::BrutalKill) => child_spec::Shutdown::BrutalKill,
            Some(Shutdown::Timeout(time)) => child_spec::Shutdown::Timeout(time),
            Some(Shutdown::Infinity) => child_spec::Shutdown::Infinity,
        },
        significant,
        ..default
    }
}

/// The start function of every child.
async fn start_child(child: &ChildSpec, lab: &Lab) -> StartResult {
    // A plain start is not counted: another specification with this base may have a plan.
    let attempt = if child.plan == Plan::default() { 1 } else { lab.attempt(&child.base) };
    let plan = child.plan.nth(attempt);
    if plan.action != StartAction::Ok {
        lab.log(Event::Attempt(child.base.clone()));
    }
    let failed = |reason: &Reason| Err(StartError::Exit(mapping::exit_reason(reason)));
    match &plan.action {
        StartAction::Ok => launch(child, lab).await,
        StartAction::Info(info) => {
            // Such a start function knows nothing else than success, and raises.
            let pid = launch(child, lab).await.unwrap_or_else(|_| raise());
            lab.keep(pid, |extra| extra.info = Some(info.clone()));
            Ok(pid)
        }
        StartAction::Ignore => Err(StartError::Ignore),
        StartAction::Error(reason) => {
            // A sleep of nothing would wait for the time to move.
            if !plan.sleep.is_zero() {
                sleep(plan.sleep).await;
            }
            failed(reason)
        }
        StartAction::BadReturn => failed(&Reason::Atom("bad".into())),
        StartAction::Exit(reason) => process::exit_self(mapping::exit_reason(reason)),
        StartAction::Raise | StartAction::Throw(_) => raise(),
    }
}

/// Starts a child, linked to the current process, which is its supervisor.
async fn launch(child: &ChildSpec, lab: &Lab) -> StartResult {
    let pid = match &child.start {
        ChildStart::Server(spec) => server(child, spec, Linked::Yes, None, lab).await?,
        // Boxed, as a supervisor's children may be supervisors.
        ChildStart::Supervisor(spec) => Box::pin(supervisor::start_link(&child.base, spec, lab)).await?,
        ChildStart::Task(action) => job::start_link(&child.base, action, lab).await,
        ChildStart::Bare(spec) => bare::start(spec, true, lab).await,
        ChildStart::Registry(spec) => registry::start_link(&child.base, spec, lab).await?,
        ChildStart::Agent(action) => {
            agent::start(&child.base, action, child.name.as_ref(), Linked::Yes, None, lab).await?
        }
    };
    lab.keep(pid, |extra| extra.modules = mapping::modules(child.modules.as_ref()));
    Ok(pid)
}
