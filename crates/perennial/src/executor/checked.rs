//! What runs under a checker of interleavings. There is one execution a thread of the machine, so that is its name.

use std::{
    future::Future,
    thread::{self, ThreadId},
    time::Duration,
};

pub(crate) type Id = ThreadId;

/// Where processes of a node run.
#[derive(Clone)]
pub(crate) struct Executor;

/// Nothing depends on it.
pub(crate) struct Entered;

impl Executor {
    pub(crate) fn current() -> Self {
        Self
    }

    #[allow(clippy::unnecessary_wraps, reason = "on tokio there may be none")]
    pub(crate) fn try_current() -> Option<Self> {
        Some(Self)
    }

    pub(crate) fn id(&self) -> Id {
        thread::current().id()
    }

    pub(crate) fn enter(&self) -> Entered {
        Entered
    }

    #[cfg(shuttle)]
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        // Dropping the handle leaves the task to itself.
        drop(shuttle::future::spawn(task));
    }

    #[cfg(perennial_loom)]
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        drop(task);
    }

    /// The checker lets all of them run at any time anyway.
    #[allow(clippy::unused_self, reason = "as on tokio")]
    pub(crate) fn share(&self) {}

    /// Enough for all that run in a small tree to be interrupted by each other.
    #[allow(clippy::unused_self, reason = "as on tokio")]
    pub(crate) fn workers(&self) -> usize {
        3
    }

    /// Nothing blocks here.
    #[allow(clippy::unused_self, reason = "as on tokio")]
    pub(crate) fn replaces_who_blocks(&self) -> bool {
        false
    }

    /// Nobody here can run without being counted.
    pub(crate) async fn lull(&self) {}
}

/// Stands for the execution of the checker.
pub(crate) struct Runtime;

impl Runtime {
    pub(crate) fn current_thread() -> Self {
        Self
    }

    /// The checker lets all of them run at any time anyway.
    pub(crate) fn multi_thread(_: Option<usize>) -> Self {
        Self
    }

    pub(crate) fn executor(&self) -> Executor {
        Executor
    }

    #[cfg(shuttle)]
    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        shuttle::future::block_on(future)
    }

    #[cfg(perennial_loom)]
    pub(crate) fn block_on<F: Future>(&self, _: F) -> F::Output {
        panic!("a model of loom has no tasks")
    }

    pub(crate) fn shut_down(self, _: Duration) {}
}
