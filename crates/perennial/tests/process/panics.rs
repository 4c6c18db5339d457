//! Panics and `exit_self`: P10, P36, P37.

use crate::support::{Probe, gone, idle};
use perennial::{
    exit_reason::ExitReason,
    node::Node,
    process::{self, Exit, Inbox},
};
use std::future::pending;

struct PanicInDrop;

impl Drop for PanicInDrop {
    fn drop(&mut self) {
        panic!("in drop");
    }
}

fn deep(depth: u32) {
    if depth == 0 {
        process::exit_self(ExitReason::other("from below"));
    }
    deep(depth - 1);
}

rules! {
    async fn a_panic_is_a_reason_with_message_and_location() {
        let line = line!() + 1;
        let (_, ended) = process::spawn_monitor(|_: Inbox<()>| async { panic!("no {}", 7) });
        let ExitReason::Panic(report) = ended.await.reason else { panic!("it panics") };
        assert_eq!(report.message(), "no 7");
        let location = report.location().unwrap();
        assert!(location.contains("panics.rs") && location.contains(&line.to_string()), "{location}");
    }

    async fn exit_self_from_depth() {
        let mut probe = Probe::trapping().await;
        let child = probe
            .run(|_| {
                process::spawn_link(|_: Inbox<()>| async {
                    deep(10);
                })
            })
            .await;
        let exit = probe.exit().await;
        assert_eq!((exit.from, exit.reason), (child, ExitReason::other("from below")));
    }

    async fn a_returned_error_is_the_reason() {
        let (_, ended) = process::spawn_monitor(|_: Inbox<()>| async { "x".parse::<u32>().map(drop) });
        assert_eq!(ended.await.reason.to_string(), "invalid digit found in string");
        let (_, ended) = process::spawn_monitor(|_: Inbox<()>| async { Ok::<_, ExitReason>(ExitReason::Shutdown) });
        assert_eq!(ended.await.reason, ExitReason::Shutdown);
    }

    async fn a_panic_in_drop_keeps_the_reason() {
        let pid = process::spawn(|_: Inbox<()>| async {
            let _bad = PanicInDrop;
            pending::<()>().await;
        });
        process::register("bad", pid).unwrap();
        let ended = process::monitor(pid);
        // It has to be inside, else there is nothing to drop.
        Node::current().settled().await;
        process::exit(pid, ExitReason::Shutdown);
        assert_eq!(ended.await.reason, ExitReason::Shutdown);
        assert_eq!(process::whereis("bad"), None);
    }

    async fn messages_that_panic_in_drop_keep_the_reason_and_all_are_dropped() {
        let dropped = std::sync::Arc::new(());
        let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
        let to = process::spawn_receiver(|mut inbox: Inbox<(PanicInDrop, std::sync::Arc<()>)>| async move {
            receiver.await.unwrap();
            // Takes the first, and has the others at hand.
            std::mem::forget(inbox.receive().await.0);
            pending::<()>().await;
        });
        for _ in 0..5 {
            to.send((PanicInDrop, dropped.clone())).unwrap_or_else(|_| panic!("alive"));
        }
        sender.send(()).unwrap();
        Node::current().settled().await;
        for _ in 0..5 {
            to.send((PanicInDrop, dropped.clone())).unwrap_or_else(|_| panic!("alive"));
        }
        let ended = process::monitor(to.pid());
        process::exit(to.pid(), ExitReason::Shutdown);
        assert_eq!(ended.await.reason, ExitReason::Shutdown);
        assert_eq!(std::sync::Arc::strong_count(&dropped), 1);
    }

    async fn a_panic_before_it_first_runs_is_its_end() {
        let mut probe = Probe::trapping().await;
        let child = probe
            .run(|_| {
                process::spawn_link(|_: Inbox<()>| {
                    if true {
                        panic!("early");
                    }
                    pending::<()>()
                })
            })
            .await;
        let exit = probe.exit().await;
        assert_eq!(exit.from, child);
        assert!(matches!(exit.reason, ExitReason::Panic(report) if report.message() == "early"));
        assert_eq!(Node::current().count_processes(), 1);
    }

    async fn an_error_that_panics_when_it_is_shown_ends_as_any_other() {
        #[derive(Debug)]
        struct Shy;
        impl std::fmt::Display for Shy {
            fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                panic!("do not look at me");
            }
        }
        impl std::error::Error for Shy {}
        let _listening = tracing::subscriber::set_default(ShowEverything);
        let (_, ended) = process::spawn_monitor(|_: Inbox<()>| async { Err::<(), _>(Shy) });
        assert!(matches!(ended.await.reason, ExitReason::Error(_)));
        Node::current().settled().await;
        assert_eq!(Node::current().count_processes(), 0);
    }

    async fn one_who_is_woken_and_panics_does_not_stop_the_last_acts() {
        use std::{pin::pin, sync::Arc, task::{Context, Wake, Waker}};
        struct Bad;
        impl Wake for Bad {
            fn wake(self: Arc<Self>) {
                panic!("not awake");
            }
        }
        let pid = idle();
        let waker = Waker::from(Arc::new(Bad));
        let mut monitor = pin!(process::monitor(pid));
        assert!(monitor.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        let mut linked = Probe::trapping().await;
        linked.run(move |_| process::link(pid)).await.unwrap();
        process::kill(pid);
        let Exit { from, reason, .. } = linked.exit().await;
        assert_eq!((from, reason), (pid, ExitReason::Killed));
        // Out of the table after that, which is the last thing that could be seen.
        gone(pid).await;
    }
}

/// A subscriber that formats all fields.
struct ShowEverything;

impl tracing::Subscriber for ShowEverything {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        event
            .record(&mut |_: &tracing::field::Field, value: &dyn std::fmt::Debug| drop(format!("{value:?}")));
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}
