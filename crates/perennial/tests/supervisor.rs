//! The S rows: static supervisors.

mod support;

use perennial::{
    child_spec::SpecError,
    prelude::*,
    supervisor::{
        AutoShutdown, ChildState, DeleteChildError, FailedToStartChild, Options, RestartChildError,
        StartChildError, TerminateChildError,
    },
};
use std::time::Duration;
use support::{Log, Plan, Probe, boom, end, kill, settle};

type Sup = ServerRef<Supervisor>;

async fn start(children: impl IntoIterator<Item = ChildSpec>, options: impl Into<Options>) -> Sup {
    Supervisor::start_link(children, options).await.expect("it starts").server().expect("it runs")
}

fn abc(log: &Log) -> [ChildSpec; 3] {
    ["a", "b", "c"].map(|id| Probe::new(id, log).spec())
}

async fn state(supervisor: &Sup, id: &str) -> ChildState {
    Supervisor::which_child(supervisor, id).await.unwrap().expect("the id is known").state
}

fn many() -> Options {
    Options { max_restarts: 100, ..Options::default() }
}

#[test]
fn a_specification_has_the_defaults_of_otp() {
    let worker = ChildSpec::task("a", || async {});
    assert_eq!((worker.restart, worker.kind), (Restart::Permanent, ChildType::Worker));
    assert_eq!((worker.shutdown, worker.significant), (Shutdown::Timeout(Duration::from_secs(5)), false));
    let named = DynamicSupervisor::named(Name::new("d"));
    assert_eq!(named.id, "d".into());
    for supervisor in [Supervisor::child_spec("s", [], Strategy::OneForOne), named] {
        assert_eq!((supervisor.restart, supervisor.kind), (Restart::Permanent, ChildType::Supervisor));
        assert_eq!((supervisor.shutdown, supervisor.significant), (Shutdown::Infinity, false));
    }
    let options = Options::default();
    assert_eq!((options.max_restarts, options.max_seconds), (3, Duration::from_secs(5)));
    assert_eq!((options.strategy, options.auto_shutdown), (Strategy::OneForOne, AutoShutdown::Never));
}

#[perennial::test(paused)]
async fn children_start_in_order_and_stop_in_reverse_order() {
    let log = Log::default();
    let supervisor = start(abc(&log), Strategy::OneForOne).await;
    assert_eq!(log.take(), ["+a", "+b", "+c"]);
    supervisor.stop(ExitReason::Shutdown).await.unwrap();
    assert_eq!(log.take(), ["-c shutdown", "-b shutdown", "-a shutdown"]);
    assert_eq!(Node::current().count_processes(), 0);
}

#[perennial::test(paused)]
async fn stopping_takes_the_sum_of_the_times() {
    let log = Log::default();
    let slow = |id| Probe::new(id, &log).stop_for(Duration::from_secs(1)).spec();
    let supervisor = start(["a", "b", "c"].map(slow), Strategy::OneForOne).await;
    supervisor.stop(ExitReason::Normal).await.unwrap();
    assert_eq!(Node::current().now(), Duration::from_secs(3));
}

#[perennial::test(paused)]
async fn a_child_that_does_not_stop_in_time_is_killed() {
    let log = Log::default();
    let stubborn = Probe::new("a", &log).stop_for(Duration::from_secs(3600)).spec();
    let limit = Shutdown::Timeout(Duration::from_secs(7));
    let supervisor = start([ChildSpec { shutdown: limit, ..stubborn }], Strategy::OneForOne).await;
    supervisor.stop(ExitReason::Normal).await.unwrap();
    assert_eq!(Node::current().now(), Duration::from_secs(7));
    assert_eq!(log.take(), ["+a"]);
}

#[perennial::test(paused)]
async fn a_shutdown_time_of_zero_is_allowed() {
    let log = Log::default();
    let stubborn = Probe::new("a", &log).stop_for(Duration::from_secs(3600)).spec();
    let at_once = ChildSpec { shutdown: Shutdown::Timeout(Duration::ZERO), ..stubborn };
    start([at_once], Strategy::OneForOne).await.stop(ExitReason::Normal).await.unwrap();
    assert_eq!(Node::current().now(), Duration::ZERO);
    assert_eq!(log.take(), ["+a"]);
}

#[perennial::test(paused)]
async fn a_brutal_kill_runs_no_terminate() {
    let log = Log::default();
    let brutal = ChildSpec { shutdown: Shutdown::BrutalKill, ..Probe::new("a", &log).spec() };
    start([brutal], Strategy::OneForOne).await.stop(ExitReason::Normal).await.unwrap();
    assert_eq!(log.take(), ["+a"]);
}

#[perennial::test(paused)]
async fn a_start_that_fails_stops_those_before_it_in_reverse_order() {
    let log = Log::default();
    let [a, b, _] = abc(&log);
    let failing = Probe::new("c", &log).plan(&[Plan::Fail]).spec();
    let Err(StartError::Exit(ExitReason::ShutdownWith(reason))) =
        Supervisor::start_link([a, b, failing], many()).await
    else {
        panic!("it fails")
    };
    let expected = FailedToStartChild { id: "c".into(), error: StartError::Exit(ExitReason::other("no")) };
    assert_eq!(reason.downcast_ref(), Some(&expected));
    assert_eq!(log.take(), ["+a", "+b", "!c", "-b shutdown", "-a shutdown"]);
    assert_eq!(Node::current().count_processes(), 0);
}

#[perennial::test(paused)]
async fn a_child_that_ignores_keeps_its_spec_unless_it_is_temporary() {
    let log = Log::default();
    let ignoring = |id| Probe::new(id, &log).plan(&[Plan::Ignore, Plan::Run]);
    let children = [ignoring("a").spec(), ignoring("b").with(Restart::Temporary)];
    let supervisor = start(children, Strategy::OneForOne).await;
    assert_eq!(state(&supervisor, "a").await, ChildState::NotRunning);
    assert_eq!(Supervisor::which_child(&supervisor, "b").await, Ok(None));
    Supervisor::restart_child(&supervisor, "a").await.unwrap();
    assert_eq!(log.take(), ["+a"]);
}

#[perennial::test(paused)]
async fn one_for_one_restarts_only_the_child_that_ended() {
    let log = Log::default();
    let _supervisor = start(abc(&log), many()).await;
    log.take();
    kill("b").await;
    assert_eq!(log.take(), ["+b"]);
}

#[perennial::test(paused)]
async fn one_for_all_stops_the_others_in_reverse_order_and_starts_all() {
    let log = Log::default();
    let _supervisor = start(abc(&log), Strategy::OneForAll).await;
    log.take();
    kill("b").await;
    assert_eq!(log.take(), ["-c shutdown", "-a shutdown", "+a", "+b", "+c"]);
}

#[perennial::test(paused)]
async fn rest_for_one_restarts_the_child_and_those_after_it() {
    let log = Log::default();
    let _supervisor = start(abc(&log), Strategy::RestForOne).await;
    log.take();
    kill("b").await;
    assert_eq!(log.take(), ["-c shutdown", "+b", "+c"]);
}

#[perennial::test(paused)]
async fn a_group_restart_brings_back_those_that_had_ended_or_were_terminated() {
    let log = Log::default();
    let transient = Probe::new("a", &log).with(Restart::Transient);
    let [_, b, c] = abc(&log);
    let supervisor = start([transient, b, c], Strategy::OneForAll).await;
    end("a", ExitReason::Normal).await;
    Supervisor::terminate_child(&supervisor, "b").await.unwrap();
    assert_eq!(state(&supervisor, "a").await, ChildState::NotRunning);
    log.take();
    kill("c").await;
    assert_eq!(log.take(), ["+a", "+b", "+c"]);
}

#[perennial::test(paused)]
async fn a_temporary_child_causes_no_group_restart_and_is_dropped_by_one() {
    let log = Log::default();
    let temporary = |id| Probe::new(id, &log).with(Restart::Temporary);
    let [a, ..] = abc(&log);
    let supervisor = start([a, temporary("b"), temporary("c")], Strategy::OneForAll).await;
    log.take();
    kill("b").await;
    assert_eq!(log.take(), [""; 0]);
    kill("a").await;
    assert_eq!(log.take(), ["-c shutdown", "+a"]);
    assert_eq!(Supervisor::count_children(&supervisor).await.unwrap().specs, 1);
}

#[perennial::test(paused)]
async fn when_a_child_is_restarted() {
    let table = [
        (Restart::Permanent, ExitReason::Normal, true),
        (Restart::Permanent, ExitReason::Shutdown, true),
        (Restart::Transient, ExitReason::Normal, false),
        (Restart::Transient, ExitReason::Shutdown, false),
        (Restart::Transient, ExitReason::shutdown_with(1), false),
        (Restart::Transient, boom(), true),
        (Restart::Temporary, boom(), false),
    ];
    for (restart, reason, restarted) in table {
        let log = Log::default();
        let supervisor = start([Probe::new("a", &log).with(restart)], many()).await;
        log.take();
        end("a", reason.clone()).await;
        let again = log.take().contains(&"+a".to_owned());
        assert_eq!(again, restarted, "{restart:?} {reason:?}");
        supervisor.stop(ExitReason::Normal).await.unwrap();
    }
}

#[perennial::test(paused)]
async fn three_restarts_in_five_seconds_are_allowed_and_the_fourth_ends_the_supervisor() {
    let log = Log::default();
    let supervisor = start(abc(&log), Strategy::OneForOne).await;
    let down = process::monitor(supervisor.pid());
    for _ in 0..4 {
        kill("a").await;
    }
    assert_eq!(down.await.reason, ExitReason::Shutdown);
    assert_eq!(Node::current().count_processes(), 0);
}

#[perennial::test(paused)]
async fn restarts_are_forgotten_with_time() {
    let log = Log::default();
    let supervisor = start(abc(&log), Strategy::OneForOne).await;
    for _ in 0..12 {
        kill("a").await;
        perennial::time::sleep(Duration::from_secs(2)).await;
    }
    assert!(process::is_alive(supervisor.pid()));
}

#[perennial::test(paused)]
async fn a_restart_after_a_normal_end_counts_too() {
    let log = Log::default();
    let options = Options { max_restarts: 1, ..Options::default() };
    let supervisor = start([Probe::new("a", &log).spec()], options).await;
    let down = process::monitor(supervisor.pid());
    end("a", ExitReason::Normal).await;
    assert!(process::is_alive(supervisor.pid()));
    end("a", ExitReason::Normal).await;
    assert_eq!(down.await.reason, ExitReason::Shutdown);
}

#[perennial::test(paused)]
async fn a_period_of_zero_counts_what_happens_at_one_moment() {
    let log = Log::default();
    let options = Options { max_restarts: 1, max_seconds: Duration::ZERO, ..Options::default() };
    let supervisor = start([Probe::new("a", &log).spec()], options).await;
    let down = process::monitor(supervisor.pid());
    for _ in 0..5 {
        kill("a").await;
        perennial::time::sleep(Duration::from_nanos(1)).await;
    }
    assert!(process::is_alive(supervisor.pid()));
    kill("a").await;
    kill("a").await;
    assert_eq!(down.await.reason, ExitReason::Shutdown);
}

#[perennial::test(paused)]
async fn a_failing_restart_is_tried_again_and_each_attempt_counts() {
    let log = Log::default();
    let failing = Probe::new("a", &log).plan(&[Plan::Run, Plan::Fail]).spec();
    let supervisor = start([failing], Options { max_restarts: 5, ..Options::default() }).await;
    let down = process::monitor(supervisor.pid());
    process::kill(process::whereis("a").unwrap());
    assert_eq!(down.await.reason, ExitReason::Shutdown);
    assert_eq!(log.take(), ["+a", "!a", "!a", "!a", "!a", "!a"]);
}

#[perennial::test(paused)]
async fn a_supervisor_that_retries_answers_and_can_be_told_to_give_the_child_up() {
    let log = Log::default();
    let failing = Probe::new("a", &log).plan(&[Plan::Run, Plan::Fail]).spec();
    let supervisor = start([failing], Options { max_restarts: u32::MAX, ..Options::default() }).await;
    process::kill(process::whereis("a").unwrap());
    // It never comes to rest, so this does not wait for that.
    while state(&supervisor, "a").await != ChildState::Restarting {}
    let again = Supervisor::start_child(&supervisor, Probe::new("a", &log).spec()).await;
    assert_eq!(again, Err(StartChildError::AlreadyPresent));
    assert_eq!(Supervisor::delete_child(&supervisor, "a").await, Err(DeleteChildError::Restarting));
    assert_eq!(Supervisor::restart_child(&supervisor, "a").await, Err(RestartChildError::Restarting));
    Supervisor::terminate_child(&supervisor, "a").await.unwrap();
    settle().await;
    assert_eq!(state(&supervisor, "a").await, ChildState::NotRunning);
}

#[perennial::test(paused)]
async fn a_sibling_that_fails_in_a_group_restart() {
    let run = async |strategy| {
        let log = Log::default();
        let [a, _, c] = abc(&log);
        let b = Probe::new("b", &log).plan(&[Plan::Run, Plan::Fail, Plan::Run]).spec();
        let supervisor = start([a, b, c], Options { max_restarts: 9, ..Options::from(strategy) }).await;
        log.take();
        kill("a").await;
        supervisor.stop(ExitReason::Normal).await.unwrap();
        log.take()
    };
    // one_for_all starts over, rest_for_one goes on from the one that failed.
    let all = run(Strategy::OneForAll).await;
    assert_eq!(all[..7], ["-c shutdown", "-b shutdown", "+a", "!b", "-a shutdown", "+a", "+b"]);
    let rest = run(Strategy::RestForOne).await;
    assert_eq!(rest[..6], ["-c shutdown", "-b shutdown", "+a", "!b", "+b", "+c"]);
}

#[perennial::test(paused)]
async fn the_life_of_a_child_by_hand() {
    let log = Log::default();
    let supervisor = start([], Strategy::OneForOne).await;
    let spec = || Probe::new("a", &log).spec();
    let pid = Supervisor::start_child(&supervisor, spec()).await.unwrap();
    assert_eq!(Supervisor::start_child(&supervisor, spec()).await, Err(StartChildError::IdRunning(pid)));
    assert_eq!(Supervisor::delete_child(&supervisor, "a").await, Err(DeleteChildError::Running));
    assert_eq!(Supervisor::restart_child(&supervisor, "a").await, Err(RestartChildError::Running));
    assert_eq!(Supervisor::childspec(&supervisor, "a").await.unwrap().unwrap().id, "a".into());
    Supervisor::terminate_child(&supervisor, "a").await.unwrap();
    Supervisor::terminate_child(&supervisor, "a").await.unwrap();
    assert_eq!(Supervisor::start_child(&supervisor, spec()).await, Err(StartChildError::AlreadyPresent));
    assert_ne!(Supervisor::restart_child(&supervisor, "a").await.unwrap(), pid);
    Supervisor::terminate_child(&supervisor, "a").await.unwrap();
    Supervisor::delete_child(&supervisor, "a").await.unwrap();
    assert_eq!(Supervisor::delete_child(&supervisor, "a").await, Err(DeleteChildError::NotFound));
    assert_eq!(Supervisor::restart_child(&supervisor, "a").await, Err(RestartChildError::NotFound));
    assert_eq!(Supervisor::terminate_child(&supervisor, "a").await, Err(TerminateChildError::NotFound));
    supervisor.stop(ExitReason::Normal).await.unwrap();
    assert_eq!(
        Supervisor::start_child(&supervisor, spec()).await,
        Err(StartChildError::Call(CallError::NoProc))
    );
}

#[perennial::test(paused)]
async fn what_is_done_by_hand_is_no_restart() {
    let log = Log::default();
    let supervisor = start(abc(&log), Options { max_restarts: 0, ..Options::default() }).await;
    for _ in 0..10 {
        Supervisor::terminate_child(&supervisor, "a").await.unwrap();
        Supervisor::restart_child(&supervisor, "a").await.unwrap();
    }
    assert!(process::is_alive(supervisor.pid()));
    let failing = Probe::new("x", &log).plan(&[Plan::Fail]).spec();
    let failed = Supervisor::start_child(&supervisor, failing).await;
    assert_eq!(failed, Err(StartChildError::Start(StartError::Exit(ExitReason::other("no")))));
    assert_eq!(Supervisor::which_child(&supervisor, "x").await, Ok(None));
}

#[perennial::test(paused)]
async fn a_panic_in_a_start_function_is_the_reason_of_the_failed_start() {
    let supervisor = start([], Strategy::OneForOne).await;
    let panics = ChildSpec::worker(|()| async { panic!("in the start function") }, ());
    let outcome = Supervisor::start_child(&supervisor, panics).await;
    let Err(StartChildError::Start(StartError::Exit(ExitReason::Panic(report)))) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(report.message(), "in the start function");
    assert_eq!(Supervisor::count_children(&supervisor).await.unwrap().specs, 0);
}

#[perennial::test(paused)]
async fn which_children_shows_the_newest_first_and_counts_are_right() {
    let log = Log::default();
    let [a, b, _] = abc(&log);
    let below = Supervisor::child_spec("s", [], Strategy::OneForOne);
    let supervisor = start([a, b, below], Strategy::OneForOne).await;
    Supervisor::terminate_child(&supervisor, "b").await.unwrap();
    let children = Supervisor::which_children(&supervisor).await.unwrap();
    let ids: Vec<_> = children.iter().map(|child| child.id.clone()).collect();
    assert_eq!(ids, ["s", "b", "a"].map(ChildId::from));
    assert_eq!(children[0].kind, ChildType::Supervisor);
    let counts = Supervisor::count_children(&supervisor).await.unwrap();
    assert_eq!((counts.specs, counts.active, counts.supervisors, counts.workers), (3, 2, 1, 2));
}

#[perennial::test(paused)]
async fn wrong_specifications_are_refused() {
    let log = Log::default();
    let spec = || Probe::new("a", &log).spec();
    let refused = async |children: Vec<ChildSpec>, options: Options| {
        let Err(StartError::Exit(ExitReason::Error(error))) = Supervisor::start_link(children, options).await
        else {
            panic!("refused")
        };
        error.downcast_ref::<SpecError>().cloned().expect("a SpecError")
    };
    // What a start would refuse can be known without one.
    let refused = async |children: Vec<ChildSpec>, options: Options| {
        let checked = Supervisor::check_childspecs(&children, options.clone());
        let error = refused(children, options).await;
        assert_eq!(checked, Err(error.clone()));
        error
    };
    assert_eq!(Supervisor::check_childspecs(&[spec()], many()), Ok(()));
    let any = Options { auto_shutdown: AutoShutdown::AnySignificant, ..Options::default() };
    let significant = || ChildSpec { significant: true, ..spec() };
    let once = || ChildSpec::once("a", || async { Err(StartError::Ignore) });
    let permanent = ChildSpec { restart: Restart::Permanent, ..once() };
    assert_eq!(refused(vec![permanent], many()).await, SpecError::OnceNotTemporary("a".into()));
    assert_eq!(refused(vec![spec(), spec()], many()).await, SpecError::DuplicateId("a".into()));
    let never = SpecError::SignificantWithoutAutoShutdown("a".into());
    assert_eq!(refused(vec![significant()], many()).await, never);
    assert_eq!(refused(vec![significant()], any).await, SpecError::SignificantPermanent("a".into()));
    let supervisor = start([], many()).await;
    assert_eq!(Supervisor::start_child(&supervisor, significant()).await, Err(StartChildError::Spec(never)));
    assert_eq!(log.take(), [""; 0]);
}

#[perennial::test(paused)]
async fn auto_shutdown_follows_a_significant_child_that_ends_by_itself_for_good() {
    let log = Log::default();
    let options =
        Options { auto_shutdown: AutoShutdown::AnySignificant, max_restarts: 9, ..Options::default() };
    let significant = ChildSpec { significant: true, ..Probe::new("a", &log).with(Restart::Transient) };
    let supervisor = start([significant, Probe::new("b", &log).spec()], options).await;
    let down = process::monitor(supervisor.pid());
    kill("a").await;
    Supervisor::terminate_child(&supervisor, "a").await.unwrap();
    Supervisor::restart_child(&supervisor, "a").await.unwrap();
    assert!(process::is_alive(supervisor.pid()));
    end("a", ExitReason::Normal).await;
    assert_eq!(down.await.reason, ExitReason::Shutdown);
}

#[perennial::test(paused)]
async fn strangers_are_ignored_and_the_parent_is_obeyed() {
    let log = Log::default();
    let supervisor = start(abc(&log), Strategy::OneForOne).await;
    process::exit(supervisor.pid(), ExitReason::Shutdown);
    settle().await;
    assert!(process::is_alive(supervisor.pid()));
    let specs = abc(&log).map(|spec| ChildSpec { id: ChildId::of::<()>(&spec.id), ..spec });
    supervisor.stop(ExitReason::Normal).await.unwrap();
    log.take();
    // A parent that ends normally takes its supervisor with it.
    let parent = process::spawn(|_: Inbox<()>| async move {
        Supervisor::start_link(specs, Strategy::OneForOne).await.expect("it starts");
    });
    process::monitor(parent).await;
    settle().await;
    assert_eq!(log.take(), ["+a", "+b", "+c", "-c shutdown", "-b shutdown", "-a shutdown"]);
    assert_eq!(Node::current().count_processes(), 0);
}

#[perennial::test(paused)]
async fn a_killed_supervisor_takes_its_children_with_it() {
    let log = Log::default();
    let supervisor = start(abc(&log), Strategy::OneForOne).await;
    process::kill(supervisor.pid());
    settle().await;
    assert_eq!(Node::current().count_processes(), 0);
}

#[perennial::test(paused)]
async fn a_child_that_unlinks_itself_does_not_hang_its_supervisor() {
    let task = ChildSpec::task("a", || async {
        let me = process::info(process::current().expect("a process")).expect("it runs");
        process::unlink(me.parent.expect("a parent"));
        std::future::pending::<()>().await;
    });
    let supervisor = start([task], Strategy::OneForOne).await;
    settle().await;
    supervisor.stop(ExitReason::Normal).await.unwrap();
    assert_eq!(Node::current().count_processes(), 0);
}

#[perennial::test(paused)]
async fn plain_futures_are_children_like_any_other() {
    let log = Log::default();
    let written = log.clone();
    let task = ChildSpec::task("job", move || {
        let log = written.clone();
        async move {
            log.add("run");
            perennial::time::sleep(Duration::from_secs(60)).await;
            Err::<(), _>(std::io::Error::other("done for"))
        }
    });
    let supervisor = start([task], Strategy::OneForOne).await;
    perennial::time::sleep(Duration::from_secs(150)).await;
    assert_eq!(log.take(), ["run", "run", "run"]);
    supervisor.stop(ExitReason::Normal).await.unwrap();
}

#[perennial::test]
async fn a_tree_of_100_000_children_starts_and_stops_in_near_linear_time() {
    let spec = |id: u32| {
        let task = ChildSpec::task("", std::future::pending::<()>);
        ChildSpec { id: ChildId::new(id), ..task }
    };
    let supervisor = start((0..100_000).map(spec), Strategy::OneForOne).await;
    assert_eq!(Supervisor::count_children(&supervisor).await.unwrap().active, 100_000);
    supervisor.stop(ExitReason::Normal).await.unwrap();
    assert_eq!(Node::current().count_processes(), 0);
}
