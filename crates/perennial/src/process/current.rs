//! Which process runs on this thread, and the node that is entered.

use crate::{
    pid::Pid,
    process::{
        block::ProcRef,
        node::{Node, NodeInner},
    },
    sync::thread_local,
};
use std::{cell::RefCell, mem, sync::Arc};

/// What is being polled.
#[derive(Default)]
struct Context {
    process: Option<ProcRef>,
    /// The processes that it spawned with a link, if somebody records that.
    spawned: Option<Vec<Pid>>,
    /// How many processes are being polled inside of each other.
    depth: u32,
}

thread_local! {
    static CONTEXT: RefCell<Context> = const { RefCell::new(Context { process: None, spawned: None, depth: 0 }) };
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
    let pid = process.process().pid;
    CONTEXT
        .try_with(|context| {
            let context = context.borrow();
            context.spawned.is_none() && context.process.as_ref().is_some_and(|it| it.process().pid == pid)
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
        let inner = Context { process: Some(process), spawned: None, depth: context.depth + 1 };
        mem::replace(&mut *context, inner)
    }));
    f()
}

/// Runs `f` and says which processes it spawned with a link. Not nested.
pub(crate) fn recording<R>(f: impl FnOnce() -> R) -> (R, Vec<Pid>) {
    // A guard, so that a panic does not go on recording.
    struct Stop;
    impl Drop for Stop {
        fn drop(&mut self) {
            CONTEXT.with(|context| context.borrow_mut().spawned.take());
        }
    }
    CONTEXT.with(|context| context.borrow_mut().spawned.replace(Vec::new()));
    let stop = Stop;
    let result = f();
    let spawned = CONTEXT.with(|context| context.borrow_mut().spawned.take()).unwrap_or_default();
    drop(stop);
    (result, spawned)
}

/// A process was spawned with a link; noted if somebody records that.
pub(crate) fn spawned(pid: Pid) {
    CONTEXT.with(|context| {
        if let Some(spawned) = &mut context.borrow_mut().spawned {
            spawned.push(pid);
        }
    });
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
