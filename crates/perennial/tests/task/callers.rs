//! On whose behalf a task runs: P30.

use crate::support::{as_process, settle};
use futures_util::StreamExt;
use perennial::{
    prelude::*,
    task::{self, StreamOptions, Task, TaskSupervisor},
};
use tokio::sync::oneshot;

const TASKS: Name<DynamicSupervisor> = Name::new("tasks");

fn me() -> Pid {
    process::current().unwrap()
}

rules! {
    async fn the_callers_of_a_task_are_its_owner_and_the_callers_of_that() {
        let seen = as_process(|_| async {
            Task::spawn(async {
                let inner = Task::spawn(async { task::callers() }).await.unwrap();
                (me(), inner, task::callers())
            }).await.map(|seen| (me(), seen))
        });
        let (owner, (outer, inner, of_outer)) = seen.await.unwrap().unwrap();
        assert_eq!((of_outer, inner), (vec![owner], vec![outer, owner]));
    }

    async fn only_tasks_have_callers() {
        assert_eq!(task::callers(), []);
        assert_eq!(Task::spawn(async { task::callers() }).await, Ok(vec![]));
        let seen = as_process(|_| async {
            let (sender, callers) = oneshot::channel();
            process::spawn(|_: Inbox<()>| async move { sender.send(task::callers()).unwrap() });
            callers.await.unwrap()
        });
        assert_eq!(seen.await, Ok(vec![]));
    }

    async fn tasks_without_a_result_have_callers() {
        let (owner, seen) = as_process(|_| async {
            let mut seen = Vec::new();
            for start in [0, 1] {
                let (sender, callers) = oneshot::channel();
                let body = async move { sender.send(task::callers()).unwrap() };
                if start == 0 { task::start(body) } else { task::start_link(body) };
                seen.push(callers.await.unwrap());
            }
            (me(), seen)
        }).await.unwrap();
        assert_eq!(seen, [vec![owner], vec![owner]]);
    }

    async fn the_callers_of_a_supervised_task_are_not_the_supervisor() {
        let sup = TaskSupervisor::start_link(TASKS).await.unwrap();
        let (owner, seen) = as_process(|_| async {
            let both = async { (task::callers(), process::info(me()).unwrap().parent) };
            let linked = TaskSupervisor::spawn(&TASKS, both).await.unwrap().await.unwrap();
            let both = async { (task::callers(), process::info(me()).unwrap().parent) };
            let unlinked = TaskSupervisor::spawn_nolink(&TASKS, both).await.unwrap().await.unwrap();
            let (sender, callers) = oneshot::channel();
            let body = async move {
                sender.send((task::callers(), process::info(me()).unwrap().parent)).unwrap();
            };
            TaskSupervisor::start_child(&TASKS, body).await.unwrap();
            (me(), [linked, unlinked, callers.await.unwrap()])
        }).await.unwrap();
        assert!(seen.iter().all(|seen| *seen == (vec![owner], Some(sup))), "{seen:?}");
        settle().await;
    }

    async fn the_caller_of_a_streams_task_is_its_reader() {
        TaskSupervisor::start_link(TASKS).await.unwrap();
        let (reader, seen) = as_process(|_| async {
            let f = |()| async { task::callers() };
            let plain = task::async_stream([()], f, StreamOptions::default());
            let supervised = TaskSupervisor::async_stream(&TASKS, [()], f, StreamOptions::default());
            let seen: Vec<_> = plain.chain(supervised).collect().await;
            (me(), seen)
        }).await.unwrap();
        assert_eq!(seen, [Ok(vec![reader]), Ok(vec![reader])]);
    }

    async fn info_shows_the_callers() {
        let (owner, callers) = as_process(|_| async {
            let task = Task::spawn(settle());
            (me(), process::info(task.pid().unwrap()).map(|info| info.callers))
        }).await.unwrap();
        assert!(callers.is_none_or(|callers| callers == [owner]));
    }
}
