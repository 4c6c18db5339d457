//! Timers: P24 to P26.

use crate::support::{Message, Probe};
use perennial::{
    node::Node,
    process::{self, Inbox, Timer},
    time,
};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

const SECOND: Duration = Duration::from_secs(1);

fn now() -> Duration {
    Node::current().now()
}

rules! {
    async fn send_after() {
        let mut probe = Probe::spawn();
        let timer = probe.run(|inbox| inbox.send_after(SECOND, Message::Number(7))).await;
        assert_eq!(timer.read(), Some(SECOND));
        assert_eq!(probe.number().await, 7);
        assert_eq!(now(), SECOND);
        assert_eq!(timer.read(), None);
        assert_eq!(timer.cancel(), None);
    }

    async fn a_timer_of_zero_is_asynchronous() {
        let mut probe = Probe::spawn();
        probe
            .run(|inbox| {
                inbox.send_after(Duration::ZERO, Message::Number(1));
                assert!(inbox.try_receive().is_none());
            })
            .await;
        assert_eq!(probe.number().await, 1);
        assert_eq!(now(), Duration::ZERO);
    }

    async fn read_and_cancel() {
        let mut probe = Probe::spawn();
        let timer = probe.to().send_after(SECOND * 3, Message::Number(1));
        time::sleep(SECOND).await;
        assert_eq!(timer.read(), Some(SECOND * 2));
        assert_eq!(timer.cancel(), Some(SECOND * 2));
        assert_eq!(timer.read(), None);
        assert_eq!(timer.cancel(), None);
        time::sleep(SECOND * 10).await;
        assert!(probe.received_nothing().await);
    }

    async fn a_node_counts_the_timers_that_run() {
        let count = || Node::current().count_timers();
        let probe = Probe::spawn();
        let timer = probe.to().send_after(SECOND, Message::Number(1));
        probe.to().send_after(SECOND * 2, Message::Number(2));
        assert_eq!(count(), 2);
        assert_eq!(time::timeout(SECOND / 2, std::future::ready(1)).await, Ok(1));
        assert_eq!(count(), 2, "a wait that is over leaves none");
        timer.cancel();
        assert_eq!(count(), 1);
        let down = process::monitor(probe.to().pid());
        process::kill(probe.to().pid());
        down.await;
        assert_eq!(count(), 0, "a timer for a process goes with it");
    }

    async fn interval() {
        let mut probe = Probe::spawn();
        let to = process::spawn_receiver(|mut inbox: Inbox<u32>| {
            let probe = probe.to().clone();
            async move {
                let timer = inbox.send_interval(SECOND, 5);
                for _ in 0..3 {
                    assert!(probe.send(Message::Number(inbox.receive().await)).is_ok());
                }
                assert_eq!(timer.read(), Some(SECOND));
                assert_eq!(timer.cancel(), Some(SECOND));
                inbox.receive().await;
            }
        });
        for n in 1..=3 {
            assert_eq!(probe.number().await, 5);
            assert_eq!(now(), SECOND * n);
        }
        time::sleep(SECOND * 10).await;
        assert!(probe.received_nothing().await);
        assert!(process::is_alive(to.pid()));
    }

    async fn an_interval_that_is_cancelled_while_it_fires_ends() {
        #[derive(Default)]
        struct Cancelling(Arc<Mutex<Option<Timer>>>);
        impl Clone for Cancelling {
            fn clone(&self) -> Self {
                if let Some(timer) = self.0.lock().unwrap().take() {
                    timer.cancel();
                }
                Self(self.0.clone())
            }
        }
        let count = Arc::new(std::sync::atomic::AtomicU32::new(0));
        let counter = count.clone();
        process::spawn(move |mut inbox: Inbox<Cancelling>| async move {
            let message = Cancelling::default();
            let slot = message.0.clone();
            *slot.lock().unwrap() = Some(inbox.send_interval(SECOND, message));
            loop {
                inbox.receive().await;
                counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
        });
        time::sleep(SECOND * 10).await;
        assert!(count.load(std::sync::atomic::Ordering::Relaxed) <= 1);
    }

    async fn an_interval_whose_message_panics_ends_and_time_goes_on() {
        struct Fragile;
        impl Clone for Fragile {
            fn clone(&self) -> Self {
                panic!("not cloned");
            }
        }
        let pid = process::spawn(|mut inbox: Inbox<Fragile>| async move {
            inbox.send_interval(SECOND, Fragile);
            inbox.receive().await;
        });
        time::sleep(SECOND * 10).await;
        assert_eq!(now(), SECOND * 10);
        process::kill(pid);
    }

    async fn an_interval_keeps_its_beat() {
        // Each tick is counted from the one before it was due, not from when it came.
        let (sender, receiver) = tokio::sync::oneshot::channel();
        process::spawn(|mut inbox: Inbox<()>| async move {
            inbox.send_interval(SECOND * 2, ());
            let mut beats = Vec::new();
            for _ in 0..3 {
                inbox.receive().await;
                beats.push(now());
                time::sleep(SECOND).await;
            }
            sender.send(beats).unwrap();
        });
        assert_eq!(receiver.await.unwrap(), [SECOND * 2, SECOND * 4, SECOND * 6]);
    }

    async fn an_interval_of_zero_is_the_callers_mistake() {
        let (_, ended) = process::spawn_monitor(|inbox: Inbox<()>| async move {
            inbox.send_interval(Duration::ZERO, ());
            std::future::pending::<()>().await;
        });
        let reason = ended.await.reason;
        assert!(reason.to_string().contains("a period of zero"), "{reason}");
    }

    async fn timers_go_with_their_process() {
        let probe = Probe::spawn();
        let value = Arc::new(());
        let kept = value.clone();
        let timer = probe
            .run(move |inbox| {
                let work = Box::new(move |_: &mut Inbox<Message>| drop(kept));
                inbox.send_after(SECOND * 3600, Message::Do(work))
            })
            .await;
        assert_eq!(Arc::strong_count(&value), 2);
        process::kill(probe.pid());
        process::monitor(probe.pid()).await;
        assert_eq!(Arc::strong_count(&value), 1);
        assert_eq!(timer.cancel(), None);
    }

    async fn a_timer_set_by_the_dying_goes_too() {
        struct SetTimer(process::Recipient<Arc<()>>, Arc<()>);
        impl Drop for SetTimer {
            fn drop(&mut self) {
                self.0.send_after(SECOND * 3600, self.1.clone());
            }
        }
        let value = Arc::new(());
        let message = value.clone();
        let to = process::spawn_receiver(|inbox: Inbox<Arc<()>>| async move {
            // Dropped with the row of its mailbox, and once more after its timers are gone.
            let _last = SetTimer(inbox.recipient(), message);
            std::future::pending::<()>().await;
        });
        Node::current().settled().await;
        process::kill(to.pid());
        process::monitor(to.pid()).await;
        Node::current().settled().await;
        assert_eq!(Arc::strong_count(&value), 1);
    }
}
