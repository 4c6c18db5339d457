//! Which process runs on this thread, and the node that is entered.

use crate::{
    pid::Pid,
    process::{
        block::{Block, Kind, ProcRef},
        events::EventId,
        node::{Node, NodeInner},
        state::Process,
    },
    sync::thread_local,
};
use perennial_cell::Scoped;
use std::{
    cell::{Cell, RefCell},
    mem,
    sync::Arc,
};

/// A process that is being polled. To say so costs nothing; a reference of its own takes who asks for one.
pub(crate) trait Current {
    fn process(&self) -> &Process;
    fn proc_ref(&self) -> ProcRef;
}

impl Current for ProcRef {
    fn process(&self) -> &Process {
        (**self).process()
    }
    fn proc_ref(&self) -> ProcRef {
        self.clone()
    }
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
    start: Cell<Start>,
    /// What a start that runs beside the loop has spawned.
    spawned: Scoped<RefCell<Spawned>>,
    /// The event on whose behalf that start runs. Not that of the process, which may do something else meanwhile.
    cause: Cell<Option<EventId>>,
}

/// Whether what runs is a start function, in the name of the process, which is a supervisor then.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    No,
    /// In its loop.
    Within,
    /// Beside its loop.
    Beside,
}

/// The processes that a start has spawned with a link: one, as a rule. And the one that it has handed on.
#[derive(Default)]
pub(crate) struct Spawned {
    first: Option<Pid>,
    others: Vec<Pid>,
    /// The one of which the pid was returned last: see [`hand_on`].
    handed: Option<ProcRef>,
}

impl Spawned {
    pub(crate) fn push(&mut self, pid: Pid) {
        match self.first {
            None => self.first = Some(pid),
            Some(_) => self.others.push(pid),
        }
    }

    /// The one that was handed on.
    pub(crate) fn take_handed(&mut self) -> Option<ProcRef> {
        self.handed.take()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Pid> {
        self.first.into_iter().chain(self.others.iter().copied())
    }
}

impl Context {
    fn is_beside(&self) -> bool {
        self.start.get() == Start::Beside
    }

    /// If what runs is a start beside the loop: uses what that has spawned.
    fn with_spawned(&self, f: impl FnOnce(&RefCell<Spawned>)) {
        if self.is_beside() {
            self.spawned.with(|spawned| spawned.map(f));
        }
    }
}

thread_local! {
    static CONTEXT: Context = const {
        Context {
            process: Scoped::new(),
            depth: Cell::new(0),
            start: Cell::new(Start::No),
            spawned: Scoped::new(),
            cause: Cell::new(None),
        }
    };
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

/// Looks at the process being polled on this thread. What looks must run no process.
pub(crate) fn look<R>(look: impl FnOnce(&Process) -> R) -> Option<R> {
    with_current(|_, current| current.map(|current| look(current.process()))).flatten()
}

/// As [`look`], for one who may want a reference of its own. It may run code of a user.
pub(crate) fn look_as<R>(look: impl FnOnce(&dyn Current) -> R) -> Option<R> {
    with_current(|_, current| current.map(look)).flatten()
}

/// As [`look`], also if there is none or it is not `wanted`.
pub(crate) fn look_if<R>(wanted: bool, look: impl FnOnce(Option<&Process>) -> R) -> R {
    let mut look = Some(look);
    let mut once = |process: Option<&Process>| look.take().map(|look| look(process));
    let seen = if wanted { self::look(|process| once(Some(process))).flatten() } else { None };
    seen.or_else(|| once(None)).expect("it looks once")
}

/// Whether a process is being polled on this thread.
pub(crate) fn is_inside() -> bool {
    look(|_| ()).is_some()
}

/// Its pid.
pub(crate) fn pid() -> Option<Pid> {
    look(|process| process.pid())
}

/// Whether a request to `process` would wait for itself: that is the process being polled on this thread, and what
/// runs is not a start beside its loop, which goes on meanwhile.
pub(crate) fn waits_for(process: &Process) -> bool {
    with_current(|context, current| {
        current.is_some_and(|current| std::ptr::eq(current.process(), process)) && !context.is_beside()
    })
    .unwrap_or(false)
}

/// Whether what runs here is a start beside the loop of the current process: others may act for that meanwhile.
pub(crate) fn is_beside() -> bool {
    CONTEXT.try_with(Context::is_beside).unwrap_or(false)
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
        start: Start,
        cause: Option<EventId>,
    }
    impl Drop for Restore<'_> {
        fn drop(&mut self) {
            self.context.depth.set(self.context.depth.get() - 1);
            self.context.start.set(self.start);
            self.context.cause.set(self.cause);
        }
    }
    CONTEXT.with(|context| {
        context.depth.set(context.depth.get() + 1);
        let _restore =
            Restore { context, start: context.start.replace(Start::No), cause: context.cause.get() };
        context.process.set(process, f)
    })
}

/// Runs a start function in the name of the current process, unless it runs [beside](start_beside) that anyway. It does
/// not panic.
pub(crate) fn start<R>(f: impl FnOnce() -> R) -> R {
    let before = CONTEXT.with(|context| {
        let before = context.start.get();
        if before == Start::No {
            context.start.set(Start::Within);
        }
        before
    });
    let result = f();
    CONTEXT.with(|context| context.start.set(before));
    result
}

/// Runs `f` as a start beside the loop of the current process, and notes which processes it spawns with a link. Not nested.
pub(crate) fn start_beside<R>(
    cause: Option<EventId>,
    spawned: &RefCell<Spawned>,
    f: impl FnOnce() -> R,
) -> R {
    // A guard, so that a panic does not go on recording.
    struct Stop<'a>(&'a Context);
    impl Drop for Stop<'_> {
        fn drop(&mut self) {
            self.0.start.set(Start::No);
        }
    }
    CONTEXT.with(|context| {
        context.start.set(Start::Beside);
        context.cause.set(cause);
        let _stop = Stop(context);
        context.spawned.set(spawned, f)
    })
}

/// Whether what runs here is a start function.
pub(crate) fn is_start() -> bool {
    CONTEXT.try_with(|context| context.start.get() != Start::No).unwrap_or(false)
}

/// The current process is about to be linked with one that it has spawned. Noted in a start beside its loop; returns whether
/// that is what runs here.
pub(crate) fn spawned(pid: Pid) -> bool {
    CONTEXT.with(|context| {
        context.with_spawned(|spawned| spawned.borrow_mut().push(pid));
        context.is_beside()
    })
}

/// The pid of `process` is returned to who asked for its start. That may be a start function: then the process itself is
/// kept beside, so that who is to use it need not look for it, nor count one reference less and one more.
pub(crate) fn hand_on(process: ProcRef) -> Pid {
    let pid = process.process().pid();
    let mut process = Some(process);
    let replace = |spawned: &RefCell<Spawned>| mem::swap(&mut spawned.borrow_mut().handed, &mut process);
    CONTEXT.with(|context| context.with_spawned(replace));
    pid
}

/// The event on whose behalf the code acts that runs here.
pub(crate) fn cause() -> Option<EventId> {
    let cause = |context: &Context, current: Option<&dyn Current>| match context.is_beside() {
        true => context.cause.get(),
        false => current.and_then(|current| current.process().cause()),
    };
    with_current(cause).flatten()
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
