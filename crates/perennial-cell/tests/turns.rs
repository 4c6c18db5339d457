//! Turns, and the messages that are counted by their notifications, on one thread and on several (small enough for
//! miri).

#![cfg(not(loom))]

use perennial_cell::{Ended, Erase, Letter, Notified, Reading::InTurns};
use std::{sync::Arc, thread};

/// Letters of which it matters only that they are there.
trait Any: Send {}
impl<M: Send> Any for Letter<dyn Any, M> {}
impl<M: Send + 'static> Erase<M> for dyn Any {
    fn erase(letter: &mut Letter<Self, M>) -> &mut Self {
        letter
    }
}

type Turns<T> = perennial_cell::Turns<dyn Any, T>;

fn send<T>(turns: &Turns<T>) -> Notified {
    turns.send((), None).unwrap()
}

const GO_ON: Ended = Ended { again: false, quiet: false };
const AGAIN: Ended = Ended { again: true, quiet: false };

#[test]
fn the_first_of_many_notifications_schedules_and_each_message_is_counted() {
    let turns = Turns::new((), None);
    assert_eq!(turns.claim().unwrap().end(None), GO_ON);
    for round in 1..=3 {
        assert_eq!(send(&turns), Notified::Schedule);
        assert_eq!(turns.notify(None), Notified::Known { quiet: false });
        assert_eq!(send(&turns), Notified::Known { quiet: false });
        assert_eq!(turns.messages(), 2 * round);
        assert_eq!(turns.begin(InTurns).unwrap().end(None), GO_ON);
        assert_eq!(turns.messages(), 2 * round);
    }
}

#[test]
fn one_that_is_notified_during_a_turn_has_another_one() {
    let turns = Turns::new((), None);
    let first = turns.claim().unwrap();
    assert_eq!(turns.notify(None), Notified::Known { quiet: false });
    assert!(turns.begin(InTurns).is_none() && turns.try_begin().is_none());
    assert_eq!(first.end(None), AGAIN);
    // Who ended it schedules; until then nobody else gets in between.
    assert!(turns.try_begin().is_none());
    assert_eq!(turns.begin(InTurns).unwrap().end(None), GO_ON);
    assert_eq!(turns.try_begin().unwrap().end(None), GO_ON);
}

#[test]
fn a_turn_that_is_taken_early_is_scheduled_no_more_until_somebody_asks_for_it() {
    let turns = Turns::new((), None);
    let _ = turns.claim().unwrap().end(None);
    assert!(turns.begin_early(InTurns).is_none(), "nobody was told to schedule");
    assert_eq!(send(&turns), Notified::Schedule);
    let early = turns.begin_early(InTurns).unwrap();
    assert!(turns.is_running() && turns.begin_early(InTurns).is_none());
    // Who was told to schedule is still to come, and will see this.
    assert_eq!(turns.notify(None), Notified::Known { quiet: false });
    assert_eq!(early.end(None), GO_ON);
    assert_eq!(turns.begin(InTurns).unwrap().end(None), GO_ON);
    // That was the one. From here on another one is told.
    assert_eq!(turns.notify(None), Notified::Schedule);
    assert_eq!(turns.begin_early(InTurns).unwrap().end(None), GO_ON);
    assert!(turns.is_idle());
    assert_eq!(turns.try_begin().unwrap().end(None), GO_ON);
    assert_eq!(turns.notify(None), Notified::Known { quiet: false });
    let early = turns.begin_early(InTurns).unwrap();
    assert!(turns.begin(InTurns).is_none(), "another one has the turn");
    // So the one who was told has been there.
    assert_eq!(turns.notify(None), Notified::Known { quiet: false });
    assert_eq!(early.end(None), AGAIN);
    assert_eq!(turns.begin(InTurns).unwrap().end(None), GO_ON);
    assert_eq!(turns.messages(), 1);
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
    assert_eq!(send(&turns), Notified::Schedule);
    let turn = turns.begin(InTurns).unwrap();
    assert!(turn.has_reader());
    turn.forget_reader();
    let _ = turn.end(None);
    assert!(!turns.try_begin().unwrap().has_reader());
}

#[test]
fn after_the_last_turn_there_is_none() {
    let turns = Turns::new((), None);
    let _ = turns.claim().unwrap().done(None);
    assert_eq!(send(&turns), Notified::Known { quiet: false });
    assert!(turns.begin(InTurns).is_none() && turns.try_begin().is_none() && turns.claim().is_none());
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
