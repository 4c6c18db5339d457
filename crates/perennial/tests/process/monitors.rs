//! Monitors: P3, P6, P7.

use crate::support::{Message, Probe, dead, gone, idle};
use perennial::{
    exit_reason::ExitReason,
    node::Node,
    process::{self, Down, Inbox},
};
use std::sync::atomic::{AtomicBool, Ordering};

rules! {
    async fn spawn_monitor_is_atomic() {
        for n in 0..200 {
            let (pid, monitor) = process::spawn_monitor(move |_: Inbox<()>| async move { ExitReason::other(n) });
            let down = monitor.await;
            assert_eq!((down.pid, down.reason), (Some(pid), ExitReason::other(n)));
        }
    }

    async fn monitor_of_the_dead_is_noproc_at_once() {
        let gone = dead().await;
        let down = process::monitor(gone).await;
        assert_eq!((down.pid, down.reason), (Some(gone), ExitReason::NoProc));
        let mut probe = Probe::spawn();
        let monitor = probe.run(move |inbox| inbox.monitor(gone)).await;
        let down = probe.down().await;
        assert_eq!((down.monitor, down.pid, down.reason), (monitor, Some(gone), ExitReason::NoProc));
    }

    async fn n_monitors_give_n_downs() {
        let mut probe = Probe::spawn();
        let target = idle();
        let mut expected = probe.run(move |inbox| [(); 5].map(|()| inbox.monitor(target))).await.to_vec();
        assert_eq!(process::info(target).unwrap().monitored_by, 5);
        process::exit(target, ExitReason::Shutdown);
        let mut got = Vec::new();
        for _ in 0..5 {
            let down = probe.down().await;
            assert_eq!((down.pid, down.reason), (Some(target), ExitReason::Shutdown));
            got.push(down.monitor);
        }
        got.sort();
        expected.sort();
        assert_eq!(got, expected);
    }

    async fn a_monitor_goes_one_way() {
        let target = Probe::spawn();
        let watcher = Probe::spawn();
        let pid = target.pid();
        watcher.run(move |inbox| inbox.monitor(pid)).await;
        process::kill(watcher.pid());
        gone(watcher.pid()).await;
        target.run(|_| ()).await;
        assert_eq!(process::info(pid).unwrap().monitored_by, 0);
    }

    async fn one_may_monitor_oneself() {
        let probe = Probe::spawn();
        let me = probe.pid();
        probe.run(move |inbox| inbox.monitor(me)).await;
        let ended = process::monitor(me);
        process::kill(me);
        ended.await;
        gone(me).await;
        assert_eq!(Node::current().count_processes(), 0);
    }

    async fn demonitor() {
        let mut probe = Probe::spawn();
        let target = idle();
        let kept = probe
            .run(move |inbox| {
                let (kept, removed) = (inbox.monitor(target), inbox.monitor(target));
                assert!(inbox.demonitor(removed));
                assert!(!inbox.demonitor(removed));
                kept
            })
            .await;
        assert_eq!(process::info(target).unwrap().monitored_by, 1);
        process::kill(target);
        assert_eq!(probe.down().await.monitor, kept);
        assert!(!probe.run(move |inbox| inbox.demonitor(kept)).await);
        assert!(probe.received_nothing().await);
    }

    async fn a_down_does_not_come_after_demonitor() {
        static CONVERTING: AtomicBool = AtomicBool::new(false);
        static REMOVED: AtomicBool = AtomicBool::new(false);
        CONVERTING.store(false, Ordering::SeqCst);
        REMOVED.store(false, Ordering::SeqCst);
        struct Slow;
        impl From<Down> for Slow {
            fn from(down: Down) -> Self {
                if process::current() == down.pid {
                    CONVERTING.store(true, Ordering::SeqCst);
                    for _ in 0..1_000_000 {
                        if REMOVED.load(Ordering::SeqCst) {
                            break;
                        }
                        std::thread::yield_now();
                    }
                }
                Self
            }
        }
        let target = idle();
        let (_, ended) = process::spawn_monitor(move |mut inbox: Inbox<Slow>| async move {
            let monitor = inbox.monitor(target);
            process::kill(target);
            while !CONVERTING.load(Ordering::SeqCst) && Node::current().processes().contains(&target) {
                tokio::task::yield_now().await;
            }
            let removed = inbox.demonitor(monitor);
            let flushed = inbox.try_receive().is_some();
            assert_ne!(removed, flushed);
            REMOVED.store(true, Ordering::SeqCst);
            gone(target).await;
            assert!(inbox.try_receive().is_none(), "a down came after demonitor");
        });
        assert_eq!(ended.await.reason, ExitReason::Normal);
    }

    async fn messages_come_before_the_down() {
        let mut probe = Probe::spawn();
        let to = probe.to().clone();
        for _ in 0..100 {
            let to = to.clone();
            probe
                .run(move |inbox| {
                    let sender = process::spawn(move |_: Inbox<()>| async move {
                        for n in 0..10 {
                            assert!(to.send(Message::Number(n)).is_ok());
                        }
                    });
                    inbox.monitor(sender);
                })
                .await;
            // The monitor may have come too late, but never the down too early.
            let mut next = 0;
            let mut down = false;
            while next < 10 || !down {
                match probe.next().await.unwrap() {
                    Message::Number(n) => {
                        assert_eq!(n, next);
                        next += 1;
                    }
                    Message::Down(it) => {
                        assert!(next == 10 || it.reason == ExitReason::NoProc);
                        down = true;
                    }
                    _ => unreachable!("it sends nothing else"),
                }
            }
        }
    }

    async fn a_monitor_that_is_dropped_is_removed() {
        let target = idle();
        let monitor = process::monitor(target);
        assert_eq!(process::info(target).unwrap().monitored_by, 1);
        drop(monitor);
        assert_eq!(process::info(target).unwrap().monitored_by, 0);
    }

    async fn an_inbox_that_outlives_its_process_bonds_with_nobody() {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let pid = process::spawn(|inbox: Inbox<Message>| async { drop(sender.send(inbox)) });
        process::monitor(pid).await;
        let Ok(mut inbox) = receiver.await else { panic!("it was sent") };
        let target = idle();
        inbox.monitor(target);
        assert_eq!(process::info(target).unwrap().monitored_by, 0);
        assert!(!inbox.trap_exit(true));
        assert!(!inbox.trap_exit(true));
        assert!(inbox.try_receive().is_none());
    }
}
