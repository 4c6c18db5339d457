//! What the mailbox promises, on one and on several threads (small enough for miri).

#![cfg(not(loom))]

use perennial_cell::{Closed, Erase, Letter, Turns};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

trait Show: Send {
    fn show(&mut self) -> String;
}
impl<M: ToString + Send> Show for Letter<dyn Show, M> {
    fn show(&mut self) -> String {
        self.take_value().to_string()
    }
}
impl<M: ToString + Send + 'static> Erase<M> for dyn Show {
    fn erase(letter: &mut Letter<Self, M>) -> &mut Self {
        letter
    }
}

struct Mailbox(Turns<dyn Show, ()>);

impl AsRef<Turns<dyn Show, ()>> for Mailbox {
    fn as_ref(&self) -> &Turns<dyn Show, ()> {
        &self.0
    }
}

/// Of a process that had its first turn.
fn mailbox() -> Arc<Mailbox> {
    let turns = Turns::new((), (), |()| None);
    let _ = turns.claim().unwrap().end(None);
    Arc::new(Mailbox(turns))
}

fn send<M: ToString + Send + 'static>(mailbox: &Arc<Mailbox>, message: M) {
    drop(Turns::send(mailbox, message, None).unwrap_or_else(|_| panic!("open")));
}

#[derive(Debug)]
struct Counted(Arc<AtomicUsize>);
impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
impl std::fmt::Display for Counted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("counted")
    }
}

#[test]
fn letters_of_any_type_come_out_in_arrival_order() {
    let mailbox = mailbox();
    send(&mailbox, 1_u8);
    send(&mailbox, "two");
    send(&mailbox, String::from("three"));
    send(&mailbox, [0_u64; 0].len());
    let shown: Vec<_> = mailbox.0.take().map(|mut letter| letter.show()).collect();
    assert_eq!(shown, ["1", "two", "three", "0"]);
    assert!(mailbox.0.take().is_empty());
}

#[test]
fn a_closed_mailbox_gives_the_value_back() {
    let mailbox = mailbox();
    send(&mailbox, 1);
    assert_eq!(mailbox.0.close().map(|mut letter| letter.show()).collect::<Vec<_>>(), ["1"]);
    assert!(matches!(Turns::send(&mailbox, 2, None), Err(Closed { message: 2, quiet: false })));
    assert!(mailbox.0.take().is_empty());
    assert!(mailbox.0.close().is_empty());
}

#[test]
fn unread_letters_are_dropped_once() {
    let drops = Arc::new(AtomicUsize::new(0));
    let mailbox = mailbox();
    for _ in 0..4 {
        send(&mailbox, Counted(drops.clone()));
    }
    let mut batch = mailbox.0.take();
    drop(batch.next());
    assert_eq!(drops.load(Ordering::Relaxed), 1);
    drop(batch);
    assert_eq!(drops.load(Ordering::Relaxed), 4);
    send(&mailbox, Counted(drops.clone()));
    drop(mailbox);
    assert_eq!(drops.load(Ordering::Relaxed), 5);
}

#[test]
fn all_unread_letters_are_dropped_also_if_some_panic() {
    struct Bad(Arc<AtomicUsize>);
    impl Drop for Bad {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
            panic!("in drop");
        }
    }
    impl std::fmt::Display for Bad {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            Ok(())
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let filled = || {
        let mailbox = mailbox();
        for _ in 0..3 {
            send(&mailbox, Bad(drops.clone()));
        }
        mailbox
    };
    let mailbox = filled();
    assert!(mailbox.0.has_letters());
    let batch = mailbox.0.take();
    assert!(!mailbox.0.has_letters());
    assert!(catch_unwind(AssertUnwindSafe(|| drop(batch))).is_err());
    assert_eq!(drops.load(Ordering::Relaxed), 3);
    // Also while another panic unwinds, which is not to become an abort.
    let mailbox = filled();
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _mailbox = mailbox;
        panic!("the first");
    }));
    assert_eq!(unwound.unwrap_err().downcast_ref::<&str>(), Some(&"the first"));
    assert_eq!(drops.load(Ordering::Relaxed), 6);
}

#[test]
fn each_sender_keeps_its_order_and_nothing_is_lost() {
    let count = if cfg!(miri) { 20 } else { 20_000 };
    let mailbox = mailbox();
    let senders: Vec<_> = (0..3)
        .map(|sender| {
            let mailbox = mailbox.clone();
            thread::spawn(move || {
                for n in 0..count {
                    send(&mailbox, format!("{sender} {n}"));
                }
            })
        })
        .collect();
    let mut next = [0; 3];
    while next.iter().sum::<usize>() < 3 * count {
        for mut letter in mailbox.0.take() {
            let shown = letter.show();
            let (sender, n) = shown.split_once(' ').unwrap();
            let sender: usize = sender.parse().unwrap();
            assert_eq!(n.parse::<usize>().unwrap(), next[sender]);
            next[sender] += 1;
        }
        thread::yield_now();
    }
    senders.into_iter().for_each(|sender| sender.join().unwrap());
}
