//! A node: what belongs together, and nothing of it global.

use crate::{
    clock::{Clock, Settled},
    executor::{self, Executor},
    exit_reason::ExitReason,
    pid::{LocalPid, Pid},
    process::{
        block::ProcRef,
        current::{self, Entered},
        events::{EventStream, Events},
        last_acts, links, monitors,
        names::Names,
        scheduler::Scheduler,
        state::Process,
        table::Table,
    },
};
use rustc_hash::FxHashMap;
use std::{
    fmt,
    sync::{
        Arc, LazyLock, RwLock, Weak,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

/// Process table, names, registries, clock and events of one node.
///
/// Most programs never name it: everything works on the current node, which is, in this order: that of the
/// running process; one that was [entered](Node::enter); the one bound to the current tokio runtime; the default,
/// which is made on the tokio runtime that first needs it.
///
/// Its processes run on the tokio runtime that it was made on.
///
/// # When not to use it
///
/// To separate parts of one program: that is what registries and supervisors are for. Nodes are for tests, each
/// of which has one of its own with [`#[perennial::test]`](crate::test).
///
/// # OTP
///
/// A node, of which a program may have many.
#[derive(Clone)]
pub struct Node(pub(crate) Arc<NodeInner>);

pub(crate) struct NodeInner {
    pub(crate) id: u32,
    pub(crate) creation: u32,
    pub(crate) table: Table,
    pub(crate) names: Names,
    pub(crate) clock: Arc<Clock>,
    pub(crate) events: Events,
    pub(crate) executor: Executor,
    pub(crate) scheduler: Arc<Scheduler>,
    /// Whether callers run idle servers.
    pub(crate) inline: AtomicBool,
    observed: AtomicBool,
}

/// How a node tells the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Time {
    /// As it passes.
    #[default]
    Real,
    /// It stands still while any process of the node can run, and else moves to the next timer at once.
    Paused,
}

/// The weak table of nodes: the only global.
#[derive(Default)]
struct Nodes {
    by_id: FxHashMap<u32, Weak<NodeInner>>,
    by_runtime: FxHashMap<executor::Id, Weak<NodeInner>>,
    default: Option<Node>,
}

static NODES: LazyLock<RwLock<Nodes>> = LazyLock::new(RwLock::default);
static NEXT: AtomicU32 = AtomicU32::new(0);

/// Notices the end of the runtime, on which the driver of the default node is a task.
struct RuntimeEnd(u32);

impl Drop for RuntimeEnd {
    fn drop(&mut self) {
        let Ok(mut nodes) = NODES.write() else { return };
        let default = nodes.default.take_if(|node| node.0.id == self.0);
        drop(nodes);
        drop(default);
    }
}

impl Node {
    /// Makes a node on the current tokio runtime.
    ///
    /// # Panics
    ///
    /// If called outside of a tokio runtime.
    #[track_caller]
    pub fn new(time: Time) -> Self {
        Self::on(Executor::current(), time)
    }

    pub(crate) fn on(executor: Executor, time: Time) -> Self {
        let _guard = executor.enter();
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let clock = Arc::new(match time {
            Time::Real => Clock::real(),
            Time::Paused => Clock::paused(),
        });
        let end = RuntimeEnd(id);
        let drive = Clock::drive(Arc::downgrade(&clock), executor.clone());
        executor.spawn(async move {
            let _end = end;
            drive.await;
        });
        let node = Self(Arc::new(NodeInner {
            id,
            creation: 1,
            table: Table::new(),
            names: Names::new(),
            clock,
            events: Events::default(),
            scheduler: Scheduler::new(&executor),
            executor: executor.clone(),
            inline: AtomicBool::new(true),
            observed: AtomicBool::new(false),
        }));
        node.0.scheduler.start(&executor, &Arc::downgrade(&node.0));
        nodes_mut(|nodes| nodes.by_id.insert(id, Arc::downgrade(&node.0)));
        node
    }

    /// The current node.
    ///
    /// # Panics
    ///
    /// If there is none, and no tokio runtime to make one on.
    #[track_caller]
    pub fn current() -> Self {
        if let Some(node) = current::look(|process| process.node.clone()) {
            return Self(node);
        }
        if let Some(node) = current::entered() {
            return node;
        }
        let executor = Executor::try_current();
        {
            let nodes = NODES.read().expect("no panic while the lock is held");
            let bound =
                executor.as_ref().and_then(|executor| nodes.by_runtime.get(&executor.id())?.upgrade());
            if let Some(node) = bound.map(Self).or_else(|| nodes.default.clone()) {
                return node;
            }
        }
        let executor =
            executor.expect("a node needs a tokio runtime: call this inside of one, or enter a node");
        let made = Self::on(executor, Time::Real);
        // Race: another thread may have made the default meanwhile; then ours goes.
        nodes_mut(|nodes| nodes.default.get_or_insert_with(|| made.clone()).clone())
    }

    /// Looks at the current node; in a process, without taking part in it. What looks must run no process.
    #[track_caller]
    pub(crate) fn with_current<R>(look: impl FnOnce(&Arc<NodeInner>) -> R) -> R {
        let mut look = Some(look);
        let mut once = |node: &Arc<NodeInner>| look.take().map(|look| look(node));
        let seen = current::look(|process| once(&process.node)).flatten();
        seen.or_else(|| once(&Self::current().0)).expect("it looks once")
    }

    /// Makes this the node of everything that runs on its tokio runtime and is in no other node: plain tasks,
    /// handlers of a web server. Lasts as long as the node.
    pub fn bind_to_runtime(&self) {
        nodes_mut(|nodes| nodes.by_runtime.insert(self.0.executor.id(), Arc::downgrade(&self.0)));
    }

    /// Makes this the current node of this thread, until the guard is dropped.
    #[must_use = "the node is current while the guard lives"]
    pub fn enter(&self) -> Entered {
        current::enter(self.clone())
    }

    /// Listens to what happens to the processes of this node, from now on.
    pub fn events(&self) -> EventStream {
        self.0.events.listen()
    }

    /// Has the busy time of processes measured, or not. Off at first: it costs two looks at the clock a poll. To switch
    /// it on takes time for each process.
    pub fn observe(&self, observe: bool) {
        // Release, and before the flags of the processes: see `process::stats`.
        self.0.observed.store(observe, Ordering::Release);
        if observe {
            self.0.table.all().iter().for_each(|process| process.process().observe());
        }
    }

    /// Has calls to idle servers handled at once, by the caller, or not. On at first.
    ///
    /// Off, every message waits until a worker comes to it. What a program sees is the same, so this is for tests of just
    /// that, and to measure. [`Options::inline`](crate::gen_server::Options::inline) is for one server.
    pub fn set_inline_calls(&self, inline: bool) {
        self.0.inline.store(inline, Ordering::Relaxed);
    }

    /// How many processes there are.
    pub fn count_processes(&self) -> usize {
        self.0.table.len()
    }

    /// All processes, in no order. For listing: it takes time for each.
    #[doc(alias = "processes/0")]
    pub fn processes(&self) -> Vec<Pid> {
        self.0.table.all().iter().map(|process| process.process().pid()).collect()
    }

    /// All registered names, in alphabetical order.
    #[doc(alias = "registered/0")]
    pub fn registered(&self) -> Vec<Arc<str>> {
        self.0.names.all()
    }

    /// How many timers run: those of [`Recipient::send_after`](crate::process::Recipient::send_after) and its like, and
    /// one for each sleep and each wait with a limit. A timer for a process goes with it.
    pub fn count_timers(&self) -> usize {
        self.0.clock.count_timers()
    }

    /// The time since the node began, on its clock.
    #[doc(alias = "erlang:monotonic_time/0")]
    pub fn now(&self) -> Duration {
        self.0.clock.now()
    }

    /// On a paused clock: waits until no process can run. One who sleeps or waits for a timer cannot. Time does not
    /// pass meanwhile. Returns at once on a real clock.
    pub fn settled(&self) -> impl Future<Output = ()> + Send + use<> {
        let settled: Settled = self.0.clock.clone().settled();
        settled
    }

    /// Stops everything that runs here: what was started last first, each with `Shutdown` and as long as
    /// `patience`, then by `kill`.
    pub async fn stop(&self, patience: Duration) {
        let mut roots = self.0.table.all();
        let here = current::process().map(|process| process.process().pid());
        roots.retain(|it| it.process().parent().is_none() && Some(it.process().pid()) != here);
        roots.sort_by_key(|process| std::cmp::Reverse(process.process().order));
        for root in roots {
            let pid = root.process().pid();
            let monitor = monitors::monitor(pid);
            if !root.clone().request_stop(ExitReason::Shutdown) {
                links::exit(pid, ExitReason::Shutdown);
            }
            if super::time::timeout_on(&self.0.clock, patience, monitor).await.is_none() {
                kill_stuck(&root, &self.0.clock).await;
            }
        }
        // What the stopped have started, or left behind; of those with a parent, in no order. A bound, for one who always
        // starts another.
        for _ in 0..ROUNDS {
            let mut rest = self.0.table.all();
            rest.retain(|process| Some(process.process().pid()) != here);
            if rest.is_empty() {
                return;
            }
            rest.sort_by_key(|process| std::cmp::Reverse(process.process().order));
            for process in rest {
                kill_stuck(&process, &self.0.clock).await;
            }
        }
    }

    /// The node that a pid belongs to, while that exists.
    pub(crate) fn of(pid: Pid) -> Option<Self> {
        let here = |process: &Process| {
            let node = &process.node;
            (node.id == pid.node).then(|| Self(node.clone()))
        };
        if let Some(node) = current::look(here).flatten() {
            return Some(node);
        }
        let nodes = NODES.read().expect("no panic while the lock is held");
        nodes.by_id.get(&pid.node)?.upgrade().map(Self)
    }

    pub(crate) fn process(&self, pid: Pid) -> Option<ProcRef> {
        self.0.process(pid)
    }
}

/// The process at a pid, of whatever node.
pub(crate) fn find(pid: Pid) -> Option<ProcRef> {
    // That of the current process is only looked at: to take part in it is to write what all threads read.
    let here = |process: &Process| (process.node.id == pid.node).then(|| process.node.table.get(pid));
    match current::look(here).flatten() {
        Some(found) => found,
        None => Node::of(pid)?.process(pid),
    }
}

/// How often the end of a node looks for processes that are left.
const ROUNDS: u32 = 100;

/// How long a killed process may go on before it is given up: what never awaits cannot be interrupted.
pub(crate) const GRACE: Duration = Duration::from_secs(5);

/// Kills a process and waits for its end; one that does not end within [`GRACE`] is given up: the rest of its last
/// acts are done in its place, and its state is left to it. Returns the reason that others see.
pub(crate) async fn kill_stuck(process: &ProcRef, clock: &Arc<Clock>) -> ExitReason {
    let pid = process.process().pid();
    let monitor = monitors::monitor(pid);
    links::kill(pid);
    match super::time::timeout_on(clock, GRACE, monitor).await {
        Some(down) => down.reason,
        None => {
            let behaviour = process.behaviour();
            tracing::error!(target: "perennial", %pid, behaviour, "a killed process does not end: it never awaits; given up");
            last_acts::last_acts(&**process, ExitReason::Killed, &mut || {});
            ExitReason::Killed
        }
    }
}

impl NodeInner {
    pub(crate) fn process(&self, pid: Pid) -> Option<ProcRef> {
        if pid.node == self.id {
            return self.table.get(pid);
        }
        Node::of(pid)?.0.table.get(pid)
    }

    /// The pid of one of its processes.
    pub(crate) fn pid(&self, LocalPid { slot, serial }: LocalPid) -> Pid {
        Pid { node: self.id, slot, serial, creation: self.creation }
    }

    pub(crate) fn outside(&self) -> Pid {
        Pid::outside(self.id, self.creation)
    }

    pub(crate) fn observed(&self) -> bool {
        self.observed.load(Ordering::Acquire)
    }
}

impl Drop for NodeInner {
    fn drop(&mut self) {
        // Nobody is left to be polled.
        self.scheduler.close();
        let id = self.id;
        if let Ok(mut nodes) = NODES.write() {
            nodes.by_id.remove(&id);
            nodes.by_runtime.retain(|_, node| node.strong_count() > 0);
        }
    }
}

/// Changes the table of nodes; nodes that are thereby the last of their kind are dropped outside of the lock.
fn nodes_mut<R>(change: impl FnOnce(&mut Nodes) -> R) -> R {
    change(&mut NODES.write().expect("no panic while the lock is held"))
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("id", &self.0.id)
            .field("processes", &self.0.table.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::{Inbox, info, is_alive, monitor, spawn, spawn_link};
    use std::sync::mpsc;
    use tokio::runtime::{Builder, Runtime};

    /// The grace is by the clock of another node, which is paused, so that nobody waits for it.
    #[test]
    fn a_process_that_never_yields_is_given_up() {
        let new = |runtime: &Runtime, time| {
            let _guard = runtime.enter();
            Node::new(time)
        };
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let node = new(&runtime, Time::Real);
        let beside = Builder::new_current_thread().enable_all().build().unwrap();
        let other = new(&beside, Time::Paused);
        let _entered = node.enter();
        beside.block_on(other.counted(async {
            let (running, is_running) = mpsc::channel();
            let (release, released) = mpsc::channel::<()>();
            let (child_sender, child) = tokio::sync::oneshot::channel();
            let stuck = spawn(move |_: Inbox<()>| async move {
                running.send(()).unwrap();
                released.recv().unwrap();
                // It goes on, and does not know that it is dead.
                child_sender.send(spawn_link(|_: Inbox<()>| std::future::pending::<()>())).unwrap();
                std::future::pending::<()>().await;
            });
            crate::process::register("stuck", stuck).unwrap();
            is_running.recv().unwrap();
            let process = node.process(stuck).unwrap();
            assert_eq!(kill_stuck(&process, &other.0.clock).await, ExitReason::Killed);
            assert!(!is_alive(stuck) && info(stuck).is_none());
            assert!(node.registered().is_empty());
            assert_eq!(node.count_processes(), 0);
            release.send(()).unwrap();
            let orphan = child.await.unwrap();
            // What it starts ends with it.
            let down = monitor(orphan).await;
            assert!([ExitReason::Killed, ExitReason::NoProc].contains(&down.reason), "{down:?}");
        }));
    }
}
