//! Links and monitors of processes that end.

use crate::orders::{all, in_many_orders, meanwhile};
use perennial::{prelude::*, process::NoProc};
use std::sync::Mutex;
use std::{future::pending, sync::Arc};

fn idle() -> Pid {
    process::spawn(|_: Inbox<()>| pending::<()>())
}

#[test]
fn a_link_with_one_that_ends_is_refused_or_ends_the_other() {
    in_many_orders(|| async {
        let peer = idle();
        let (_, ended) = process::spawn_monitor(move |_: Inbox<()>| async move {
            match process::link(peer) {
                Ok(()) => pending().await,
                Err(NoProc) => ExitReason::other("refused"),
            }
        });
        all([meanwhile(async move { process::kill(peer) })]).await;
        let reason = ended.await.reason;
        assert!([ExitReason::Killed, ExitReason::other("refused")].contains(&reason), "{reason}");
    });
}

#[test]
fn a_link_that_both_make_while_one_ends_is_known_to_none_afterwards() {
    in_many_orders(|| async {
        let slot = Arc::new(Mutex::new(None));
        let other = slot.clone();
        let (first, first_ended) = process::spawn_monitor(move |_: Inbox<()>| async move {
            let second: Option<Pid> = *other.lock().unwrap();
            if let Some(second) = second {
                let _ = process::link(second);
            }
            pending::<()>().await;
        });
        let (second, second_ended) = process::spawn_monitor(move |_: Inbox<()>| async move {
            if process::link(first).is_ok() {
                process::unlink(first);
            }
            let _ = process::link(first);
            pending::<()>().await;
        });
        *slot.lock().unwrap() = Some(second);
        all([meanwhile(async move { process::kill(first) })]).await;
        assert_eq!(first_ended.await.reason, ExitReason::Killed);
        Node::current().settled().await;
        assert_eq!(process::links(second), []);
        process::kill(second);
        second_ended.await;
    });
}

#[test]
fn each_of_many_monitors_fires_once() {
    #[derive(Debug)]
    enum Message {
        Down(Down),
        Stop,
    }
    impl From<Down> for Message {
        fn from(down: Down) -> Self {
            Self::Down(down)
        }
    }
    in_many_orders(|| async {
        let target = idle();
        let seen = Arc::new(Mutex::new((0, 0)));
        let counts = seen.clone();
        let watcher = process::spawn_receiver(move |mut inbox: Inbox<Message>| async move {
            let monitors = [inbox.monitor(target), inbox.monitor(target), inbox.monitor(target)];
            let taken_back = usize::from(inbox.demonitor(monitors[1]));
            let mut downs = 0;
            while let Message::Down(down) = inbox.receive().await {
                assert!([ExitReason::Killed, ExitReason::NoProc].contains(&down.reason));
                downs += 1;
            }
            *counts.lock().unwrap() = (downs, taken_back);
        });
        let ended = process::monitor(watcher.pid());
        let from_outside = process::monitor(target);
        all([meanwhile(async move { process::kill(target) })]).await;
        from_outside.await;
        Node::current().settled().await;
        watcher.send(Message::Stop).unwrap();
        ended.await;
        let (downs, taken_back) = *seen.lock().unwrap();
        assert_eq!(downs + taken_back, 3);
    });
}

#[test]
fn two_deadly_signals_and_a_return_give_one_reason_to_all() {
    in_many_orders(|| async {
        let (pid, ended) =
            process::spawn_monitor(|mut inbox: Inbox<()>| async move { inbox.receive().await });
        let recipient = process::recipient::<()>(pid);
        let others = [process::monitor(pid), process::monitor(pid)];
        let kill = meanwhile(async move { process::kill(pid) });
        let exit = meanwhile(async move { process::exit(pid, ExitReason::Shutdown) });
        let send = meanwhile(async move {
            let _ = recipient.map(|recipient| recipient.send(()));
        });
        all([kill, send, exit]).await;
        let reason = ended.await.reason;
        let possible = [ExitReason::Killed, ExitReason::Shutdown, ExitReason::Normal, ExitReason::NoProc];
        assert!(possible.contains(&reason), "{reason}");
        for other in others {
            let other = other.await.reason;
            assert!(other == reason || reason == ExitReason::NoProc || other == ExitReason::NoProc);
        }
    });
}
