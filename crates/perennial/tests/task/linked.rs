//! A task and its owner: T1, T2, T4.

use crate::support::{as_process, boom, forever, odd, secs, settle, slow};
use perennial::{
    prelude::*,
    task::{AwaitError, Task},
};

rules! {
    async fn a_task_is_linked_to_its_owner() {
        let links = as_process(|inbox| async move {
            let task = Task::spawn(forever());
            let both = (process::links(task.pid().unwrap()), process::links(inbox.pid()));
            (both, inbox.pid(), task.pid().unwrap())
        });
        let ((of_task, of_owner), owner, task) = links.await.unwrap();
        assert_eq!((of_task, of_owner), (vec![owner], vec![task]));
    }

    async fn a_task_of_no_process_is_linked_to_nobody() {
        let task = Task::spawn(forever());
        assert_eq!(process::links(task.pid().unwrap()), []);
        assert_eq!(task.shutdown(Shutdown::BrutalKill).await, None);
    }

    async fn an_owner_that_does_not_trap_ends_with_its_task_and_does_not_see_the_failure() {
        for _ in 0..50 {
            let seen = as_process(|_| async { Task::spawn(odd()).await });
            assert_eq!(seen.await, Err(boom()));
            let seen = as_process(|_| async { Task::spawn(odd()).yield_for(secs(1)).await });
            assert_eq!(seen.await, Err(boom()));
        }
    }

    async fn an_owner_that_traps_gets_the_exit_before_the_result() {
        for _ in 0..50 {
            let seen = as_process(|mut inbox| async move {
                inbox.trap_exit(true);
                let task = Task::spawn(odd());
                let pid = task.pid().unwrap();
                let result = task.await;
                let exit = inbox.try_receive().map(|exit| (exit.from == pid, exit.reason));
                (result, exit)
            });
            assert_eq!(seen.await, Ok((Err(AwaitError::Exit(boom())), Some((true, boom())))));
        }
    }

    async fn a_task_that_returns_does_not_end_its_owner() {
        let seen = as_process(|_| async {
            let first = Task::spawn(slow(1)).await;
            settle().await;
            (first, Task::spawn(slow(2)).await)
        });
        assert_eq!(seen.await, Ok((Ok(1), Ok(2))));
    }

    async fn a_task_ends_when_its_owner_fails() {
        for reason in [boom(), ExitReason::Shutdown] {
            let (sender, task) = tokio::sync::oneshot::channel();
            let ended = reason.clone();
            let owner = process::spawn(|_: Inbox<()>| async move {
                sender.send(Task::spawn(forever())).unwrap();
                slow(1).await;
                ended
            });
            let task = task.await.unwrap();
            assert_eq!(process::monitor(owner).await.reason, reason);
            assert_eq!(task.await, Err(AwaitError::Exit(reason)));
        }
    }

    async fn a_task_outlives_an_owner_that_ends_normally() {
        let task = as_process(|_| async { Task::spawn(slow(60)) }).await.unwrap();
        assert_eq!(task.wait(None).await, Ok(60));
    }

    async fn a_kill_before_the_task_returns_voids_what_it_returns() {
        let task = Task::spawn_process(|inbox: Inbox<()>| async move {
            process::kill(inbox.pid());
            "too late"
        });
        assert_eq!(task.await, Err(AwaitError::Exit(ExitReason::Killed)));
    }
}
