//! A worker that falls asleep against one who puts something into its queue, and one that wakes up against the end of
//! the watch.

use crate::process::asleep::{Asleep, Duty, Watching};
use loom::{
    model::Builder,
    sync::{
        Mutex, Notify,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};
use std::sync::Arc;

/// A queue and the worker that works on it: one task, or two that relieve each other.
struct Model {
    /// How many things are in it. Nobody waits for the lock.
    queue: Mutex<usize>,
    /// The same, to be looked at without the lock.
    len: AtomicUsize,
    /// What those put there who found the lock taken.
    outside: Mutex<usize>,
    outside_len: AtomicUsize,
    asleep: Asleep,
    duty: Duty,
    /// What wakes the tasks.
    wakers: Vec<Notify>,
    /// How many things are still to be taken.
    left: AtomicUsize,
}

impl Model {
    fn new(things: usize, tasks: usize) -> Arc<Self> {
        Arc::new(Self {
            queue: Mutex::new(0),
            len: AtomicUsize::new(0),
            outside: Mutex::new(0),
            outside_len: AtomicUsize::new(0),
            asleep: Asleep::default(),
            duty: Duty::default(),
            wakers: (0..tasks).map(|_| Notify::new()).collect(),
            left: AtomicUsize::new(things),
        })
    }

    fn put(&self) {
        let (mut queue, len) = match self.queue.try_lock() {
            Ok(queue) => (queue, &self.len),
            Err(_) => (self.outside.lock().unwrap(), &self.outside_len),
        };
        *queue += 1;
        len.store(*queue, Ordering::Relaxed);
        drop(queue);
        if self.asleep.take_one().is_some() {
            self.wakers[self.duty.task()].notify();
        }
    }

    fn take(&self) -> bool {
        let take = |mut queue: loom::sync::MutexGuard<'_, usize>, len: &AtomicUsize| {
            let there = *queue > 0;
            *queue -= usize::from(there);
            len.store(*queue, Ordering::Relaxed);
            there
        };
        let own = || self.queue.try_lock().is_ok_and(|queue| take(queue, &self.len));
        let outside = || take(self.outside.lock().unwrap(), &self.outside_len);
        (waits(&self.len) && own()) || (waits(&self.outside_len) && outside())
    }

    fn has_work(&self) -> bool {
        waits(&self.len) || waits(&self.outside_len)
    }

    /// A task of the worker, until all is taken. If there are two, each takes one thing, and has the other one go on.
    fn task(&self, me: usize) {
        let (mine, other) = (&self.wakers[me], self.wakers.get(1 - me));
        while self.left.load(Ordering::Relaxed) > 0 {
            if self.duty.task() != me {
                mine.wait();
                continue;
            }
            self.asleep.wake_up(0);
            if self.take() {
                self.left.fetch_sub(1, Ordering::Relaxed);
                if let Some(other) = other {
                    self.duty.hand_over();
                    other.notify();
                }
            } else if self.asleep.fall_asleep(0, || self.has_work()) {
                mine.wait();
            } else {
                // Somebody is at the queue.
                thread::yield_now();
            }
        }
        // The other one need not wait any more.
        if let Some(other) = other {
            other.notify();
        }
    }
}

fn waits(len: &AtomicUsize) -> bool {
    len.load(Ordering::Relaxed) > 0
}

/// So many things are put into the queue while the worker, which is so many tasks, takes as many.
fn works(things: usize, tasks: usize) {
    let mut orders = Builder::new();
    if tasks > 1 {
        // Every order would take hours.
        orders.preemption_bound = Some(3);
    }
    orders.check(move || {
        let model = Model::new(things, tasks);
        let work = |me| {
            let model = model.clone();
            thread::spawn(move || model.task(me))
        };
        let worker: Vec<_> = (0..tasks).map(work).collect();
        (0..things).for_each(|_| model.put());
        worker.into_iter().for_each(|task| task.join().unwrap());
    });
}

#[test]
fn what_is_put_into_a_queue_is_not_slept_over() {
    works(1, 1);
}

#[test]
fn one_who_has_been_woken_sleeps_again_and_is_woken_again() {
    works(2, 1);
}

#[test]
fn of_two_tasks_that_relieve_each_other_the_one_that_sleeps_is_woken() {
    works(2, 2);
}

/// The watch ends, as the only worker sleeps; that one wakes up, in whatever way, and looks whether it is watched.
fn wakes_up(wake_up: fn(&Arc<(Asleep, Watching)>)) {
    loom::model(move || {
        let shared = Arc::new((Asleep::default(), Watching::default()));
        let (asleep, watching) = &*shared;
        assert!(asleep.fall_asleep(0, || false) && watching.begin());
        let watch = {
            let shared = shared.clone();
            thread::spawn(move || shared.1.end(&shared.0, 1))
        };
        wake_up(&shared);
        let begins = !watching.is_on() && watching.begin();
        let ends = watch.join().unwrap();
        assert_eq!(begins, ends, "there is one watch, and not two");
    });
}

#[test]
fn a_worker_that_is_woken_while_the_watch_ends_is_watched() {
    wakes_up(|shared| assert_eq!(shared.0.take_one(), Some(0)));
}

#[test]
fn a_worker_that_wakes_up_by_itself_while_the_watch_ends_is_watched() {
    wakes_up(|shared| {
        let another = shared.clone();
        // Who wakes it may have said that it is awake, and not have woken it yet.
        let wakes = thread::spawn(move || another.0.take_one());
        shared.0.wake_up(0);
        wakes.join().unwrap();
    });
}
