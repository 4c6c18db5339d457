//! The PS rows: partition supervisors.

use perennial::{
    child_spec::SpecError,
    partition_supervisor::{Options, PartitionError, PartitionSupervisor, ResizeError},
    prelude::*,
    registry,
    supervisor::{ChildCounts, ChildState, FailedToStartChild},
    time::sleep,
};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// Partitions that keep a number: first that of the partition.
static NUMBERS: PartitionSupervisor<Agent<usize>> = PartitionSupervisor::new("numbers");

/// Makes tests of the functions with these names, for one thread and for two.
macro_rules! tests {
    ($($name:ident)*) => {
        mod one_thread {
            $(#[perennial::test(paused)] async fn $name() { super::$name().await; })*
        }
        mod two_threads {
            $(#[perennial::test(paused, flavor = "multi_thread", workers = 2)] async fn $name() { super::$name().await; })*
        }
    };
}

tests! {
    ps1_a_name_is_taken_once
    ps1_a_partition_supervisor_is_found_by_a_key_of_a_registry
    ps1_a_partition_of_another_type_than_the_name_says_does_not_start
    ps2_there_is_a_partition_for_each_core_if_nothing_is_said
    ps2_no_partitions_is_an_error_that_says_so
    ps3_the_strategy_and_the_intensity_are_those_of_a_supervisor
    ps3_a_significant_partition_is_refused
    ps4_the_template_runs_in_the_starter_once_for_each_partition
    ps4_a_specification_that_is_wrong_is_an_error
    ps5_children_have_their_numbers_as_ids_and_are_found_after_a_restart
    ps5_a_partition_that_asks_not_to_run_is_nobody
    ps5_a_partition_that_does_not_start_fails_the_whole
    ps6_integers_are_routed_by_remainder
    ps6_a_key_leads_to_the_same_partition_and_all_partitions_serve_some
    ps7_no_supervisor_is_no_proc
    ps7_a_server_of_another_type_is_a_wrong_server
    ps8_a_partition_that_has_ended_is_nobody_until_it_is_restarted
    ps9_resize_stops_and_starts_partitions_and_returns_the_old_number
    ps9_resize_to_none_leaves_nobody
    ps9_there_are_no_more_partitions_than_at_the_start
    ps9_resize_lowers_the_number_before_it_stops_and_stops_the_last_first
    ps9_a_partition_that_does_not_start_again_leaves_the_number_as_it_was
    ps9_resizes_run_one_after_the_other
    ps9_a_partition_that_was_brought_back_is_nobody_until_resize
    ps9_a_temporary_partition_that_was_stopped_is_forgotten
    ps9_a_restarted_supervisor_begins_with_all_partitions
    ps10_the_supervisor_can_be_asked_by_the_name
    ps10_stop_is_synchronous
    keys_are_served_while_partitions_end_and_their_number_changes
}

fn number(partition: usize) -> ChildSpec {
    Agent::child_spec(move || partition, ())
}

fn options(partitions: usize) -> Options {
    Options { partitions, ..Options::default() }
}

/// Starts `NUMBERS`.
async fn start(partitions: usize) -> Pid {
    NUMBERS.start_link(number, options(partitions)).await.unwrap()
}

async fn get(key: usize) -> Result<usize, CallError> {
    Agent::get(&NUMBERS.via(key), |n| *n).await
}

/// Ends the partition and waits until all that follows from it has happened.
async fn end(partition: usize) {
    Agent::cast(&NUMBERS.via(partition), |_| process::exit_self(ExitReason::other("boom"))).unwrap();
    Node::current().settled().await;
}

/// The partitions of `NUMBERS` that run, by number.
async fn running() -> Vec<usize> {
    running_of(&NUMBERS).await
}

async fn running_of(supervisor: &impl Address<Server = Supervisor>) -> Vec<usize> {
    let children = Supervisor::which_children(supervisor).await.unwrap().into_iter().rev();
    let running = children.filter(|child| matches!(child.state, ChildState::Running(_)));
    running.map(|child| *child.id.downcast_ref().expect("ids are numbers")).collect()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// What happened, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

async fn ps1_a_name_is_taken_once() {
    let pid = start(3).await;
    assert_eq!(NUMBERS.whereis().unwrap().pid(), pid);
    let again = NUMBERS.start_link(number, options(2)).await;
    assert_eq!(again, Err(StartError::AlreadyStarted(pid)));
    assert_eq!(NUMBERS.partitions(), Ok(3));
    assert_eq!(NUMBERS.child_spec(number).id, "numbers".into());
    let made_at_run_time: PartitionSupervisor<Agent<usize>> =
        PartitionSupervisor::from(String::from("numbers"));
    assert_eq!(made_at_run_time.partitions(), Ok(3));
}

async fn ps1_a_partition_supervisor_is_found_by_a_key_of_a_registry() {
    static TENANTS: RegistryName<u8> = RegistryName::new("tenants");
    let numbers = PartitionSupervisor::<Agent<usize>, _>::at(TENANTS.via(1));
    assert_eq!(numbers.partitions(), Err(CallError::NoProc));
    TENANTS.start_link(registry::Options::default()).await.unwrap();
    let pid = numbers.start_link(number, options(2)).await.unwrap();
    assert_eq!(numbers.start_link(number, options(2)).await, Err(StartError::AlreadyStarted(pid)));
    assert_eq!(numbers.partitions(), Ok(2));
    assert_eq!(Agent::get(&numbers.via(3), |n| *n).await, Ok(1));
    assert_eq!(numbers.resize(1).await, Ok(2));
    assert_eq!(Agent::get(&numbers.via(3), |n| *n).await, Ok(0));
}

async fn ps1_a_partition_of_another_type_than_the_name_says_does_not_start() {
    let template = |partition| match partition {
        0 => number(0),
        _ => Agent::child_spec(|| 1_i32, ()),
    };
    let failed = NUMBERS.start_link(template, options(2)).await;
    let Err(StartError::Exit(ExitReason::ShutdownWith(with))) = failed else { panic!("{failed:?}") };
    let FailedToStartChild { id, error } = with.downcast_ref().unwrap();
    assert_eq!(*id, ChildId::new(1_usize));
    let StartError::Exit(ExitReason::Error(error)) = error else { panic!("{error:?}") };
    let expected = "perennial::agent::Agent<usize>";
    assert_eq!(error.downcast_ref(), Some(&PartitionError::WrongServer { partition: 1, expected }));
    let text = "template: partition 1 is no `perennial::agent::Agent<usize>`, which is what the name says";
    assert_eq!(error.to_string(), text);
    Node::current().settled().await;
    assert_eq!(Node::current().count_processes(), 0);
}

async fn ps2_there_is_a_partition_for_each_core_if_nothing_is_said() {
    NUMBERS.start_link(number, Options::default()).await.unwrap();
    let cores = thread::available_parallelism().unwrap().get();
    assert_eq!(NUMBERS.partitions(), Ok(cores));
    assert_eq!(running().await, (0..cores).collect::<Vec<_>>());
}

async fn ps2_no_partitions_is_an_error_that_says_so() {
    let Err(StartError::Exit(reason)) = NUMBERS.start_link(number, options(0)).await else {
        panic!("it does not start")
    };
    let ExitReason::Error(error) = &reason else { panic!("{reason:?}") };
    assert_eq!(error.downcast_ref(), Some(&PartitionError::NoPartitions));
    assert_eq!(error.to_string(), "partitions: a partition supervisor is started with at least one");
    assert_eq!(NUMBERS.whereis(), None);
}

async fn ps3_the_strategy_and_the_intensity_are_those_of_a_supervisor() {
    let all =
        Options { strategy: Strategy::OneForAll, max_restarts: 1, max_seconds: seconds(10), ..options(2) };
    let (tell, told) = tokio::sync::oneshot::channel();
    process::spawn(move |mut inbox: Inbox<Exit>| async move {
        inbox.trap_exit(true);
        NUMBERS.start_link(number, all).await.unwrap();
        tell.send(()).unwrap();
        inbox.receive().await;
    });
    told.await.unwrap();
    Agent::update(&NUMBERS.via(1), |n| *n = 7).await.unwrap();
    end(0).await;
    assert_eq!(get(1).await, Ok(1));
    sleep(seconds(9)).await;
    let down = process::monitor(NUMBERS.pid_now().unwrap());
    end(0).await;
    assert_eq!(down.await.reason, ExitReason::Shutdown);
    assert_eq!((get(0).await, get(1).await), (Err(CallError::NoProc), Err(CallError::NoProc)));
}

async fn ps3_a_significant_partition_is_refused() {
    let significant = |partition| ChildSpec { significant: true, ..number(partition) };
    let refused = NUMBERS.start_link(significant, options(2)).await;
    let Err(StartError::Exit(ExitReason::Error(error))) = refused else { panic!("{refused:?}") };
    let id = ChildId::new(0_usize);
    assert_eq!(error.downcast_ref(), Some(&SpecError::SignificantWithoutAutoShutdown(id)));
}

async fn ps4_the_template_runs_in_the_starter_once_for_each_partition() {
    let seen: Arc<Mutex<Vec<_>>> = Arc::default();
    let noted = seen.clone();
    let template = move |partition| {
        noted.lock().unwrap().push((partition, process::current()));
        number(partition)
    };
    let few = Options { max_restarts: 0, ..options(2) };
    let parent = Supervisor::start_link([NUMBERS.child_spec_with(template, few)], Strategy::OneForOne);
    let parent = Some(parent.await.unwrap());
    let both = vec![(0, parent), (1, parent)];
    assert_eq!(std::mem::take(&mut *seen.lock().unwrap()), both);
    assert_eq!((get(0).await, get(1).await), (Ok(0), Ok(1)));
    // It gives up at once, and is started again by its parent.
    let first = NUMBERS.pid_now();
    end(0).await;
    assert_ne!(NUMBERS.pid_now(), first);
    assert_eq!(*seen.lock().unwrap(), both);
    assert_eq!((get(0).await, get(1).await), (Ok(0), Ok(1)));
}

async fn ps4_a_specification_that_is_wrong_is_an_error() {
    let once = |_| {
        let once = ChildSpec::once("once", || async { Err(StartError::Ignore) });
        ChildSpec { restart: Restart::Permanent, ..once }
    };
    let refused = NUMBERS.start_link(once, options(2)).await;
    let Err(StartError::Exit(ExitReason::Error(error))) = refused else { panic!("{refused:?}") };
    assert_eq!(error.downcast_ref(), Some(&SpecError::OnceNotTemporary("once".into())));
}

async fn ps5_children_have_their_numbers_as_ids_and_are_found_after_a_restart() {
    start(3).await;
    let children = Supervisor::which_children(&NUMBERS).await.unwrap();
    assert_eq!(children.len(), 3);
    for (partition, child) in children.iter().rev().enumerate() {
        assert_eq!(child.id, ChildId::new(partition));
        assert_eq!(child.kind, ChildType::Worker);
        assert_eq!(child.state, ChildState::Running(NUMBERS.via(partition).pid_now().unwrap()));
    }
    let (kept, old) = (NUMBERS.via(0).pid_now(), NUMBERS.via(1).pid_now());
    Agent::update(&NUMBERS.via(1), |n| *n = 7).await.unwrap();
    end(1).await;
    let new = NUMBERS.via(1).pid_now();
    assert!(new.is_some() && new != old);
    assert_eq!(get(1).await, Ok(1));
    assert_eq!(NUMBERS.via(0).pid_now(), kept);
}

async fn ps5_a_partition_that_asks_not_to_run_is_nobody() {
    let template = |partition| match partition {
        1 => ChildSpec::worker(|()| async { Err(StartError::Ignore) }, ()),
        _ => number(partition),
    };
    NUMBERS.start_link(template, options(3)).await.unwrap();
    assert_eq!(running().await, [0, 2]);
    assert_eq!((get(0).await, get(1).await, get(2).await), (Ok(0), Err(CallError::NoProc), Ok(2)));
}

async fn ps5_a_partition_that_does_not_start_fails_the_whole() {
    let template = |partition| match partition {
        1 => ChildSpec::worker(|()| async { Err(ExitReason::other("no").into()) }, ()),
        _ => number(partition),
    };
    let (id, error) = (ChildId::new(1_usize), StartError::Exit(ExitReason::other("no")));
    let expected = ExitReason::shutdown_with(FailedToStartChild { id, error });
    let failed = NUMBERS.start_link(template, options(3)).await;
    assert_eq!(failed, Err(StartError::Exit(expected)));
    assert_eq!(NUMBERS.partitions(), Err(CallError::NoProc));
    assert_eq!(Node::current().count_processes(), 0);
}

async fn ps6_integers_are_routed_by_remainder() {
    start(3).await;
    for (key, partition) in [(0_i64, 0), (1, 1), (2, 2), (3, 0), (4, 1), (-1, 1), (-2, 2), (-3, 0), (100, 1)]
    {
        assert_eq!(Agent::get(&NUMBERS.via(key), |n| *n).await, Ok(partition), "{key}");
    }
}

async fn ps6_a_key_leads_to_the_same_partition_and_all_partitions_serve_some() {
    static SUPERVISORS: PartitionSupervisor<DynamicSupervisor> = PartitionSupervisor::new("supervisors");
    let options = dynamic();
    SUPERVISORS.start_link(|_| options.clone(), self::options(3)).await.unwrap();
    let mut parents = BTreeSet::new();
    for key in (0..100).map(|key| format!("key {key}")) {
        let first = SUPERVISORS.via(&key);
        let child = Agent::child_spec(|| 0, ());
        DynamicSupervisor::start_child(&first, child.clone()).await.unwrap();
        DynamicSupervisor::start_child(&SUPERVISORS.via(key.as_str()), child).await.unwrap();
        assert_eq!(first.pid_now(), SUPERVISORS.via(key).pid_now());
        parents.insert(first.pid_now());
    }
    assert_eq!(parents.len(), 3);
    let mut children = 0;
    for partition in 0..SUPERVISORS.partitions().unwrap() {
        children += DynamicSupervisor::count_children(&SUPERVISORS.via(partition)).await.unwrap().active;
    }
    assert_eq!(children, 200);
    let counts = ChildCounts { specs: 3, active: 3, supervisors: 3, workers: 0 };
    assert_eq!(Supervisor::count_children(&SUPERVISORS).await, Ok(counts));
}

fn dynamic() -> ChildSpec {
    DynamicSupervisor::child_spec(perennial::dynamic_supervisor::Options::default())
}

async fn ps7_no_supervisor_is_no_proc() {
    assert_eq!(NUMBERS.partitions(), Err(CallError::NoProc));
    assert_eq!(NUMBERS.resize(1).await, Err(ResizeError::Call(CallError::NoProc)));
    assert_eq!(get(0).await, Err(CallError::NoProc));
    assert!(Agent::cast(&NUMBERS.via(0), |n| *n += 1).is_ok());
    assert_eq!(NUMBERS.via(0).whereis(), None);
}

async fn ps7_a_server_of_another_type_is_a_wrong_server() {
    let another: PartitionSupervisor<Agent<bool>> = PartitionSupervisor::new("numbers");
    start(1).await;
    assert_eq!(Agent::get(&another.via(0), |it| *it).await, Err(CallError::WrongServer));

    // A supervisor, but none of partitions.
    const PLAIN: Name<Supervisor> = Name::new("plain");
    let options = perennial::supervisor::Options { name: Some(PLAIN), ..Default::default() };
    Supervisor::start_link([], options).await.unwrap();
    let plain: PartitionSupervisor<Agent<usize>> = PartitionSupervisor::new("plain");
    assert_eq!(plain.partitions(), Err(CallError::WrongServer));
    assert_eq!(plain.resize(0).await, Err(ResizeError::Call(CallError::WrongServer)));
    assert_eq!(Agent::get(&plain.via(0), |it| *it).await, Err(CallError::WrongServer));
}

async fn ps8_a_partition_that_has_ended_is_nobody_until_it_is_restarted() {
    let template = |partition| {
        let start = move |()| async move {
            sleep(seconds(1)).await;
            Ok(Agent::start_link(move || partition, ()).await?.pid())
        };
        ChildSpec::worker(start, ())
    };
    NUMBERS.start_link(template, options(2)).await.unwrap();
    end(1).await;
    assert_eq!((get(0).await, get(1).await), (Ok(0), Err(CallError::NoProc)));
    assert!(Agent::cast(&NUMBERS.via(1), |n| *n += 1).is_ok());
    sleep(seconds(2)).await;
    assert_eq!(get(1).await, Ok(1));
}

async fn ps9_resize_stops_and_starts_partitions_and_returns_the_old_number() {
    start(3).await;
    let counts = |active| ChildCounts { specs: 3, active, supervisors: 0, workers: 3 };
    assert_eq!(NUMBERS.resize(1).await, Ok(3));
    assert_eq!(NUMBERS.partitions(), Ok(1));
    assert_eq!(running().await, [0]);
    assert_eq!(Supervisor::count_children(&NUMBERS).await, Ok(counts(1)));
    assert_eq!((get(1).await, get(2).await), (Ok(0), Ok(0)));
    assert_eq!(NUMBERS.resize(1).await, Ok(1));
    assert_eq!(NUMBERS.resize(3).await, Ok(1));
    assert_eq!(running().await, [0, 1, 2]);
    assert_eq!(Supervisor::count_children(&NUMBERS).await, Ok(counts(3)));
    assert_eq!((get(1).await, get(2).await), (Ok(1), Ok(2)));
}

async fn ps9_resize_to_none_leaves_nobody() {
    start(2).await;
    assert_eq!(NUMBERS.resize(0).await, Ok(2));
    assert_eq!(NUMBERS.partitions(), Ok(0));
    assert_eq!(running().await, [0; 0]);
    assert_eq!(get(0).await, Err(CallError::NoProc));
    assert_eq!(Agent::get(&NUMBERS.via("key"), |n| *n).await, Err(CallError::NoProc));
    assert_eq!(NUMBERS.resize(2).await, Ok(0));
    assert_eq!(get(1).await, Ok(1));
}

async fn ps9_there_are_no_more_partitions_than_at_the_start() {
    start(2).await;
    NUMBERS.resize(1).await.unwrap();
    let refused = NUMBERS.resize(3).await.unwrap_err();
    assert_eq!(refused, ResizeError::TooMany(2));
    assert_eq!(refused.to_string(), "there can be 2 partitions at most, as many as were started");
    assert_eq!(NUMBERS.partitions(), Ok(1));
}

/// Traps exits, and says when it ends among how many partitions keys are divided.
struct Leaving(usize, Log);

static LEAVING: PartitionSupervisor<Leaving> = PartitionSupervisor::new("leaving");

impl GenServer for Leaving {
    type Args = (usize, Log);
    async fn init((partition, log): Self::Args, cx: &mut Cx<Self>) -> Result<Self, InitError> {
        cx.trap_exit();
        Ok(Self(partition, log))
    }
    async fn terminate(&mut self, _: &ExitReason, _: &mut Cx<Self>) -> Result<(), ExitReason> {
        let partitions = LEAVING.partitions().expect("the supervisor runs");
        self.1.add(format!("{} of {partitions}", self.0));
        sleep(seconds(1)).await;
        Ok(())
    }
}

impl HandleInfo<Exit> for Leaving {
    async fn handle_info(&mut self, _: Exit, _: &mut Cx<Self>) -> NoReply {
        noreply()
    }
}

async fn ps9_resize_lowers_the_number_before_it_stops_and_stops_the_last_first() {
    let log = Log::default();
    let template = |partition| Leaving::child_spec((partition, log.clone()));
    LEAVING.start_link(template, options(3)).await.unwrap();
    assert_eq!(LEAVING.resize(1).await, Ok(3));
    assert_eq!(log.take(), ["2 of 1", "1 of 1"]);
    assert_eq!(Node::current().now(), seconds(2));
}

async fn ps9_a_partition_that_does_not_start_again_leaves_the_number_as_it_was() {
    let fails = Arc::new(Mutex::new(false));
    let template = |partition| {
        let start = move |fails: Arc<Mutex<bool>>| async move {
            match partition == 2 && *fails.lock().unwrap() {
                true => Err(StartError::Exit(ExitReason::other("no"))),
                false => Ok(Agent::start_link(move || partition, ()).await?.pid()),
            }
        };
        ChildSpec::worker(start, fails.clone())
    };
    NUMBERS.start_link(template, options(4)).await.unwrap();
    NUMBERS.resize(1).await.unwrap();
    *fails.lock().unwrap() = true;
    let error = StartError::Exit(ExitReason::other("no"));
    assert_eq!(NUMBERS.resize(4).await, Err(ResizeError::Start { partition: 2, error }));
    assert_eq!(NUMBERS.partitions(), Ok(1));
    assert_eq!(running().await, [0]);
    *fails.lock().unwrap() = false;
    assert_eq!(NUMBERS.resize(4).await, Ok(1));
    assert_eq!(running().await, [0, 1, 2, 3]);
}

async fn ps9_resizes_run_one_after_the_other() {
    let log = Log::default();
    let template = |partition| Leaving::child_spec((partition, log.clone()));
    LEAVING.start_link(template, options(4)).await.unwrap();
    let (first, second, third) = tokio::join!(LEAVING.resize(2), LEAVING.resize(4), LEAVING.resize(3));
    assert_eq!((first, second, third), (Ok(4), Ok(2), Ok(4)));
    assert_eq!(log.take(), ["3 of 2", "2 of 2", "3 of 3"]);
    assert_eq!(running_of(&LEAVING).await, [0, 1, 2]);
}

async fn ps9_a_partition_that_was_brought_back_is_nobody_until_resize() {
    let all = Options { strategy: Strategy::OneForAll, ..options(3) };
    NUMBERS.start_link(number, all).await.unwrap();
    NUMBERS.resize(1).await.unwrap();
    end(0).await;
    assert_eq!(running().await, [0, 1, 2]);
    assert_eq!((get(1).await, get(2).await), (Ok(0), Ok(0)));
    assert_eq!(NUMBERS.resize(2).await, Ok(1));
    assert_eq!(get(1).await, Ok(1));
    assert_eq!(NUMBERS.resize(2).await, Ok(2));
    assert_eq!(running().await, [0, 1]);
}

async fn ps9_a_temporary_partition_that_was_stopped_is_forgotten() {
    let template = |partition| ChildSpec { restart: Restart::Temporary, ..number(partition) };
    NUMBERS.start_link(template, options(2)).await.unwrap();
    assert_eq!(NUMBERS.resize(1).await, Ok(2));
    assert_eq!(NUMBERS.resize(2).await, Err(ResizeError::Forgotten { partition: 1 }));
    assert_eq!(NUMBERS.partitions(), Ok(1));
}

async fn ps9_a_restarted_supervisor_begins_with_all_partitions() {
    let few = Options { max_restarts: 0, ..options(3) };
    let children = [NUMBERS.child_spec_with(number, few)];
    Supervisor::start_link(children, Strategy::OneForOne).await.unwrap();
    NUMBERS.resize(1).await.unwrap();
    end(0).await;
    assert_eq!(NUMBERS.partitions(), Ok(3));
    assert_eq!(running().await, [0, 1, 2]);
}

async fn ps10_the_supervisor_can_be_asked_by_the_name() {
    start(2).await;
    let counts = ChildCounts { specs: 2, active: 2, supervisors: 0, workers: 2 };
    assert_eq!(Supervisor::count_children(&NUMBERS).await, Ok(counts));
    let spec = Supervisor::childspec(&NUMBERS, ChildId::new(1_usize)).await.unwrap().unwrap();
    assert_eq!(spec.restart, Restart::Permanent);
    assert_eq!(format!("{NUMBERS:?} {:?}", NUMBERS.via(5)), "numbers Partition(numbers, Integer(5))");
}

async fn ps10_stop_is_synchronous() {
    start(2).await;
    let partitions = [NUMBERS.via(0).pid_now().unwrap(), NUMBERS.via(1).pid_now().unwrap()];
    assert_eq!(NUMBERS.stop(ExitReason::Normal).await, Ok(()));
    assert_eq!(NUMBERS.whereis(), None);
    assert!(!partitions.into_iter().any(process::is_alive));
    assert_eq!(NUMBERS.stop(ExitReason::Normal).await, Err(CallError::NoProc));
}

/// Whoever sends meanwhile is served, or told that nobody is there, and never anything else; then he tries again.
async fn keys_are_served_while_partitions_end_and_their_number_changes() {
    let often = Options { max_restarts: u32::MAX, ..options(4) };
    NUMBERS.start_link(number, often).await.unwrap();
    let callers = (0..4_usize).map(|caller| async move {
        for key in caller..caller + 200 {
            while let Err(error) = get(key).await {
                let ended = [ExitReason::Killed, ExitReason::Shutdown].map(CallError::Exit);
                assert!(error == CallError::NoProc || ended.contains(&error), "{error:?}");
                tokio::task::yield_now().await;
            }
        }
    });
    let callers: Vec<_> = callers.map(|caller| tokio::spawn(Node::current().counted(caller))).collect();
    for round in 0..40 {
        if let Some(victim) = NUMBERS.via(round % 3).pid_now() {
            process::kill(victim);
        }
        NUMBERS.resize(1 + round % 4).await.unwrap();
    }
    for caller in callers {
        caller.await.unwrap();
    }
    assert_eq!(NUMBERS.resize(4).await, Ok(4));
    Node::current().settled().await;
    for key in 0..4 {
        assert_eq!(get(key).await, Ok(key));
    }
}
