//! A place for a value, on one thread and on several (small enough for miri).

#![cfg(not(loom))]

use perennial_cell::{Given, Giver, Taker, place};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

/// Something of which it is counted how many there are.
#[derive(Debug)]
struct Counted(Arc<AtomicU32>);

impl Counted {
    fn new(count: &Arc<AtomicU32>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

type Numbers = (Giver<u32, u32, ()>, Taker<u32, u32, ()>);

fn numbers() -> Numbers {
    place(())
}

#[test]
fn the_first_value_counts_and_is_taken_once() {
    let (giver, mut taker) = numbers();
    assert!(giver.is_open() && !taker.is_taken());
    assert_eq!(taker.take(), None);
    let other = giver.clone();
    assert_eq!(giver.give(1), Given::There);
    assert!(!other.is_open());
    assert_eq!(other.give(2), Given::TooLate(2));
    assert_eq!(taker.take(), Some(1));
    assert!(taker.is_taken());
    assert_eq!(taker.take(), None);
    assert_eq!(taker.take_or_wait(|_| panic!("nothing can come")), None);
}

#[test]
fn who_gives_gets_what_waits_last() {
    let (giver, mut taker) = numbers();
    assert_eq!(taker.take_or_wait(|before| before.map_or(1, |_| panic!("there was nothing"))), None);
    assert_eq!(taker.take_or_wait(|before| before.unwrap() + 1), None);
    assert!(giver.is_open());
    assert_eq!(giver.give(7), Given::Awaited(2));
    assert_eq!(taker.take_or_wait(|_| panic!("it is there")), Some(7));
}

#[test]
fn a_value_for_one_who_has_gone_comes_too_late() {
    let (giver, mut taker) = numbers();
    assert_eq!(taker.take_or_wait(|_| 1), None);
    drop(taker);
    assert!(!giver.is_open() && giver.is_last());
    assert_eq!(giver.give(7), Given::TooLate(7));
}

#[test]
fn one_who_leaves_has_another_one_take_the_value() {
    let (giver, taker) = numbers();
    assert_eq!(taker.leave(1), None);
    assert!(giver.is_open());
    assert_eq!(giver.clone().give(7), Given::Left(1, 7));
    assert_eq!(giver.give(8), Given::TooLate(8));
    // It waited for itself before, and that is dropped.
    let (giver, mut taker) = numbers();
    assert_eq!(taker.take_or_wait(|_| 1), None);
    assert_eq!(taker.leave(2), None);
    assert_eq!(giver.give(7), Given::Left(2, 7));
}

#[test]
fn one_who_leaves_too_late_gets_both_back() {
    let (giver, taker) = numbers();
    assert_eq!(giver.give(7), Given::There);
    assert_eq!(taker.leave(1), Some((1, 7)));
    let (giver, mut taker) = numbers();
    assert_eq!(giver.give(7), Given::There);
    assert_eq!(taker.take(), Some(7));
    assert_eq!(taker.leave(1), None);
}

#[test]
fn what_is_left_is_dropped_once() {
    type Place = (Giver<Counted, Counted, Counted>, Taker<Counted, Counted, Counted>);
    type Case = fn(Place, &dyn Fn() -> Counted);
    let count = Arc::default();
    let new = || Counted::new(&count);
    let cases: [(&str, Case); 8] = [
        ("nothing came", |place, _| drop(place)),
        ("it waited", |(giver, mut taker), new| {
            assert!(taker.take_or_wait(|_| new()).is_none());
            drop(giver);
        }),
        ("it waited and went first", |(giver, mut taker), new| {
            assert!(taker.take_or_wait(|_| new()).is_none());
            drop(taker);
            drop(giver);
        }),
        ("nobody took it", |(giver, taker), new| {
            drop(giver.give(new()));
            drop(taker);
        }),
        ("nobody took it, and the giver stays", |(giver, taker), new| {
            drop(giver.clone().give(new()));
            drop(taker);
            assert!(matches!(giver.give(new()), Given::TooLate(_)));
        }),
        ("it was taken", |(giver, mut taker), new| {
            assert!(taker.take_or_wait(|_| new()).is_none());
            assert!(matches!(giver.give(new()), Given::Awaited(_)));
            assert!(taker.take().is_some());
        }),
        ("it left", |(giver, taker), new| {
            assert!(taker.leave(new()).is_none());
            drop(giver);
        }),
        ("it left, and another one took it", |(giver, taker), new| {
            assert!(taker.leave(new()).is_none());
            assert!(matches!(giver.give(new()), Given::Left(..)));
        }),
    ];
    for (name, case) in cases {
        case(place(new()), &new);
        assert_eq!(count.load(Ordering::Relaxed), 0, "{name}");
    }
}

#[test]
fn a_value_of_any_size_has_a_place() {
    let (giver, mut taker) = place::<(), (), ()>(());
    assert_eq!(giver.give(()), Given::There);
    assert_eq!(taker.take(), Some(()));
    let (giver, mut taker) = place::<[u64; 300], u8, ()>(());
    assert_eq!(giver.give([7; 300]), Given::There);
    assert_eq!(taker.take(), Some([7; 300]));
}

#[test]
fn of_many_threads_one_gives_the_value() {
    for round in 0..50 {
        let (giver, mut taker) = place::<Box<u32>, Box<u32>, Box<u32>>(Box::new(round));
        let givers: Vec<_> = (0..3)
            .map(|number| {
                let giver = giver.clone();
                thread::spawn(move || !matches!(giver.give(Box::new(number)), Given::TooLate(_)))
            })
            .collect();
        drop(giver);
        let mut taken = taker.take_or_wait(|_| Box::new(0));
        let gave: Vec<_> = givers.into_iter().map(|giver| giver.join().unwrap()).collect();
        taken = taken.or_else(|| taker.take());
        let number = taken.expect("they are done");
        assert!(gave[*number as usize]);
        assert_eq!(gave.into_iter().filter(|gave| *gave).count(), 1);
    }
}
