//! Which process runs on this thread, and the node that is entered.

use crate::{
    pid::Pid,
    process::{
        block::ProcRef,
        events::EventId,
        node::{Node, NodeInner},
    },
    sync::thread_local,
};
use std::{cell::RefCell, mem, sync::Arc};

/// What is being polled.
#[derive(Default)]
struct Context {
    process: Option<ProcRef>,
    /// What runs is a start in the name of the process, beside its loop.
    start: Option<Start>,
    /// How many processes are being polled inside of each other.
    depth: u32,
}

/// A start that is being polled.
struct Start {
    spawned: Spawned,
    /// The event on whose behalf it runs. Not that of its process, which may do something else meanwhile.
    cause: Option<EventId>,
}

/// The processes that a start has spawned with a link: one, as a rule.
#[derive(Debug, Default)]
pub(crate) struct Spawned {
    first: Option<Pid>,
    others: Vec<Pid>,
}

impl Spawned {
    fn push(&mut self, pid: Pid) {
        match self.first {
            None => self.first = Some(pid),
            Some(_) => self.others.push(pid),
        }
    }

    pub(crate) fn extend(&mut self, more: &Self) {
        more.iter().for_each(|pid| self.push(pid));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Pid> {
        self.first.into_iter().chain(self.others.iter().copied())
    }
}

thread_local! {
    static CONTEXT: RefCell<Context> = const { RefCell::new(Context { process: None, start: None, depth: 0 }) };
    static ENTERED: RefCell<Vec<Node>> = const { RefCell::new(Vec::new()) };
}

/// The process being polled on this thread.
pub(crate) fn process() -> Option<ProcRef> {
    // During the destruction of the thread's locals there is no current process.
    look(ProcRef::clone)
}

/// Looks at the process being polled on this thread. What looks must change nothing of what is polled here.
pub(crate) fn look<R>(look: impl FnOnce(&ProcRef) -> R) -> Option<R> {
    CONTEXT.try_with(|context| context.borrow().process.as_ref().map(look)).ok().flatten()
}

/// Its pid.
pub(crate) fn pid() -> Option<Pid> {
    look(|process| process.process().pid)
}

/// Whether a request to `process` would wait for itself: that is the process being polled on this thread, and what
/// runs is not a start beside its loop, which goes on meanwhile.
pub(crate) fn waits_for(process: &ProcRef) -> bool {
    waits_for_pid(process.process().pid)
}

pub(crate) fn waits_for_pid(pid: Pid) -> bool {
    CONTEXT
        .try_with(|context| {
            let context = context.borrow();
            context.start.is_none() && context.process.as_ref().is_some_and(|it| it.process().pid == pid)
        })
        .unwrap_or(false)
}

/// Whether `process` is the one being polled on this thread.
pub(crate) fn is(process: &ProcRef) -> bool {
    let pid = process.process().pid;
    CONTEXT
        .try_with(|context| context.borrow().process.as_ref().is_some_and(|it| it.process().pid == pid))
        .unwrap_or(false)
}

/// How many processes are being polled inside of each other on this thread, and whether the innermost is of `node`.
pub(crate) fn depth_on(node: &Arc<NodeInner>) -> (u32, bool) {
    CONTEXT
        .try_with(|context| {
            let context = context.borrow();
            let on_node = context.process.as_ref().is_some_and(|it| Arc::ptr_eq(&it.process().node, node));
            (context.depth, on_node)
        })
        .unwrap_or((u32::MAX, false))
}

/// Runs `f` as `process`; whoever was current is so again afterwards, also after a panic.
pub(crate) fn with<R>(process: ProcRef, f: impl FnOnce() -> R) -> R {
    struct Restore(Context);
    impl Drop for Restore {
        fn drop(&mut self) {
            let outer = mem::take(&mut self.0);
            let inner = CONTEXT.with(|context| context.replace(outer));
            drop(inner);
        }
    }
    let _restore = Restore(CONTEXT.with(|context| {
        let mut context = context.borrow_mut();
        let inner = Context { process: Some(process), start: None, depth: context.depth + 1 };
        mem::replace(&mut *context, inner)
    }));
    f()
}

/// Runs `f` as a start in the name of the current process, and says which processes it spawned with a link. Not nested.
pub(crate) fn start<R>(cause: Option<EventId>, f: impl FnOnce() -> R) -> (R, Spawned) {
    // A guard, so that a panic does not go on recording.
    struct Stop;
    impl Drop for Stop {
        fn drop(&mut self) {
            CONTEXT.with(|context| context.borrow_mut().start.take());
        }
    }
    let start = Start { spawned: Spawned::default(), cause };
    CONTEXT.with(|context| context.borrow_mut().start.replace(start));
    let stop = Stop;
    let result = f();
    let start = CONTEXT.with(|context| context.borrow_mut().start.take());
    drop(stop);
    (result, start.map(|start| start.spawned).unwrap_or_default())
}

/// `parent`, which is the current process, is about to be linked with one that it has spawned. Noted in a start.
pub(crate) fn spawned(parent: &ProcRef, pid: Pid) {
    let noted = CONTEXT.with(|context| {
        let mut context = context.borrow_mut();
        let start = context.start.as_mut();
        start.map(|start| start.spawned.push(pid)).is_some()
    });
    if noted && let Some(public) = parent.process().public.get() {
        public.spawned(pid);
    }
}

/// The event on whose behalf the code acts that runs here.
pub(crate) fn cause() -> Option<EventId> {
    let cause = |context: &RefCell<Context>| {
        let context = context.borrow();
        let process = || context.process.as_ref().and_then(|process| process.process().cause());
        context.start.as_ref().map_or_else(process, |start| start.cause)
    };
    CONTEXT.try_with(cause).ok().flatten()
}

/// The node entered last on this thread.
pub(crate) fn entered() -> Option<Node> {
    ENTERED.try_with(|entered| entered.borrow().last().cloned()).ok().flatten()
}

/// Enters a node until the guard is dropped.
pub(crate) fn enter(node: Node) -> Entered {
    let depth = ENTERED.with(|entered| {
        entered.borrow_mut().push(node);
        entered.borrow().len()
    });
    Entered { depth, _not_send: std::marker::PhantomData }
}

/// Guard of [`Node::enter`]: the node is current on this thread until it is dropped.
#[derive(Debug)]
pub struct Entered {
    depth: usize,
    _not_send: std::marker::PhantomData<*const ()>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        // Guards dropped out of order take those entered later with them.
        let left = ENTERED.try_with(|entered| {
            let mut entered = entered.borrow_mut();
            let keep = entered.len().min(self.depth - 1);
            entered.split_off(keep)
        });
        // Dropped here: what goes with the last of a node may ask for the current one.
        drop(left);
    }
}
