//! Operations on servers: call, cast, stop.

use std::time::Duration;

use perennial::agent::Agent;
use perennial::dynamic_supervisor::DynamicSupervisor;
use perennial::exit_reason::{CallError, ExitReason};
use perennial::gen_server::{Address, CALL_TIMEOUT, GenServer};
use perennial::registry::Registry;
use perennial::supervisor::Supervisor;

use super::{ok, value};
use crate::executor::lab::{Kind, Lab};
use crate::executor::probe::{Probe, Request, WithCaller, uses_caller};
use crate::executor::target::{self, At};
use crate::mapping;
use crate::observation::Outcome;
use crate::scenario::{Command, Op, SupervisorKind, Target, Wait};
use crate::value::Value;

pub(super) async fn run(op: &Op, lab: &Lab) -> Outcome {
    match op {
        Op::Call { target, cmd, timeout } => {
            let timeout = timeout.map_or(Some(CALL_TIMEOUT), Wait::limit);
            call(&At::new(target, lab), cmd.clone(), timeout, lab).await
        }
        Op::Cast { target, cmd } => match At::<Probe>::new(target, lab).cast(cmd.clone()) {
            Ok(()) => ok(),
            Err(refused) => value(refused.to_string()),
        },
        Op::Stop { target, reason, timeout } => {
            let reason = reason.as_ref().map_or(ExitReason::Normal, mapping::exit_reason);
            match stop(target, reason, timeout.and_then(Wait::limit), lab).await {
                Ok(()) => ok(),
                Err(error) => mapping::call_error(&error, lab),
            }
        }
        _ => unreachable!("asked for calls, casts and stops only"),
    }
}

async fn call(server: &At<Probe>, command: Command, timeout: Option<Duration>, lab: &Lab) -> Outcome {
    let replied = if uses_caller(&command) {
        server.call_timeout(WithCaller(command), timeout).await
    } else {
        server.call_timeout(Request(command), timeout).await
    };
    match replied {
        Ok(reply) => value(Value::tagged("reply", reply)),
        Err(error) => mapping::call_error(&error, lab),
    }
}

/// Stops a server of any kind.
async fn stop(
    target: &Target,
    reason: ExitReason,
    timeout: Option<Duration>,
    lab: &Lab,
) -> Result<(), CallError> {
    async fn stop_at<S: GenServer>(
        at: At<S>,
        reason: ExitReason,
        timeout: Option<Duration>,
    ) -> Result<(), CallError> {
        at.stop_timeout(reason, timeout).await
    }
    match target::find(target, lab).map(|(_, kind)| kind) {
        Some(Kind::Supervisor(SupervisorKind::Dynamic | SupervisorKind::Task)) => {
            stop_at::<DynamicSupervisor>(At::new(target, lab), reason, timeout).await
        }
        Some(Kind::Supervisor(_)) => stop_at::<Supervisor>(At::new(target, lab), reason, timeout).await,
        Some(Kind::Agent) => stop_at::<Agent<Value>>(At::new(target, lab), reason, timeout).await,
        Some(Kind::Registry) => {
            stop_at::<Registry<Value, Value>>(At::new(target, lab), reason, timeout).await
        }
        _ => stop_at::<Probe>(At::new(target, lab), reason, timeout).await,
    }
}
