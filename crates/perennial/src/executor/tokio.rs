//! Tokio.

use std::{future::Future, time::Duration};
use tokio::runtime::{self, Builder, EnterGuard, Handle, RuntimeFlavor};

/// How often one who waits for a lull yields at most until the other threads are parked.
const LOOKS: u32 = 1000;

pub(crate) type Id = runtime::Id;

/// Where processes of a node run.
#[derive(Clone)]
pub(crate) struct Executor(Handle);

impl Executor {
    #[track_caller]
    pub(crate) fn current() -> Self {
        Self(Handle::current())
    }

    pub(crate) fn try_current() -> Option<Self> {
        Handle::try_current().ok().map(Self)
    }

    pub(crate) fn id(&self) -> Id {
        self.0.id()
    }

    pub(crate) fn enter(&self) -> EnterGuard<'_> {
        self.0.enter()
    }

    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        drop(self.0.spawn(task));
    }

    /// Has another thread come for what was woken last on this one, which goes on with what it does.
    ///
    /// Tokio keeps the task that was woken last for its own thread, where nobody can take it away. One more task, of
    /// nothing, takes its place, and it goes where others look, of whom one is woken.
    pub(crate) fn share(&self) {
        self.spawn(std::future::ready(()));
    }

    /// How many threads there are that run tasks.
    pub(crate) fn workers(&self) -> usize {
        self.0.metrics().num_workers()
    }

    /// Whether another thread goes on in place of one that blocks, if that says so by `block_in_place`.
    pub(crate) fn replaces_who_blocks(&self) -> bool {
        self.0.runtime_flavor() != RuntimeFlavor::CurrentThread
    }

    /// Lets those run who have yielded, here and on the other threads.
    pub(crate) async fn lull(&self) {
        for _ in 0..LOOKS {
            tokio::task::yield_now().await;
            if self.others_are_parked() {
                break;
            }
            // Not only tokio's, also the machine's: the other thread may wait for a core.
            std::thread::yield_now();
        }
    }

    /// Whether no thread of the runtime but ours is at work.
    fn others_are_parked(&self) -> bool {
        let metrics = self.0.metrics();
        let workers = 0..metrics.num_workers();
        // Odd from before a worker parks until after it has unparked; on a current-thread runtime we are the only one.
        workers.filter(|worker| metrics.worker_park_unpark_count(*worker).is_multiple_of(2)).count() <= 1
    }
}

/// A runtime that was made here.
pub(crate) struct Runtime(runtime::Runtime);

impl Runtime {
    pub(crate) fn current_thread() -> Self {
        Self::build(&mut Builder::new_current_thread())
    }

    /// With so many threads, or with one for each core.
    pub(crate) fn multi_thread(workers: Option<usize>) -> Self {
        let mut builder = Builder::new_multi_thread();
        if let Some(workers) = workers {
            builder.worker_threads(workers);
        }
        Self::build(&mut builder)
    }

    fn build(builder: &mut Builder) -> Self {
        Self(builder.enable_all().build().expect("a tokio runtime can be made"))
    }

    pub(crate) fn executor(&self) -> Executor {
        Executor(self.0.handle().clone())
    }

    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }

    /// Ends it; does not wait longer than this for threads that are at work.
    pub(crate) fn shut_down(self, patience: Duration) {
        self.0.shutdown_timeout(patience);
    }
}
