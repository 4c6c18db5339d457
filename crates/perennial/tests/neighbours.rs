//! What goes wrong elsewhere: a test for each symptom, named after it.
//!
//! Each symptom was seen when a release of another library with supervisors was run, or is in the source of OTP.
//! Two cannot be shown by a test: one lock for all links and ends (there is none here; what a blocked thread would
//! hold up is tested), and figures that nobody has published.

mod support;

use futures_util::FutureExt;
use perennial::{
    dynamic_supervisor,
    node::EventKind,
    prelude::*,
    supervisor::{self, AutoShutdown, ChildCounts, ChildState, Options},
    time,
};
use std::{
    collections::HashSet,
    future::pending,
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};
use support::{Log, Plan, Probe, end, kill, settle};
use tokio::sync::oneshot;

const SUP: Name<DynamicSupervisor> = Name::new("sup");

async fn start(
    children: impl IntoIterator<Item = ChildSpec>,
    options: impl Into<Options>,
) -> ServerRef<Supervisor> {
    Supervisor::start_link(children, options).await.expect("it starts").server().expect("it runs")
}

fn abc(log: &Log) -> [ChildSpec; 3] {
    ["a", "b", "c"].map(|id| Probe::new(id, log).spec())
}

fn idle() -> ChildSpec {
    ChildSpec { restart: Restart::Temporary, ..ChildSpec::task("idle", pending::<()>) }
}

/// What blocks the thread that runs it, until it is let go or the test is over.
#[derive(Default)]
struct Gate {
    is_blocked: AtomicBool,
    is_open: Mutex<bool>,
    opens: Condvar,
}

impl Gate {
    fn block(&self) {
        self.is_blocked.store(true, SeqCst);
        drop(self.opens.wait_while(self.is_open.lock().unwrap(), |is_open| !*is_open).unwrap());
    }

    async fn blocked(&self) {
        while !self.is_blocked.load(SeqCst) {
            tokio::task::yield_now().await;
        }
    }
}

/// Opens a gate, also when an assertion fails.
struct Opens(Arc<Gate>);

impl Drop for Opens {
    fn drop(&mut self) {
        *self.0.is_open.lock().unwrap() = true;
        self.0.opens.notify_all();
    }
}

/// A child that cannot be interrupted.
fn hung(gate: &Arc<Gate>) -> ChildSpec {
    let gate = gate.clone();
    let task = ChildSpec::task("hung", move || {
        let gate = gate.clone();
        async move { gate.block() }
    });
    ChildSpec { restart: Restart::Temporary, shutdown: Shutdown::BrutalKill, ..task }
}

/// The shortest of five tries.
async fn shortest(attempt: &impl AsyncFn() -> Duration) -> Duration {
    let mut shortest = Duration::MAX;
    for _ in 0..5 {
        shortest = shortest.min(attempt().await);
    }
    shortest
}

/// Whether `many` is about as long as `few`, with room for a busy machine. What is linear takes far longer.
fn is_about(many: Duration, few: Duration) -> bool {
    many < 10 * few + Duration::from_millis(10)
}

// --- restarts ----------------------------------------------------------------------------------------------

#[perennial::test(paused)]
async fn terminate_finishes_before_the_next_incarnation_starts() {
    let log = Log::default();
    let slow = Probe::new("a", &log).stop_for(Duration::from_secs(1)).spec();
    let _supervisor = start([slow], Strategy::OneForOne).await;
    log.take();
    end("a", ExitReason::Shutdown).await;
    assert_eq!(log.take(), [""; 0]);
    time::sleep(Duration::from_secs(2)).await;
    assert_eq!(log.take(), ["-a shutdown", "+a"]);
}

#[perennial::test(paused)]
async fn a_name_survives_a_supervised_restart() {
    let log = Log::default();
    let _supervisor = start([Probe::new("a", &log).spec()], Strategy::OneForOne).await;
    let name: Name<Probe> = Name::new("a");
    let first = name.pid_now().expect("it runs");
    kill("a").await;
    assert_ne!(name.pid_now().expect("it runs again"), first);
    end("a", ExitReason::Shutdown).await;
    assert_eq!(log.take(), ["+a", "+a", "-a shutdown", "+a"]);
}

#[perennial::test(paused)]
async fn a_signal_by_name_reaches_whoever_has_it_after_a_restart() {
    let log = Log::default();
    let _supervisor = start([Probe::new("a", &log).spec()], Strategy::OneForOne).await;
    let name: Name<Probe> = Name::new("a");
    for _ in 0..3 {
        let pid = name.pid_now().expect("it runs");
        let ended = process::monitor(pid);
        process::kill(pid);
        assert_eq!(ended.await.reason, ExitReason::Killed);
        settle().await;
    }
    assert_eq!(log.take(), ["+a"; 4]);
}

#[perennial::test(flavor = "multi_thread", workers = 2)]
async fn a_child_that_registers_itself_at_once_is_never_already_started() {
    let log = Log::default();
    let mut events = Node::current().events();
    let options = Options { max_restarts: u32::MAX, ..Options::default() };
    let _supervisor = start([Probe::new("a", &log).spec()], options).await;
    log.take();
    for _ in 0..200 {
        process::kill(process::whereis("a").expect("it runs"));
        // Until the next one has been through `init`: one that is killed before counts as a failed start.
        while log.take().is_empty() {
            tokio::task::yield_now().await;
        }
    }
    let mut restarts = 0;
    while let Some(event) = events.try_next().expect("nothing is missed") {
        restarts += usize::from(matches!(event.kind, EventKind::Restart { .. }));
    }
    // A start that fails is tried again, which is another restart.
    assert_eq!(restarts, 200);
}

#[perennial::test(paused)]
async fn a_child_that_panics_is_restarted() {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = runs.clone();
    let task = ChildSpec::task("a", move || {
        let runs = counted.clone();
        async move {
            assert!(runs.fetch_add(1, SeqCst) > 0, "the first one panics");
            pending::<()>().await;
        }
    });
    let supervisor = start([task], Strategy::OneForOne).await;
    settle().await;
    assert_eq!(runs.load(SeqCst), 2);
    assert_eq!(Supervisor::count_children(&supervisor).await.unwrap().active, 1);
}

#[perennial::test(paused)]
async fn a_crash_is_noticed_when_it_happens_and_not_by_looking() {
    let log = Log::default();
    let _supervisor = start([Probe::new("a", &log).spec()], Strategy::OneForOne).await;
    kill("a").await;
    assert_eq!(log.take(), ["+a", "+a"]);
    assert_eq!(Node::current().now(), Duration::ZERO);
}

// --- groups ------------------------------------------------------------------------------------------------

#[perennial::test(paused)]
async fn one_for_all_does_not_hang_when_a_temporary_child_finished_earlier() {
    let log = Log::default();
    let [a, _, c] = abc(&log);
    let temporary = Probe::new("b", &log).with(Restart::Temporary);
    let _supervisor = start([a, temporary, c], Strategy::OneForAll).await;
    end("b", ExitReason::Normal).await;
    log.take();
    kill("a").await;
    assert_eq!(log.take(), ["-c shutdown", "+a", "+c"]);
}

#[perennial::test(paused)]
async fn one_for_all_does_not_start_a_temporary_child_again() {
    let log = Log::default();
    let [a, _, c] = abc(&log);
    let temporary = Probe::new("b", &log).with(Restart::Temporary);
    let supervisor = start([a, temporary, c], Strategy::OneForAll).await;
    log.take();
    kill("a").await;
    assert_eq!(log.take(), ["-c shutdown", "-b shutdown", "+a", "+c"]);
    assert_eq!(Supervisor::which_child(&supervisor, "b").await, Ok(None));
}

#[perennial::test(paused)]
async fn one_for_all_does_not_multiply_children() {
    let log = Log::default();
    let supervisor = start(abc(&log), Strategy::OneForAll).await;
    for _ in 0..3 {
        kill("b").await;
        let children = Supervisor::which_children(&supervisor).await.unwrap();
        let pids: HashSet<_> = children
            .iter()
            .filter_map(|child| match child.state {
                ChildState::Running(pid) => Some(pid),
                _ => None,
            })
            .collect();
        assert_eq!((children.len(), pids.len()), (3, 3));
        assert_eq!(Node::current().count_processes(), 4);
    }
}

#[perennial::test(paused)]
async fn all_significant_waits_for_the_last_one() {
    let log = Log::default();
    let significant = |id| ChildSpec { significant: true, ..Probe::new(id, &log).with(Restart::Transient) };
    let options = Options { auto_shutdown: AutoShutdown::AllSignificant, ..Options::default() };
    let supervisor = start([significant("a"), significant("b"), Probe::new("c", &log).spec()], options).await;
    let down = process::monitor(supervisor.pid());
    end("a", ExitReason::Normal).await;
    assert!(process::is_alive(supervisor.pid()));
    end("b", ExitReason::Normal).await;
    assert_eq!(down.await.reason, ExitReason::Shutdown);
}

#[perennial::test(paused)]
async fn a_child_that_ignored_can_be_started_again() {
    let log = Log::default();
    let ignoring = Probe::new("a", &log).plan(&[Plan::Ignore, Plan::Run]).spec();
    let supervisor = start([ignoring], Strategy::OneForOne).await;
    let pid = Supervisor::restart_child(&supervisor, "a").await.unwrap();
    assert_eq!(process::whereis("a"), Some(pid));
    assert!(process::is_alive(supervisor.pid()));
}

// --- starts and stops --------------------------------------------------------------------------------------

#[perennial::test(paused)]
async fn a_start_that_fails_is_reported_to_who_asked_for_it() {
    let log = Log::default();
    let failing = |id| Probe::new(id, &log).plan(&[Plan::Fail]).spec();
    let no = || StartError::Exit(ExitReason::other("no"));
    let supervisor = start([], Strategy::OneForOne).await;
    let outcome = Supervisor::start_child(&supervisor, failing("a")).await;
    assert_eq!(outcome, Err(supervisor::StartChildError::Start(no())));
    DynamicSupervisor::start_link(SUP).await.unwrap();
    let outcome = DynamicSupervisor::start_child(&SUP, failing("b")).await;
    assert_eq!(outcome, Err(dynamic_supervisor::StartChildError::Start(no())));
}

#[perennial::test(paused)]
async fn a_supervisor_that_stops_lets_its_children_terminate_in_reverse_order_and_waits_for_each() {
    let log = Log::default();
    let slow = |id| Probe::new(id, &log).stop_for(Duration::from_secs(1)).spec();
    let supervisor = start(["a", "b", "c"].map(slow), Strategy::OneForOne).await;
    log.take();
    supervisor.stop(ExitReason::Normal).await.unwrap();
    assert_eq!(log.take(), ["-c shutdown", "-b shutdown", "-a shutdown"]);
    assert_eq!(Node::current().now(), Duration::from_secs(3));
}

#[perennial::test(paused)]
async fn no_child_outlives_its_supervisor() {
    let log = Log::default();
    for stop in [true, false] {
        let supervisor = start(abc(&log), Strategy::OneForAll).await;
        match stop {
            true => supervisor.stop(ExitReason::Normal).await.unwrap(),
            false => process::kill(supervisor.pid()),
        }
        settle().await;
        assert_eq!(Node::current().count_processes(), 0);
    }
}

// By the real clock, since a blocked thread stops the paused one: it takes the five seconds after the kill.
#[perennial::test(flavor = "multi_thread", workers = 3)]
async fn a_hung_child_does_not_block_the_shutdown() {
    let log = Log::default();
    let gate = Arc::<Gate>::default();
    let _opens = Opens(gate.clone());
    let supervisor = start([Probe::new("a", &log).spec(), hung(&gate)], Strategy::OneForOne).await;
    gate.blocked().await;
    supervisor.stop(ExitReason::Normal).await.expect("the child is given up");
    assert_eq!(log.take(), ["+a", "-a shutdown"]);
    assert_eq!(Node::current().count_processes(), 0);
}

/// Waits, then blocks its thread.
#[derive(Clone, GenServer)]
struct Hangs(Arc<Gate>);

struct Wait(oneshot::Receiver<()>);

impl HandleCall<Wait> for Hangs {
    type Reply = ();
    async fn handle_call(&mut self, Wait(until): Wait, _: &mut Cx<Self>) -> Reply<()> {
        until.await.unwrap();
        self.0.block();
        reply(())
    }
}

impl HandleCall<u32> for Hangs {
    type Reply = u32;
    async fn handle_call(&mut self, number: u32, _: &mut Cx<Self>) -> Reply<u32> {
        reply(number)
    }
}

#[perennial::test(flavor = "multi_thread", workers = 4)]
async fn who_calls_a_hung_child_hears_of_its_end_when_it_is_given_up() {
    let gate = Arc::<Gate>::default();
    let _opens = Opens(gate.clone());
    let hangs: Name<Hangs> = Name::from("hangs");
    let spec = Hangs::child_spec_as(Hangs(gate.clone()), hangs.clone());
    let spec = ChildSpec { restart: Restart::Temporary, shutdown: Shutdown::BrutalKill, ..spec };
    let supervisor = start([spec], Strategy::OneForOne).await;
    let (go, until) = oneshot::channel();
    tokio::spawn(hangs.call_timeout(Wait(until), None));
    let hung = hangs.whereis().unwrap().pid();
    while process::info(hung).unwrap().messages < 1 {
        tokio::task::yield_now().await;
    }
    // The handler has the server: this one waits behind it.
    let waits = hangs.send_request(7_u32);
    go.send(()).unwrap();
    gate.blocked().await;
    supervisor.stop(ExitReason::Normal).await.expect("the child is given up");
    // It has been told by now, while the handler is still at the gate.
    assert_eq!(waits.now_or_never(), Some(Err(CallError::Exit(ExitReason::Killed))));
}

#[perennial::test(flavor = "multi_thread", workers = 3)]
async fn a_hung_child_does_not_block_the_kill_of_its_supervisor() {
    let gate = Arc::<Gate>::default();
    let _opens = Opens(gate.clone());
    let supervisor = start([hung(&gate)], Strategy::OneForOne).await;
    gate.blocked().await;
    let down = process::monitor(supervisor.pid());
    process::kill(supervisor.pid());
    assert_eq!(down.await.reason, ExitReason::Killed);
}

#[perennial::test(paused)]
async fn a_supervisor_that_is_killed_while_it_stops_a_child_leaves_no_orphan() {
    DynamicSupervisor::start_link(SUP).await.unwrap();
    // Deaf to `Shutdown`; it ends when its supervisor was killed.
    let deaf = ChildSpec::worker(
        |()| async {
            Ok(process::spawn_link(|mut inbox: Inbox<Exit>| async move {
                inbox.trap_exit(true);
                while inbox.receive().await.reason != ExitReason::Killed {}
            }))
        },
        (),
    );
    let spec = ChildSpec { shutdown: Shutdown::Infinity, ..deaf };
    let child = DynamicSupervisor::start_child(&SUP, spec).await.unwrap();
    settle().await;
    let terminate = async move { DynamicSupervisor::terminate_child(&SUP, child).await };
    let terminating = tokio::spawn(Node::current().counted(terminate));
    settle().await;
    assert!(process::is_alive(child));
    process::kill(SUP.pid_now().expect("it runs"));
    settle().await;
    assert_eq!(Node::current().count_processes(), 0);
    assert!(terminating.await.unwrap().is_err());
}

#[perennial::test(paused)]
async fn dropping_a_reference_stops_nothing() {
    let log = Log::default();
    let supervisor = start(abc(&log), Strategy::OneForOne).await;
    let pid = supervisor.pid();
    drop(supervisor.clone());
    drop(supervisor);
    settle().await;
    assert!(process::is_alive(pid));
    assert_eq!(Node::current().count_processes(), 4);
}

// --- processes ---------------------------------------------------------------------------------------------

#[perennial::test]
async fn link_to_the_dead_is_noproc() {
    let dead = process::spawn(|_: Inbox<()>| async {});
    process::monitor(dead).await;
    let (tell, told) = oneshot::channel();
    process::spawn(move |_: Inbox<()>| async move {
        tell.send(process::link(dead)).expect("the test waits");
    });
    assert_eq!(told.await, Ok(Err(process::NoProc)));
    assert_eq!(process::monitor(dead).await.reason, ExitReason::NoProc);
}

#[perennial::test(flavor = "multi_thread", workers = 2)]
async fn a_process_is_in_the_table_before_it_first_runs() {
    let unknown = Arc::new(AtomicUsize::new(0));
    for _ in 0..10_000 {
        let unknown = unknown.clone();
        process::spawn(move |inbox: Inbox<Exit>| async move {
            inbox.trap_exit(true);
            if !process::info(inbox.pid()).is_some_and(|info| info.trap_exit) {
                unknown.fetch_add(1, SeqCst);
            }
        });
    }
    while Node::current().count_processes() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(unknown.load(SeqCst), 0);
    assert!(Node::current().processes().is_empty());
}

#[perennial::test(flavor = "multi_thread", workers = 3)]
async fn a_process_that_blocks_its_thread_holds_up_no_spawn_and_no_end() {
    let gate = Arc::<Gate>::default();
    let _opens = Opens(gate.clone());
    let blocking = gate.clone();
    let blocked = process::spawn_receiver(move |_: Inbox<u32>| async move { blocking.block() });
    gate.blocked().await;
    let to = blocked.clone();
    let (_, ended) = process::spawn_monitor(move |_: Inbox<()>| async move {
        for n in 0..1000 {
            to.send(n).expect("it lives");
            let pid = process::spawn(|_: Inbox<()>| pending::<()>());
            process::link(pid).expect("it lives");
            process::unlink(pid);
            process::kill(pid);
            process::monitor(pid).await;
        }
    });
    assert_eq!(ended.await.reason, ExitReason::Normal);
    assert!(process::is_alive(blocked.pid()));
}

#[perennial::test(paused)]
async fn a_request_to_a_server_of_another_type_does_not_reach_it() {
    let log = Log::default();
    let _supervisor = start([Probe::new("a", &log).spec()], Strategy::OneForOne).await;
    let wrong: Name<Supervisor> = Name::new("a");
    assert_eq!(Supervisor::count_children(&wrong).await, Err(CallError::WrongServer));
    settle().await;
    assert_eq!(log.take(), ["+a"]);
    assert!(process::whereis("a").is_some_and(process::is_alive));
}

#[perennial::test]
async fn a_plain_task_calls_a_server() {
    DynamicSupervisor::start_link(SUP).await.unwrap();
    let counts = tokio::spawn(async { DynamicSupervisor::count_children(&SUP).await });
    assert_eq!(counts.await.unwrap(), Ok(ChildCounts::default()));
}

// --- what grows --------------------------------------------------------------------------------------------

#[perennial::test(paused)]
async fn a_finished_child_leaves_nothing_behind() {
    let supervisor = DynamicSupervisor::start_link(SUP).await.unwrap();
    let argument = Arc::new(());
    for _ in 0..10_000 {
        let kept = argument.clone();
        let work = ChildSpec::task("work", move || {
            let kept = kept.clone();
            async move { drop(kept) }
        });
        let spec = ChildSpec { restart: Restart::Temporary, ..work };
        DynamicSupervisor::start_child(&SUP, spec).await.unwrap();
    }
    settle().await;
    assert_eq!(DynamicSupervisor::count_children(&SUP).await, Ok(ChildCounts::default()));
    assert_eq!(Node::current().processes(), [supervisor]);
    assert_eq!(Arc::strong_count(&argument), 1);
    assert!(process::links(supervisor).is_empty());
    assert_eq!(process::info(supervisor).unwrap().mailbox_len, 0);
}

#[perennial::test]
async fn stopping_does_not_depend_on_how_many_names_there_are() {
    let named = |name: String| {
        let pid = process::spawn(|_: Inbox<()>| pending::<()>());
        process::register(name, pid).expect("the name is free");
        pid
    };
    let end_200 = async || {
        let pids: Vec<_> = (0..200).map(|n| named(format!("one {n}"))).collect();
        let ends: Vec<_> = pids.iter().map(|pid| process::monitor(*pid)).collect();
        let begun = Instant::now();
        pids.into_iter().for_each(process::kill);
        for end in ends {
            end.await;
        }
        begun.elapsed()
    };
    let few = shortest(&end_200).await;
    for n in 0..50_000 {
        named(format!("other {n}"));
    }
    let many = shortest(&end_200).await;
    assert!(is_about(many, few), "{many:?} with 50,000 names, {few:?} with none");
}

#[perennial::test]
async fn terminating_a_child_does_not_depend_on_how_many_there_are() {
    DynamicSupervisor::start_link(SUP).await.unwrap();
    let child = async || DynamicSupervisor::start_child(&SUP, idle()).await.unwrap();
    let terminate_200 = async || {
        let mut pids = Vec::new();
        for _ in 0..200 {
            pids.push(child().await);
        }
        let begun = Instant::now();
        for pid in pids {
            DynamicSupervisor::terminate_child(&SUP, pid).await.unwrap();
        }
        begun.elapsed()
    };
    let few = shortest(&terminate_200).await;
    for _ in 0..20_000 {
        child().await;
    }
    let many = shortest(&terminate_200).await;
    assert!(is_about(many, few), "{many:?} among 20,000 children, {few:?} among none");
}

#[perennial::test(paused)]
async fn who_gave_up_waiting_for_a_lock_does_not_get_it_later() {
    let registry = RegistryName::<String>::new("locks");
    registry.start_link(Default::default()).await.unwrap();
    let second = Duration::from_secs(1);
    let lock = || registry.lock("key".to_owned());
    let held = lock().await.unwrap();
    assert!(time::timeout(second, lock()).await.is_err());
    drop(held);
    settle().await;
    assert!(time::timeout(second, lock()).await.is_ok());
}

// --- the crate ---------------------------------------------------------------------------------------------

#[test]
fn no_feature_changes_what_others_must_implement() {
    // One file looks at features: where signals come from. No trait is there.
    fn looks_at_features(path: &Path) -> Vec<PathBuf> {
        if path.is_dir() {
            let entries = std::fs::read_dir(path).unwrap();
            return entries.flat_map(|entry| looks_at_features(&entry.unwrap().path())).collect();
        }
        let text = std::fs::read_to_string(path).unwrap();
        if text.contains("feature = ") { vec![path.to_owned()] } else { Vec::new() }
    }
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    assert_eq!(looks_at_features(&src), [src.join("application/signals.rs")]);
    assert!(!include_str!("../src/application/signals.rs").contains("trait "));
}

#[test]
fn unsafe_code_is_in_the_cell_only() {
    assert!(include_str!("../src/lib.rs").contains("#![forbid(unsafe_code)]"));
}
