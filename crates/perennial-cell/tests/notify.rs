//! Wake-ups and what is counted by them, on one thread.

#![cfg(not(loom))]

use perennial_cell::Notify;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Wake, Waker},
};

struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn the_first_of_many_notifications_wakes_and_each_message_is_counted() {
    let count = Arc::new(Count(AtomicUsize::new(0)));
    let waker = Waker::from(count.clone());
    let notify = Notify::new(None);
    for round in 1..=3 {
        let polled = notify.begin(&waker);
        let _ = notify.end(polled, None);
        notify.notify_message(None);
        notify.notify(None);
        notify.notify_message(None);
        assert_eq!(count.0.load(Ordering::Relaxed), round);
        assert_eq!(notify.messages(), 2 * u64::try_from(round).unwrap());
    }
}

#[test]
fn a_reader_does_not_look_like_a_notification() {
    let count = Arc::new(Count(AtomicUsize::new(0)));
    let waker = Waker::from(count.clone());
    let notify = Notify::new(None);
    let _ = notify.end(notify.begin(&waker), None);
    notify.set_reader(Waker::noop());
    notify.notify_message(None);
    assert_eq!(count.0.load(Ordering::Relaxed), 1);
    let polled = notify.begin(&waker);
    assert!(polled.has_reader());
    let _ = notify.end(polled, None);
    notify.wake_reader();
    let polled = notify.begin(&waker);
    assert!(!polled.has_reader());
    let _ = notify.done(polled, None);
    notify.notify_message(None);
    assert_eq!(count.0.load(Ordering::Relaxed), 1);
    assert_eq!(notify.messages(), 2);
}
