//! A value that is lent to futures, and a box that is made once; small enough for miri.
//! `cargo miri test -p perennial-cell --test lending`

#![cfg(not(loom))]

use perennial_cell::{Erase, Lending, Lent, Letter, OnceBox, PooledFuture, Reading::InTurns, Turn, Turns};
use std::{
    future::{Future, pending, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    thread,
};

/// Counts its drops, and panics in them if it is to.
struct Counted {
    drops: Arc<AtomicUsize>,
    panics: bool,
    sum: u64,
}

impl Counted {
    fn new(drops: &Arc<AtomicUsize>) -> Self {
        Self { drops: drops.clone(), panics: false, sum: 0 }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::Relaxed);
        assert!(!self.panics, "in drop");
    }
}

/// Letters of which it matters only that they are there.
trait Any: Send {}
impl<M: Send> Any for Letter<dyn Any, M> {}
impl<M: Send + 'static> Erase<M> for dyn Any {
    fn erase(letter: &mut Letter<Self, M>) -> &mut Self {
        letter
    }
}

type Body = Lending<Counted, u64>;

/// As the block of a process.
struct Block(Turns<dyn Any, Body>);

impl AsRef<Turns<dyn Any, Body>> for Block {
    fn as_ref(&self) -> &Turns<dyn Any, Body> {
        &self.0
    }
}

fn block() -> Arc<Block> {
    Arc::new(Block(Turns::new((), Lending::new(), |()| None)))
}

/// As one who handles a message: a future that is ready is not kept.
fn lend(
    turn: &mut Turn<'_, dyn Any, Body>,
    keeper: &Arc<Block>,
    make: impl for<'a> FnOnce(&'a mut Counted) -> PooledFuture<'a, u64>,
) -> Poll<u64> {
    let lent = turn.lend(keeper, |value| {
        let mut future = make(value);
        match Pin::new(&mut future).poll(&mut cx()) {
            Poll::Ready(sum) => Lent::Done(sum),
            Poll::Pending => Lent::Kept(future),
        }
    });
    lent.map_or(Poll::Pending, Poll::Ready)
}

fn keep(turn: &mut Turn<'_, dyn Any, Body>, keeper: &Arc<Block>) {
    assert_eq!(turn.lend::<_, ()>(keeper, |value| Lent::Kept(add(value, 0))), None);
}

fn cx() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

async fn yield_now() {
    let mut yielded = false;
    poll_fn(|_| if std::mem::replace(&mut yielded, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

/// Adds one, `yields` times waits, and adds one each time.
fn add(value: &mut Counted, yields: u32) -> PooledFuture<'_, u64> {
    PooledFuture::new(async move {
        value.sum += 1;
        for _ in 0..yields {
            yield_now().await;
            value.sum += 1;
        }
        value.sum
    })
}

#[test]
fn a_future_that_is_ready_gives_the_value_back() {
    let (block, drops) = (block(), Arc::default());
    let mut turn = block.0.claim().unwrap();
    assert!(turn.value().is_none());
    turn.put(Counted::new(&drops));
    for sum in 1..4 {
        assert_eq!(lend(&mut turn, &block, |value| add(value, 0)), Poll::Ready(sum));
        assert!(!turn.is_lent());
        assert_eq!(turn.value().unwrap().sum, sum);
    }
    assert!(turn.poll_borrower(&mut cx()).is_none());
    turn.drop_value();
    assert!(turn.value().is_none());
    assert_eq!(drops.load(Ordering::Relaxed), 1);
    let _ = turn.done(&block, None);
}

#[test]
fn a_future_that_waits_keeps_the_value_over_turns() {
    let (block, drops) = (block(), Arc::default());
    let mut turn = block.0.claim().unwrap();
    turn.put(Counted::new(&drops));
    assert_eq!(lend(&mut turn, &block, |value| add(value, 2)), Poll::Pending);
    assert!(turn.is_lent() && turn.value().is_none());
    let _ = turn.end(None);
    // Another thread takes the next turn.
    let other = block.clone();
    let polled = thread::spawn(move || {
        let mut turn = other.0.try_begin().unwrap();
        let polled = turn.poll_borrower(&mut cx());
        let _ = turn.end(None);
        polled
    });
    assert_eq!(polled.join().unwrap(), Some(Poll::Pending));
    let mut turn = block.0.try_begin().unwrap();
    assert_eq!(turn.poll_borrower(&mut cx()), Some(Poll::Ready(3)));
    assert_eq!(turn.value().unwrap().sum, 3);
    let _ = turn.done(&block, None);
    drop(block);
    assert_eq!(drops.load(Ordering::Relaxed), 1);
}

#[test]
fn one_that_is_lent_without_a_poll_is_polled_later() {
    let (block, drops) = (block(), Arc::default());
    let mut turn = block.0.claim().unwrap();
    turn.put(Counted::new(&drops));
    keep(&mut turn, &block);
    assert!(turn.is_lent());
    assert!(catch_unwind(AssertUnwindSafe(|| keep(&mut turn, &block))).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| turn.put(Counted::new(&drops)))).is_err());
    assert_eq!(turn.poll_borrower(&mut cx()), Some(Poll::Ready(1)));
    turn.drop_value();
    // That which was not taken, too.
    assert_eq!(drops.load(Ordering::Relaxed), 2);
    let _ = turn.done(&block, None);
}

#[test]
fn the_future_is_dropped_before_the_value_and_each_once() {
    let (block, drops, first) = (block(), Arc::default(), Arc::new(AtomicUsize::new(0)));
    let mut turn = block.0.claim().unwrap();
    turn.put(Counted::new(&drops));
    let mut in_future = Counted::new(&first);
    in_future.panics = true;
    let lent = turn.lend::<_, ()>(&block, |value| {
        Lent::Kept(PooledFuture::new(async move {
            let _in_future = in_future;
            value.sum = 1;
            pending().await
        }))
    });
    assert!(lent.is_none());
    assert_eq!(turn.poll_borrower(&mut cx()), Some(Poll::Pending));
    // A panic in the drop of the future leaves the value there.
    assert!(catch_unwind(AssertUnwindSafe(|| turn.drop_borrower())).is_err());
    assert_eq!((first.load(Ordering::Relaxed), drops.load(Ordering::Relaxed)), (1, 0));
    turn.value().unwrap().panics = true;
    assert!(catch_unwind(AssertUnwindSafe(|| turn.drop_value())).is_err());
    assert!(turn.value().is_none());
    turn.drop_value();
    assert_eq!((first.load(Ordering::Relaxed), drops.load(Ordering::Relaxed)), (1, 1));
    let _ = turn.done(&block, None);
    assert_eq!(Arc::strong_count(&block), 1);
}

#[test]
fn a_future_that_panics_gives_the_value_back() {
    let (block, drops) = (block(), Arc::default());
    let mut turn = block.0.claim().unwrap();
    turn.put(Counted::new(&drops));
    for yields in [false, true] {
        let lent = catch_unwind(AssertUnwindSafe(|| {
            lend(&mut turn, &block, |value| {
                PooledFuture::new(async move {
                    value.sum += 1;
                    if yields {
                        yield_now().await;
                    }
                    panic!("in poll")
                })
            })
        }));
        assert_eq!(lent.is_ok(), yields);
    }
    assert!(turn.is_lent());
    assert!(catch_unwind(AssertUnwindSafe(|| turn.poll_borrower(&mut cx()))).is_err());
    assert!(!turn.is_lent());
    assert_eq!(turn.value().unwrap().sum, 2);
    turn.drop_value();
    assert_eq!(drops.load(Ordering::Relaxed), 1);
    let _ = turn.done(&block, None);
}

#[test]
fn letters_stay_where_they_are_while_the_value_is_lent() {
    let (block, drops) = (block(), Arc::default());
    let mut turn = block.0.claim().unwrap();
    turn.put(Counted::new(&drops));
    keep(&mut turn, &block);
    let _ = turn.end(None);
    drop(Turns::send(&block, 1, None).unwrap());
    let mut turn = block.0.begin(InTurns).unwrap();
    assert!(turn.incoming().next().is_none() && block.0.has_letters());
    assert!(turn.poll_borrower(&mut cx()).unwrap().is_ready());
    // Now it may read them.
    turn.incoming().refill(|| None);
    assert!(turn.incoming().next().is_some() && !block.0.has_letters());
    // Of one that is not lent a turn takes them.
    let _ = turn.end(None);
    drop(Turns::send(&block, 2, None).unwrap());
    let mut turn = block.0.begin(InTurns).unwrap();
    assert!(turn.incoming().next().is_some() && !block.0.has_letters());
    turn.drop_value();
    let _ = turn.done(&block, None);
}

#[test]
fn another_keeper_than_that_of_the_place_is_refused() {
    let (one, other, drops) = (block(), block(), Arc::default());
    let mut turn = one.0.claim().unwrap();
    turn.put(Counted::new(&drops));
    assert!(catch_unwind(AssertUnwindSafe(|| keep(&mut turn, &other))).is_err());
    assert!(!turn.is_lent());
    let _ = turn.done(&one, None);
}

#[test]
fn a_place_stays_as_long_as_its_value_is_lent() {
    let (mut block, drops) = (block(), Arc::default());
    let mut turn = block.0.claim().unwrap();
    turn.put(Counted::new(&drops));
    keep(&mut turn, &block);
    let _ = turn.end(None);
    assert!(Arc::get_mut(&mut block).is_none());
    let mut block = Arc::try_unwrap(block).map(drop).expect_err("a share of it is owned by the future");
    let mut turn = block.0.try_begin().unwrap();
    turn.drop_borrower();
    let _ = turn.end(None);
    assert!(Arc::get_mut(&mut block).is_some());
}

#[test]
fn a_value_that_was_never_put_there_is_never_dropped() {
    let block = block();
    let mut turn = block.0.claim().unwrap();
    turn.drop_value();
    let _ = turn.done(&block, None);
}

#[test]
fn a_box_is_made_once_for_all() {
    let (once, drops) = (Arc::new(OnceBox::new()), Arc::default());
    assert!(once.get().is_none());
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (once, drops) = (once.clone(), Arc::clone(&drops));
            thread::spawn(move || std::ptr::from_ref(once.get_or_init(|| Counted::new(&drops))).addr())
        })
        .collect();
    let mut seen: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    seen.dedup();
    assert_eq!(seen.len(), 1);
    let made = drops.load(Ordering::Relaxed) + 1;
    drop(once);
    assert_eq!(drops.load(Ordering::Relaxed), made);
}
