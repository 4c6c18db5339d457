//! Turns, and the messages that are counted by their notifications, on one thread and on several (small enough for
//! miri).

#![cfg(not(loom))]

use perennial_cell::{Ended, Notified, PooledFuture, Turns};
use std::{
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
    thread,
};

const GO_ON: Ended = Ended { again: false, quiet: false };
const AGAIN: Ended = Ended { again: true, quiet: false };

#[test]
fn the_first_of_many_notifications_schedules_and_each_message_is_counted() {
    let turns = Turns::new((), None);
    assert_eq!(turns.claim().unwrap().end(None), GO_ON);
    for round in 1..=3 {
        assert_eq!(turns.notify_message(None), Notified::Schedule);
        assert_eq!(turns.notify(None), Notified::Known { quiet: false });
        assert_eq!(turns.notify_message(None), Notified::Known { quiet: false });
        assert_eq!(turns.messages(), 2 * round);
        assert_eq!(turns.begin().unwrap().end(None), GO_ON);
        assert_eq!(turns.messages(), 2 * round);
    }
}

#[test]
fn one_that_is_notified_during_a_turn_has_another_one() {
    let turns = Turns::new((), None);
    let first = turns.claim().unwrap();
    assert_eq!(turns.notify(None), Notified::Known { quiet: false });
    assert!(turns.begin().is_none() && turns.try_begin().is_none());
    assert_eq!(first.end(None), AGAIN);
    // Who ended it schedules; until then nobody else gets in between.
    assert!(turns.try_begin().is_none());
    assert_eq!(turns.begin().unwrap().end(None), GO_ON);
    assert_eq!(turns.try_begin().unwrap().end(None), GO_ON);
}

#[test]
fn a_reader_does_not_look_like_a_notification() {
    let turns = Turns::new((), None);
    let _ = turns.claim().unwrap().end(None);
    turns.set_reader();
    let turn = turns.try_begin().unwrap();
    assert!(turn.has_reader());
    // It was not woken, so it still waits.
    assert_eq!(turn.end(None), GO_ON);
    assert_eq!(turns.notify_message(None), Notified::Schedule);
    let turn = turns.begin().unwrap();
    assert!(turn.has_reader());
    turn.forget_reader();
    let _ = turn.end(None);
    assert!(!turns.try_begin().unwrap().has_reader());
}

#[test]
fn after_the_last_turn_there_is_none() {
    let turns = Turns::new((), None);
    let _ = turns.claim().unwrap().done(None);
    assert_eq!(turns.notify_message(None), Notified::Known { quiet: false });
    assert!(turns.begin().is_none() && turns.try_begin().is_none() && turns.claim().is_none());
}

#[test]
fn many_threads_take_turns() {
    let turns = Arc::new(Turns::new(0, None));
    let _ = turns.claim().unwrap().end(None);
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let turns = turns.clone();
            thread::spawn(move || {
                for _ in 0..100 {
                    let mut turn = loop {
                        match turns.try_begin() {
                            Some(turn) => break turn,
                            None => thread::yield_now(),
                        }
                    };
                    turn.with(|count| *count += 1);
                    let _ = turn.end(None);
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(turns.try_begin().unwrap().with(|count| *count), 400);
}

/// Polls once.
fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_pooled_future_runs_and_drops_what_it_holds() {
    let held = Arc::new(());
    let of_any_size = |size: usize| {
        let held = held.clone();
        let bytes = vec![0_u8; size];
        PooledFuture::new(async move {
            let waits: PooledFuture<'_, ()> = PooledFuture::new(std::future::pending());
            let _held = held;
            waits.await;
            bytes.len()
        })
    };
    for size in [0, 100, 5000] {
        let mut future = pin!(of_any_size(size));
        assert!(poll(future.as_mut()).is_pending());
    }
    assert_eq!(Arc::strong_count(&held), 1);
    // Larger than what is kept, aligned to more than what is kept, and without a size.
    #[repr(align(64))]
    struct Wide([u8; 4096]);
    let wide = Wide([7; 4096]);
    assert_eq!(poll(pin!(PooledFuture::new(async move { usize::from(wide.0[1]) }))), Poll::Ready(7));
    assert_eq!(poll(pin!(PooledFuture::new(std::future::ready(())))), Poll::Ready(()));
    // By another thread than made it.
    let there = PooledFuture::new(async { 1 });
    assert_eq!(thread::spawn(move || poll(pin!(there))).join().unwrap(), Poll::Ready(1));
}
