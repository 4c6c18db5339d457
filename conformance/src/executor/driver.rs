//! The loop: run a step, settle, observe, compare.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use perennial::exit_reason::ExitReason;
use perennial::gen_server;
use perennial::node::{EventKind, EventStream, Node};
use perennial::process::{self, Inbox};

use super::bare::BareMessage;
use super::exec::run_as;
use super::lab::{Lab, TEST};
use super::ops;
use super::probe::{Probe, ProbeArgs};
use super::target;
use crate::mapping;
use crate::matcher::{Difference, Key, difference};
use crate::observation::{Observation, Outcome};
use crate::reason::Reason;
use crate::scenario::{Runner, Scenario, Step, Target};

/// Runs the steps of a scenario on the current node until the first difference; `progress` is the step it is at.
/// `parallel` says whether processes run at the same time.
pub(super) async fn drive(
    node: &Node,
    scenario: &Scenario,
    parallel: bool,
    progress: &AtomicUsize,
) -> Option<Difference> {
    let lab = Lab::default();
    let mut events = node.events();
    if let Err(error) = gen_server::start::<Probe>(ProbeArgs::test(scenario.trap_exit, &lab), ()).await {
        return Some(Difference::trouble(Key::Run, None, error));
    }
    for (index, step) in scenario.steps.iter().enumerate() {
        progress.store(index, Ordering::Relaxed);
        match run_step(node, &lab, &mut events, step).await {
            Ok(seen) => {
                let differs = difference(index, step, &seen);
                let forced = differs.filter(|_| {
                    !parallel || difference(index, &unraced(step), &mapping::unraced_seen(&seen)).is_some()
                });
                if forced.is_some() {
                    return forced;
                }
            }
            Err(problem) => return Some(Difference::trouble(Key::Run, Some(index), problem)),
        }
    }
    None
}

/// The step with its log as [`mapping::unraced`] brings it.
fn unraced(step: &Step) -> Step {
    let mut step = step.clone();
    step.expect.log = mapping::unraced(&step.expect.log);
    step
}

async fn run_step(
    node: &Node,
    lab: &Lab,
    events: &mut EventStream,
    step: &Step,
) -> Result<Observation, String> {
    let result = run_op(lab, step).await;
    let mut seen = Observation::default();
    if step.settle {
        node.settled().await;
        for (pid, reason) in ends(events)? {
            lab.ended(pid, reason);
        }
        seen = lab.observe();
    }
    seen.result = result;
    lab.take_trouble().map_or(Ok(seen), Err)
}

async fn run_op(lab: &Lab, step: &Step) -> Option<Outcome> {
    let op = Arc::new(step.op.clone());
    let who = match &step.runner {
        Runner::Test => target::find(&Target::Label(TEST.into()), lab),
        Runner::Process(target) => target::find(target, lab),
        Runner::Client(name) => {
            let (lab, name) = (lab.clone(), name.clone());
            process::spawn(|mut inbox: Inbox<BareMessage>| async move {
                let outcome = ops::perform(&op, &mut inbox, &lab).await;
                lab.finish_client(&name, outcome);
            });
            return None;
        }
    };
    match who {
        Some((pid, kind)) => run_as(pid, kind, op, lab).await,
        None => Some(Outcome::exit(Reason::NoProc)),
    }
}

/// The ends that the node has told of since the last time.
fn ends(events: &mut EventStream) -> Result<Vec<(perennial::pid::Pid, ExitReason)>, String> {
    let mut ends = Vec::new();
    loop {
        match events.try_next() {
            Ok(Some(event)) => {
                if let EventKind::Exit { reason } = event.kind {
                    ends.push((event.pid, reason));
                }
            }
            Ok(None) => return Ok(ends),
            Err(missed) => return Err(format!("{} events of the node were lost in one step", missed.0)),
        }
    }
}
