//! Streams of tasks: T12 to T17.

use crate::support::{as_process, boom, forever, odd, secs, settle, slow};
use futures_util::{StreamExt, TryStreamExt};
use perennial::{
    node::Node,
    prelude::*,
    task::{self, OnTimeout, StreamError, StreamOptions},
};
use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
};

const DEFAULT: fn() -> StreamOptions = StreamOptions::default;

fn at_once(max_concurrency: usize) -> StreamOptions {
    StreamOptions { max_concurrency, timeout: None, ..DEFAULT() }
}

fn ok(results: impl IntoIterator<Item = u64>) -> Vec<Result<u64, StreamError>> {
    results.into_iter().map(Ok).collect()
}

fn exit<T>(reason: ExitReason) -> Result<T, StreamError> {
    Err(StreamError::Exit(reason))
}

rules! {
    async fn a_stream_gives_results_in_the_order_of_the_items() {
        for n in [1, 2, 4, 8] {
            let stream = task::async_stream([4, 3, 2, 1], slow, at_once(n));
            assert_eq!(stream.collect::<Vec<_>>().await, ok([4, 3, 2, 1]), "{n}");
            let empty = task::async_stream([], slow, at_once(n));
            assert_eq!(empty.collect::<Vec<_>>().await, []);
        }
    }

    async fn a_stream_may_give_results_as_they_come() {
        for (n, expected) in [(1, [4, 3, 2, 1]), (4, [1, 2, 3, 4])] {
            let options = StreamOptions { ordered: false, ..at_once(n) };
            let stream = task::async_stream([4, 3, 2, 1], slow, options);
            assert_eq!(stream.collect::<Vec<_>>().await, ok(expected), "{n}");
        }
    }

    async fn a_stream_is_lazy_and_takes_an_item_when_a_task_may_run() {
        let taken = Arc::new(AtomicUsize::new(0));
        let count = taken.clone();
        let items = (1..=10).inspect(move |_| {
            count.fetch_add(1, Ordering::SeqCst);
        });
        let mut stream = task::async_stream(items, slow, at_once(2));
        settle().await;
        assert_eq!(taken.load(Ordering::SeqCst), 0);
        let expected = [(1, 2), (2, 3), (3, 4)];
        for (result, so_far) in expected {
            assert_eq!(stream.next().await, Some(Ok(result)));
            assert_eq!(taken.load(Ordering::SeqCst), so_far);
        }
    }

    async fn no_more_tasks_run_than_may() {
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let work = {
            let (running, most) = (running.clone(), most.clone());
            move |seconds| {
                let (running, most) = (running.clone(), most.clone());
                async move {
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    slow(seconds).await;
                    running.fetch_sub(1, Ordering::SeqCst);
                }
            }
        };
        let stream = task::async_stream((0..50).map(|n| n % 5), work, at_once(3));
        assert_eq!(stream.count().await, 50);
        assert_eq!(most.load(Ordering::SeqCst), 3);
    }

    async fn others_go_on_while_the_first_is_slow() {
        let before = Node::current().now();
        let stream = task::async_stream([10, 1, 1, 1, 1, 1], slow, at_once(2));
        assert_eq!(stream.collect::<Vec<_>>().await, ok([10, 1, 1, 1, 1, 1]));
        assert_eq!(Node::current().now() - before, secs(10));
    }

    #[allow(clippy::unused_async, reason = "the macro asks for it")]
    async fn a_stream_that_may_run_no_task_is_a_mistake() {
        let made = std::panic::catch_unwind(|| drop(task::async_stream([1], slow, at_once(0))));
        assert!(made.is_err());
    }

    async fn a_failure_is_an_item_where_nobody_is_linked() {
        let stream = task::async_stream([1, 2], |_| odd(), at_once(2));
        assert_eq!(stream.collect::<Vec<_>>().await, [exit(boom()), exit(boom())]);
        let normal = |_| async { process::exit_self(ExitReason::Normal) };
        let stream = task::async_stream([1], normal, at_once(2)).map_ok(|()| ());
        assert_eq!(stream.collect::<Vec<_>>().await, [exit(ExitReason::Normal)]);
        let panics = |n: u64| async move { assert_eq!(n, 2, "on purpose") };
        let stream = task::async_stream([1, 2], panics, at_once(2));
        let results: Vec<_> = stream.collect().await;
        assert!(matches!(results[..], [Err(StreamError::Exit(ExitReason::Panic(_))), Ok(())]), "{results:?}");
    }

    async fn a_failure_is_an_item_and_no_message_to_a_reader_that_traps() {
        let seen = as_process(|mut inbox| async move {
            inbox.trap_exit(true);
            let stream = task::async_stream([1, 2, 3], |_| odd(), at_once(2));
            let results: Vec<_> = stream.collect().await;
            settle().await;
            (results, inbox.try_receive().map(|exit| exit.reason), process::links(inbox.pid()))
        });
        assert_eq!(seen.await, Ok((vec![exit(boom()), exit(boom()), exit(boom())], None, vec![])));
    }

    async fn a_reader_that_does_not_trap_fails_with_a_task_and_does_not_see_it() {
        for _ in 0..50 {
            let seen = as_process(|_| async {
                task::async_stream([1], |_| odd(), at_once(2)).collect::<Vec<_>>().await
            });
            assert_eq!(seen.await, Err(boom()));
        }
    }

    async fn a_reader_that_does_not_trap_fails_also_while_it_does_not_read() {
        let seen = as_process(|_| async {
            let late = |n| async move {
                slow(n).await;
                if n == 2 { odd().await } else { 1 }
            };
            let mut stream = task::async_stream([1, 2], late, at_once(2));
            assert_eq!(stream.next().await, Some(Ok(1)));
            forever().await;
        });
        assert_eq!(seen.await, Err(boom()));
    }

    async fn a_task_that_takes_too_long_ends_the_stream() {
        for ordered in [true, false] {
            let seen = as_process(move |mut inbox| async move {
                inbox.trap_exit(true);
                let before = Node::current().now();
                let options = StreamOptions { timeout: Some(secs(3)), ordered, ..at_once(2) };
                let stream = task::async_stream([1, 60, 1, 2, 1], slow, options);
                let results: Vec<_> = stream.collect().await;
                settle().await;
                let left = Node::current().count_processes();
                (results, Node::current().now() - before, left, inbox.try_receive().is_some())
            });
            let expected = if ordered {
                vec![Ok(1), Err(StreamError::Timeout)]
            } else {
                vec![Ok(1), Ok(1), Err(StreamError::Timeout)]
            };
            let (results, took, left, message) = seen.await.unwrap();
            assert_eq!((results, took, left, message), (expected, secs(3), 1, false), "{ordered}");
        }
    }

    async fn a_task_that_takes_too_long_may_be_killed_and_the_stream_go_on() {
        let options = StreamOptions { timeout: Some(secs(3)), on_timeout: OnTimeout::KillTask, ..at_once(2) };
        let stream = task::async_stream([60, 1, 60, 1], slow, options);
        let late = || Err(StreamError::Timeout);
        assert_eq!(stream.collect::<Vec<_>>().await, [late(), Ok(1), late(), Ok(1)]);
        let options = StreamOptions { ordered: false, max_concurrency: 4, ..options };
        let stream = task::async_stream([60, 1, 60, 1], slow, options);
        assert_eq!(stream.collect::<Vec<_>>().await, [Ok(1), Ok(1), late(), late()]);
        assert_eq!(Node::current().count_processes(), 0);
    }

    async fn the_reader_hears_nothing_of_the_kill_of_a_late_task() {
        let seen = as_process(|_| async {
            let options = StreamOptions { timeout: Some(secs(3)), on_timeout: OnTimeout::KillTask, ..at_once(2) };
            let results: Vec<_> = task::async_stream([60, 1], slow, options).collect().await;
            settle().await;
            results
        });
        assert_eq!(seen.await, Ok(vec![Err(StreamError::Timeout), Ok(1)]));
    }

    async fn each_task_has_its_own_time() {
        let options = StreamOptions { timeout: Some(secs(3)), ..at_once(1) };
        let stream = task::async_stream([2, 2, 2], slow, options);
        assert_eq!(stream.collect::<Vec<_>>().await, ok([2, 2, 2]));
    }

    async fn an_error_may_come_with_its_item() {
        let options = StreamOptions { timeout: Some(secs(3)), on_timeout: OnTimeout::KillTask, ..at_once(4) };
        let work = |n| async move { if n == 2 { u64::from(odd().await) } else { slow(n).await } };
        let stream = task::async_stream([1, 2, 60], work, options).zip_input_on_exit();
        let expected = [Ok(1), Err((2, StreamError::Exit(boom()))), Err((60, StreamError::Timeout))];
        assert_eq!(stream.collect::<Vec<_>>().await, expected);
    }

    async fn a_stream_that_is_dropped_kills_its_tasks_and_leaves_nothing_behind() {
        for trap in [true, false] {
            let seen = as_process(move |mut inbox| async move {
                inbox.trap_exit(trap);
                let work = |n| async move {
                    if n > 0 {
                        forever().await;
                    }
                    n
                };
                let stream = task::async_stream([0, 1, 2, 3], work, at_once(4));
                let results: Vec<_> = stream.take(1).collect().await;
                settle().await;
                let left = (Node::current().count_processes(), process::links(inbox.pid()));
                (results, left, inbox.try_receive().is_some())
            });
            assert_eq!(seen.await, Ok((vec![Ok(0)], (1, vec![]), false)));
        }
    }

    async fn the_end_of_the_reader_ends_its_tasks() {
        for trap in [true, false] {
            let reader = process::spawn(move |inbox: Inbox<Exit>| {
                inbox.trap_exit(trap);
                async { task::async_stream([1, 2], |_| forever(), at_once(2)).count().await; }
            });
            settle().await;
            assert_eq!(Node::current().count_processes(), 3);
            process::kill(reader);
            settle().await;
            assert_eq!(Node::current().count_processes(), 0);
        }
    }

    async fn a_stream_is_read_where_it_is_polled() {
        let mut stream = task::async_stream([1, 2], slow, at_once(2));
        let reader = as_process(|_| async move { stream.next().await });
        assert_eq!(reader.await, Ok(Some(Ok(1))));
    }

    async fn a_stream_that_is_over_stays_so() {
        let mut stream = task::async_stream([1], slow, at_once(2));
        assert_eq!(stream.next().await, Some(Ok(1)));
        assert_eq!((stream.next().await, stream.next().await), (None, None));
    }

    async fn a_stream_of_very_many() {
        let stream = task::async_stream(0..2000, |n| async move { n }, at_once(500));
        assert_eq!(stream.try_collect::<Vec<u64>>().await, Ok((0..2000).collect()));
    }

    async fn to_ask_for_inputs_of_a_stream_that_runs_is_a_mistake() {
        let mut stream = task::async_stream([1], slow, at_once(2));
        let polled = poll_fn(|cx| Poll::Ready(stream.poll_next_unpin(cx).is_ready())).await;
        assert!(!polled);
        let zipped = std::panic::AssertUnwindSafe(|| drop(stream.zip_input_on_exit()));
        assert!(std::panic::catch_unwind(zipped).is_err());
    }
}
