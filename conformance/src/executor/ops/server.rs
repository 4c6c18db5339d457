//! Operations on servers: call, cast, stop.

use std::time::Duration;

use perennial::exit_reason::CallError;
use perennial::gen_server::{Address, CALL_TIMEOUT, Name};

use super::{ok, value};
use crate::executor::lab::Lab;
use crate::executor::probe::{Probe, Request, WithCaller, uses_caller};
use crate::executor::target;
use crate::mapping;
use crate::observation::Outcome;
use crate::scenario::{Command, Op, Target, Wait};
use crate::value::Value;

pub(super) async fn run(op: &Op, lab: &Lab) -> Outcome {
    match op {
        Op::Call { target: Target::Name(name), cmd, timeout } => {
            call(&Name::<Probe>::from(name.clone()), cmd, limit(*timeout, Some(CALL_TIMEOUT)), lab).await
        }
        Op::Call { target, cmd, timeout } => match server(target, lab) {
            Some(server) => call(&server, cmd, limit(*timeout, Some(CALL_TIMEOUT)), lab).await,
            None => mapping::call_error(&CallError::NoProc, lab),
        },
        Op::Cast { target: Target::Name(name), cmd } => cast(&Name::<Probe>::from(name.clone()), cmd),
        Op::Cast { target, cmd } => server(target, lab).map_or_else(ok, |server| cast(&server, cmd)),
        Op::Stop { target, reason, timeout } => {
            let reason =
                reason.as_ref().map_or(perennial::exit_reason::ExitReason::Normal, mapping::exit_reason);
            let timeout = limit(*timeout, None);
            let stopped = match target {
                Target::Name(name) => Name::<Probe>::from(name.clone()).stop_timeout(reason, timeout).await,
                target => match server(target, lab) {
                    Some(server) => server.stop_timeout(reason, timeout).await,
                    None => Err(CallError::NoProc),
                },
            };
            stopped.map_or_else(|error| mapping::call_error(&error, lab), |()| ok())
        }
        _ => unreachable!("asked for calls, casts and stops only"),
    }
}

/// The test server at a target that is no name; none if it has ended.
fn server(target: &Target, lab: &Lab) -> Option<perennial::gen_server::ServerRef<Probe>> {
    target::pid(target, lab)?.server()
}

async fn call(
    server: &impl Address<Server = Probe>,
    command: &Command,
    timeout: Option<Duration>,
    lab: &Lab,
) -> Outcome {
    let command = command.clone();
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

fn cast(server: &impl Address<Server = Probe>, command: &Command) -> Outcome {
    match server.cast(command.clone()) {
        Ok(()) => ok(),
        Err(refused) => value(refused.to_string()),
    }
}

fn limit(timeout: Option<Wait>, default: Option<Duration>) -> Option<Duration> {
    timeout.map_or(default, Wait::limit)
}
