//! Spawning: P1, P2, P28, and what is left afterwards.

use crate::support::{Message, Probe, idle};
use perennial::{
    exit_reason::ExitReason,
    node::Node,
    pid::Pid,
    process::{self, Inbox},
    time,
};
use std::{collections::HashSet, future::pending, time::Duration};

rules! {
    async fn spawn_gives_the_pid_at_once_and_links_nothing() {
        let probe = Probe::spawn();
        let child = probe.run(|_| process::spawn(|_: Inbox<()>| async { ExitReason::other("boom") })).await;
        process::monitor(child).await;
        probe.run(|_| ()).await;
        assert!(process::info(child).is_none());
    }

    async fn in_the_table_before_it_first_runs() {
        for _ in 0..200 {
            let (sender, receiver) = tokio::sync::oneshot::channel();
            let to = process::spawn_receiver(|mut inbox: Inbox<u32>| async move {
                let me = process::current().unwrap();
                assert_eq!(me, inbox.pid());
                assert!(process::is_alive(me));
                assert_eq!(process::recipient::<u32>(me).unwrap().pid(), me);
                sender.send(inbox.receive().await).unwrap();
            });
            assert!(process::info(to.pid()).is_some());
            to.send(7).unwrap();
            assert_eq!(receiver.await, Ok(7));
        }
    }

    async fn one_may_be_killed_before_it_first_runs() {
        let (_, done) = process::spawn_monitor(|_: Inbox<()>| async {
            let child = process::spawn(|_: Inbox<()>| pending::<()>());
            let ended = process::monitor(child);
            process::kill(child);
            assert_eq!(ended.await.reason, ExitReason::Killed);
        });
        assert_eq!(done.await.reason, ExitReason::Normal);
    }

    async fn a_message_to_the_dead_comes_back() {
        let to = process::spawn_receiver(|_: Inbox<u32>| async {});
        process::monitor(to.pid()).await;
        assert_eq!(to.send(7), Err(7));
        assert!(process::recipient::<u32>(to.pid()).is_none());
    }

    async fn a_recipient_is_asked_for_by_type() {
        let to = process::spawn_receiver(|_: Inbox<u32>| pending::<()>());
        assert!(process::recipient::<u32>(to.pid()).is_some_and(|it| it == to));
        assert!(process::recipient::<u64>(to.pid()).is_none());
    }

    async fn an_inbox_may_be_read_by_another_waker() {
        // As in a `FuturesUnordered`: polled only when woken by the waker it was given.
        let to = process::spawn_receiver(|mut inbox: Inbox<u32>| async move {
            let mut both = futures_util::stream::FuturesUnordered::new();
            both.push(futures_util::future::Either::Left(async { assert_eq!(inbox.receive().await, 7) }));
            both.push(futures_util::future::Either::Right(async { tokio::task::yield_now().await }));
            while futures_util::StreamExt::next(&mut both).await.is_some() {}
        });
        Node::current().settled().await;
        let ended = process::monitor(to.pid());
        to.send(7).unwrap();
        assert!(time::timeout(Duration::from_secs(1), ended).await.is_ok(), "a wake-up was lost");
    }

    async fn an_inbox_may_be_read_by_another_task() {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let to = process::spawn_receiver(|mut inbox: Inbox<u32>| async move {
            tokio::spawn(async move { sender.send(inbox.receive().await) });
            pending::<()>().await;
        });
        Node::current().settled().await;
        to.send(7).unwrap();
        assert_eq!(receiver.await, Ok(7));
    }

    async fn a_process_is_its_own_current_one_also_inside_of_another() {
        let probe = Probe::spawn();
        assert_eq!(process::current(), None);
        let (inner, outer) = probe
            .run(|_| {
                let child = process::spawn(|_: Inbox<()>| pending::<()>());
                (child, process::current())
            })
            .await;
        assert_eq!(outer, Some(probe.pid()));
        assert_ne!(Some(inner), outer);
    }

    async fn nothing_is_left_after_100_000_processes() {
        let node = Node::current();
        let mut pids = HashSet::new();
        let mut last = Vec::new();
        for n in 0..100_000_u32 {
            let (pid, ended) = process::spawn_monitor(move |_: Inbox<()>| async move { ExitReason::other(n) });
            assert!(pids.insert(pid));
            last.push(ended);
            if last.len() == 1000 {
                for ended in last.drain(..) {
                    ended.await;
                }
                // The table is left after monitors are told.
                node.settled().await;
                assert_eq!(node.count_processes(), 0);
            }
        }
        assert!(node.processes().is_empty());
    }

    async fn ancestors() {
        let grandparent = Probe::spawn();
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let parent = grandparent
            .run(|_| {
                process::spawn_link(|_: Inbox<()>| async {
                    sender.send(process::spawn_link(|_: Inbox<()>| pending::<()>())).unwrap();
                    pending::<()>().await;
                })
            })
            .await;
        let child = receiver.await.unwrap();
        let info = process::info(child).unwrap();
        assert_eq!(info.parent, Some(parent));
        assert_eq!(info.ancestors, [parent, grandparent.pid()]);
        assert_eq!(process::info(idle()).unwrap().ancestors, [] as [Pid; 0]);
    }

    async fn many_generations_do_not_pile_up() {
        fn generation(left: u32, done: tokio::sync::oneshot::Sender<usize>) {
            process::spawn_link(move |inbox: Inbox<()>| async move {
                if left > 0 {
                    generation(left - 1, done);
                } else {
                    done.send(process::info(inbox.pid()).unwrap().ancestors.len()).unwrap();
                }
            });
        }
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let first = process::spawn(|_: Inbox<()>| async { generation(100_000, sender) });
        process::monitor(first).await;
        let known = receiver.await.unwrap();
        assert!(known >= 100, "only {known}");
        assert!(known <= 10_000, "{known} ancestors");
    }

    async fn everything_works_from_a_plain_task_and_from_a_thread() {
        let mut probe = Probe::trapping().await;
        let to = probe.to().clone();
        let work = move || {
            assert_eq!(process::current(), None);
            let pid = idle();
            process::register("from outside", pid).unwrap();
            assert_eq!(process::whereis("from outside"), Some(pid));
            assert!(process::info(pid).is_some() && process::is_alive(pid));
            assert!(process::unregister("from outside"));
            process::kill(pid);
            assert!(to.send(Message::Number(1)).is_ok());
            process::exit(to.pid(), ExitReason::Shutdown);
        };
        let node = Node::current();
        let outside = |exit: process::Exit| {
            // From outside of all processes.
            assert!(process::info(exit.from).is_none());
            assert_eq!(exit.reason, ExitReason::Shutdown);
        };
        let plain = work.clone();
        tokio::spawn(async move { plain() }).await.unwrap();
        assert_eq!(probe.number().await, 1);
        outside(probe.exit().await);
        let hold = node.hold();
        let thread = std::thread::spawn(move || {
            let _entered = node.enter();
            work();
        });
        assert_eq!(probe.number().await, 1);
        outside(probe.exit().await);
        thread.join().unwrap();
        drop(hold);
        let target = idle();
        let ended = process::monitor(target);
        let task = tokio::spawn(async move { ended.await.reason });
        process::exit(target, ExitReason::Shutdown);
        assert_eq!(task.await.unwrap(), ExitReason::Shutdown);
    }
}
