//! Time and order.

use perennial::time::sleep;

use super::{not_yet, value};
use crate::executor::lab::Lab;
use crate::observation::Outcome;
use crate::scenario::Op;

pub(super) async fn run(op: &Op, lab: &Lab) -> Option<Outcome> {
    match op {
        Op::Wait { ms } => {
            sleep(*ms).await;
            None
        }
        Op::Settle {} => None,
        Op::AwaitAsync { client } => Some(match lab.client(client) {
            Some(outcome) => outcome.unwrap_or_else(|| value("none")),
            None => value("pending"),
        }),
        other => not_yet(other, lab),
    }
}
