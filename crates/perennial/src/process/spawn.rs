//! How a process comes to be: in the table, linked and monitored before it first runs.

use crate::{
    exit_reason::ExitReason,
    pid::Pid,
    process::{
        block::{Ancestor, Block, New, Proc, ProcRef, Process, Starter},
        current,
        events::EventKind,
        inline, links,
        node::{Node, NodeInner},
        panics, run,
    },
};
use std::{
    future::Future,
    sync::{Arc, Weak},
    time::Duration,
};

/// What is asked of a new process.
#[derive(Default)]
pub(crate) struct Spawn {
    /// Link it with the current process, if there is one, which is then its parent.
    pub(crate) link: bool,
    /// Who is told how its start ended.
    pub(crate) starter: Option<Starter>,
    /// The type of what runs in it.
    pub(crate) behaviour: &'static str,
    /// Room for casts, if that is to be bounded.
    pub(crate) room: Option<usize>,
    /// The callers of a task.
    pub(crate) callers: Option<Arc<Ancestor>>,
    /// The longest run by a caller that is not slow; none if callers are never to run it.
    pub(crate) inline: Option<Duration>,
    /// Poll it here and now for the first time, if that can be.
    pub(crate) at_once: bool,
}

/// Spawns a process on the current node. `body` makes what it runs from its own block.
///
/// What that returns beside the reason is dropped when the reason is fixed.
pub(crate) fn spawn<D: ?Sized + 'static, F, R>(
    spawn: Spawn,
    body: impl FnOnce(Arc<Block<D>>) -> F,
) -> Arc<Block<D>>
where
    Block<D>: Proc,
    F: Future<Output = (ExitReason, R)> + Send + 'static,
    R: Send + 'static,
{
    panics::install_hook();
    let node = Node::current().0;
    let me = current::process();
    let parent = if spawn.link { me.as_ref() } else { None };
    let (behaviour, parent_pid) = (spawn.behaviour, parent.map(|parent| parent.process().pid));
    let at_once = spawn.at_once;
    let block = make(&node, parent, spawn);
    let (process, pid): (ProcRef, Pid) = (block.clone(), block.pid());
    node.events.emit(
        || node.clock.now(),
        current::cause(),
        pid,
        || EventKind::Start { parent: parent_pid, behaviour },
    );
    if let Some(parent) = parent {
        // Before the link, over which its end would be told.
        current::spawned(parent, pid);
        if !links::connect(parent, &process) {
            links::signal_orphan(&process, parent);
        }
    }
    // User code, and the process is known already: if it panics, that is how the process ends.
    let body = panics::catch(|| run::body(body(block.clone())));
    let mut turn = block.process.turns.claim().expect("nobody else has made it");
    match body {
        Err(reason) => run::end_unborn(&process, turn, reason),
        Ok(body) => {
            turn.with(|its| *its = body);
            if node.scheduler.is_closed() {
                run::end_unborn(&process, turn, ExitReason::Killed);
            } else if at_once && inline::may_run(&node) {
                run::run_turn(&block, turn);
            } else {
                // Notified first: so whoever ends the turn is told to schedule it.
                block.process.notify();
                run::give_back(&block.process, turn, || block.clone());
            }
        }
    }
    block
}

/// Makes a process and puts it into the table. Nothing runs it yet.
pub(crate) fn make<D: ?Sized + 'static>(
    node: &Arc<NodeInner>,
    parent: Option<&ProcRef>,
    spawn: Spawn,
) -> Arc<Block<D>>
where
    Block<D>: Proc,
{
    let (slot, serial, order) = node.table.reserve();
    let pid = Pid { node: node.id, slot, serial, creation: node.creation };
    let parent = parent.map(|parent| parent.process());
    let Spawn { starter, behaviour, room, callers, inline, .. } = spawn;
    let new = New { pid, order, node: node.clone(), parent, behaviour, room, inline };
    let block = Arc::new_cyclic(|me: &Weak<Block<D>>| {
        let mut process = Process::new(new, me.clone());
        process.callers = callers;
        Block::new(process)
    });
    block.process.lock().starter = starter;
    node.table.insert(block.clone());
    // Race: asked now that it is in the table, see `process::stats`.
    if node.observed() {
        block.process.observe();
    }
    block
}
