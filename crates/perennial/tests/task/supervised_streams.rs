//! Streams of tasks under a supervisor: T24.

use crate::support::{as_process, boom, forever, odd, secs, settle, slow};
use futures_util::StreamExt;
use perennial::{
    dynamic_supervisor::{Options, StartChildError},
    exit_reason::CallError,
    prelude::*,
    task::{OnTimeout, StreamError, StreamOptions, TaskSupervisor},
};

const TASKS: Name<DynamicSupervisor> = Name::new("tasks");

fn at_once(max_concurrency: usize) -> StreamOptions {
    StreamOptions { max_concurrency, timeout: None, ..StreamOptions::default() }
}

async fn start() -> Pid {
    TaskSupervisor::start_link(TASKS).await.unwrap()
}

async fn children() -> Vec<Pid> {
    settle().await;
    TaskSupervisor::children(&TASKS).await.unwrap()
}

rules! {
    async fn a_supervised_stream_gives_results_in_order() {
        start().await;
        for n in [1, 2, 4, 8] {
            let stream = TaskSupervisor::async_stream(&TASKS, [4, 3, 2, 1], slow, at_once(n));
            assert_eq!(stream.collect::<Vec<_>>().await, [Ok(4), Ok(3), Ok(2), Ok(1)], "{n}");
            let stream = TaskSupervisor::async_stream_nolink(&TASKS, [4, 3], slow, at_once(n));
            assert_eq!(stream.collect::<Vec<_>>().await, [Ok(4), Ok(3)], "{n}");
            assert_eq!(children().await, []);
        }
    }

    async fn the_tasks_of_a_stream_are_children_of_the_supervisor() {
        let sup = start().await;
        let parent = |()| async { process::info(process::current().unwrap()).unwrap().parent };
        let stream = TaskSupervisor::async_stream(&TASKS, [()], parent, at_once(2));
        assert_eq!(stream.collect::<Vec<_>>().await, [Ok(Some(sup))]);
    }

    async fn a_reader_fails_with_a_task_that_is_linked() {
        start().await;
        for _ in 0..20 {
            let linked = as_process(|_| async {
                TaskSupervisor::async_stream(&TASKS, [1], |_| odd(), at_once(2)).collect::<Vec<_>>().await
            });
            assert_eq!(linked.await, Err(boom()));
            let unlinked = as_process(|_| async {
                let stream = TaskSupervisor::async_stream_nolink(&TASKS, [1], |_| odd(), at_once(2));
                stream.collect::<Vec<_>>().await
            });
            assert_eq!(unlinked.await, Ok(vec![Err(StreamError::Exit(boom()))]));
        }
    }

    async fn a_supervisor_that_is_full_ends_the_stream() {
        TaskSupervisor::start_link(Options { name: Some(TASKS), max_children: Some(1), ..Options::default() })
            .await
            .unwrap();
        let seen = as_process(|mut inbox| async move {
            inbox.trap_exit(true);
            let stream = TaskSupervisor::async_stream(&TASKS, [1, 2, 3], |_| forever(), at_once(2));
            let results: Vec<_> = stream.collect().await;
            settle().await;
            (results, inbox.try_receive().is_some())
        });
        let full = vec![Err(StreamError::Start(StartChildError::MaxChildren))];
        assert_eq!(seen.await, Ok((full, false)));
        assert_eq!(children().await, []);
    }

    async fn a_stream_without_its_supervisor_ends() {
        let stream = TaskSupervisor::async_stream(&TASKS, [1, 2], slow, at_once(2));
        let gone = StreamError::Start(StartChildError::Call(CallError::NoProc));
        assert_eq!(stream.collect::<Vec<_>>().await, [Err(gone)]);
    }

    async fn a_supervised_stream_that_is_dropped_leaves_no_children() {
        start().await;
        let work = |n| async move {
            if n > 0 {
                forever().await;
            }
            n
        };
        let stream = TaskSupervisor::async_stream(&TASKS, [0, 1, 2, 3], work, at_once(4));
        assert_eq!(stream.take(1).collect::<Vec<_>>().await, [Ok(0)]);
        assert_eq!(children().await, []);
        // Also one that has only just asked for them.
        let mut stream = TaskSupervisor::async_stream_nolink(&TASKS, [1, 2, 3], work, at_once(4));
        assert!(futures_util::poll!(stream.next()).is_pending());
        drop(stream);
        assert_eq!(children().await, []);
    }

    async fn the_supervisor_stops_the_tasks_of_a_stream_as_it_was_asked() {
        for (shutdown, reason) in [
            (Shutdown::BrutalKill, ExitReason::Killed),
            (Shutdown::Infinity, ExitReason::Shutdown),
        ] {
            let sup = start().await;
            let options = StreamOptions { shutdown, ..at_once(2) };
            let reader = as_process(move |_| {
                TaskSupervisor::async_stream_nolink(&TASKS, [1], |_| forever(), options).collect::<Vec<_>>()
            });
            let stop = async {
                settle().await;
                sup.server::<DynamicSupervisor>().unwrap().stop(ExitReason::Normal).await.unwrap();
            };
            let (results, ()) = futures_util::future::join(reader, stop).await;
            assert_eq!(results, Ok(vec![Err(StreamError::Exit(reason))]));
        }
    }

    async fn a_late_task_of_a_supervised_stream_is_killed() {
        start().await;
        let options = StreamOptions { timeout: Some(secs(3)), on_timeout: OnTimeout::KillTask, ..at_once(2) };
        let stream = TaskSupervisor::async_stream(&TASKS, [60, 1], slow, options).zip_input_on_exit();
        assert_eq!(stream.collect::<Vec<_>>().await, [Err((60, StreamError::Timeout)), Ok(1)]);
        assert_eq!(children().await, []);
    }
}
