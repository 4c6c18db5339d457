//! Turns, and the messages that are counted by their notifications, on one thread and on several (small enough for
//! miri).

#![cfg(not(loom))]

use perennial_cell::{Ended, Erase, Letter, Notified, Reading::InTurns, Turns};
use std::{
    sync::{Arc, OnceLock},
    thread,
};

/// Letters of which it matters only that they are there.
trait Any: Send {}
impl<M: Send> Any for Letter<dyn Any, M> {}
impl<M: Send + 'static> Erase<M> for dyn Any {
    fn erase(letter: &mut Letter<Self, M>) -> &mut Self {
        letter
    }
}

#[derive(Debug)]
struct Owner(Turns<dyn Any, usize>);

impl AsRef<Turns<dyn Any, usize>> for Owner {
    fn as_ref(&self) -> &Turns<dyn Any, usize> {
        &self.0
    }
}

fn owner() -> Arc<Owner> {
    Arc::new(Owner(Turns::new((), 0, |()| None)))
}

/// What one is told who sends, or notifies.
#[derive(Debug, PartialEq)]
enum Told {
    Schedule,
    Known,
    Flooded,
}

fn told(notified: Notified<Arc<Owner>>) -> Told {
    match notified {
        Notified::Schedule(_) => Told::Schedule,
        Notified::Known { quiet } => {
            assert!(!quiet);
            Told::Known
        }
        Notified::Flooded { .. } => Told::Flooded,
    }
}

fn send(owner: &Arc<Owner>) -> Told {
    told(Turns::send(owner, (), None).unwrap())
}

fn notify(owner: &Arc<Owner>) -> Told {
    told(Turns::notify(owner, None))
}

const GO_ON: Ended<bool> = Ended { again: false, quiet: false };
const AGAIN: Ended<bool> = Ended { again: true, quiet: false };

#[test]
fn the_first_of_many_notifications_schedules_and_each_message_is_counted() {
    let turns = owner();
    assert_eq!(turns.0.claim().unwrap().end(None), GO_ON);
    for round in 1..=3 {
        assert_eq!(send(&turns), Told::Schedule);
        assert_eq!(notify(&turns), Told::Known);
        assert_eq!(send(&turns), Told::Known);
        assert_eq!(turns.0.messages(), 2 * round);
        assert_eq!(turns.0.begin(InTurns).unwrap().end(None), GO_ON);
        assert_eq!(turns.0.messages(), 2 * round);
    }
}

#[test]
fn one_that_is_notified_during_a_turn_has_another_one() {
    let turns = owner();
    let first = turns.0.claim().unwrap();
    assert_eq!(notify(&turns), Told::Known);
    assert!(turns.0.begin(InTurns).is_none() && turns.0.try_begin().is_none());
    assert_eq!(first.end(None), AGAIN);
    // Who ended it schedules; until then nobody else gets in between.
    assert!(turns.0.try_begin().is_none());
    assert_eq!(turns.0.begin(InTurns).unwrap().end(None), GO_ON);
    assert_eq!(turns.0.try_begin().unwrap().end(None), GO_ON);
}

#[test]
fn a_turn_that_is_taken_early_is_scheduled_no_more_until_somebody_asks_for_it() {
    let turns = owner();
    let _ = turns.0.claim().unwrap().end(None);
    assert!(turns.0.begin_early(InTurns).is_none(), "nobody was told to schedule");
    assert_eq!(send(&turns), Told::Schedule);
    let early = turns.0.begin_early(InTurns).unwrap();
    assert!(turns.0.is_running() && turns.0.begin_early(InTurns).is_none());
    // Who was told to schedule is still to come, and will see this.
    assert_eq!(notify(&turns), Told::Known);
    assert_eq!(early.end(None), GO_ON);
    assert_eq!(turns.0.begin(InTurns).unwrap().end(None), GO_ON);
    // That was the one. From here on another one is told.
    assert_eq!(notify(&turns), Told::Schedule);
    assert_eq!(turns.0.begin_early(InTurns).unwrap().end(None), GO_ON);
    assert!(turns.0.is_idle());
    assert_eq!(turns.0.try_begin().unwrap().end(None), GO_ON);
    assert_eq!(notify(&turns), Told::Known);
    let early = turns.0.begin_early(InTurns).unwrap();
    assert!(turns.0.begin(InTurns).is_none(), "another one has the turn");
    // So the one who was told has been there.
    assert_eq!(notify(&turns), Told::Known);
    assert_eq!(early.end(None), AGAIN);
    assert_eq!(turns.0.begin(InTurns).unwrap().end(None), GO_ON);
    assert_eq!(turns.0.messages(), 1);
}

#[test]
fn one_who_begins_without_having_been_told_so_has_the_turn_or_nothing() {
    let turns = owner();
    let _ = turns.0.claim().unwrap().end(None);
    assert!(turns.0.begin(InTurns).is_none(), "there is to be none");
    assert_eq!(send(&turns), Told::Schedule);
    let helped = turns.0.begin(InTurns).unwrap();
    // Who was told comes later. Nobody waits for that.
    assert_eq!(notify(&turns), Told::Known);
    assert_eq!(helped.end(None), AGAIN);
    assert_eq!(turns.0.begin(InTurns).unwrap().end(None), GO_ON);
    assert_eq!(send(&turns), Told::Schedule);
    // Now that one comes, and finds what the next one was told of, who finds nothing then.
    assert_eq!(turns.0.begin(InTurns).unwrap().end(None), GO_ON);
    assert!(turns.0.begin(InTurns).is_none());
    assert!(turns.0.is_idle());
    assert_eq!(turns.0.messages(), 2);
}

#[test]
fn a_reader_does_not_look_like_a_notification() {
    let turns = owner();
    let _ = turns.0.claim().unwrap().end(None);
    turns.0.set_reader();
    let turn = turns.0.try_begin().unwrap();
    assert!(turn.has_reader());
    // It was not woken, so it still waits.
    assert_eq!(turn.end(None), GO_ON);
    assert_eq!(send(&turns), Told::Schedule);
    let turn = turns.0.begin(InTurns).unwrap();
    assert!(turn.has_reader());
    turn.forget_reader();
    let _ = turn.end(None);
    assert!(!turns.0.try_begin().unwrap().has_reader());
}

#[test]
fn after_the_last_turn_there_is_none() {
    let turns = owner();
    let _ = turns.0.claim().unwrap().done(&turns, None);
    assert_eq!(send(&turns), Told::Known);
    assert!(turns.0.begin(InTurns).is_none() && turns.0.try_begin().is_none() && turns.0.claim().is_none());
}

#[test]
fn many_threads_take_turns() {
    let turns = owner();
    let _ = turns.0.claim().unwrap().end(None);
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let turns = turns.clone();
            thread::spawn(move || {
                for _ in 0..100 {
                    let mut turn = loop {
                        match turns.0.try_begin() {
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
    assert_eq!(turns.0.try_begin().unwrap().with(|count| *count), 400);
}

type Turn<'a> = perennial_cell::Turn<'a, dyn Any, usize>;

/// As a worker does with what was scheduled. Returns it if it is to be scheduled again.
fn run(me: Arc<Owner>, during: impl FnOnce(&Arc<Owner>)) -> Option<Arc<Owner>> {
    fn count<'a>(me: &Arc<Owner>, mut turn: Turn<'a>, during: impl FnOnce(&Arc<Owner>)) -> Option<Turn<'a>> {
        turn.with(|runs| *runs += 1);
        during(me);
        Some(turn)
    }
    Turns::use_scheduled(me, InTurns, |me, turn| count(me, turn, during), None).again
}

#[test]
fn a_reference_is_kept_for_who_schedules_next() {
    let me = owner();
    let _ = me.0.claim().unwrap().end(None);
    let scheduled = |me| match Turns::send(me, (), None).unwrap() {
        Notified::Schedule(me) => me,
        other => panic!("{other:?}"),
    };
    for _ in 0..3 {
        let scheduled = scheduled(&me);
        assert_eq!(Arc::strong_count(&me), 2);
        assert!(run(scheduled, |_| {}).is_none());
        // It is not dropped.
        assert_eq!(Arc::strong_count(&me), 2);
    }
    // One that is notified meanwhile is given back.
    let again = run(scheduled(&me), |me| assert_eq!(send(me), Told::Known)).unwrap();
    assert_eq!(Arc::strong_count(&me), 2);
    // A caller takes the turn, so there is none to be used.
    let early = me.0.begin_early(InTurns).unwrap();
    assert!(run(again, |_| panic!("another one has the turn")).is_none());
    assert_eq!(Arc::strong_count(&me), 1);
    assert_eq!(early.end(None), GO_ON);
    // A turn that nobody was told to take leaves what is kept.
    assert!(run(scheduled(&me), |_| {}).is_none());
    let turn = me.0.try_begin().unwrap();
    assert_eq!(notify(&me), Told::Known);
    assert_eq!(turn.end(None), AGAIN);
    assert!(run(me.clone(), |_| {}).is_none());
    assert_eq!(Arc::strong_count(&me), 2);
    // The last one drops it.
    assert!(!me.0.try_begin().unwrap().done(&me, None));
    assert_eq!(Arc::strong_count(&me), 1);
}

#[test]
#[should_panic(expected = "lie in its own memory")]
fn turns_that_lie_elsewhere_are_refused() {
    struct Other(Arc<Owner>);
    impl AsRef<Turns<dyn Any, usize>> for Other {
        fn as_ref(&self) -> &Turns<dyn Any, usize> {
            &self.0.0
        }
    }
    drop(Turns::notify(&Arc::new(Other(owner())), None));
}

#[test]
#[should_panic(expected = "it is the turn that was begun")]
fn another_turn_than_the_one_that_was_begun_is_refused() {
    fn swap<'a>(_: &'a Arc<Owner>, _: Turn<'a>, other: Turn<'static>) -> Option<Turn<'a>> {
        Some(other)
    }
    static OTHER: OnceLock<Owner> = OnceLock::new();
    let other = OTHER.get_or_init(|| Owner(Turns::new((), 0, |()| None))).0.claim().unwrap();
    let me = owner();
    let _ = me.0.claim().unwrap().end(None);
    assert_eq!(notify(&me), Told::Schedule);
    let _ = Turns::use_scheduled(me, InTurns, |me, turn| swap(me, turn, other), None);
}
