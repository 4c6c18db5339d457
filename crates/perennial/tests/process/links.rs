//! Links: P2, P4, P5, P10, P15, P16.

use crate::support::{Message, Probe, dead, gone, idle};
use perennial::{
    exit_reason::ExitReason,
    node::Node,
    pid::Pid,
    process::{self, Exit, Inbox, NoProc},
};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

/// Ends at once.
fn brief(reason: ExitReason) -> impl FnOnce(Inbox<()>) -> std::future::Ready<ExitReason> {
    |_| std::future::ready(reason)
}

rules! {
    async fn spawn_link_is_atomic() {
        let mut probe = Probe::trapping().await;
        for n in 0..200 {
            let child = probe.run(move |_| process::spawn_link(brief(ExitReason::other(n)))).await;
            let exit = probe.exit().await;
            assert_eq!((exit.from, exit.reason), (child, ExitReason::other(n)));
        }
        assert!(process::links(probe.pid()).is_empty());
    }

    async fn a_link_goes_both_ways_and_there_is_one_of_it() {
        let mut probe = Probe::trapping().await;
        let other = Probe::spawn();
        let (me, it) = (probe.pid(), other.pid());
        for pid in [it, it, me] {
            probe.run(move |_| process::link(pid)).await.unwrap();
        }
        other.run(move |_| process::link(me)).await.unwrap();
        assert_eq!(process::links(me), [it]);
        assert_eq!(process::links(it), [me]);
        process::exit(it, ExitReason::Shutdown);
        let exit = probe.exit().await;
        assert_eq!((exit.from, exit.reason), (it, ExitReason::Shutdown));
        assert!(probe.received_nothing().await);
        assert!(process::links(me).is_empty());
    }

    async fn an_exit_goes_over_links_to_those_who_do_not_trap() {
        let mut last = Probe::trapping().await;
        let chain = [Probe::spawn(), Probe::spawn(), Probe::spawn()];
        let mut next = last.pid();
        for probe in &chain {
            probe.run(move |_| process::link(next)).await.unwrap();
            next = probe.pid();
        }
        process::exit(next, ExitReason::other("boom"));
        let exit = last.exit().await;
        assert_eq!((exit.from, exit.reason), (chain[0].pid(), ExitReason::other("boom")));
        Node::current().settled().await;
        assert_eq!(Node::current().count_processes(), 1);
    }

    async fn a_normal_end_over_a_link_is_ignored_unless_trapped() {
        let mut trapping = Probe::trapping().await;
        let other = Probe::spawn();
        let ends = Probe::spawn();
        let (one, two, end) = (trapping.pid(), other.pid(), ends.pid());
        for pid in [one, two] {
            ends.run(move |_| process::link(pid)).await.unwrap();
        }
        ends.run(move |_| process::exit(end, ExitReason::Normal)).await;
        let exit = trapping.exit().await;
        assert_eq!((exit.from, exit.reason), (end, ExitReason::Normal));
        assert!(other.run(move |_| process::links(two).is_empty()).await);
    }

    async fn link_to_the_dead_is_noproc_at_once() {
        let gone = dead().await;
        let plain = Probe::spawn();
        assert_eq!(plain.run(move |_| process::link(gone)).await, Err(NoProc));
        let mut trapping = Probe::trapping().await;
        assert_eq!(trapping.run(move |_| process::link(gone)).await, Ok(()));
        let exit = trapping.exit().await;
        assert_eq!((exit.from, exit.reason), (gone, ExitReason::NoProc));
        assert!(process::links(plain.pid()).is_empty());
        assert!(process::links(trapping.pid()).is_empty());
    }

    async fn unlink_has_no_further_effect() {
        let probe = Probe::spawn();
        let me = probe.pid();
        for pid in [idle(), dead().await] {
            // Never fails, also for one that is not linked, or not there.
            probe.run(move |_| process::unlink(pid)).await;
        }
        for _ in 0..500 {
            let (unlinked, alive) = probe
                .run(move |_| {
                    let child = process::spawn_link(|_: Inbox<()>| std::future::pending::<()>());
                    process::unlink(child);
                    process::exit(child, ExitReason::other("boom"));
                    (child, process::is_alive(me))
                })
                .await;
            process::monitor(unlinked).await;
            assert!(alive && process::is_alive(me));
        }
        assert!(process::links(me).is_empty());
    }

    async fn an_exit_does_not_come_after_unlink() {
        static CONVERTING: AtomicBool = AtomicBool::new(false);
        static UNLINKED: AtomicBool = AtomicBool::new(false);
        // Only one flavor has the threads for it; the other one shows that nothing is different.
        CONVERTING.store(false, Ordering::SeqCst);
        UNLINKED.store(false, Ordering::SeqCst);
        struct Slow(Exit);
        impl From<Exit> for Slow {
            fn from(exit: Exit) -> Self {
                // If the sender converts, the link is gone by now and the message is not there yet.
                if process::current() == Some(exit.from) {
                    CONVERTING.store(true, Ordering::SeqCst);
                    for _ in 0..1_000_000 {
                        if UNLINKED.load(Ordering::SeqCst) {
                            break;
                        }
                        thread::yield_now();
                    }
                }
                Self(exit)
            }
        }
        let (child_sender, child) = tokio::sync::oneshot::channel::<Pid>();
        let late = process::spawn(move |mut inbox: Inbox<Slow>| async move {
            inbox.trap_exit(true);
            let child = process::spawn_link(|_: Inbox<()>| std::future::pending::<()>());
            child_sender.send(child).unwrap();
            while !CONVERTING.load(Ordering::SeqCst) && Node::current().processes().contains(&child) {
                tokio::task::yield_now().await;
            }
            process::unlink(child);
            while let Some(Slow(exit)) = inbox.try_receive() {
                assert_eq!(exit.from, child);
            }
            UNLINKED.store(true, Ordering::SeqCst);
            gone(child).await;
            assert!(inbox.try_receive().is_none(), "an exit came after unlink");
        });
        let ended = process::monitor(late);
        process::kill(child.await.unwrap());
        assert_eq!(ended.await.reason, ExitReason::Normal);
    }

    async fn signals_keep_order() {
        let mut probe = Probe::trapping().await;
        let to = probe.to().clone();
        let pid = probe.pid();
        for _ in 0..100 {
            let to = to.clone();
            process::spawn(move |_: Inbox<()>| async move {
                process::link(pid).unwrap();
                for n in 0..10 {
                    assert!(to.send(Message::Number(n)).is_ok());
                }
                ExitReason::Shutdown
            });
            for n in 0..10 {
                assert_eq!(probe.number().await, n);
            }
            assert_eq!(probe.exit().await.reason, ExitReason::Shutdown);
        }
    }

    async fn a_panic_while_a_message_is_converted_is_the_receivers() {
        #[derive(Debug)]
        struct Fragile;
        impl From<Exit> for Fragile {
            fn from(_: Exit) -> Self {
                panic!("not that one");
            }
        }
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let (_, ended) = process::spawn_monitor(|mut inbox: Inbox<Fragile>| async move {
            inbox.trap_exit(true);
            sender.send(process::spawn_link(brief(ExitReason::other("boom")))).unwrap();
            inbox.receive().await;
        });
        let child = receiver.await.unwrap();
        let ExitReason::Panic(report) = ended.await.reason else { panic!("it panics") };
        assert_eq!(report.message(), "not that one");
        Node::current().settled().await;
        assert!(process::info(child).is_none());
        assert_eq!(Node::current().count_processes(), 0);
    }
}
