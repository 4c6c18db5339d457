//! The operations, run in the process that calls [`perform`].

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::exec::Me;
use super::lab::Lab;
use crate::mapping;
use crate::observation::Outcome;
use crate::scenario::Op;
use crate::value::Value;

mod agent;
mod partition;
mod process;
mod registry;
mod server;
mod supervisor;
mod task;
mod time;

/// Runs an operation as the current process, which is `me`; a panic in it is a result. None for one without a result.
pub(crate) fn perform<'a>(op: &'a Op, me: &'a mut dyn Me, lab: &'a Lab) -> BoxFuture<'a, Option<Outcome>> {
    let run = AssertUnwindSafe(async move {
        match op {
            Op::Wait { .. } | Op::Settle {} | Op::AwaitAsync { .. } => time::run(op, lab).await,
            Op::Call { .. } | Op::Cast { .. } | Op::Stop { .. } => Some(server::run(op, lab).await),
            Op::StartSupervisor(_)
            | Op::StartChild { .. }
            | Op::TerminateChild(_)
            | Op::RestartChild { .. }
            | Op::DeleteChild { .. }
            | Op::WhichChildren { .. }
            | Op::CountChildren { .. }
            | Op::Partitions { .. } => supervisor::run(op, lab).await,
            Op::AgentStart { .. }
            | Op::AgentGet { .. }
            | Op::AgentGetAndUpdate { .. }
            | Op::AgentUpdate { .. }
            | Op::AgentCast { .. }
            | Op::AgentStop { .. } => agent::run(op, lab).await,
            Op::StartRegistry { .. }
            | Op::Register { .. }
            | Op::Unregister { .. }
            | Op::Lookup { .. }
            | Op::Keys { .. }
            | Op::Values { .. }
            | Op::Count { .. }
            | Op::UpdateValue { .. }
            | Op::Match { .. }
            | Op::CountMatch { .. }
            | Op::UnregisterMatch { .. }
            | Op::Select { .. }
            | Op::PutMeta { .. }
            | Op::GetMeta { .. }
            | Op::DeleteMeta { .. }
            | Op::Dispatch { .. }
            | Op::ActiveSessions { .. } => registry::run(op, lab).await,
            Op::TaskAsync { .. }
            | Op::TaskAwait { .. }
            | Op::TaskYield { .. }
            | Op::TaskShutdown { .. }
            | Op::TaskIgnore { .. }
            | Op::TaskAwaitMany { .. }
            | Op::TaskYieldMany { .. }
            | Op::TaskCompleted { .. }
            | Op::TaskStart { .. }
            | Op::TaskStartChild { .. }
            | Op::TaskChildren { .. }
            | Op::AsyncStream { .. } => Some(task::run(op, lab).await),
            _ => process::run(op, me, lab).await,
        }
    });
    Box::pin(async move { run.catch_unwind().await.unwrap_or_else(|_| Some(mapping::raised())) })
}

/// An operation that the executor has not learned.
fn not_yet(op: &Op, lab: &Lab) -> Option<Outcome> {
    let op = format!("{op:?}");
    let name = op.split_whitespace().next().unwrap_or_default();
    lab.trouble(format!("not supported yet: {name}"));
    None
}

fn value(value: impl Into<Value>) -> Outcome {
    Outcome::Value(value.into())
}

fn ok() -> Outcome {
    value("ok")
}
