//! Which process runs on this thread, and the node that is entered.

use crate::{
    pid::Pid,
    process::{
        block::{Block, Kind, ProcRef, Process},
        node::{Node, NodeInner},
    },
    sync::thread_local,
};
use perennial_cell::Scoped;
use std::{
    cell::{Cell, RefCell},
    sync::Arc,
};

/// A process that is being polled. To say so costs nothing; a reference of its own takes who asks for one.
trait Current {
    fn process(&self) -> &Process;
    fn proc_ref(&self) -> ProcRef;
}

impl<D: ?Sized + Kind + 'static> Current for Arc<Block<D>> {
    fn process(&self) -> &Process {
        &self.process
    }
    fn proc_ref(&self) -> ProcRef {
        self.clone()
    }
}

/// What is being polled.
struct Context {
    process: Scoped<dyn Current>,
    /// How many processes are being polled inside of each other.
    depth: Cell<u32>,
    /// Whether somebody records what it spawns, in `SPAWNED`.
    records: Cell<bool>,
}

thread_local! {
    static CONTEXT: Context = const {
        Context { process: Scoped::new(), depth: Cell::new(0), records: Cell::new(false) }
    };
    /// The processes that the current one has spawned with a link, if somebody records that.
    static SPAWNED: RefCell<Vec<Pid>> = const { RefCell::new(Vec::new()) };
    static ENTERED: RefCell<Vec<Node>> = const { RefCell::new(Vec::new()) };
}

/// Uses the process being polled on this thread. During the destruction of the thread's locals there is none.
fn with_current<R>(f: impl FnOnce(&Context, Option<&dyn Current>) -> R) -> Option<R> {
    CONTEXT.try_with(|context| context.process.with(|current| f(context, current))).ok()
}

/// The process being polled on this thread.
pub(crate) fn process() -> Option<ProcRef> {
    with_current(|_, current| current.map(Current::proc_ref)).flatten()
}

/// Its pid.
pub(crate) fn pid() -> Option<Pid> {
    with_current(|_, current| current.map(|current| current.process().pid)).flatten()
}

/// Whether a request to `process` would wait for itself: that is the process being polled on this thread, and what
/// runs is not a start beside its loop, which goes on meanwhile.
pub(crate) fn waits_for(process: &Process) -> bool {
    with_current(|context, current| {
        current.is_some_and(|current| std::ptr::eq(current.process(), process)) && !context.records.get()
    })
    .unwrap_or(false)
}

/// Whether `process` is the one being polled on this thread.
pub(crate) fn is(process: &Process) -> bool {
    with_current(|_, current| current.is_some_and(|current| std::ptr::eq(current.process(), process)))
        .unwrap_or(false)
}

/// How many processes are being polled inside of each other on this thread, and whether the innermost is of `node`.
pub(crate) fn depth_on(node: &Arc<NodeInner>) -> (u32, bool) {
    with_current(|context, current| {
        let on_node = current.is_some_and(|current| Arc::ptr_eq(&current.process().node, node));
        (context.depth.get(), on_node)
    })
    .unwrap_or((u32::MAX, false))
}

/// Runs `f` as `process`; whoever was current is so again afterwards, also after a panic.
pub(crate) fn with<D: ?Sized + Kind + 'static, R>(process: &Arc<Block<D>>, f: impl FnOnce() -> R) -> R {
    with_current_set(process, f)
}

fn with_current_set<R>(process: &(dyn Current + 'static), f: impl FnOnce() -> R) -> R {
    struct Restore<'a> {
        context: &'a Context,
        records: bool,
        spawned: Vec<Pid>,
    }
    impl Drop for Restore<'_> {
        fn drop(&mut self) {
            self.context.depth.set(self.context.depth.get() - 1);
            self.context.records.set(self.records);
            if self.records {
                SPAWNED.with(|spawned| spawned.replace(std::mem::take(&mut self.spawned)));
            }
        }
    }
    CONTEXT.with(|context| {
        context.depth.set(context.depth.get() + 1);
        let records = context.records.replace(false);
        let spawned = if records { SPAWNED.with(RefCell::take) } else { Vec::new() };
        let _restore = Restore { context, records, spawned };
        context.process.set(process, f)
    })
}

/// Runs `f` and says which processes it spawned with a link. Not nested.
pub(crate) fn recording<R>(f: impl FnOnce() -> R) -> (R, Vec<Pid>) {
    // A guard, so that a panic does not go on recording.
    struct Stop;
    impl Drop for Stop {
        fn drop(&mut self) {
            CONTEXT.with(|context| context.records.set(false));
        }
    }
    CONTEXT.with(|context| context.records.set(true));
    SPAWNED.with(RefCell::take);
    let stop = Stop;
    let result = f();
    drop(stop);
    (result, SPAWNED.with(RefCell::take))
}

/// A process was spawned with a link; noted if somebody records that.
pub(crate) fn spawned(pid: Pid) {
    if CONTEXT.with(|context| context.records.get()) {
        SPAWNED.with(|spawned| spawned.borrow_mut().push(pid));
    }
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
