//! The paused clock: it stands still while anything moves.

use crate::support::{Message, Probe};
use perennial::{
    node::{Node, Time},
    process::{self, Inbox},
    time,
};
use std::{
    future::{pending, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

const HOUR: Duration = Duration::from_secs(3600);

fn now() -> Duration {
    Node::current().now()
}

rules! {
    async fn a_paused_clock_moves_to_the_next_timer_when_nothing_moves() {
        time::sleep(HOUR).await;
        assert_eq!(now(), HOUR);
    }

    async fn a_paused_clock_stands_still_while_a_process_runs() {
        let late = Arc::new(AtomicBool::new(false));
        let flag = late.clone();
        process::spawn(move |_: Inbox<()>| async move {
            time::sleep(Duration::from_nanos(1)).await;
            flag.store(true, Ordering::Relaxed);
        });
        let busy = process::spawn(|_: Inbox<()>| async {
            // Each of these two ends a poll.
            for _ in 0..100 {
                let (sender, receiver) = tokio::sync::oneshot::channel();
                process::spawn(|_: Inbox<()>| async { sender.send(()).unwrap() });
                receiver.await.unwrap();
            }
        });
        // Nobody may sleep before `busy` is done, except for the one who sleeps from the first on.
        process::monitor(busy).await;
        assert!(!late.load(Ordering::Relaxed));
        assert_eq!(now(), Duration::ZERO);
    }

    async fn one_who_yields_can_run() {
        let yielding = process::spawn(|_: Inbox<()>| async {
            for _ in 0..1000 {
                tokio::task::yield_now().await;
            }
        });
        assert!(time::timeout(Duration::from_nanos(1), process::monitor(yielding)).await.is_ok());
        assert_eq!(now(), Duration::ZERO);
    }

    async fn one_whose_budget_is_used_up_can_run() {
        let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
        for n in 0..10_000 {
            sender.send(n).unwrap();
        }
        let draining = process::spawn(|_: Inbox<()>| async move {
            for n in 0..10_000 {
                assert_eq!(receiver.recv().await, Some(n));
            }
        });
        assert!(time::timeout(Duration::from_nanos(1), process::monitor(draining)).await.is_ok());
        assert_eq!(now(), Duration::ZERO);
    }

    async fn timers_fire_in_order() {
        let mut probe = Probe::spawn();
        for n in [3, 1, 2] {
            probe.to().send_after(Duration::from_secs(n.into()), Message::Number(n));
        }
        // The same deadline: in the order in which they were set.
        probe.to().send_after(Duration::from_secs(3), Message::Number(4));
        for n in 1..=4 {
            assert_eq!(probe.number().await, n);
        }
        assert_eq!(now(), Duration::from_secs(3));
    }

    async fn a_sleep_without_end_does_not_end_time() {
        let sleeping = process::spawn(|_: Inbox<()>| time::sleep(Duration::MAX));
        time::sleep(HOUR).await;
        assert!(process::is_alive(sleeping));
        Node::current().settled().await;
        assert_eq!(now(), HOUR);
    }

    async fn settled_waits_for_all_that_can_run_and_time_does_not_pass() {
        let count = Arc::new(AtomicU32::new(0));
        for _ in 0..10 {
            let count = count.clone();
            process::spawn(move |_: Inbox<()>| async move {
                tokio::task::yield_now().await;
                count.fetch_add(1, Ordering::Relaxed);
                time::sleep(HOUR).await;
            });
        }
        Node::current().settled().await;
        assert_eq!(count.load(Ordering::Relaxed), 10);
        assert_eq!(now(), Duration::ZERO);
    }

    async fn a_settled_that_is_dropped_leaves_no_count() {
        let node = Node::current();
        for _ in 0..10 {
            let mut settled = pin!(node.settled());
            poll_fn(|cx| {
                let _ = settled.as_mut().poll(cx);
                Poll::Ready(())
            })
            .await;
        }
        time::sleep(HOUR).await;
    }

    async fn two_wait_until_nothing_moves_and_one_drops_the_other() {
        struct DropOther(std::sync::Mutex<Option<std::pin::Pin<Box<dyn Future<Output = ()> + Send>>>>);
        impl Wake for DropOther {
            fn wake(self: Arc<Self>) {
                let other = self.0.lock().unwrap().take();
                drop(other);
            }
        }
        let node = Node::current();
        let dropper = Arc::new(DropOther(std::sync::Mutex::new(None)));
        let waker = Waker::from(dropper.clone());
        let mut first = Box::pin(node.settled());
        assert!(first.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        let mut second = Box::pin(node.settled());
        assert!(second.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        *dropper.0.lock().unwrap() = Some(second);
        // A third, of ours, to see that they have been told.
        node.settled().await;
        drop(first);
        time::sleep(HOUR).await;
    }

    async fn a_hold_stops_the_clock() {
        let hold = Node::current().hold();
        let sleeping = process::spawn(|_: Inbox<()>| time::sleep(HOUR));
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(process::is_alive(sleeping));
        drop(hold);
        process::monitor(sleeping).await;
        assert_eq!(now(), HOUR);
    }

    async fn a_counted_future_holds_the_clock_until_it_is_polled() {
        let node = Node::current();
        let counted = node.counted(async { now() });
        let other = process::spawn(|_: Inbox<()>| time::sleep(HOUR));
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(counted.await, Duration::ZERO);
        process::monitor(other).await;
        assert_eq!(now(), HOUR);
    }

    async fn a_counted_future_that_is_dropped_or_panics_leaves_no_count() {
        let node = Node::current();
        drop(node.counted(pending::<()>()));
        let task = tokio::spawn(node.counted(async { panic!("on purpose") }));
        assert!(task.await.unwrap_err().is_panic());
        let task = tokio::spawn(node.counted(pending::<()>()));
        tokio::task::yield_now().await;
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        time::sleep(HOUR).await;
    }

    async fn a_plain_task_that_is_not_counted_may_sleep() {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        tokio::spawn(async move {
            Node::current().settled().await;
            time::sleep(HOUR).await;
            sender.send(now()).unwrap();
        });
        assert_eq!(receiver.await, Ok(HOUR));
    }

    async fn a_process_that_panics_leaves_no_count() {
        let pid = process::spawn(|_: Inbox<()>| async { panic!("on purpose") as () });
        process::monitor(pid).await;
        time::sleep(HOUR).await;
    }

    async fn a_timeout_gives_way_to_what_is_ready_in_time() {
        let quick = time::timeout(HOUR, async { 7 }).await;
        assert_eq!(quick, Ok(7));
        assert_eq!(time::timeout(HOUR, pending::<()>()).await, Err(time::Elapsed));
        assert_eq!(now(), HOUR);
    }
}

#[test]
fn the_clock_of_a_thread_that_is_not_counted_moves_too() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let node = {
        let _guard = runtime.enter();
        Node::new(Time::Paused)
    };
    let (sender, receiver) = std::sync::mpsc::channel();
    let _entered = node.enter();
    let to = process::spawn_receiver(move |mut inbox: Inbox<u32>| async move {
        loop {
            sender.send(inbox.receive().await).unwrap();
        }
    });
    to.send(1).unwrap();
    assert_eq!(receiver.recv(), Ok(1));
    // The node is at rest now, or soon; either way somebody has to notice the timer.
    to.send_after(HOUR, 2);
    assert_eq!(receiver.recv(), Ok(2));
    assert_eq!(node.now(), HOUR);
}
