//! How the process of a task is made.
//!
//! # Order of events
//!
//! 1. The process is in the table, linked to its parent. It does not run yet.
//! 2. It is linked to its owner, if that is another one. If the owner has ended, it ends without having run.
//! 3. The future returns. Its value is the last reply of the process: it is sent when the future is dropped and names
//!    are free, and dropped if a deadly signal came first.
//! 4. Those who monitor it, and those who are linked to it, are told.
//! 5. The handle is told. The value has been sent by then, or never will be. An owner that does not trap exits, and has
//!    to end with its task, is doomed by then: it does not see the result of a task that failed.

use crate::{
    exit_reason::ExitReason,
    process::{
        Inbox,
        ancestor::Ancestor,
        block::ProcRef,
        bonds::Started,
        current,
        inbox::{self, Bare},
        links,
        spawn::Spawn,
    },
    task::handle::Task,
};
use std::{any::type_name, future::Future, sync::Arc};
use tokio::sync::oneshot;

/// Who asks for a task.
#[derive(Clone, Default)]
pub(crate) struct Ties {
    /// Who is linked to it.
    pub(crate) owner: Option<ProcRef>,
    pub(crate) callers: Option<Arc<Ancestor>>,
    /// What it is shown as, if that is not the type of its future.
    pub(crate) behaviour: Option<&'static str>,
}

impl Ties {
    /// The current process asks, and is linked.
    pub(crate) fn linked() -> Self {
        Self { owner: current::process(), ..Self::unlinked() }
    }

    /// The current process asks, and is not linked.
    pub(crate) fn unlinked() -> Self {
        Self { callers: callers(), ..Self::default() }
    }
}

/// The callers of a task that the current process asks for.
pub(crate) fn callers() -> Option<Arc<Ancestor>> {
    current::process().map(|me| Ancestor::of_task(me.process()))
}

/// Spawns a task for the current process, which is its parent if it is its owner.
pub(crate) fn spawn<M, F>(ties: Ties, body: impl FnOnce(Inbox<M>) -> F) -> Task<F::Output>
where
    M: Send + 'static,
    F: Future<Output: Send + 'static> + Send + 'static,
{
    make(ties.owner.is_some(), ties, body)
}

/// Spawns a task as a child of the current process, which is a supervisor and not its owner.
pub(crate) fn spawn_child<M, F>(ties: Ties, body: impl FnOnce(Inbox<M>) -> F) -> Task<F::Output>
where
    M: Send + 'static,
    F: Future<Output: Send + 'static> + Send + 'static,
{
    make(true, ties, body)
}

fn make<M, F>(link: bool, ties: Ties, body: impl FnOnce(Inbox<M>) -> F) -> Task<F::Output>
where
    M: Send + 'static,
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let Ties { owner, callers, behaviour } = ties;
    let behaviour = behaviour.unwrap_or(type_name::<F>());
    let (reply, value) = oneshot::channel();
    let (tell, end) = oneshot::channel();
    // The start of a task is over when the task is: nobody says before that it runs.
    let starter = Box::new(move |started| {
        if let Started::Exit(reason) = started {
            // An error says that nobody has the handle any more, here and below.
            let _ = tell.send(reason);
        }
    });
    let spawn = Spawn { link, starter: Some(starter), callers, ..Spawn::default() };
    let block = inbox::spawn_as(spawn, behaviour, |block: Arc<Bare<M>>| {
        let me: ProcRef = block.clone();
        let running = match &owner {
            Some(owner) if !links::connect(me.process(), owner.process()) => None,
            _ => Some(body(Inbox::new(block))),
        };
        async move {
            let Some(running) = running else {
                return ExitReason::shutdown_with("the owner of the task has ended");
            };
            let value = running.await;
            let send = move || drop(reply.send(value));
            me.process().set_last_reply(Box::new(send));
            ExitReason::Normal
        }
    });
    Task::running(block.pid(), owner.map(|owner| owner.process().pid()), end, value)
}
