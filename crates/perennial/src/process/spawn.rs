//! How a process comes to be: in the table, linked and monitored before it first runs.

use crate::{
    exit_reason::ExitReason,
    pid::Pid,
    process::{
        block::{Ancestor, Block, Proc, ProcRef, Process, Starter},
        current,
        events::EventKind,
        links,
        node::{Node, NodeInner},
        panics,
        task::{self, ProcessTask},
    },
};
use std::{future::Future, sync::Arc};

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
    R: 'static,
{
    panics::install_hook();
    let node = Node::current().0;
    let me = current::process();
    let parent = if spawn.link { me.as_ref() } else { None };
    let (behaviour, parent_pid) = (spawn.behaviour, parent.map(|parent| parent.process().pid));
    let block = make(&node, parent, spawn);
    let (process, pid): (ProcRef, Pid) = (block.clone(), block.pid());
    let cause = me.as_ref().and_then(|me| me.process().cause());
    node.events.emit(|| node.clock.now(), cause, pid, || EventKind::Start { parent: parent_pid, behaviour });
    if let Some(parent) = parent {
        if !links::connect(parent, &process) {
            links::signal_orphan(&process, parent);
        }
        current::spawned(pid);
    }
    // User code, and the process is known already: if it panics, that is how the process ends.
    match panics::catch(|| body(block.clone())) {
        Ok(body) => node.executor.spawn(ProcessTask::new(process, body)),
        Err(reason) => task::end_unborn(&process, reason),
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
    let mut process = Process::new(pid, order, node.clone(), parent, spawn.behaviour, spawn.room);
    process.callers = spawn.callers;
    let block = Arc::new(Block::<D>::new(process));
    block.process.lock().starter = spawn.starter;
    node.table.insert(block.clone());
    // Race: asked now that it is in the table, see `process::stats`.
    if node.observed() {
        block.process.observe();
    }
    block
}
