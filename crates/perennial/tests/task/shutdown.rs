//! Ending a task, and letting go of one: T9, T10.

use crate::support::{as_process, boom, forever, odd, secs, settle, slow, trapping};
use perennial::{node::Node, prelude::*, task::Task};

const SOFT: Shutdown = Shutdown::Timeout(secs_5());

const fn secs_5() -> std::time::Duration {
    std::time::Duration::from_secs(5)
}

rules! {
    async fn a_result_that_is_there_wins() {
        for shutdown in [SOFT, Shutdown::Infinity, Shutdown::BrutalKill] {
            let task = Task::spawn(async { 3 });
            settle().await;
            assert_eq!(task.shutdown(shutdown).await, Some(Ok(3)));
        }
    }

    async fn one_that_dies_of_the_shutdown_is_none() {
        for (shutdown, reason) in [
            (SOFT, ExitReason::Shutdown),
            (Shutdown::Infinity, ExitReason::Shutdown),
            (Shutdown::BrutalKill, ExitReason::Killed),
        ] {
            let task = Task::spawn(forever());
            let ended = process::monitor(task.pid().unwrap());
            assert_eq!(task.shutdown(shutdown).await, None);
            assert_eq!(ended.await.reason, reason);
        }
        assert_eq!(trapping(true).shutdown(Shutdown::BrutalKill).await, None);
    }

    async fn one_that_had_ended_has_its_own_reason() {
        for (reason, soft, brutal) in [
            (boom(), Some(Err(boom())), Some(Err(boom()))),
            (ExitReason::Normal, Some(Err(ExitReason::Normal)), Some(Err(ExitReason::Normal))),
            (ExitReason::Shutdown, None, Some(Err(ExitReason::Shutdown))),
            (ExitReason::Killed, Some(Err(ExitReason::Killed)), None),
        ] {
            for (shutdown, expected) in [(SOFT, soft), (Shutdown::BrutalKill, brutal)] {
                let ended = reason.clone();
                let task: Task<()> = Task::spawn(async { process::exit_self(ended) });
                settle().await;
                assert_eq!(task.shutdown(shutdown).await, expected, "{reason} {shutdown:?}");
            }
        }
    }

    async fn one_that_traps_may_answer_the_shutdown_with_a_result() {
        let task = trapping(false);
        settle().await;
        assert_eq!(task.shutdown(SOFT).await, Some(Ok(ExitReason::Shutdown)));
    }

    async fn one_that_does_not_end_in_time_is_killed() {
        let task = trapping(true);
        settle().await;
        let before = Node::current().now();
        assert_eq!(task.shutdown(SOFT).await, Some(Err(ExitReason::Killed)));
        assert_eq!(Node::current().now() - before, secs(5));
    }

    async fn one_whose_result_was_taken_is_noproc() {
        let mut task = Task::spawn(async { 1 });
        assert_eq!(task.yield_for(secs(1)).await, Some(Ok(1)));
        assert_eq!(task.shutdown(SOFT).await, Some(Err(ExitReason::NoProc)));
    }

    async fn the_owner_hears_nothing_of_a_shutdown() {
        for shutdown in [SOFT, Shutdown::BrutalKill] {
            let survives = as_process(move |_| async move {
                assert_eq!(Task::spawn(forever()).shutdown(shutdown).await, None);
                settle().await;
            });
            assert_eq!(survives.await, Ok(()));
            let hears = as_process(move |mut inbox| async move {
                inbox.trap_exit(true);
                assert_eq!(Task::spawn(forever()).shutdown(shutdown).await, None);
                settle().await;
                inbox.try_receive().map(|exit| exit.reason)
            });
            assert_eq!(hears.await, Ok(None));
        }
    }

    async fn ignore_gives_what_is_there() {
        let (done, failed) = (Task::spawn(async { 1 }), Task::spawn(odd()));
        settle().await;
        assert_eq!((done.ignore(), failed.ignore()), (Some(Ok(1)), Some(Err(boom()))));
        assert_eq!(Task::spawn(slow(1)).ignore(), None);
    }

    async fn one_that_is_ignored_runs_on_and_its_end_is_nobodys_news() {
        let owner = as_process(|mut inbox| async move {
            inbox.trap_exit(true);
            let task = Task::spawn(async {
                slow(1).await;
                odd().await
            });
            let pid = task.pid().unwrap();
            assert_eq!(task.ignore(), None);
            assert!(process::is_alive(pid) && process::links(pid).is_empty());
            assert_eq!(process::monitor(pid).await.reason, boom());
            inbox.try_receive().is_none()
        });
        assert_eq!(owner.await, Ok(true));
    }
}
