//! What a task may do before it lets others run, as tokio counts it.
//!
//! Tokio's own way to wait for more keeps the waker, and wakes it when the thread has nothing else to do: from outside of the
//! workers, who then wake each other. So one who has used all up wakes itself, and waits behind what its worker has.

use std::{
    future::{Future, poll_fn},
    task::{Context, Poll},
};
use tokio::task::coop;

/// Takes a unit; if there is none, has us polled again when others have run.
pub(crate) fn poll_unit(cx: &mut Context<'_>) -> Poll<()> {
    if !coop::has_budget_remaining() {
        cx.waker().wake_by_ref();
        return Poll::Pending;
    }
    coop::poll_proceed(cx).map(|unit| unit.made_progress())
}

/// As [`poll_unit`], and waits for it.
pub(crate) fn unit() -> impl Future<Output = ()> + Send {
    poll_fn(poll_unit)
}
