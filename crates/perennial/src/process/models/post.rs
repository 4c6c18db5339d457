//! A worker whose process blocks its thread, against the watch that goes to rest.

use crate::process::{
    asleep::{Asleep, Watching},
    scheduler::post::Post,
};
use loom::{
    sync::{
        Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};
use std::sync::Arc;

/// Something that happens, and is waited for. Loom's own may also be over by chance.
#[derive(Default)]
struct Event(Mutex<bool>, Condvar);

impl Event {
    fn happens(&self) {
        *self.0.lock().unwrap() = true;
        self.1.notify_one();
    }

    fn wait(&self) {
        let mut happened = self.0.lock().unwrap();
        while !*happened {
            happened = self.1.wait(happened).unwrap();
        }
        *happened = false;
    }
}

/// One worker, and the watch.
struct Model {
    asleep: Asleep,
    watching: Watching,
    post: Post,
    is_over: AtomicBool,
    /// Somebody waits behind what the worker polls.
    waits: AtomicBool,
    /// That one was taken by another one, for which the worker waits.
    taken: Event,
    /// Goes by after each thing that the worker does.
    time: Event,
    watch: Mutex<Option<thread::JoinHandle<()>>>,
}

impl Model {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            asleep: Asleep::default(),
            watching: Watching::default(),
            post: Post::default(),
            is_over: AtomicBool::new(false),
            waits: AtomicBool::new(false),
            taken: Event::default(),
            time: Event::default(),
            watch: Mutex::new(None),
        })
    }

    fn expect_a_stall(self: &Arc<Self>) {
        if !self.watching.is_on() && self.watching.begin() {
            assert!(self.post.call(|| self.start()));
        }
    }

    fn start(self: &Arc<Self>) -> bool {
        let me = self.clone();
        let watch = move || {
            while me.post.wait_for_a_call(|| me.is_over()) {
                me.watch();
            }
        };
        self.watch.lock().unwrap().replace(thread::spawn(watch)).is_none()
    }

    fn watch(&self) {
        while !self.is_over() {
            if self.waits.swap(false, Ordering::Relaxed) {
                self.taken.happens();
            }
            if self.watching.end(&self.asleep, 1) {
                return;
            }
            self.time.wait();
        }
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Nothing is there to be polled.
    fn sleep(&self) {
        assert!(self.asleep.fall_asleep(0, || false));
        self.time.happens();
    }

    /// Who is polled has another one woken, and blocks the thread until that was polled.
    fn block(self: &Arc<Self>) {
        // As what is only stored may be seen as late as one likes.
        self.waits.swap(true, Ordering::Relaxed);
        self.expect_a_stall();
        self.time.happens();
        self.taken.wait();
    }
}

#[test]
fn a_call_while_the_watch_goes_to_rest_is_not_lost_and_neither_is_the_end() {
    let mut orders = loom::model::Builder::new();
    // Every order would take hours.
    orders.preemption_bound = Some(3);
    orders.check(|| {
        let model = Model::new();
        model.block();
        model.sleep();
        model.asleep.wake_up(0);
        model.block();
        model.sleep();
        model.is_over.store(true, Ordering::Relaxed);
        model.post.call_off();
        model.time.happens();
        let watch = model.watch.lock().unwrap().take();
        watch.expect("it was called").join().unwrap();
    });
}
