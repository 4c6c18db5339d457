//! Where the thread of the [watch](super::watch) waits, and how it is called.
//!
//! # Order of events
//!
//! A call is noted under the lock, and so is not lost on one who has just looked and is about to wait. It stands until the
//! thread comes to it; who calls twice before that has called once.
//!
//! That it is the end is said elsewhere, before [`call_off`](Post::call_off): the thread looks for it under the lock, which is
//! taken once between the two.

use crate::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

#[derive(Default)]
pub(in crate::process) struct Post {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
pub(in crate::process) struct State {
    pub(super) has_thread: bool,
    /// Somebody is to be looked after.
    pub(super) is_called: bool,
}

impl Post {
    /// Calls the thread; `start` makes it when it is first called. False if there can be none.
    pub(in crate::process) fn call(&self, start: impl FnOnce() -> bool) -> bool {
        let mut state = self.lock();
        state.has_thread = state.has_thread || start();
        if state.has_thread {
            state.is_called = true;
            self.changed.notify_one();
        }
        state.has_thread
    }

    /// The thread waits until it is called; false if it is the end.
    pub(in crate::process) fn wait_for_a_call(&self, is_over: impl Fn() -> bool) -> bool {
        let mut state = self.lock();
        while !state.is_called && !is_over() {
            state = self.changed.wait(state).expect(NO_PANIC);
        }
        state.is_called = false;
        !is_over()
    }

    /// The thread waits for some time, less if it is the end. Should it be woken by chance, it looks a bit too early.
    pub(super) fn wait(&self, time: Duration, is_over: impl Fn() -> bool) {
        let state = self.lock();
        if !is_over() {
            drop(self.changed.wait_timeout(state, time).expect(NO_PANIC));
        }
    }

    /// Tells the thread that it is the end, after that was said.
    pub(in crate::process) fn call_off(&self) {
        // Race: it may have looked just before. Then it waits by the time that the lock is ours.
        drop(self.lock());
        self.changed.notify_all();
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect(NO_PANIC)
    }
}

const NO_PANIC: &str = "no user code runs under the lock of the post";
