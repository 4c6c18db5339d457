//! Waiting for one task: T1, T5, T7, T11.

use crate::support::{as_process, boom, forever, odd, secs, settle, slow};
use perennial::{
    node::Node,
    prelude::*,
    task::{self, AwaitError, Task},
    time,
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

rules! {
    async fn await_gives_what_the_task_returned() {
        assert_eq!(Task::spawn(async { 42 }).await, Ok(42));
        assert_eq!(Task::spawn(async { Err::<(), _>("a value") }).await, Ok(Err("a value")));
    }

    async fn a_result_waits_for_a_late_question() {
        let task = Task::spawn(async { "done" });
        let pid = task.pid().unwrap();
        time::sleep(secs(3600)).await;
        assert!(!process::is_alive(pid));
        assert_eq!(task.await, Ok("done"));
    }

    async fn a_result_can_be_asked_for_by_whom_the_handle_was_given_to() {
        let result = as_process(|_| async {
            let task = Task::spawn(slow(1));
            as_process(|_| task.wait(None)).await
        });
        assert_eq!(result.await, Ok(Ok(Ok(1))));
    }

    async fn the_task_is_gone_when_its_result_is_there() {
        struct Guard(Arc<AtomicBool>);
        impl Drop for Guard {
            fn drop(&mut self) {
                self.0.store(true, Ordering::SeqCst);
            }
        }
        for _ in 0..50 {
            let dropped = Arc::new(AtomicBool::new(false));
            let guard = Guard(dropped.clone());
            let result = Task::spawn_process(|inbox: Inbox<()>| async move {
                process::register("task", inbox.pid()).unwrap();
                settle().await;
                let _guard = guard;
            });
            result.await.unwrap();
            assert!(dropped.load(Ordering::SeqCst));
            assert_eq!((process::whereis("task"), Node::current().count_processes()), (None, 0));
        }
    }

    async fn await_fails_with_the_reason_of_the_task() {
        assert_eq!(Task::spawn(odd()).await, Err(AwaitError::Exit(boom())));
        let normal: Task<()> = Task::spawn(async { process::exit_self(ExitReason::Normal) });
        assert_eq!(normal.await, Err(AwaitError::Exit(ExitReason::Normal)));
        let panics: Task<()> = Task::spawn(async { panic!("on purpose") });
        let Err(AwaitError::Exit(ExitReason::Panic(report))) = panics.await else { panic!("it panicked") };
        assert_eq!(report.message(), "on purpose");
        let killed = Task::spawn(forever());
        process::kill(killed.pid().unwrap());
        assert_eq!(killed.await, Err(AwaitError::Exit(ExitReason::Killed)));
    }

    async fn a_panic_while_the_task_is_made_is_its_reason() {
        fn no_future() -> std::future::Ready<()> {
            panic!("no future")
        }
        let task = Task::spawn_process(|_: Inbox<()>| no_future());
        let Err(AwaitError::Exit(ExitReason::Panic(report))) = task.await else { panic!("it panicked") };
        assert_eq!(report.message(), "no future");
    }

    async fn await_in_vain_leaves_the_task_running() {
        let task = Task::spawn(slow(60));
        let pid = task.pid().unwrap();
        assert_eq!(task.wait(Some(secs(1))).await, Err(AwaitError::Timeout));
        assert!(process::is_alive(pid));
        assert_eq!(process::monitor(pid).await.reason, ExitReason::Normal);
    }

    async fn await_waits_five_seconds() {
        let before = Node::current().now();
        assert_eq!(Task::spawn(forever()).await, Err(AwaitError::Timeout));
        assert_eq!(Node::current().now() - before, secs(5));
    }

    async fn yield_in_vain_can_be_asked_again() {
        let mut task = Task::spawn(slow(60));
        assert_eq!(task.try_yield(), None);
        assert_eq!(task.yield_for(secs(1)).await, None);
        assert_eq!(task.yield_for(secs(1)).await, None);
        assert_eq!(task.yield_for(secs(60)).await, Some(Ok(60)));
    }

    async fn yield_gives_the_reason_of_an_exit() {
        let mut task = Task::spawn(odd());
        assert_eq!(task.yield_for(secs(1)).await, Some(Err(boom())));
        let mut task: Task<()> = Task::spawn(async { process::exit_self(ExitReason::Normal) });
        settle().await;
        assert_eq!(task.try_yield(), Some(Err(ExitReason::Normal)));
    }

    async fn a_result_is_given_once() {
        let mut task = Task::spawn(slow(1));
        assert_eq!(task.yield_for(secs(5)).await, Some(Ok(1)));
        assert_eq!((task.try_yield(), task.yield_for(secs(5)).await), (None, None));
        assert_eq!(task.await, Err(AwaitError::Exit(ExitReason::NoProc)));
    }

    async fn a_yield_that_is_dropped_takes_nothing() {
        let mut task = Task::spawn(slow(2));
        assert!(time::timeout(secs(1), task.yield_for(secs(60))).await.is_err());
        assert_eq!(task.await, Ok(2));
    }

    async fn a_handle_that_is_dropped_leaves_the_task_running() {
        let task = Task::spawn(slow(60));
        let pid = task.pid().unwrap();
        drop(task);
        assert_eq!(process::monitor(pid).await.reason, ExitReason::Normal);
    }

    async fn a_completed_task_has_no_process() {
        let before = Node::current().count_processes();
        let mut task = Task::completed(7);
        assert_eq!((task.pid(), Node::current().count_processes()), (None, before));
        assert_eq!(task.try_yield(), Some(Ok(7)));
        assert_eq!(Task::completed(8).await, Ok(8));
        assert_eq!(Task::completed(9).ignore(), Some(Ok(9)));
        assert_eq!(Task::completed(10).shutdown(Shutdown::BrutalKill).await, Some(Ok(10)));
        assert_eq!(task::await_many([Task::completed(1), Task::spawn(async { 2 })], None).await, Ok(vec![1, 2]));
    }

    async fn a_question_mark_hands_the_failure_on() {
        let hand_on = |failed: Task<u32>| async { Ok::<_, ExitReason>(failed.await?) };
        let Err(ExitReason::Error(error)) = hand_on(Task::spawn(odd())).await else { panic!("an error") };
        assert_eq!(error.downcast_ref(), Some(&AwaitError::Exit(boom())));
        let shut = Task::spawn(async { process::exit_self(ExitReason::Shutdown) });
        assert!(hand_on(shut).await.unwrap_err().is_clean());
    }
}
