//! Every interleaving of the small protocols of a process.
//! `RUSTFLAGS="--cfg loom" cargo test -p perennial-cell --release --test loom`

#![cfg(loom)]

use loom::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};
use perennial_cell::{Activity, Closed, Erase, Letter, Mailbox, Notify};
use std::task::{Wake, Waker};

trait Number: Send {
    fn number(self: Box<Self>) -> usize;
}
impl Number for Letter<dyn Number, usize> {
    fn number(self: Box<Self>) -> usize {
        self.into_value()
    }
}
impl Erase<usize> for dyn Number {
    fn erase(letter: Box<Letter<Self, usize>>) -> Box<Self> {
        letter
    }
}

#[test]
fn two_senders_and_a_taker_lose_nothing() {
    loom::model(|| {
        let mailbox = Arc::new(Mailbox::<dyn Number>::new());
        let other = mailbox.clone();
        let sender = thread::spawn(move || {
            other.push(1).unwrap();
            other.push(2).unwrap();
        });
        let another = mailbox.clone();
        let second = thread::spawn(move || another.push(10).unwrap());
        let mut seen: Vec<_> = mailbox.take().map(Number::number).collect();
        sender.join().unwrap();
        second.join().unwrap();
        seen.extend(mailbox.take().map(Number::number));
        let small: Vec<_> = seen.iter().copied().filter(|n| *n < 10).collect();
        assert_eq!(small, [1, 2]);
        assert_eq!(seen.len(), 3);
    });
}

#[test]
fn a_push_meets_a_close_and_the_value_has_one_owner() {
    loom::model(|| {
        let mailbox = Arc::new(Mailbox::<dyn Number>::new());
        let other = mailbox.clone();
        let sender = thread::spawn(move || match other.push(7) {
            Ok(()) => 0,
            Err(Closed(n)) => n,
        });
        let closed: usize = mailbox.close().map(Number::number).sum();
        let returned = sender.join().unwrap();
        assert_eq!(closed + returned, 7);
        assert!(mailbox.push(1).is_err());
    });
}

#[test]
fn a_letter_and_its_notification_are_not_slept_over() {
    loom::model(|| {
        let mailbox = Arc::new(Mailbox::<dyn Number>::new());
        let notify = Arc::new(Notify::new(None));
        let waker = Waker::noop();
        // The first poll, which comes without a notification.
        let _ = notify.end(notify.begin(waker), None);
        let (mailbox2, notify2) = (mailbox.clone(), notify.clone());
        let sender = thread::spawn(move || {
            mailbox2.push(1).unwrap();
            notify2.notify_message(None);
        });
        let polled = notify.begin(waker);
        let mut seen = mailbox.take().count();
        let _ = notify.end(polled, None);
        sender.join().unwrap();
        // If the poll came too early the flag stands, and there is another one.
        let polled = notify.begin(waker);
        seen += mailbox.take().count();
        let _ = notify.end(polled, None);
        assert_eq!(seen, 1);
    });
}

#[test]
fn a_reader_with_a_waker_of_its_own_does_not_sleep_over_a_letter() {
    struct Flag(std::sync::atomic::AtomicBool);
    impl Wake for Flag {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    loom::model(|| {
        let mailbox = Arc::new(Mailbox::<dyn Number>::new());
        let notify = Arc::new(Notify::new(None));
        let _ = notify.end(notify.begin(Waker::noop()), None);
        let (mailbox2, notify2) = (mailbox.clone(), notify.clone());
        // The sender, and the owner whom it wakes.
        let sender = thread::spawn(move || {
            mailbox2.push(1).unwrap();
            notify2.notify_message(None);
            let polled = notify2.begin(Waker::noop());
            if polled.has_reader() && !mailbox2.is_empty() {
                notify2.wake_reader();
            }
            let _ = notify2.end(polled, None);
        });
        let woken = std::sync::Arc::new(Flag(std::sync::atomic::AtomicBool::new(false)));
        let waker = Waker::from(woken.clone());
        let mut seen = mailbox.take().count();
        if seen == 0 {
            notify.set_reader(&waker);
            seen = mailbox.take().count();
        }
        sender.join().unwrap();
        assert!(seen == 1 || woken.0.load(Ordering::SeqCst));
    });
}

#[test]
fn a_message_is_counted_once_while_a_poll_begins() {
    loom::model(|| {
        let notify = Arc::new(Notify::new(None));
        let notify2 = notify.clone();
        let sender = thread::spawn(move || {
            notify2.notify_message(None);
            assert_eq!(notify2.messages(), 1);
        });
        let _ = notify.end(notify.begin(Waker::noop()), None);
        sender.join().unwrap();
        assert_eq!(notify.messages(), 1);
        let _ = notify.end(notify.begin(Waker::noop()), None);
        assert_eq!(notify.messages(), 1);
    });
}

#[test]
fn quiet_is_seen_once_and_only_after_the_last_letter_was_read() {
    loom::model(|| {
        let activity = Arc::new(Activity::new());
        let read = Arc::new(AtomicBool::new(false));
        let quiet = Arc::new(AtomicUsize::new(0));
        let notify = Arc::new(Notify::new(Some(&activity)));
        // The sender is being polled: counted.
        activity.enter();
        let sender = {
            let (activity, notify, read, quiet) =
                (activity.clone(), notify.clone(), read.clone(), quiet.clone());
            thread::spawn(move || {
                notify.notify(Some(&activity));
                if activity.leave() && activity.is_quiet() {
                    assert!(read.load(Ordering::Acquire));
                    quiet.fetch_add(1, Ordering::Relaxed);
                }
            })
        };
        for _ in 0..2 {
            let polled = notify.begin(Waker::noop());
            read.store(true, Ordering::Release);
            if notify.end(polled, Some(&activity)) {
                quiet.fetch_add(1, Ordering::Relaxed);
            }
        }
        sender.join().unwrap();
        // A notification after the second poll is taken back by the end of the process.
        let polled = notify.begin(Waker::noop());
        if notify.done(polled, Some(&activity)) {
            quiet.fetch_add(1, Ordering::Relaxed);
        }
        assert!(activity.is_quiet());
        assert!(quiet.load(Ordering::Relaxed) >= 1);
        assert!(!notify.notify(Some(&activity)) || activity.is_quiet());
    });
}

#[test]
fn a_notification_of_the_dead_leaves_no_count() {
    loom::model(|| {
        let activity = Arc::new(Activity::new());
        let notify = Arc::new(Notify::new(Some(&activity)));
        let polled = notify.begin(Waker::noop());
        let (activity2, notify2) = (activity.clone(), notify.clone());
        let sender = thread::spawn(move || {
            notify2.notify(Some(&activity2));
        });
        let _ = notify.done(polled, Some(&activity));
        sender.join().unwrap();
        assert!(activity.is_quiet());
    });
}
