//! What can be seen of a process: P29, P31, P32.

use crate::support::{Probe, dead, idle};
use perennial::{
    exit_reason::ExitReason,
    node::{EventKind, Node, SignalKind},
    process::{self, Inbox},
    time,
};
use std::time::Duration;

rules! {
    async fn info() {
        let probe = Probe::trapping().await;
        let pid = probe.pid();
        let peer = idle();
        probe.run(move |_| process::link(peer)).await.unwrap();
        process::register("probe", pid).unwrap();
        let monitor = process::monitor(pid);
        let info = process::info(pid).unwrap();
        assert_eq!(info.pid, pid);
        assert_eq!(info.name.as_deref(), Some("probe"));
        assert_eq!(info.links, [peer]);
        assert_eq!(info.monitored_by, 1);
        assert!(info.trap_exit);
        assert_eq!((info.mailbox_len, info.messages), (0, 2));
        assert!(info.behaviour.contains("Probe::spawn"), "{}", info.behaviour);
        assert_eq!((info.parent, info.label), (None, None));
        drop(monitor);
        assert!(process::info(dead().await).is_none());
    }

    async fn what_waits_in_the_mailbox_is_counted() {
        let to = process::spawn_receiver(|_: Inbox<u32>| std::future::pending::<()>());
        for n in 0..3 {
            to.send(n).unwrap();
        }
        // It is exact while the process waits.
        Node::current().settled().await;
        assert_eq!(process::info(to.pid()).unwrap().mailbox_len, 3);
    }

    async fn what_was_taken_out_of_the_mailbox_is_counted() {
        let to = process::spawn_receiver(|mut inbox: Inbox<u32>| async move {
            inbox.receive().await;
            std::future::pending::<()>().await;
        });
        for n in 0..3 {
            to.send(n).unwrap();
        }
        Node::current().settled().await;
        let info = process::info(to.pid()).unwrap();
        assert_eq!((info.mailbox_len, info.messages), (2, 1));
    }

    async fn labels() {
        let probe = Probe::spawn();
        probe.run(|_| process::set_label("first")).await;
        probe.run(|_| process::set_label(String::from("second"))).await;
        assert_eq!(process::info(probe.pid()).unwrap().label.as_deref(), Some("second"));
    }

    async fn busy_time_is_measured_while_somebody_observes() {
        let node = Node::current();
        node.observe(true);
        let probe = Probe::spawn();
        time::sleep(Duration::from_secs(1)).await;
        probe.run(|_| ()).await;
        node.settled().await;
        let info = process::info(probe.pid()).unwrap();
        // On a paused clock no time passes during a poll.
        assert_eq!((info.busy, info.last_activity), (Duration::ZERO, Duration::from_secs(1)));
    }

    async fn who_was_there_before_is_observed_until_nobody_looks() {
        let node = Node::current();
        let probe = Probe::spawn();
        let last_activity = async || {
            time::sleep(Duration::from_secs(1)).await;
            probe.run(|_| ()).await;
            node.settled().await;
            process::info(probe.pid()).unwrap().last_activity.as_secs()
        };
        assert_eq!(last_activity().await, 0);
        node.observe(true);
        assert_eq!(last_activity().await, 2);
        assert_eq!(last_activity().await, 3);
        node.observe(false);
        assert_eq!(last_activity().await, 3);
        node.observe(true);
        assert_eq!(last_activity().await, 5);
    }

    async fn each_exit_has_its_cause() {
        let mut events = Node::current().events();
        let victim = idle();
        let linked = Probe::spawn();
        linked.run(move |_| process::link(victim)).await.unwrap();
        let ended = process::monitor(linked.pid());
        process::exit(victim, ExitReason::other("boom"));
        ended.await;
        let mut seen = Vec::new();
        while let Some(event) = events.try_next().unwrap() {
            if !matches!(event.kind, EventKind::Start { .. }) {
                seen.push(event);
            }
        }
        let (first, second) = (victim, linked.pid());
        let boom = || ExitReason::other("boom");
        let kinds: Vec<_> = seen.iter().map(|event| (event.pid, event.kind.clone())).collect();
        let EventKind::Signal { from: outside, .. } = kinds[0].1 else { panic!("a signal comes first") };
        let signal = |signal, from| EventKind::Signal { from, signal, reason: boom() };
        let exit = || EventKind::Exit { reason: boom() };
        assert_eq!(
            kinds,
            [
                (first, signal(SignalKind::Exit, outside)),
                (first, exit()),
                (second, signal(SignalKind::Link, first)),
                (second, exit()),
            ]
        );
        let causes: Vec<_> = seen.iter().map(|event| event.cause).collect();
        assert_eq!(causes, [None, Some(seen[0].id), Some(seen[1].id), Some(seen[2].id)]);
    }

    async fn one_that_traps_can_ask_for_the_cause() {
        let mut events = Node::current().events();
        let mut probe = Probe::trapping().await;
        process::exit(probe.pid(), ExitReason::Shutdown);
        let cause = probe.exit().await.cause();
        loop {
            let event = events.next().await.unwrap();
            if matches!(event.kind, EventKind::Signal { .. }) {
                assert_eq!(Some(event.id), cause);
                return;
            }
        }
    }
}

#[perennial::test(paused)]
async fn one_who_listens_too_slowly_is_told() {
    let mut events = Node::current().events();
    let probe = Probe::trapping().await;
    for _ in 0..5000 {
        process::exit(probe.pid(), ExitReason::Normal);
    }
    assert!(matches!(events.next().await, Err(missed) if missed.0 >= 900));
    assert!(events.next().await.is_ok());
}
