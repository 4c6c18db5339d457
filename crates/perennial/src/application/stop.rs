//! Stopping everything that an application has started.

use crate::{
    clock::Clock,
    exit_reason::ExitReason,
    pid::Pid,
    process::{block::ProcRef, links, monitors, node::kill_stuck, state::Process, time},
};
use futures_util::future::join_all;
use std::{sync::Arc, time::Duration};

/// Whether all ended by themselves, or something had to be killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    InOrder,
    Killed,
}

/// Stops what the current process `me` has started: `top`, then other children, each by the exit signal `Shutdown` from
/// its parent. When the time is over they are killed. What is left of their descendants is killed in any case.
pub(crate) async fn stop_tree(me: &Process, top: Option<Pid>, limit: Option<Duration>) -> Stopped {
    let clock = &me.node.clock;
    let mut children: Vec<_> =
        me.node.table.all().into_iter().filter(|it| it.process().parent() == Some(me.pid())).collect();
    children.sort_by_key(|child| Some(child.process().pid()) != top);
    let all = async {
        for child in &children {
            let pid = child.process().pid();
            let ended = monitors::monitor(pid);
            links::exit(pid, ExitReason::Shutdown);
            ended.await;
        }
    };
    let in_time = match limit {
        None => {
            all.await;
            true
        }
        Some(limit) => time::timeout_on(clock, limit, all).await.is_some(),
    };
    if !in_time {
        let left: Vec<_> = children.into_iter().filter(|child| child.process().is_alive()).collect();
        kill_all(&left, clock).await;
    }
    let left: Vec<_> = me.node.table.all().into_iter().filter(|it| descends_from(it, me.pid())).collect();
    kill_all(&left, clock).await;
    if in_time { Stopped::InOrder } else { Stopped::Killed }
}

fn descends_from(process: &ProcRef, pid: Pid) -> bool {
    let mut next = &process.process().ancestors;
    while let Some(ancestor) = next {
        if ancestor.pid == pid {
            return true;
        }
        next = &ancestor.next;
    }
    false
}

/// All at once, so that it takes no longer than for the slowest.
async fn kill_all(processes: &[ProcRef], clock: &Arc<Clock>) {
    for process in processes {
        let (pid, behaviour) = (process.process().pid(), process.behaviour());
        tracing::warn!(target: "perennial", %pid, behaviour, "killed: it is left when its application stops");
    }
    join_all(processes.iter().map(|process| kill_stuck(process, clock))).await;
}
