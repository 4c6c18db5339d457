//! Waiting for many tasks: T6, T8.

use crate::support::{as_process, boom, forever, odd, secs, settle, slow};
use perennial::{
    node::Node,
    prelude::*,
    task::{self, AwaitError, OnYieldTimeout, Task, YieldManyOptions},
};

fn all<const N: usize>(seconds: [u64; N]) -> [Task<u64>; N] {
    seconds.map(|seconds| Task::spawn(slow(seconds)))
}

fn within(seconds: u64) -> YieldManyOptions {
    YieldManyOptions { timeout: Some(secs(seconds)), ..YieldManyOptions::default() }
}

rules! {
    async fn await_many_gives_results_in_the_order_asked() {
        assert_eq!(task::await_many(all([3, 1, 2]), None).await, Ok(vec![3, 1, 2]));
    }

    async fn await_many_of_none_is_there_at_once() {
        assert_eq!(task::await_many(all([]), Some(secs(0))).await, Ok(vec![]));
    }

    async fn await_many_has_one_limit_for_all() {
        let before = Node::current().now();
        assert_eq!(task::await_many(all([1, 60]), Some(secs(5))).await, Err(AwaitError::Timeout));
        assert_eq!(Node::current().now() - before, secs(5));
    }

    async fn await_many_fails_as_soon_as_one_fails() {
        let before = Node::current().now();
        let late = Task::spawn(async {
            slow(1).await;
            u64::from(odd().await)
        });
        let [first] = all([60]);
        let pid = first.pid().unwrap();
        assert_eq!(task::await_many([first, late], None).await, Err(AwaitError::Exit(boom())));
        assert_eq!(Node::current().now() - before, secs(1));
        assert!(process::is_alive(pid), "the others run on");
    }

    async fn await_many_of_very_many() {
        let tasks = (0..1000).map(|n| Task::spawn(slow(n % 7)));
        let expected: Vec<u64> = (0..1000).map(|n| n % 7).collect();
        assert_eq!(task::await_many(tasks, None).await, Ok(expected));
    }

    async fn yield_many_gives_each_its_own_answer() {
        let [done, running] = all([1, 60]);
        let failed = Task::spawn(async { u64::from(odd().await) });
        let mut tasks = [done, running, failed];
        let answers = task::yield_many(&mut tasks, within(5)).await;
        assert_eq!(answers, [Some(Ok(1)), None, Some(Err(boom()))]);
        // One that has not answered can be asked again; the others have answered.
        assert_eq!(task::yield_many(&mut tasks, within(60)).await, [None, Some(Ok(60)), None]);
    }

    async fn yield_many_returns_when_all_have_answered() {
        let before = Node::current().now();
        let answers = task::yield_many(&mut all([1, 2]), within(3600)).await;
        assert_eq!(answers, [Some(Ok(1)), Some(Ok(2))]);
        assert_eq!(Node::current().now() - before, secs(2));
        let none: [Task<()>; 0] = [];
        assert_eq!(task::yield_many(&mut { none }, YieldManyOptions { timeout: None, ..within(0) }).await, []);
    }

    async fn yield_many_returns_when_enough_have_answered() {
        let mut tasks = all([60, 1, 2, 3]);
        let options = YieldManyOptions { limit: Some(2), on_timeout: OnYieldTimeout::KillTask, ..within(60) };
        assert_eq!(task::yield_many(&mut tasks, options).await, [None, Some(Ok(1)), Some(Ok(2)), None]);
        // To have enough is no time-out.
        assert!([0, 3].iter().all(|&n| process::is_alive(tasks[n].pid().unwrap())));
    }

    async fn yield_many_does_with_the_late_what_is_asked() {
        for (on_timeout, runs_on, linked) in [
            (OnYieldTimeout::Nothing, true, true),
            (OnYieldTimeout::Ignore, true, false),
            (OnYieldTimeout::KillTask, false, false),
        ] {
            let seen = as_process(move |_| async move {
                let mut tasks = all([1, 60]);
                let pid = tasks[1].pid().unwrap();
                let options = YieldManyOptions { on_timeout, ..within(5) };
                let answers = task::yield_many(&mut tasks, options).await;
                settle().await;
                (answers, process::is_alive(pid), !process::links(pid).is_empty())
            });
            assert_eq!(seen.await, Ok((vec![Some(Ok(1)), None], runs_on, linked)), "{on_timeout:?}");
        }
    }

    async fn a_late_task_that_is_killed_may_have_its_result_all_the_same() {
        let mut tasks = [Task::spawn(async { 1 }), Task::completed(2)];
        let options = YieldManyOptions { on_timeout: OnYieldTimeout::KillTask, ..within(0) };
        assert_eq!(task::yield_many(&mut tasks, options).await, [Some(Ok(1)), Some(Ok(2))]);
        let mut stuck = [Task::spawn(forever())];
        assert_eq!(task::yield_many(&mut stuck, options).await, [None]);
    }
}
