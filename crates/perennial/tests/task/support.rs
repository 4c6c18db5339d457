//! Owners of tasks, and tasks to wait for.

use perennial::{node::Node, prelude::*, task::Task, time};
use std::{future::Future, time::Duration};
use tokio::sync::oneshot;

/// Runs `body` in a process, and returns what it returned, or else the reason with which the process ended.
pub(crate) async fn as_process<T, F>(body: impl FnOnce(Inbox<Exit>) -> F) -> Result<T, ExitReason>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let (sender, receiver) = oneshot::channel();
    let (_, ended) = process::spawn_monitor(|inbox| {
        let body = body(inbox);
        async move { drop(sender.send(body.await)) }
    });
    let reason = ended.await.reason;
    receiver.await.map_err(|_| reason)
}

pub(crate) async fn settle() {
    Node::current().settled().await;
}

pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Takes so many seconds, and returns them.
pub(crate) async fn slow(seconds: u64) -> u64 {
    // No sleep of nothing: that would wait for the time to move.
    if seconds > 0 {
        time::sleep(secs(seconds)).await;
    }
    seconds
}

/// Never comes to an end.
pub(crate) async fn forever() {
    std::future::pending::<()>().await;
}

/// Exits with a reason of its own.
pub(crate) async fn odd() -> u32 {
    process::exit_self(boom())
}

pub(crate) fn boom() -> ExitReason {
    ExitReason::other("boom")
}

/// A task that traps exits, and returns the reason of the first one that it gets; none if that is `ignored`.
pub(crate) fn trapping(ignored: bool) -> Task<ExitReason> {
    Task::spawn_process(move |mut inbox: Inbox<Exit>| {
        inbox.trap_exit(true);
        async move {
            let exit = inbox.receive().await;
            if ignored {
                forever().await;
            }
            exit.reason
        }
    })
}
