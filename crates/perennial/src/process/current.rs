//! Which process runs on this thread, and the node that is entered.

use crate::{
    pid::Pid,
    process::{block::ProcRef, node::Node},
    sync::thread_local,
};
use std::cell::RefCell;

thread_local! {
    static CURRENT: RefCell<Option<ProcRef>> = const { RefCell::new(None) };
    static SPAWNED: RefCell<Option<Vec<Pid>>> = const { RefCell::new(None) };
    static ENTERED: RefCell<Vec<Node>> = const { RefCell::new(Vec::new()) };
}

/// The process being polled on this thread.
pub(crate) fn process() -> Option<ProcRef> {
    // During the destruction of the thread's locals there is no current process.
    CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
}

/// Whether a request to `process` would wait for itself: that is the process being polled on this thread, and what
/// runs is not a start beside its loop, which goes on meanwhile.
pub(crate) fn waits_for(process: &ProcRef) -> bool {
    is(process) && SPAWNED.with(|spawned| spawned.borrow().is_none())
}

/// Whether `process` is the one being polled on this thread.
pub(crate) fn is(process: &ProcRef) -> bool {
    CURRENT
        .try_with(|current| {
            current.borrow().as_ref().is_some_and(|it| it.process().pid == process.process().pid)
        })
        .unwrap_or(false)
}

/// Runs `f` as `process`; whoever was current is so again afterwards, also after a panic.
pub(crate) fn with<R>(process: ProcRef, f: impl FnOnce() -> R) -> R {
    struct Restore(Option<ProcRef>);
    impl Drop for Restore {
        fn drop(&mut self) {
            let outer = self.0.take();
            let inner = CURRENT.with(|current| current.replace(outer));
            drop(inner);
        }
    }
    let _restore = Restore(CURRENT.with(|current| current.replace(Some(process))));
    f()
}

/// Runs `f` and says which processes it spawned with a link. Not nested.
pub(crate) fn recording<R>(f: impl FnOnce() -> R) -> (R, Vec<Pid>) {
    // A guard, so that a panic does not go on recording.
    struct Stop;
    impl Drop for Stop {
        fn drop(&mut self) {
            SPAWNED.with(RefCell::take);
        }
    }
    SPAWNED.with(|spawned| spawned.replace(Some(Vec::new())));
    let stop = Stop;
    let result = f();
    let spawned = SPAWNED.with(RefCell::take).unwrap_or_default();
    drop(stop);
    (result, spawned)
}

/// A process was spawned with a link; noted if somebody records that.
pub(crate) fn spawned(pid: Pid) {
    SPAWNED.with(|spawned| {
        if let Some(spawned) = &mut *spawned.borrow_mut() {
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
