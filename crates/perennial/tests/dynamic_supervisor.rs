//! The D rows: dynamic supervisors, and what they do beyond OTP.

mod support;

use perennial::{
    child_spec::SpecError,
    dynamic_supervisor::{Backoff, Options, StartChildError, TerminateChildError},
    prelude::*,
    supervisor::ChildState,
};
use std::{
    future::Future,
    sync::{Arc, Barrier, Mutex, mpsc},
    time::Duration,
};
use support::{Log, Plan, Probe, boom, end, kill, settle};

const SUP: Name<DynamicSupervisor> = Name::new("sup");

async fn start(options: Options) -> Pid {
    DynamicSupervisor::start_link(Options { name: Some(SUP), ..options }).await.expect("it starts")
}

async fn child(spec: ChildSpec) -> Result<Pid, StartChildError> {
    DynamicSupervisor::start_child(&SUP, spec).await
}

async fn terminate(pid: Pid) -> Result<(), TerminateChildError> {
    DynamicSupervisor::terminate_child(&SUP, pid).await
}

async fn specs() -> usize {
    DynamicSupervisor::count_children(&SUP).await.unwrap().specs
}

async fn states() -> Vec<ChildState> {
    DynamicSupervisor::which_children(&SUP).await.unwrap().into_iter().map(|child| child.state).collect()
}

fn idle() -> ChildSpec {
    let task = ChildSpec::task("idle", std::future::pending::<()>);
    ChildSpec { restart: Restart::Temporary, ..task }
}

#[perennial::test(paused)]
async fn a_child_that_is_not_restarted_is_forgotten() {
    start(Options::default()).await;
    let log = Log::default();
    let table = [
        (Restart::Temporary, boom(), false),
        (Restart::Temporary, ExitReason::Normal, false),
        (Restart::Transient, ExitReason::Normal, false),
        (Restart::Transient, ExitReason::Shutdown, false),
        (Restart::Transient, ExitReason::shutdown_with(1), false),
        (Restart::Transient, boom(), true),
        (Restart::Permanent, ExitReason::Normal, true),
    ];
    for (restart, reason, restarted) in table {
        child(Probe::new("a", &log).with(restart)).await.unwrap();
        end("a", reason.clone()).await;
        assert_eq!(specs().await, usize::from(restarted), "{restart:?} {reason:?}");
        if let Some(pid) = process::whereis("a") {
            DynamicSupervisor::terminate_child(&SUP, pid).await.unwrap();
        }
    }
}

#[perennial::test(paused)]
async fn ids_are_not_looked_at_and_names_are() {
    start(Options::default()).await;
    let log = Log::default();
    child(idle()).await.unwrap();
    child(idle()).await.unwrap();
    let pid = child(Probe::new("a", &log).spec()).await.unwrap();
    let again = child(Probe::new("a", &log).spec()).await;
    assert_eq!(again.as_ref().unwrap_err().already_started(), Some(pid));
    assert_eq!(again, Err(StartChildError::Start(StartError::AlreadyStarted(pid))));
    assert_eq!(specs().await, 3);
}

#[perennial::test(paused)]
async fn a_start_that_fails_or_ignores_leaves_nothing() {
    start(Options::default()).await;
    let log = Log::default();
    let ignored = child(Probe::new("a", &log).plan(&[Plan::Ignore]).spec()).await;
    assert_eq!(ignored, Err(StartChildError::Start(StartError::Ignore)));
    let failed = child(Probe::new("a", &log).plan(&[Plan::Fail]).spec()).await;
    assert_eq!(failed, Err(StartChildError::Start(StartError::Exit(ExitReason::other("no")))));
    let panics = child(ChildSpec::worker(|()| async { panic!("in the start function") }, ())).await;
    assert!(matches!(panics, Err(StartChildError::Start(StartError::Exit(ExitReason::Panic(_))))));
    let significant = ChildSpec { significant: true, ..idle() };
    let expected = SpecError::SignificantWithoutAutoShutdown("idle".into());
    assert_eq!(child(significant).await, Err(StartChildError::Spec(expected)));
    assert_eq!(specs().await, 0);
    assert_eq!(Node::current().count_processes(), 1);
}

#[perennial::test(paused)]
async fn a_specification_is_checked_before_the_supervisor_is_asked() {
    // There is none.
    let expected = SpecError::SignificantWithoutAutoShutdown("idle".into());
    let significant = ChildSpec { significant: true, ..idle() };
    assert_eq!(child(significant).await, Err(StartChildError::Spec(expected)));
    assert_eq!(child(idle()).await, Err(StartChildError::Call(CallError::NoProc)));
}

#[perennial::test(paused)]
async fn the_arguments_of_a_temporary_child_are_not_kept() {
    start(Options::default()).await;
    let argument = Arc::new(());
    let spec = |restart| {
        let start =
            |_: Arc<()>| async { Ok(process::spawn_link(|_: Inbox<()>| std::future::pending::<()>())) };
        ChildSpec { restart, ..ChildSpec::worker(start, argument.clone()) }
    };
    child(spec(Restart::Temporary)).await.unwrap();
    settle().await;
    assert_eq!(Arc::strong_count(&argument), 1);
    child(spec(Restart::Transient)).await.unwrap();
    settle().await;
    assert_eq!(Arc::strong_count(&argument), 2);
}

#[perennial::test(paused)]
async fn max_children_counts_those_that_are_started_and_restarted() {
    start(Options { max_children: Some(2), max_restarts: u32::MAX, ..Options::default() }).await;
    let log = Log::default();
    let slow = Probe::new("slow", &log).plan(&[Plan::Slow(1)]).spec();
    let starting = tokio::spawn(Node::current().counted(child(slow)));
    settle().await;
    let failing = Probe::new("a", &log).plan(&[Plan::Run, Plan::Fail]).spec();
    child(failing).await.unwrap();
    assert_eq!(child(idle()).await, Err(StartChildError::MaxChildren));
    process::kill(process::whereis("a").unwrap());
    while !states().await.contains(&ChildState::Restarting) {}
    assert_eq!(child(idle()).await, Err(StartChildError::MaxChildren));
    let old = process::whereis("a");
    assert_eq!(old, None);
    SUP.stop(ExitReason::Normal).await.unwrap();
    drop(starting);
}

#[perennial::test(paused)]
async fn a_slow_init_delays_nobody_and_may_call_its_supervisor() {
    start(Options::default()).await;
    let log = Log::default();
    let node = Node::current();
    let slow = Probe::new("slow", &log).plan(&[Plan::Slow(60)]).spec();
    let starting = tokio::spawn(node.counted(child(slow)));
    settle().await;
    // Another start, a query and a stop in the meantime, at no time at all.
    let pid = child(idle()).await.unwrap();
    assert_eq!(specs().await, 1);
    DynamicSupervisor::terminate_child(&SUP, pid).await.unwrap();
    assert_eq!(node.now(), Duration::ZERO);
    assert!(starting.await.unwrap().is_ok());
    let nested = ChildSpec::worker(
        |()| async {
            let inner = child(idle()).await.expect("no deadlock");
            Ok(process::spawn_link(move |_: Inbox<()>| async move { process::monitor(inner).await.reason }))
        },
        (),
    );
    child(nested).await.unwrap();
    assert_eq!(specs().await, 3);
}

#[perennial::test(paused)]
async fn children_stop_all_at_once_and_expired_ones_are_killed() {
    start(Options::default()).await;
    let log = Log::default();
    for (id, seconds) in [("a", 1), ("b", 2), ("c", 3), ("d", 3600)] {
        child(Probe::new(id, &log).stop_for(Duration::from_secs(seconds)).spec()).await.unwrap();
    }
    log.take();
    SUP.stop(ExitReason::Normal).await.unwrap();
    assert_eq!(log.take(), ["-a shutdown", "-b shutdown", "-c shutdown"]);
    // The slowest, which is killed at its limit of 5 s.
    assert_eq!(Node::current().now(), Duration::from_secs(5));
    assert_eq!(Node::current().count_processes(), 0);
}

#[perennial::test(paused)]
async fn a_stop_kills_what_is_being_started_and_answers_its_client() {
    start(Options::default()).await;
    let log = Log::default();
    let slow = Probe::new("slow", &log).plan(&[Plan::Slow(3600)]).spec();
    let starting = tokio::spawn(Node::current().counted(child(slow)));
    settle().await;
    SUP.stop(ExitReason::Shutdown).await.unwrap();
    assert_eq!(starting.await.unwrap(), Err(StartChildError::Call(CallError::Exit(ExitReason::Shutdown))));
    assert_eq!(Node::current().count_processes(), 0);
    assert_eq!(Node::current().now(), Duration::ZERO);
}

#[perennial::test(paused)]
async fn a_dropped_start_child_still_starts_a_supervised_child() {
    start(Options::default()).await;
    let log = Log::default();
    let slow = Probe::new("slow", &log).plan(&[Plan::Slow(1)]).spec();
    let impatient = perennial::time::timeout(Duration::from_millis(10), child(slow)).await;
    assert!(impatient.is_err());
    perennial::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(specs().await, 1);
    SUP.stop(ExitReason::Normal).await.unwrap();
    assert_eq!(log.take(), ["+slow", "-slow shutdown"]);
}

#[perennial::test(paused)]
async fn a_child_that_ends_before_its_start_is_over_is_not_lost() {
    start(Options { max_restarts: 2, ..Options::default() }).await;
    let short_lived = |restart| {
        let start = |()| async {
            let pid = process::spawn_link(|_: Inbox<()>| async { boom() });
            // The start function goes on while its process has ended.
            process::monitor(pid).await;
            perennial::time::sleep(Duration::from_secs(1)).await;
            Ok(pid)
        };
        ChildSpec { restart, ..ChildSpec::worker(start, ()) }
    };
    child(short_lived(Restart::Temporary)).await.unwrap();
    settle().await;
    assert_eq!(specs().await, 0);
    let supervisor = process::monitor(process::whereis("sup").unwrap());
    child(short_lived(Restart::Permanent)).await.unwrap();
    assert_eq!(supervisor.await.reason, ExitReason::Shutdown);
}

#[perennial::test(paused)]
async fn terminate_child_is_final_and_knows_its_children() {
    start(Options { max_restarts: u32::MAX, ..Options::default() }).await;
    let log = Log::default();
    let stranger = process::spawn(|_: Inbox<()>| std::future::pending::<()>());
    let unknown = DynamicSupervisor::terminate_child(&SUP, stranger).await;
    assert_eq!(unknown, Err(TerminateChildError::NotFound));
    let pid = child(Probe::new("a", &log).spec()).await.unwrap();
    // It crashes a moment before: no restart, and still `Ok`.
    process::kill(pid);
    let terminated = DynamicSupervisor::terminate_child(&SUP, pid).await;
    assert_eq!(terminated, Ok(()));
    settle().await;
    assert_eq!(specs().await, 0);
    // Its old pid leads to a child that is being restarted.
    let pid = child(Probe::new("a", &log).plan(&[Plan::Run, Plan::Fail]).spec()).await.unwrap();
    process::kill(pid);
    while states().await != [ChildState::Restarting] {}
    DynamicSupervisor::terminate_child(&SUP, pid).await.unwrap();
    settle().await;
    assert_eq!(specs().await, 0);
    assert_eq!(Node::current().count_processes(), 2);
}

#[perennial::test(paused)]
async fn restart_intensity_is_shared_by_default() {
    let supervisor = start(Options::default()).await;
    let log = Log::default();
    for id in ["a", "b"] {
        child(Probe::new(id, &log).spec()).await.unwrap();
    }
    let down = process::monitor(supervisor);
    for id in ["a", "b", "a", "b"] {
        kill(id).await;
    }
    assert_eq!(down.await.reason, ExitReason::Shutdown);
}

#[perennial::test(paused)]
async fn with_intensity_per_child_one_poison_child_ends_only_itself() {
    start(Options { intensity_per_child: true, ..Options::default() }).await;
    let log = Log::default();
    for id in ["good", "poison"] {
        child(Probe::new(id, &log).spec()).await.unwrap();
    }
    for _ in 0..4 {
        kill("poison").await;
    }
    assert_eq!(specs().await, 1);
    assert!(process::whereis("good").is_some());
}

#[perennial::test(paused)]
async fn a_back_off_waits_longer_each_time_and_starts_anew_after_a_while() {
    let seconds = Duration::from_secs;
    let backoff = Backoff { initial: seconds(1), max: seconds(3), reset_after: seconds(100) };
    start(Options { backoff: Some(backoff), max_restarts: 100, ..Options::default() }).await;
    let log = Log::default();
    child(Probe::new("a", &log).spec()).await.unwrap();
    let mut pauses = Vec::new();
    for rest in [0, 0, 0, 200] {
        perennial::time::sleep(seconds(rest)).await;
        let before = Node::current().now();
        process::kill(process::whereis("a").unwrap());
        settle().await;
        while process::whereis("a").is_none() {
            perennial::time::sleep(Duration::from_millis(100)).await;
        }
        pauses.push((Node::current().now() - before).as_secs());
    }
    assert_eq!(pauses, [1, 2, 3, 1]);
}

#[perennial::test(paused)]
async fn get_or_start_finds_whoever_has_the_name_and_is_alive() {
    start(Options::default()).await;
    let log = Log::default();
    let spec = || Probe::new("a", &log).with(Restart::Temporary);
    let first = DynamicSupervisor::start_child_or_lookup(&SUP, spec()).await.unwrap();
    assert_eq!(DynamicSupervisor::start_child_or_lookup(&SUP, spec()).await, Ok(first));
    let server =
        DynamicSupervisor::start_child_ref::<Probe>(&SUP, Probe::new("b", &log).spec()).await.unwrap();
    assert!(process::is_alive(server.pid()));
    let wrong = DynamicSupervisor::start_child_ref::<Supervisor>(&SUP, Probe::new("c", &log).spec()).await;
    assert!(matches!(wrong, Err(StartChildError::WrongServer(_))));
    for _ in 0..100 {
        process::kill(first);
        let pid = DynamicSupervisor::start_child_or_lookup(&SUP, spec()).await.unwrap();
        assert!(process::is_alive(pid));
    }
}

/// A server that ends when it is told to.
struct Short;
struct Bye;
impl GenServer for Short {
    type Args = ();
    async fn init((): (), _: &mut Cx<Self>) -> Result<Self, InitError> {
        Ok(Self)
    }
}
impl HandleCall<Bye> for Short {
    type Reply = ();
    async fn handle_call(&mut self, _: Bye, _: &mut Cx<Self>) -> Reply<()> {
        stop_reply(ExitReason::Normal, ())
    }
}

/// What a start function starts, and returns the pid of.
#[derive(Clone, Copy, Debug)]
enum Starts {
    One,
    Unlinked,
    FirstOfTwo,
    LastOfTwo,
    BeforeAnotherType,
    ByAnotherSupervisor,
    OneThatIsKnown,
    AndWaits,
    AndAnotherChild,
    OneThatEnds,
    Another,
    AndFails,
    AndPanics,
}

async fn start_some((starts, known): (Starts, Pid)) -> StartResult {
    let short = || gen_server::start_link::<Short>((), ());
    match starts {
        Starts::One => short().await,
        Starts::Unlinked => gen_server::start::<Short>((), ()).await,
        Starts::FirstOfTwo => {
            let first = short().await?;
            short().await.map(|_| first)
        }
        Starts::LastOfTwo => {
            short().await?;
            short().await
        }
        Starts::BeforeAnotherType => {
            let first = short().await?;
            DynamicSupervisor::start_link(Options::default()).await.map(|_| first)
        }
        Starts::ByAnotherSupervisor => {
            let other = DynamicSupervisor::start_link(Options::default()).await?.server().expect("it runs");
            let spec = ChildSpec::worker(|()| gen_server::start_link::<Short>((), ()), ());
            let server = DynamicSupervisor::start_child_ref::<Short>(&other, spec).await;
            Ok(server.expect("it starts").pid())
        }
        Starts::OneThatIsKnown => short().await.map(|_| known),
        Starts::AndWaits => {
            let first = short().await?;
            perennial::time::sleep(Duration::from_secs(1)).await;
            Ok(first)
        }
        Starts::AndAnotherChild => {
            let first = short().await?;
            let spec = ChildSpec::worker(|()| gen_server::start_link::<Short>((), ()), ());
            let spec = ChildSpec { restart: Restart::Temporary, ..spec };
            let server = DynamicSupervisor::start_child_ref::<Short>(&SUP, spec).await.expect("it starts");
            assert_ne!(server.pid(), first);
            Ok(first)
        }
        Starts::OneThatEnds => {
            let first = short().await?;
            first.server::<Short>().expect("it runs").call(Bye).await.expect("it answers");
            Ok(first)
        }
        Starts::Another => DynamicSupervisor::start_link(Options::default()).await,
        Starts::AndFails => {
            short().await?;
            Err(StartError::Ignore)
        }
        Starts::AndPanics => {
            short().await?;
            panic!("as it should");
        }
    }
}

#[perennial::test(paused)]
async fn the_server_is_returned_of_which_the_start_function_has_returned_the_pid() {
    start(Options::default()).await;
    for inline in [true, false] {
        Node::current().set_inline_calls(inline);
        let known = gen_server::start::<Short>((), ()).await.unwrap();
        let server = async |starts| {
            let told = Arc::new(Mutex::new(None));
            let note = told.clone();
            let function = move |args| {
                let note = note.clone();
                async move {
                    let result = start_some(args).await;
                    *note.lock().unwrap() = result.as_ref().ok().copied();
                    result
                }
            };
            let spec = ChildSpec::worker(function, (starts, known));
            let spec = ChildSpec { restart: Restart::Temporary, ..spec };
            // So that the supervisor is idle, and who asks for a start may run it.
            settle().await;
            let result = DynamicSupervisor::start_child_ref::<Short>(&SUP, spec).await;
            let told = *told.lock().unwrap();
            if let Ok(server) = &result {
                assert_eq!(Some(server.pid()), told, "{starts:?}");
                assert_eq!(server.call(Bye).await, Ok(()), "{starts:?}");
            }
            (result.map(drop), told)
        };
        for starts in [
            Starts::One,
            Starts::Unlinked,
            Starts::FirstOfTwo,
            Starts::LastOfTwo,
            Starts::BeforeAnotherType,
            Starts::ByAnotherSupervisor,
            Starts::OneThatIsKnown,
            Starts::AndWaits,
            Starts::AndAnotherChild,
        ] {
            assert_eq!(server(starts).await.0, Ok(()), "{starts:?}");
        }
        let ended = StartChildError::Call(CallError::NoProc);
        assert_eq!(server(Starts::OneThatEnds).await.0, Err(ended));
        let (wrong, pid) = server(Starts::Another).await;
        assert_eq!(wrong, Err(StartChildError::WrongServer(pid.unwrap())));
        assert_eq!(server(Starts::AndFails).await.0, Err(StartChildError::Start(StartError::Ignore)));
        let panicked = server(Starts::AndPanics).await.0;
        assert!(matches!(panicked, Err(StartChildError::Start(StartError::Exit(ExitReason::Panic(_))))));
        assert_eq!(server(Starts::One).await.0, Ok(()));
    }
}

#[perennial::test(paused)]
async fn what_can_be_started_once_is_temporary() {
    start(Options::default()).await;
    let once = || {
        let not_clone = Box::new(7_u8) as Box<dyn std::any::Any + Send>;
        ChildSpec::once("once", move || async move {
            let _kept = not_clone;
            Ok(process::spawn_link(|_: Inbox<()>| std::future::pending::<()>()))
        })
    };
    child(once()).await.unwrap();
    let wrong = ChildSpec { restart: Restart::Permanent, ..once() };
    let expected = StartChildError::Spec(SpecError::OnceNotTemporary("once".into()));
    assert_eq!(child(wrong).await, Err(expected));
}

#[perennial::test(flavor = "multi_thread", workers = 2)]
async fn nothing_is_left_of_100_000_children_under_kills_from_all_sides() {
    start(Options::default()).await;
    let clients = (0..8).map(|client| {
        tokio::spawn(async move {
            for n in 0..12_500_u32 {
                let pid = child(idle()).await.expect("it starts");
                match (n + client) % 3 {
                    0 => process::kill(pid),
                    1 => DynamicSupervisor::terminate_child(&SUP, pid).await.expect("it is a child"),
                    _ => {
                        process::kill(pid);
                        let _ = DynamicSupervisor::terminate_child(&SUP, pid).await;
                    }
                }
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    while specs().await > 0 {}
    assert_eq!(Node::current().count_processes(), 1);
}

/// What a start sees and leaves, be it run by its client or, with nothing run by callers, by the supervisor.
#[perennial::test(paused)]
async fn a_start_is_the_same_whoever_runs_it() {
    let supervisor = start(Options::default()).await;
    for inline in [true, false] {
        Node::current().set_inline_calls(inline);
        let start = |()| async {
            let current = process::current();
            let pid = process::spawn_link(|_: Inbox<()>| std::future::pending::<()>());
            assert_eq!(process::current(), current);
            process::set_label(format!("started by {}", current.expect("a start runs in a process")));
            Ok(pid)
        };
        let before = process::current();
        let pid =
            child(ChildSpec { restart: Restart::Temporary, ..ChildSpec::worker(start, ()) }).await.unwrap();
        assert_eq!(process::current(), before);
        let info = process::info(pid).expect("it runs");
        assert_eq!(
            (info.parent, &info.ancestors[..], &info.links[..]),
            (Some(supervisor), &[supervisor][..], &[supervisor][..])
        );
        let label = process::info(supervisor).and_then(|info| info.label);
        assert_eq!(label, Some(format!("started by {supervisor}")));
        assert_eq!(process::links(supervisor), [pid]);
        let ended = process::monitor(pid);
        terminate(pid).await.unwrap();
        assert_eq!(ended.await.reason, ExitReason::Shutdown);
        assert_eq!(process::links(supervisor), []);
        let again = terminate(pid).await;
        assert_eq!(again, Err(TerminateChildError::NotFound));
        assert_eq!(specs().await, 0);
    }
}

#[perennial::test(paused)]
async fn a_suspended_supervisor_starts_and_stops_nothing_until_it_is_resumed() {
    start(Options::default()).await;
    let pid = child(idle()).await.unwrap();
    perennial::sys::suspend(&SUP).await.unwrap();
    let node = Node::current();
    let starting = tokio::spawn(node.counted(child(idle())));
    let stopping = tokio::spawn(node.counted(terminate(pid)));
    settle().await;
    assert_eq!((process::is_alive(pid), node.count_processes()), (true, 2));
    perennial::sys::resume(&SUP).await.unwrap();
    assert_eq!(stopping.await.unwrap(), Ok(()));
    let other = starting.await.unwrap().unwrap();
    assert_eq!(states().await, [ChildState::Running(other)]);
}

/// A start does not overtake what its client has sent before.
#[perennial::test(paused)]
async fn a_start_comes_after_the_stop_that_was_asked_for_before() {
    for inline in [true, false] {
        Node::current().set_inline_calls(inline);
        let (_, ended) = process::spawn_monitor(|_: Inbox<()>| async {
            let supervisor = start(Options::default()).await;
            // As its parent, which it obeys.
            process::exit(supervisor, ExitReason::Shutdown);
            let expected = Err(StartChildError::Call(CallError::Exit(ExitReason::Shutdown)));
            assert_eq!(child(idle()).await, expected);
        });
        // Linked to the supervisor, which has shut down.
        assert!([ExitReason::Shutdown, ExitReason::Normal].contains(&ended.await.reason));
        settle().await;
        assert_eq!(Node::current().count_processes(), 0);
    }
}

/// A process that starts a child and blocks its thread meanwhile, should the start do so.
fn client(spec: ChildSpec) -> impl Future<Output = Result<Pid, StartChildError>> {
    let (tell, told) = tokio::sync::oneshot::channel();
    let (_, ended) = process::spawn_monitor(|_: Inbox<()>| async move {
        tell.send(child(spec).await).expect("somebody waits");
    });
    async move {
        assert_eq!(ended.await.reason, ExitReason::Normal);
        told.await.expect("it has told")
    }
}

/// A server that has run its `init` when it is started, and so waits for no thread.
struct Quiet;

impl GenServer for Quiet {
    type Args = ();
    async fn init(_: (), _: &mut Cx<Self>) -> Result<Self, InitError> {
        Ok(Self)
    }
}

/// A start function that blocks its thread: it tells who it has started, and returns when it is told to.
fn blocking(started: &mpsc::Sender<Pid>, restart: Restart) -> (ChildSpec, mpsc::Sender<()>) {
    let (go_on, gone_on) = mpsc::channel();
    let (started, gone_on) = (started.clone(), Arc::new(Mutex::new(gone_on)));
    let args = (started, gone_on);
    let start = |(started, gone_on): (mpsc::Sender<Pid>, Arc<Mutex<mpsc::Receiver<()>>>)| async move {
        let pid = gen_server::start_link::<Quiet>((), ()).await?;
        started.send(pid).expect("somebody waits");
        // It is told once; who is restarted goes on at once.
        let _ = gone_on.lock().unwrap().recv();
        Ok(pid)
    };
    (ChildSpec { restart, ..ChildSpec::worker(start, args) }, go_on)
}

#[perennial::test(flavor = "multi_thread", workers = 4)]
async fn a_stop_meets_a_start_that_its_client_runs() {
    start(Options::default()).await;
    let (started, is_started) = mpsc::channel();
    let (spec, go_on) = blocking(&started, Restart::Temporary);
    let client = client(spec);
    let pid = is_started.recv().unwrap();
    assert_eq!(states().await, []);
    // It knows of what was started, and takes it along.
    SUP.stop(ExitReason::Shutdown).await.unwrap();
    assert!(!process::is_alive(pid));
    go_on.send(()).unwrap();
    let expected = Err(StartChildError::Call(CallError::Exit(ExitReason::Shutdown)));
    assert_eq!(client.await, expected);
    assert_eq!(Node::current().count_processes(), 0);
}

#[perennial::test(flavor = "multi_thread", workers = 4)]
async fn a_kill_meets_a_start_that_its_client_runs() {
    let supervisor = start(Options::default()).await;
    let (started, is_started) = mpsc::channel();
    let (spec, go_on) = blocking(&started, Restart::Temporary);
    let client = client(spec);
    let ended = process::monitor(is_started.recv().unwrap());
    process::kill(supervisor);
    assert_eq!(ended.await.reason, ExitReason::Killed);
    go_on.send(()).unwrap();
    let expected = Err(StartChildError::Call(CallError::Exit(ExitReason::Killed)));
    assert_eq!(client.await, expected);
    assert_eq!(Node::current().count_processes(), 0);
}

#[perennial::test(flavor = "multi_thread", workers = 4)]
async fn a_child_that_ends_while_its_client_starts_it_is_restarted() {
    start(Options::default()).await;
    let (started, is_started) = mpsc::channel();
    let (spec, go_on) = blocking(&started, Restart::Permanent);
    let client = client(spec);
    let pid = is_started.recv().unwrap();
    let ended = process::monitor(pid);
    process::kill(pid);
    assert_eq!(ended.await.reason, ExitReason::Killed);
    // The supervisor has seen its end by now, and no child with it.
    assert_eq!(states().await, []);
    drop(go_on);
    assert_eq!(client.await, Ok(pid));
    let second = is_started.recv().unwrap();
    while states().await != [ChildState::Running(second)] {}
}

#[perennial::test(flavor = "multi_thread", workers = 4)]
async fn clients_start_children_side_by_side() {
    start(Options::default()).await;
    let meeting = Arc::new(Barrier::new(2));
    let spec = || {
        let start = |meeting: Arc<Barrier>| async move {
            // Only if both run at the same time.
            meeting.wait();
            Ok(process::spawn_link(|_: Inbox<()>| std::future::pending::<()>()))
        };
        ChildSpec { restart: Restart::Temporary, ..ChildSpec::worker(start, meeting.clone()) }
    };
    let clients = [client(spec()), client(spec())];
    for client in clients {
        client.await.unwrap();
    }
    assert_eq!(specs().await, 2);
}

#[perennial::test(paused)]
async fn a_child_that_traps_exits_is_asked_to_stop_and_one_that_does_not_is_gone_at_once() {
    start(Options::default()).await;
    let log = Log::default();
    let polite = Probe::new("polite", &log).stop_for(Duration::from_secs(1)).spec();
    let polite = child(polite).await.unwrap();
    let other = child(idle()).await.unwrap();
    let stopping = tokio::spawn(Node::current().counted(terminate(polite)));
    settle().await;
    terminate(other).await.unwrap();
    assert_eq!((process::is_alive(other), process::is_alive(polite)), (false, true));
    assert_eq!(stopping.await.unwrap(), Ok(()));
    assert_eq!(log.take(), ["+polite", "-polite shutdown"]);
    assert_eq!(Node::current().now(), Duration::from_secs(1));
}

/// Fails after a second of `init`.
struct Fails;

impl GenServer for Fails {
    type Args = ();
    async fn init((): (), _: &mut Cx<Self>) -> Result<Self, InitError> {
        perennial::time::sleep(Duration::from_secs(1)).await;
        Err(InitError::from(boom()))
    }
}

const FAILS: Name<Fails> = Name::new("fails");

#[perennial::test(paused)]
async fn one_that_a_start_took_over_while_it_was_started_by_another_keeps_no_place() {
    /// Who is started already is as good.
    async fn ensure() -> StartResult {
        match gen_server::start_link::<Fails>((), FAILS).await {
            Err(StartError::AlreadyStarted(pid)) => Ok(pid),
            other => other,
        }
    }
    start(Options { max_children: Some(2), ..Options::default() }).await;
    for _ in 0..3 {
        let ensured =
            || child(ChildSpec { restart: Restart::Temporary, ..ChildSpec::worker(|()| ensure(), ()) });
        let (first, second) = tokio::join!(ensured(), ensured());
        assert!(first.is_err(), "{first:?}");
        let second = second.unwrap();
        process::monitor(second).await;
        settle().await;
        assert_eq!(specs().await, 0);
    }
    let (one, other) = (child(idle()).await.unwrap(), child(idle()).await.unwrap());
    assert_eq!(specs().await, 2);
    assert!(process::is_alive(one) && process::is_alive(other));
}

/// A reason that looks at the links of a process when it is dropped.
#[derive(Debug)]
struct Looks(Pid);

impl PartialEq for Looks {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Looks {}

impl Drop for Looks {
    fn drop(&mut self) {
        process::links(self.0);
    }
}

#[perennial::test(paused)]
async fn a_second_end_of_one_that_is_being_started_drops_no_reason_under_a_lock() {
    let sup = start(Options::default()).await;
    let spec = ChildSpec::worker(
        move |()| async move {
            let exits = move |_: Inbox<()>| async move { process::exit_self(ExitReason::other(Looks(sup))) };
            let pid = process::spawn_link(exits);
            settle().await;
            // The supervisor traps exits, so it is told once more: that there is no such process.
            process::link(pid).unwrap();
            settle().await;
            Ok(pid)
        },
        (),
    );
    child(ChildSpec { restart: Restart::Temporary, ..spec }).await.unwrap();
    settle().await;
    assert_eq!(specs().await, 0);
}
