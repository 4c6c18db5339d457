//! How a process comes to be: in the table, linked and monitored before it first runs.

use crate::{
    exit_reason::ExitReason,
    pid::Pid,
    process::{
        ancestor::Ancestor,
        block::{Block, BodyTurn, Kind, ProcRef},
        bonds::Starter,
        current,
        events::EventKind,
        inline, links,
        node::{Node, NodeInner},
        panics, run,
        state::{New, Process},
    },
};
use perennial_cell::arc_in_place;
use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

/// What is asked of a new process.
#[derive(Default)]
pub(crate) struct Spawn {
    /// Link it with the current process, if there is one, which is then its parent.
    pub(crate) link: bool,
    /// Who is told how its start ended.
    pub(crate) starter: Option<Starter>,
    /// Room for casts, if that is to be bounded.
    pub(crate) room: Option<usize>,
    /// The callers of a task.
    pub(crate) callers: Option<Arc<Ancestor>>,
    /// The longest run by a caller that is not slow; none if callers are never to run it.
    pub(crate) inline: Option<Duration>,
    /// Poll it here and now for the first time, if that can be.
    pub(crate) at_once: bool,
}

/// Spawns a process on the current node. `fill` puts what it runs into its turn. If it gets a context it runs as the
/// process, and may begin with that; it is ready with the reason if that has ended already.
pub(crate) fn spawn<D: ?Sized + Kind + 'static>(
    mut spawn: Spawn,
    own: D::Own,
    fill: impl FnOnce(&Arc<Block<D>>, &mut BodyTurn<'_, D>, Option<&mut Context<'_>>) -> Poll<ExitReason>,
) -> Arc<Block<D>> {
    panics::install_hook();
    let at_once = spawn.at_once;
    // Node and parent are only looked at: their counts of references would be fought over by all who start processes.
    let block = Node::with_current(|node| {
        current::look_if(spawn.link, |parent| make_linked(node, parent, &mut spawn, own))
    });
    let node = &block.process.node;
    let mut turn = block.turns.claim().expect("nobody else has made it");
    let closed = node.scheduler.is_closed();
    if at_once && !closed && inline::may_run(node) {
        run::run_with(&block, turn, |turn, cx| fill(&block, turn, Some(cx)));
        return block;
    }
    // User code, and the process is known already: if it panics, that is how the process ends.
    match panics::catch(|| fill(&block, &mut turn, None)) {
        Err(reason) => run::end(&block, turn, reason),
        Ok(_) if closed => run::end(&block, turn, ExitReason::Killed),
        Ok(_) => {
            // Notified first: so whoever ends the turn is told to schedule it.
            block.notify();
            run::give_back(&block, turn);
        }
    }
    block
}

fn make_linked<D: ?Sized + Kind + 'static>(
    node: &Arc<NodeInner>,
    parent: Option<&Process>,
    spawn: &mut Spawn,
    own: D::Own,
) -> Arc<Block<D>> {
    let block = make(node, parent, spawn, own);
    node.events.emit(
        || node.clock.now(),
        current::cause(),
        block.pid(),
        || EventKind::Start { parent: block.process.parent(), behaviour: D::behaviour(&block) },
    );
    if let Some(parent) = parent {
        let by_start = current::spawned(block.pid());
        if !links::connect_child(parent, &block.process, by_start) {
            let block: ProcRef = block.clone();
            links::signal_orphan(&block, parent);
        }
    }
    block
}

/// Makes a process and puts it into the table. Nothing runs it yet.
pub(crate) fn make<D: ?Sized + Kind + 'static>(
    node: &Arc<NodeInner>,
    parent: Option<&Process>,
    spawn: &mut Spawn,
    own: D::Own,
) -> Arc<Block<D>> {
    let ancestors = parent.map(Ancestor::of_child);
    let order = if parent.is_none() { node.table.order() } else { 0 };
    let block = node.table.insert(|slot, serial| {
        let pid = Pid { node: node.id, slot, serial, creation: node.creation };
        let new = New { pid, order, node, ancestors, spawn };
        arc_in_place(|| Block::new(Process::new(new), own))
    });
    // Race: asked now that it is in the table, see `process::stats`.
    if node.observed() {
        block.process.observe();
    }
    block
}
