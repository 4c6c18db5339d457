//! Operations on agents.

use std::mem;

use perennial::agent::Agent;
use perennial::exit_reason::{CallError, ExitReason};
use perennial::gen_server::{Address, CALL_TIMEOUT};
use perennial::time::sleep;

use super::{not_yet, ok, value};
use crate::executor::agent;
use crate::executor::function::apply;
use crate::executor::lab::Lab;
use crate::executor::start::Linked;
use crate::executor::target::At;
use crate::mapping;
use crate::observation::Outcome;
use crate::scenario::{Function, Op, Target, Wait};
use crate::value::Value;

pub(super) async fn run(op: &Op, lab: &Lab) -> Option<Outcome> {
    let limit = |timeout: &Option<Wait>| timeout.map_or(Some(CALL_TIMEOUT), Wait::limit);
    Some(match op {
        Op::AgentStart { label, action, name, link, init_timeout } => {
            let linked = if *link { Linked::Yes } else { Linked::No };
            let limit = init_timeout.and_then(Wait::limit);
            let started = agent::start(label, action, name.as_ref(), linked, limit, lab).await;
            mapping::started(&started, lab)
        }
        Op::AgentGet { target, fun: Function::Sleep { ms }, timeout } => {
            let (agent, ms) = (at(target, lab), *ms);
            let slowly = Agent::get_and_update_async(
                &agent,
                move |state| {
                    Box::pin(async move {
                        sleep(ms).await;
                        state.clone()
                    })
                },
                limit(timeout),
            );
            replied(slowly.await, lab)
        }
        Op::AgentGet { target, fun, timeout } => {
            let fun = fun.clone();
            let look = move |state: &Value| apply(&fun, state);
            replied(Agent::get_timeout(&at(target, lab), look, limit(timeout)).await, lab)
        }
        Op::AgentGetAndUpdate { target, fun, timeout } => {
            let fun = fun.clone();
            let change = move |state: &mut Value| {
                let new = apply(&fun, state);
                mem::replace(state, new)
            };
            replied(Agent::get_and_update_timeout(&at(target, lab), change, limit(timeout)).await, lab)
        }
        Op::AgentUpdate { target, fun, timeout } => {
            match Agent::update_timeout(&at(target, lab), change(fun), limit(timeout)).await {
                Ok(()) => ok(),
                Err(failed) => mapping::call_error(&failed, lab),
            }
        }
        Op::AgentCast { target, fun } => match Agent::cast(&at(target, lab), change(fun)) {
            Ok(()) => ok(),
            Err(refused) => value(refused.to_string()),
        },
        Op::AgentStop { target, reason, timeout } => {
            let reason = reason.as_ref().map_or(ExitReason::Normal, mapping::exit_reason);
            match at(target, lab).stop_timeout(reason, timeout.and_then(Wait::limit)).await {
                Ok(()) => ok(),
                Err(failed) => mapping::call_error(&failed, lab),
            }
        }
        other => return not_yet(other, lab),
    })
}

fn at(target: &Target, lab: &Lab) -> At<Agent<Value>> {
    At::new(target, lab)
}

fn change(fun: &Function) -> impl FnOnce(&mut Value) + Send + use<> {
    let fun = fun.clone();
    move |state| *state = apply(&fun, state)
}

fn replied(reply: Result<Value, CallError>, lab: &Lab) -> Outcome {
    match reply {
        Ok(reply) => value(Value::tagged("reply", reply)),
        Err(failed) => mapping::call_error(&failed, lab),
    }
}
