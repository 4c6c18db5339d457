//! A worker that falls asleep against one who puts something into its queue.

use super::in_every_order;
use crate::process::asleep::Asleep;
use loom::{
    sync::{Mutex, Notify},
    thread,
};
use std::sync::Arc;

/// A queue and one who works on it.
struct Model {
    /// How many things are in it.
    queue: Mutex<usize>,
    asleep: Asleep,
    /// What wakes the worker.
    waker: Notify,
}

impl Model {
    fn put(&self) {
        *self.queue.lock().unwrap() += 1;
        if self.asleep.take_one().is_some() {
            self.waker.notify();
        }
    }

    /// As the worker: takes one thing; sleeps until there is one.
    fn work(&self) {
        loop {
            {
                let mut queue = self.queue.lock().unwrap();
                if *queue > 0 {
                    *queue -= 1;
                    return;
                }
            }
            if self.asleep.fall_asleep(0, || *self.queue.lock().unwrap() > 0) {
                self.waker.wait();
                self.asleep.wake_up(0);
            }
        }
    }
}

/// So many things are put into the queue while the worker takes as many.
fn works(things: usize) {
    in_every_order(move || {
        let model = Arc::new(Model { queue: Mutex::new(0), asleep: Asleep::default(), waker: Notify::new() });
        let worker = thread::spawn({
            let model = model.clone();
            move || (0..things).for_each(|_| model.work())
        });
        (0..things).for_each(|_| model.put());
        worker.join().unwrap();
    });
}

#[test]
fn what_is_put_into_a_queue_is_not_slept_over() {
    works(1);
}

#[test]
fn one_who_has_been_woken_sleeps_again_and_is_woken_again() {
    works(2);
}
