//! A worker that falls asleep against one who puts something into its queue.

use super::in_every_order;
use crate::process::asleep::Asleep;
use loom::{
    sync::{
        Mutex, Notify,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};
use std::sync::Arc;

/// A queue and one who works on it.
struct Model {
    queue: AtomicUsize,
    /// The lock of the queue: who looks into it sees what was put there before.
    lock: Mutex<()>,
    asleep: Asleep,
    /// What wakes the worker.
    waker: Notify,
}

impl Model {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            queue: AtomicUsize::new(0),
            lock: Mutex::new(()),
            asleep: Asleep::default(),
            waker: Notify::new(),
        })
    }

    fn put(&self) {
        {
            let _locked = self.lock.lock().unwrap();
            self.queue.store(self.queue.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        }
        if self.asleep.take_one().is_some() {
            self.waker.notify();
        }
    }

    /// As the worker: takes one thing; sleeps until there is one.
    fn work(&self) {
        loop {
            {
                let _locked = self.lock.lock().unwrap();
                let waiting = self.queue.load(Ordering::Relaxed);
                if waiting > 0 {
                    return self.queue.store(waiting - 1, Ordering::Relaxed);
                }
            }
            let has_work = || {
                let _locked = self.lock.lock().unwrap();
                self.queue.load(Ordering::Relaxed) > 0
            };
            if self.asleep.fall_asleep(0, has_work) {
                self.waker.wait();
                self.asleep.wake_up(0);
            }
        }
    }
}

#[test]
fn what_is_put_into_a_queue_is_not_slept_over() {
    in_every_order(|| {
        let model = Model::new();
        let worker = {
            let model = model.clone();
            thread::spawn(move || model.work())
        };
        model.put();
        worker.join().unwrap();
    });
}

#[test]
fn one_who_has_been_woken_sleeps_again_and_is_woken_again() {
    in_every_order(|| {
        let model = Model::new();
        let worker = {
            let model = model.clone();
            thread::spawn(move || {
                model.work();
                model.work();
            })
        };
        model.put();
        model.put();
        worker.join().unwrap();
    });
}
