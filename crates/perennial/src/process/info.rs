//! What can be seen of a process without asking it.

use crate::{
    pid::Pid,
    process::{ancestor::Ancestor, current, node, stats::Busy},
};
use std::{sync::Arc, time::Duration};

/// What is known of a process: [`info`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Info {
    /// Which process.
    pub pid: Pid,
    /// Its registered name.
    pub name: Option<Arc<str>>,
    /// Its label.
    pub label: Option<String>,
    /// The type of what runs in it.
    pub behaviour: &'static str,
    /// The process that started it, and is linked to it from the start.
    pub parent: Option<Pid>,
    /// Parent, grandparent and so on, as they were at its start; the nearest few hundred.
    pub ancestors: Vec<Pid>,
    /// Of a task: the process that asked for it, the one that asked for that one, and so on; the nearest few hundred.
    pub callers: Vec<Pid>,
    /// The processes that are linked to it.
    pub links: Vec<Pid>,
    /// How many monitors would be told of its end.
    pub monitored_by: usize,
    /// Whether exit signals come as messages.
    pub trap_exit: bool,
    /// Messages that wait in its mailbox. Exact while the process waits, be it for a message or inside of a callback;
    /// while it runs, what came or was taken in this moment may be counted or not.
    pub mailbox_len: u64,
    /// Messages that it has handled, or has begun to handle.
    pub messages: u64,
    /// For how long it was polled, while the node was [observed](crate::node::Node::observe).
    pub busy: Duration,
    /// When it was last polled, while the node was observed; by [`Node::now`](crate::node::Node::now).
    pub last_activity: Duration,
}

/// What is known of a process; none if it has ended, or is about to. It is not disturbed.
#[doc(alias = "process_info/1")]
pub fn info(pid: Pid) -> Option<Info> {
    let block = node::find(pid)?;
    let process = block.process();
    // In this order: what is sent between the two looks is not missed.
    let (messages, taken) = (process.stats.handled(), process.stats.taken());
    let sent = block.sent();
    let ancestors = Ancestor::pids(process.ancestors.as_ref()).collect();
    let callers = Ancestor::pids(process.callers()).collect();
    let busy = process.rare_if_any().map(|rare| &rare.busy);
    let state = process.lock();
    // It is in the table until its last acts are done; for others it has ended when its reason is fixed.
    if !state.is_alive() {
        return None;
    }
    let bonds = state.bonds_if_any();
    Some(Info {
        pid,
        name: bonds.and_then(|bonds| bonds.name.clone()),
        label: bonds.and_then(|bonds| bonds.label.clone()),
        behaviour: block.behaviour(),
        parent: process.parent(),
        ancestors,
        callers,
        links: process.links_in(&state),
        monitored_by: state.ties.as_ref().map_or(0, |ties| ties.watchers.len()),
        trap_exit: state.traps(),
        mailbox_len: sent.saturating_sub(taken),
        messages,
        busy: busy.map(Busy::busy).unwrap_or_default(),
        last_activity: busy.map(Busy::last_active).unwrap_or_default(),
    })
}

/// Gives the current process a label, for people: it is shown in reports and by observers.
///
/// # Panics
///
/// If called outside of a process.
#[doc(alias = "proc_lib:set_label/1")]
#[track_caller]
pub fn set_label(label: impl Into<String>) {
    let me = current::process().expect("only a process has a label; this code runs in none");
    let label = label.into();
    let old = me.process().lock().bonds().label.replace(label);
    drop(old);
}
