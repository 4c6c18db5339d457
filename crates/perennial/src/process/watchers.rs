//! Those who are told of the end of a process, because they monitor it.

use crate::{
    pid::Ref,
    process::{block::Receive, messages::Down, small_map::SmallMap},
};
use std::sync::Arc;
use tokio::sync::oneshot;

/// Who gets a `Down`.
pub(crate) enum Watcher {
    /// A process, through its mailbox.
    Process { to: Arc<dyn Receive<Down>>, name: Option<Arc<str>> },
    /// A future.
    Future(oneshot::Sender<Down>),
}

/// The watchers of a process, by monitor: in the order in which they came. Most processes that have one have no other.
pub(crate) type Watchers = SmallMap<Ref, Watcher>;
