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
use perennial_cell::{
    Activity, Closed, Erase, Given, Giver, Lending, Lent, Letter, Notified, Notify, OnceBox, PooledFuture,
    Reading, Reading::InTurns, SpinLock, Taker, place,
};
use std::{
    future::poll_fn,
    task::{Context, Poll, Waker},
};

trait Number: Send {
    fn number(&mut self) -> usize;
}
impl Number for Letter<dyn Number, usize> {
    fn number(&mut self) -> usize {
        self.take_value()
    }
}
impl Erase<usize> for dyn Number {
    fn erase(letter: &mut Letter<Self, usize>) -> &mut Self {
        letter
    }
}

type Turns<T> = perennial_cell::Turns<dyn Number, T>;
type Turn<'a, T> = perennial_cell::Turn<'a, dyn Number, T>;

/// A process of the models. Its value is how many letters were read, which whoever has its turn may count.
///
/// Its references are those of `std`, so that the turns can keep one: loom does not look at their counts.
#[derive(Debug)]
struct Owner(Turns<usize>);

type Me = std::sync::Arc<Owner>;

impl AsRef<Turns<usize>> for Owner {
    fn as_ref(&self) -> &Turns<usize> {
        &self.0
    }
}

impl Owner {
    /// One that had its first turn.
    fn new() -> Me {
        let me = Me::new(Self(Turns::new((), 0, |()| None)));
        me.run(me.0.claim());
        me
    }

    /// One that is new.
    fn counted(activity: &Activity) -> Me {
        activity.enter();
        Me::new(Self(Turns::new((), 0, |()| None)))
    }

    fn count<'a>(mut turn: Turn<'a, usize>, activity: Option<&Activity>) -> Turn<'a, usize> {
        let mut incoming = turn.incoming();
        incoming.refill(|| activity);
        let read = incoming.by_ref().count();
        turn.with(|letters| *letters += read);
        turn
    }

    /// Takes a turn, and another one for as long as there is to be one: as the queue of a node would see to.
    fn run<'a>(&'a self, mut turn: Option<Turn<'a, usize>>) {
        while let Some(running) = turn {
            turn = match Self::count(running, None).end(None).again {
                true => self.0.begin(InTurns),
                false => None,
            };
        }
    }

    /// As a worker does with what was scheduled.
    fn work(mut scheduled: Option<Me>, activity: Option<&Activity>) {
        while let Some(me) = scheduled {
            let used =
                Turns::use_scheduled(me, InTurns, |_, turn| Some(Self::count(turn, activity)), activity);
            scheduled = used.again;
        }
    }

    fn send(self: &Me, number: usize) {
        if let Notified::Schedule(_) = Turns::send(self, number, None).unwrap() {
            let turn = self.0.begin(InTurns);
            assert!(turn.is_some(), "whoever is told to schedule is the only one to begin");
            self.run(turn);
        }
    }

    /// As `send`, where others may take the turn that it schedules.
    fn send_and_be_late(self: &Me, number: usize) {
        if let Notified::Schedule(me) = Turns::send(self, number, None).unwrap() {
            Self::work(Some(me), None);
        }
    }

    /// As a caller does, who runs also an owner that is scheduled.
    fn call_early(self: &Me, number: usize) {
        match self.0.begin_early(InTurns).or_else(|| self.0.try_begin()) {
            Some(mut turn) => {
                turn.incoming().put(number);
                self.run(Some(turn));
            }
            None => self.send_and_be_late(number),
        }
    }

    /// As a caller does, who runs an idle owner itself.
    fn call(self: &Me, number: usize) {
        match self.0.try_begin() {
            Some(mut turn) => {
                turn.incoming().put(number);
                self.run(Some(turn));
            }
            None => self.send(number),
        }
    }

    /// Has its last turn.
    fn end(self: &Me) {
        assert!(!self.0.try_begin().expect("nobody has a turn").done(self, None));
    }

    fn letters(&self) -> usize {
        let mut turn = self.0.try_begin().expect("nobody has a turn");
        let letters = turn.with(|letters| *letters);
        let _ = turn.end(None);
        letters
    }
}

#[test]
fn two_senders_and_a_taker_lose_nothing() {
    loom::model(|| {
        let me = Owner::new();
        let (other, another) = (me.clone(), me.clone());
        let sender = thread::spawn(move || {
            drop(Turns::send(&other, 1, None).unwrap());
            drop(Turns::send(&other, 2, None).unwrap());
        });
        let second = thread::spawn(move || drop(Turns::send(&another, 10, None).unwrap()));
        let mut seen: Vec<_> = me.0.take().map(|mut letter| letter.number()).collect();
        sender.join().unwrap();
        second.join().unwrap();
        seen.extend(me.0.take().map(|mut letter| letter.number()));
        let small: Vec<_> = seen.iter().copied().filter(|n| *n < 10).collect();
        assert_eq!(small, [1, 2]);
        assert_eq!(seen.len(), 3);
    });
}

#[test]
fn a_push_meets_a_close_and_the_value_has_one_owner() {
    loom::model(|| {
        let me = Owner::new();
        let other = me.clone();
        let sender = thread::spawn(move || match Turns::send(&other, 7, None) {
            Ok(_) => 0,
            Err(Closed { message, .. }) => message,
        });
        let closed: usize = me.0.close().map(|mut letter| letter.number()).sum();
        let returned = sender.join().unwrap();
        assert_eq!(closed + returned, 7);
        assert!(Turns::send(&me, 1, None).is_err());
    });
}

#[test]
fn what_is_kept_is_neither_lost_nor_used_twice() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(|| {
        let me = Owner::new();
        let others: Vec<_> = (0..2)
            .map(|number| {
                let other = me.clone();
                thread::spawn(move || other.send_and_be_late(number))
            })
            .collect();
        me.call_early(2);
        me.send_and_be_late(3);
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(me.letters(), 4);
        me.end();
        assert_eq!(Me::strong_count(&me), 1);
    });
}

#[test]
fn one_who_is_gone_when_its_turn_ends_is_looked_at_no_more() {
    loom::model(|| {
        let me = Owner::new();
        let other = me.clone();
        let sender = thread::spawn(move || other.send_and_be_late(1));
        if let Some(turn) = me.0.try_begin() {
            let _ = turn.done(&me, None);
        }
        drop(me);
        sender.join().unwrap();
    });
}

#[test]
fn a_turn_that_takes_what_has_come_meanwhile_gives_back_its_count() {
    loom::model(|| {
        let activity = Arc::new(Activity::default());
        let me = Owner::counted(&activity);
        let (activity2, me2) = (activity.clone(), me.clone());
        let sender = thread::spawn(move || {
            if let Notified::Schedule(me) = Turns::send(&me2, 1, Some(&activity2)).unwrap() {
                Owner::work(Some(me), Some(&activity2));
            }
        });
        let turn = Owner::count(me.0.claim().unwrap(), Some(&activity));
        assert!(!activity.is_quiet());
        if turn.end(Some(&activity)).again {
            Owner::work(Some(me.clone()), Some(&activity));
        }
        sender.join().unwrap();
        assert!(activity.is_quiet());
        assert_eq!(me.0.try_begin().unwrap().with(|letters| *letters), 1);
    });
}

#[test]
fn a_letter_is_read_whoever_has_the_turn() {
    loom::model(|| {
        let owner = Owner::new();
        let (sender, caller) = (owner.clone(), owner.clone());
        let sender = thread::spawn(move || sender.send(1));
        caller.call(2);
        sender.join().unwrap();
        assert_eq!(owner.0.messages(), 2);
        assert_eq!(owner.letters(), 2);
    });
}

#[test]
fn three_threads_never_have_the_turn_at_the_same_time() {
    // All orders of three threads take hours; a thread that is interrupted twice shows what there is.
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(|| {
        let owner = Owner::new();
        let others: Vec<_> = (0..2)
            .map(|number| {
                let owner = owner.clone();
                thread::spawn(move || owner.call(number))
            })
            .collect();
        owner.call(2);
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(owner.letters(), 3);
    });
}

#[test]
fn a_turn_that_is_taken_early_leaves_nothing_unread() {
    loom::model(|| {
        let owner = Owner::new();
        let (sender, caller) = (owner.clone(), owner.clone());
        let sender = thread::spawn(move || sender.send_and_be_late(1));
        caller.call_early(2);
        sender.join().unwrap();
        assert_eq!(owner.0.messages(), 2);
        assert_eq!(owner.letters(), 2);
    });
}

#[test]
fn three_threads_one_of_which_takes_turns_early_leave_nothing_unread() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let owner = Owner::new();
        let others: Vec<_> = (0..2)
            .map(|number| {
                let owner = owner.clone();
                thread::spawn(move || owner.send_and_be_late(number))
            })
            .collect();
        owner.call_early(2);
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(owner.letters(), 3);
    });
}

#[test]
fn a_turn_that_is_begun_by_one_who_was_not_told_so_leaves_nothing_unread() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let owner = Owner::new();
        let (sender, helper) = (owner.clone(), owner.clone());
        let sender = thread::spawn(move || sender.send_and_be_late(1));
        let helper = thread::spawn(move || Owner::work(Some(helper), None));
        owner.call_early(2);
        sender.join().unwrap();
        helper.join().unwrap();
        assert_eq!(owner.letters(), 2);
        owner.end();
        assert_eq!(Me::strong_count(&owner), 1);
    });
}

#[test]
fn a_turn_that_is_taken_early_is_counted_as_long_as_it_lasts() {
    loom::model(|| {
        let activity = Arc::new(Activity::default());
        let me = Owner::counted(&activity);
        let _ = me.0.claim().unwrap().end(Some(&activity));
        let (activity2, me2) = (activity.clone(), me.clone());
        let sender = thread::spawn(move || {
            if let Notified::Schedule(me) = Turns::send(&me2, 1, Some(&activity2)).unwrap() {
                Owner::work(Some(me), Some(&activity2));
            }
        });
        if let Some(turn) = me.0.begin_early(InTurns) {
            assert!(!activity.is_quiet());
            let _ = turn.end(Some(&activity));
        }
        sender.join().unwrap();
        assert!(activity.is_quiet());
        assert!(me.0.is_idle());
    });
}

#[test]
fn turns_that_are_begun_by_one_who_was_not_told_so_leave_no_count() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let activity = Arc::new(Activity::default());
        let me = Owner::counted(&activity);
        let _ = me.0.claim().unwrap().end(Some(&activity));
        let (activity2, activity3, me2, me3) = (activity.clone(), activity.clone(), me.clone(), me.clone());
        let sender = thread::spawn(move || {
            for number in 0..2 {
                if let Notified::Schedule(me) = Turns::send(&me2, number, Some(&activity2)).unwrap() {
                    Owner::work(Some(me), Some(&activity2));
                }
            }
        });
        let helper = thread::spawn(move || Owner::work(Some(me3), Some(&activity3)));
        if let Some(turn) = me.0.begin_early(InTurns) {
            assert!(!activity.is_quiet());
            if Owner::count(turn, Some(&activity)).end(Some(&activity)).again {
                Owner::work(Some(me.clone()), Some(&activity));
            }
        }
        sender.join().unwrap();
        helper.join().unwrap();
        assert!(activity.is_quiet() && me.0.is_idle());
        assert_eq!(me.letters(), 2);
        me.end();
        assert_eq!(Me::strong_count(&me), 1);
    });
}

#[test]
fn what_comes_before_the_first_turn_is_read_after_it() {
    loom::model(|| {
        let owner = Me::new(Owner(Turns::new((), 0, |()| None)));
        let sender = owner.clone();
        let sender = thread::spawn(move || sender.call(1));
        owner.run(owner.0.claim());
        sender.join().unwrap();
        assert!(owner.0.claim().is_none());
        assert_eq!(owner.letters(), 1);
    });
}

#[test]
fn a_reader_with_a_waker_of_its_own_does_not_sleep_over_a_letter() {
    loom::model(|| {
        let owner = Owner::new();
        let woken = Arc::new(AtomicBool::new(false));
        let (sender, wake) = (owner.clone(), woken.clone());
        // The sender, and whoever runs the owner then.
        let sender = thread::spawn(move || {
            if let Notified::Schedule(_) = Turns::send(&sender, 1, None).unwrap() {
                let turn = sender.0.begin(Reading::Anywhere).unwrap();
                if turn.has_reader() && sender.0.has_letters() {
                    turn.forget_reader();
                    wake.store(true, Ordering::SeqCst);
                }
                let _ = turn.end(None);
            }
        });
        let mut seen = owner.0.take().count();
        if seen == 0 {
            owner.0.set_reader();
            seen = owner.0.take().count();
        }
        sender.join().unwrap();
        assert!(seen == 1 || woken.load(Ordering::SeqCst));
    });
}

#[test]
fn a_last_turn_leaves_no_count_of_a_notification_that_comes_too_late() {
    loom::model(|| {
        let activity = Arc::new(Activity::new());
        let me = Owner::counted(&activity);
        let (activity2, me2) = (activity.clone(), me.clone());
        let sender = thread::spawn(move || {
            assert!(matches!(Turns::notify(&me2, Some(&activity2)), Notified::Known { .. }));
        });
        let _ = me.0.claim().unwrap().done(&me, Some(&activity));
        sender.join().unwrap();
        assert!(activity.is_quiet());
        assert!(me.0.begin(InTurns).is_none() && me.0.try_begin().is_none());
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

#[test]
fn a_box_is_made_once_and_all_see_what_is_in_it() {
    loom::model(|| {
        let once = Arc::new(OnceBox::new());
        let other = once.clone();
        let other = thread::spawn(move || other.get_or_init(|| Box::new(1)).to_string());
        let seen = once.get().map(ToString::to_string);
        let mine = once.get_or_init(|| Box::new(2)).to_string();
        let others = other.join().unwrap();
        assert_eq!(mine, others);
        assert!(seen.is_none_or(|seen| seen == mine));
    });
}

/// As the block of a server, whose handlers wait once.
struct Server(Turns<Lending<usize, usize>>);

impl AsRef<Turns<Lending<usize, usize>>> for Server {
    fn as_ref(&self) -> &Turns<Lending<usize, usize>> {
        &self.0
    }
}

impl Server {
    /// Goes on with what the server does, or begins something.
    fn step(self: &std::sync::Arc<Self>, turn: &mut Turn<'_, Lending<usize, usize>>) {
        if turn.poll_borrower(&mut Context::from_waker(Waker::noop())).is_some() {
            return;
        }
        let lent = turn.lend::<_, ()>(self, |value| {
            Lent::Kept(PooledFuture::new(async move {
                let before = *value;
                let mut waited = false;
                poll_fn(|_| match std::mem::replace(&mut waited, true) {
                    true => Poll::Ready(()),
                    false => Poll::Pending,
                })
                .await;
                *value = before + 1;
                *value
            }))
        });
        assert!(lent.is_none());
    }
}

#[test]
fn a_value_is_lent_to_one_future_at_a_time_which_threads_poll_in_turn() {
    loom::model(|| {
        let server = std::sync::Arc::new(Server(Turns::new((), Lending::new(), |()| None)));
        let mut turn = server.0.claim().unwrap();
        turn.put(0);
        let _ = turn.end(None);
        let steps = |server: &std::sync::Arc<Server>| {
            let mut steps = 0;
            for _ in 0..3 {
                if let Some(mut turn) = server.0.try_begin() {
                    server.step(&mut turn);
                    let _ = turn.end(None);
                    steps += 1;
                }
            }
            steps
        };
        let other = server.clone();
        let other = thread::spawn(move || steps(&other));
        let steps = steps(&server) + other.join().unwrap();
        let mut turn = server.0.try_begin().expect("nobody has a turn");
        turn.drop_borrower();
        assert_eq!(*turn.value().unwrap(), steps / 3, "three steps for each that is done");
        turn.drop_value();
        let _ = turn.done(&server, None);
        assert_eq!(std::sync::Arc::strong_count(&server), 1);
    });
}

#[test]
fn one_thread_at_a_time_uses_what_is_locked_and_sees_what_others_did() {
    loom::model(|| {
        let lock = Arc::new(SpinLock::new(0));
        let add = |lock: &SpinLock<usize>| usize::from(lock.try_with(|sum| *sum += 1).is_some());
        let other = lock.clone();
        let other = thread::spawn(move || add(&other) + add(&other));
        let mine = add(&lock);
        let others = other.join().unwrap();
        assert_eq!(lock.try_with(|sum| *sum), Some(mine + others));
        assert!(mine + others >= 1);
    });
}

#[test]
fn one_who_waits_for_what_is_locked_gets_it() {
    loom::model(|| {
        let lock = Arc::new(SpinLock::new(0));
        let other = lock.clone();
        let other = thread::spawn(move || other.with(|sum| *sum += 1));
        lock.with(|sum| *sum += 1);
        other.join().unwrap();
        assert_eq!(lock.with(|sum| *sum), 2);
    });
}

/// A place for a number, and one for who waits for it; all that is there is in a box, so that one who drops twice shows.
type NumberPlace = (Giver<Box<usize>, Box<usize>, ()>, Taker<Box<usize>, Box<usize>, ()>);

#[test]
fn of_two_who_give_one_is_first_and_the_taker_gets_that_or_is_told() {
    loom::model(|| {
        let (giver, mut taker): NumberPlace = place(());
        let other = giver.clone();
        let give = |giver: Giver<Box<usize>, Box<usize>, ()>, number| match giver.give(Box::new(number)) {
            Given::There => (true, false),
            Given::Awaited(waiting) => (true, *waiting == 7),
            Given::TooLate(value) => (*value != number, false),
            Given::Left(..) => panic!("it does not leave"),
        };
        let other = thread::spawn(move || give(other, 1));
        let taken = taker.take_or_wait(|_| Box::new(7));
        let (first, told) = give(giver, 2);
        let (other_first, other_told) = other.join().unwrap();
        assert!(first != other_first);
        assert_eq!(told || other_told, taken.is_none());
        let taken = taken.or_else(|| taker.take());
        assert_eq!(taken, Some(Box::new(if first { 2 } else { 1 })));
    });
}

#[test]
fn one_who_waits_anew_gets_the_value_or_is_told_as_it_waits_now() {
    loom::model(|| {
        let (giver, mut taker): NumberPlace = place(());
        assert!(taker.take_or_wait(|_| Box::new(1)).is_none());
        let giver = thread::spawn(move || match giver.give(Box::new(5)) {
            Given::There => None,
            Given::Awaited(waiting) => Some(*waiting),
            other => panic!("{other:?}"),
        });
        let taken = taker.take_or_wait(|before| Box::new(*before.unwrap() + 1));
        let told = giver.join().unwrap();
        match taken {
            // It may have been there, or on its way to who waited first.
            Some(value) => assert!(*value == 5 && told != Some(2)),
            None => assert_eq!(told, Some(2)),
        }
    });
}

#[test]
fn a_value_meets_one_who_goes_and_is_dropped_once() {
    loom::model(|| {
        let (giver, mut taker): NumberPlace = place(());
        assert!(taker.take_or_wait(|_| Box::new(1)).is_none());
        let giver = thread::spawn(move || drop(giver.give(Box::new(5))));
        drop(taker);
        giver.join().unwrap();
    });
}

#[test]
fn a_value_meets_one_who_leaves_and_one_of_them_has_both() {
    loom::model(|| {
        let (giver, mut taker): NumberPlace = place(());
        assert!(taker.take_or_wait(|_| Box::new(1)).is_none());
        let giver = thread::spawn(move || match giver.give(Box::new(5)) {
            Given::Left(waits, value) => (*waits, *value) == (2, 5),
            Given::There | Given::Awaited(_) => false,
            Given::TooLate(_) => panic!("it is the first"),
        });
        let both = taker.leave(Box::new(2)).map(|(waits, value)| (*waits, *value));
        let giver_has_both = giver.join().unwrap();
        assert_eq!(both, if giver_has_both { None } else { Some((2, 5)) });
    });
}
