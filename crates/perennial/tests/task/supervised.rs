//! Tasks under a supervisor: T18 to T23.

use crate::support::{as_process, boom, forever, odd, secs, settle, slow};
use perennial::{
    dynamic_supervisor::{Options, StartChildError, TerminateChildError},
    exit_reason::CallError,
    node::Node,
    prelude::*,
    task::{AwaitError, ChildOptions, SpawnOptions, Task, TaskSupervisor},
};
use std::{task::Poll, time::Duration};

const TASKS: Name<DynamicSupervisor> = Name::new("tasks");

async fn start() -> Pid {
    TaskSupervisor::start_link(TASKS).await.unwrap()
}

async fn start_with(options: Options) -> Pid {
    TaskSupervisor::start_link(Options { name: Some(TASKS), ..options }).await.unwrap()
}

async fn children() -> Vec<Pid> {
    TaskSupervisor::children(&TASKS).await.unwrap()
}

fn sorted(mut pids: Vec<Pid>) -> Vec<Pid> {
    pids.sort();
    pids
}

rules! {
    async fn a_task_supervisor_can_be_supervised() {
        let specs = [TaskSupervisor::named(TASKS), TaskSupervisor::child_spec(Options::default())];
        assert_eq!(specs.clone().map(|spec| spec.id), ["tasks".into(), "TaskSupervisor".into()]);
        assert!(specs.iter().all(|spec| spec.kind == ChildType::Supervisor));
        Supervisor::start_link(specs, Strategy::OneForOne).await.unwrap();
        let task = TaskSupervisor::spawn(&TASKS, async { 1 }).await.unwrap();
        assert_eq!(task.await, Ok(1));
    }

    async fn spawn_links_to_the_caller_and_the_supervisor() {
        let sup = start().await;
        let (links, owner) = as_process(|inbox| async move {
            let task = TaskSupervisor::spawn(&TASKS, forever()).await.unwrap();
            (process::links(task.pid().unwrap()), inbox.pid())
        }).await.unwrap();
        assert_eq!(sorted(links), sorted(vec![sup, owner]));
    }

    async fn spawn_nolink_links_to_the_supervisor_only() {
        let sup = start().await;
        let links = as_process(|_| async {
            let task = TaskSupervisor::spawn_nolink(&TASKS, forever()).await.unwrap();
            process::links(task.pid().unwrap())
        });
        assert_eq!(links.await, Ok(vec![sup]));
    }

    async fn a_supervised_task_takes_its_caller_along_unless_it_is_not_linked() {
        let sup = start().await;
        let linked = as_process(|_| async { TaskSupervisor::spawn(&TASKS, odd()).await.unwrap().await });
        assert_eq!(linked.await, Err(boom()));
        let unlinked =
            as_process(|_| async { TaskSupervisor::spawn_nolink(&TASKS, odd()).await.unwrap().await });
        assert_eq!(unlinked.await, Ok(Err(AwaitError::Exit(boom()))));
        assert!(process::is_alive(sup));
    }

    async fn a_caller_takes_its_supervised_task_along_unless_it_is_not_linked() {
        start().await;
        let (sender, pids) = tokio::sync::oneshot::channel();
        let caller = process::spawn(|_: Inbox<()>| async move {
            let linked = TaskSupervisor::spawn(&TASKS, forever()).await.unwrap();
            let unlinked = TaskSupervisor::spawn_nolink(&TASKS, forever()).await.unwrap();
            sender.send((linked.pid().unwrap(), unlinked.pid().unwrap())).unwrap();
            forever().await;
        });
        let (linked, unlinked) = pids.await.unwrap();
        let ended = process::monitor(linked);
        process::exit(caller, boom());
        assert_eq!(ended.await.reason, boom());
        settle().await;
        assert_eq!(children().await, [unlinked]);
    }

    async fn a_result_survives_the_supervisor() {
        let sup = start().await;
        let task = TaskSupervisor::spawn_nolink(&TASKS, async { 1 }).await.unwrap();
        settle().await;
        process::kill(sup);
        settle().await;
        assert_eq!(task.await, Ok(1));
    }

    async fn no_more_tasks_than_max_children() {
        start_with(Options { max_children: Some(1), ..Options::default() }).await;
        let pid = TaskSupervisor::start_child(&TASKS, forever()).await.unwrap();
        let full = Err(StartChildError::MaxChildren);
        assert_eq!(TaskSupervisor::start_child(&TASKS, forever()).await, full);
        assert_eq!(TaskSupervisor::spawn(&TASKS, forever()).await.map(|_| pid), full);
        assert_eq!(TaskSupervisor::spawn_nolink(&TASKS, forever()).await.map(|_| pid), full);
        process::kill(pid);
        settle().await;
        assert_eq!(TaskSupervisor::spawn(&TASKS, async { 1 }).await.unwrap().await, Ok(1));
    }

    async fn without_a_supervisor_nothing_is_started() {
        let gone = Err(StartChildError::Call(CallError::NoProc));
        assert_eq!(TaskSupervisor::spawn(&TASKS, forever()).await.map(|_| ()), gone);
        assert_eq!(TaskSupervisor::start_child(&TASKS, forever()).await.map(|_| ()), gone);
        assert_eq!(TaskSupervisor::children(&TASKS).await, Err(CallError::NoProc));
    }

    async fn start_child_is_not_linked_to_the_caller_and_temporary() {
        let sup = start().await;
        let links = as_process(|_| async {
            process::links(TaskSupervisor::start_child(&TASKS, forever()).await.unwrap())
        });
        assert_eq!(links.await, Ok(vec![sup]));
        process::exit(children().await[0], boom());
        settle().await;
        assert_eq!(children().await, []);
        let failing = async {
            slow(1).await;
            Err::<(), _>(boom())
        };
        let failed = TaskSupervisor::start_child(&TASKS, failing).await.unwrap();
        assert_eq!(process::monitor(failed).await.reason, boom());
    }

    async fn start_child_with_another_restart() {
        start_with(Options { max_restarts: 10, ..Options::default() }).await;
        for (restart, after_exit, after_boom) in [
            (Restart::Temporary, 0, 0),
            (Restart::Transient, 0, 1),
            (Restart::Permanent, 1, 1),
        ] {
            for (reason, left) in [(ExitReason::Shutdown, after_exit), (boom(), after_boom)] {
                let options = ChildOptions { restart, ..ChildOptions::default() };
                let body = |_: Inbox<()>| forever();
                let pid = TaskSupervisor::start_child_with(&TASKS, options, body).await.unwrap();
                process::exit(pid, reason);
                settle().await;
                let children = children().await;
                assert_eq!(children.len(), left, "{restart:?}");
                for child in children {
                    assert_ne!(child, pid);
                    TaskSupervisor::terminate_child(&TASKS, child).await.unwrap();
                }
            }
        }
    }

    async fn the_supervisor_stops_a_task_as_it_was_asked() {
        for (shutdown, reason) in [
            (Shutdown::BrutalKill, ExitReason::Killed),
            (Shutdown::Timeout(secs(5)), ExitReason::Shutdown),
        ] {
            let sup = start().await;
            let options = SpawnOptions { link: false, shutdown };
            let body = |_: Inbox<()>| forever();
            let task = TaskSupervisor::spawn_with(&TASKS, options, body).await.unwrap();
            let options = ChildOptions { shutdown, ..ChildOptions::default() };
            let body = |_: Inbox<()>| forever();
            let child = TaskSupervisor::start_child_with(&TASKS, options, body).await.unwrap();
            let ended = process::monitor(child);
            sup.server::<DynamicSupervisor>().unwrap().stop(ExitReason::Normal).await.unwrap();
            assert_eq!(ended.await.reason, reason);
            assert_eq!(task.await, Err(AwaitError::Exit(reason)));
        }
    }

    async fn children_are_the_tasks_that_run() {
        start().await;
        assert_eq!(children().await, []);
        let child = TaskSupervisor::start_child(&TASKS, forever()).await.unwrap();
        let task = TaskSupervisor::spawn(&TASKS, forever()).await.unwrap();
        assert_eq!(sorted(children().await), sorted(vec![child, task.pid().unwrap()]));
        assert_eq!(DynamicSupervisor::count_children(&TASKS).await.unwrap().active, 2);
        assert_eq!(task.shutdown(Shutdown::BrutalKill).await, None);
        settle().await;
        assert_eq!(children().await, [child]);
    }

    async fn one_that_is_being_restarted_is_not_among_the_children() {
        use perennial::dynamic_supervisor::Backoff;
        let minute = Duration::from_secs(60);
        let backoff = Backoff { initial: minute, max: minute, reset_after: minute };
        start_with(Options { backoff: Some(backoff), ..Options::default() }).await;
        let options = ChildOptions { restart: Restart::Permanent, ..ChildOptions::default() };
        let body = |_: Inbox<()>| forever();
        let pid = TaskSupervisor::start_child_with(&TASKS, options, body).await.unwrap();
        process::kill(pid);
        settle().await;
        assert_eq!(children().await, []);
    }

    async fn terminate_child_stops_a_task() {
        start().await;
        let pid = TaskSupervisor::start_child(&TASKS, forever()).await.unwrap();
        assert_eq!(TaskSupervisor::terminate_child(&TASKS, pid).await, Ok(()));
        assert!(!process::is_alive(pid));
        let again = TaskSupervisor::terminate_child(&TASKS, pid).await;
        assert_eq!(again, Err(TerminateChildError::NotFound));
    }

    async fn a_task_whose_owner_has_ended_does_not_begin() {
        start().await;
        for _ in 0..50 {
            let caller = process::spawn(|_: Inbox<()>| async {
                let task = TaskSupervisor::spawn(&TASKS, async { panic!("it began") }).await;
                task.unwrap().await.unwrap()
            });
            process::kill(caller);
            settle().await;
            assert_eq!((children().await, Node::current().count_processes()), (vec![], 1));
        }
    }

    async fn a_spawn_that_is_dropped_leaves_no_task() {
        start().await;
        let tasks = TASKS;
        for polls in 1..4 {
            let mut spawn = Box::pin(TaskSupervisor::spawn_nolink(&tasks, forever()));
            for _ in 0..polls {
                match futures_util::poll!(&mut spawn) {
                    Poll::Ready(task) => assert_eq!(task.unwrap().shutdown(Shutdown::BrutalKill).await, None),
                    Poll::Pending => {
                        tokio::task::yield_now().await;
                        continue;
                    }
                }
                return;
            }
            drop(spawn);
            settle().await;
            assert_eq!(children().await, []);
        }
    }

    async fn any_dynamic_supervisor_will_do() {
        DynamicSupervisor::start_link(TASKS).await.unwrap();
        let task: Task<u64> = TaskSupervisor::spawn(&TASKS, slow(1)).await.unwrap();
        assert_eq!(task.await, Ok(1));
    }
}
