//! Exit signals: P10 to P14, P18, P19.

use crate::support::{Message, Probe, idle};
use perennial::{
    exit_reason::ExitReason,
    node::Node,
    process::{self, Exit, Inbox},
    time,
};
use std::{future::pending, time::Duration};
use tokio::sync::oneshot;

rules! {
    async fn a_normal_signal_is_ignored_unless_trapped() {
        let plain = Probe::spawn();
        process::exit(plain.pid(), ExitReason::Normal);
        plain.run(|_| ()).await;
        let mut trapping = Probe::trapping().await;
        let from = plain.pid();
        let to = trapping.pid();
        plain.run(move |_| process::exit(to, ExitReason::Normal)).await;
        let exit = trapping.exit().await;
        assert_eq!((exit.from, exit.reason), (from, ExitReason::Normal));
    }

    async fn a_normal_signal_to_oneself_ends_unless_trapped() {
        let mut plain = Probe::spawn();
        let me = plain.pid();
        let ended = process::monitor(me);
        plain.run(move |_| process::exit(me, ExitReason::Normal)).await;
        assert_eq!(ended.await.reason, ExitReason::Normal);
        assert!(plain.next().await.is_none());
        let mut trapping = Probe::trapping().await;
        let me = trapping.pid();
        trapping.run(move |_| process::exit(me, ExitReason::Normal)).await;
        let exit = trapping.exit().await;
        assert_eq!((exit.from, exit.reason), (me, ExitReason::Normal));
    }

    async fn kill_is_seen_as_killed_and_cannot_be_trapped() {
        let mut linked = Probe::trapping().await;
        let victim = Probe::trapping().await;
        let pid = victim.pid();
        linked.run(move |_| process::link(pid)).await.unwrap();
        let ended = process::monitor(pid);
        process::kill(pid);
        assert_eq!(ended.await.reason, ExitReason::Killed);
        let exit = linked.exit().await;
        assert_eq!((exit.from, exit.reason), (pid, ExitReason::Killed));
    }

    async fn killed_over_a_link_can_be_trapped_and_else_kills_with_killed() {
        let plain = Probe::spawn();
        let victim = idle();
        plain.run(move |_| process::link(victim)).await.unwrap();
        let ended = process::monitor(plain.pid());
        process::kill(victim);
        assert_eq!(ended.await.reason, ExitReason::Killed);
    }

    async fn a_reason_kill_is_only_a_reason() {
        let kill = || ExitReason::other("kill");
        let mut trapping = Probe::trapping().await;
        process::exit(trapping.pid(), kill());
        assert_eq!(trapping.exit().await.reason, kill());
        let child = trapping
            .run(move |_| process::spawn_link(move |_: Inbox<()>| async move { process::exit_self(kill()) }))
            .await;
        let exit = trapping.exit().await;
        assert_eq!((exit.from, exit.reason), (child, kill()));
        let plain = idle();
        let ended = process::monitor(plain);
        process::exit(plain, kill());
        assert_eq!(ended.await.reason, kill());
    }

    async fn any_other_signal_ends_one_that_does_not_trap() {
        for reason in [ExitReason::Shutdown, ExitReason::Timeout, ExitReason::NoProc, ExitReason::other(1)] {
            let pid = idle();
            let ended = process::monitor(pid);
            process::exit(pid, reason.clone());
            assert_eq!(ended.await.reason, reason);
            let mut trapping = Probe::trapping().await;
            process::exit(trapping.pid(), reason.clone());
            assert_eq!(trapping.exit().await.reason, reason);
        }
    }

    async fn the_first_deadly_signal_counts() {
        let probe = Probe::spawn();
        let pid = probe.pid();
        let ended = process::monitor(pid);
        probe
            .run(move |_| {
                process::exit(pid, ExitReason::Shutdown);
                process::kill(pid);
                // Dead from here on, though it still runs.
                assert!(!process::is_alive(pid));
            })
            .await;
        assert_eq!(ended.await.reason, ExitReason::Shutdown);
    }

    async fn trap_exit_is_read_when_the_signal_arrives() {
        let mut probe = Probe::trapping().await;
        let pid = probe.pid();
        process::exit(pid, ExitReason::other(1));
        assert!(probe.run(|inbox| inbox.trap_exit(false)).await);
        assert!(!probe.run(|inbox| inbox.trap_exit(false)).await);
        assert_eq!(probe.exit().await.reason, ExitReason::other(1));
        let ended = process::monitor(pid);
        process::exit(pid, ExitReason::other(2));
        assert_eq!(ended.await.reason, ExitReason::other(2));
    }

    async fn one_that_is_doomed_is_not_alive_and_does_not_run_on() {
        let probe = Probe::spawn();
        let pid = probe.pid();
        assert!(process::is_alive(pid));
        process::kill(pid);
        assert!(!process::is_alive(pid));
        let (sender, receiver) = oneshot::channel::<()>();
        // It may be gone already; what is sent to it is dropped either way.
        drop(probe.to().send(Message::Do(Box::new(move |_| sender.send(()).unwrap()))));
        assert!(receiver.await.is_err());
    }

    async fn one_that_kills_itself_receives_no_more_in_the_same_poll() {
        let (tell, told) = oneshot::channel();
        process::spawn(|mut inbox: Inbox<u8>| async move {
            inbox.recipient().send(1).unwrap();
            process::kill(inbox.pid());
            tell.send(inbox.try_receive()).unwrap();
        });
        assert_eq!(told.await, Ok(None));
    }

    async fn one_that_waits_is_ended_where_it_waits() {
        let pid = process::spawn(|_: Inbox<()>| time::sleep(Duration::from_secs(3600)));
        // It sleeps: nothing else moves.
        time::sleep(Duration::from_secs(1)).await;
        let ended = process::monitor(pid);
        process::exit(pid, ExitReason::Shutdown);
        assert_eq!(ended.await.reason, ExitReason::Shutdown);
        assert_eq!(Node::current().now(), Duration::from_secs(1));
    }

    async fn the_dead_do_not_mind() {
        let pid = crate::support::dead().await;
        process::exit(pid, ExitReason::Shutdown);
        process::kill(pid);
        assert!(!process::is_alive(pid));
    }
}

/// So one that starts another one at once finds the names free of those that the first had started.
#[perennial::test]
async fn the_parent_hears_of_an_end_last() {
    let (tell, told) = oneshot::channel();
    process::spawn(|mut inbox: Inbox<Exit>| async move {
        inbox.trap_exit(true);
        let (ready, is_ready) = oneshot::channel();
        let child = process::spawn_link(|_: Inbox<()>| async move {
            ready.send(process::spawn_link(|_: Inbox<()>| pending::<()>())).unwrap();
            pending::<()>().await;
        });
        let helper = is_ready.await.unwrap();
        process::kill(child);
        inbox.receive().await;
        tell.send(Node::current().processes().contains(&helper)).unwrap();
    });
    assert!(!told.await.unwrap());
}
