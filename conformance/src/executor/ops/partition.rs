//! Operations on partition supervisors: most of them are those on supervisors.

use perennial::partition_supervisor::PartitionSupervisor;
use perennial::supervisor::Supervisor;

use super::supervisor::on_static;
use super::value;
use crate::executor::lab::Lab;
use crate::executor::target::At;
use crate::mapping;
use crate::observation::Outcome;
use crate::scenario::{Op, Target};
use crate::value::Value;

pub(super) async fn run(op: &Op, sup: &Target, lab: &Lab) -> Option<Outcome> {
    let at = At::<Supervisor>::new(sup, lab);
    match op {
        Op::Partitions { .. } => Some(match PartitionSupervisor::<Supervisor, _>::at(at).partitions() {
            Ok(count) => value(Value::Int(i64::try_from(count).unwrap_or(i64::MAX))),
            Err(failed) => mapping::call_error(&failed, lab),
        }),
        Op::WhichChildren { .. } => Some(match on_static(op, &at, lab).await? {
            Outcome::Value(Value::List(rows)) => Outcome::Set(rows),
            other => other,
        }),
        _ => on_static(op, &at, lab).await,
    }
}
