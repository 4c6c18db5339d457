//! A stream of tasks as it runs.
//!
//! # Invariants
//!
//! 1. At most `max_concurrency` futures are in `running`, each of which holds its task, or the start of it. Dropping it
//!    kills the task.
//! 2. `early` holds results whose turn has not come, by position; it is empty unless `ordered`. It has no bound but the
//!    time that the slowest task takes, as in OTP: a bound would hold up the others.
//! 3. When the stream is over, nothing is in either.

use crate::{
    child_spec::Shutdown,
    process::{block::ProcRef, current},
    task::stream::{Start, Starting, StreamError, StreamOptions},
};
use futures_util::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use std::{
    collections::BTreeMap,
    fmt,
    iter::Fuse,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::task::unconstrained;

/// `K` is what is kept of an item, for its error.
pub(crate) struct Run<I: Iterator, T, K> {
    items: Fuse<I>,
    start: Start<I::Item, T>,
    keep: fn(&I::Item) -> K,
    link: bool,
    options: StreamOptions,
    running: FuturesUnordered<BoxFuture<'static, Done<T, K>>>,
    phase: Phase,
    early: BTreeMap<usize, Result<T, (K, StreamError)>>,
    /// How many were begun, and how many were given out.
    begun: usize,
    given: usize,
}

enum Phase {
    New,
    /// With the process that is linked to the tasks.
    Running(Option<ProcRef>),
    Over,
}

/// The result of one item.
struct Done<T, K> {
    position: usize,
    result: Result<T, (K, StreamError)>,
}

impl<I: Iterator, T> Run<I, T, ()> {
    #[track_caller]
    pub(crate) fn new(items: I, start: Start<I::Item, T>, link: bool, options: StreamOptions) -> Self {
        assert!(options.max_concurrency > 0, "max_concurrency: a stream that may run no task never ends");
        Self::build(items.fuse(), start, |_| (), link, options)
    }

    /// The same, with something kept of each item.
    #[track_caller]
    pub(crate) fn keeping<K>(self, keep: fn(&I::Item) -> K) -> Run<I, T, K> {
        assert!(matches!(self.phase, Phase::New), "the stream was polled before");
        Run::build(self.items, self.start, keep, self.link, self.options)
    }
}

impl<I: Iterator, T, K> Run<I, T, K>
where
    T: Send + 'static,
    K: Send + 'static,
{
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, (K, StreamError)>>> {
        if matches!(self.phase, Phase::New) {
            self.phase = Phase::Running(if self.link { owner() } else { None });
        }
        loop {
            if let Some(result) = self.early.remove(&self.given) {
                self.given += 1;
                return Poll::Ready(Some(result));
            }
            self.begin();
            let Some(Done { position, result }) = ready!(self.running.poll_next_unpin(cx)) else {
                self.end();
                return Poll::Ready(None);
            };
            if let Err((_, error)) = &result
                && error.is_last(self.options.on_timeout)
            {
                self.end();
                return Poll::Ready(Some(result));
            }
            if !self.options.ordered {
                self.given += 1;
                return Poll::Ready(Some(result));
            }
            self.early.insert(position, result);
        }
    }

    /// Begins as many items as may run.
    fn begin(&mut self) {
        let Phase::Running(owner) = &self.phase else { return };
        while self.running.len() < self.options.max_concurrency
            && let Some(item) = self.items.next()
        {
            let kept = (self.keep)(&item);
            let starting = (self.start)(item, owner.clone());
            let (position, timeout) = (self.begun, self.options.timeout);
            self.begun += 1;
            let run = async move {
                Done { position, result: result(starting, timeout).await.map_err(|error| (kept, error)) }
            };
            // Unconstrained: once the budget of the task is spent all that are polled would wake themselves.
            self.running.push(Box::pin(unconstrained(run)));
        }
    }
}

impl<I: Iterator, T, K> Run<I, T, K> {
    fn build(
        items: Fuse<I>,
        start: Start<I::Item, T>,
        keep: fn(&I::Item) -> K,
        link: bool,
        options: StreamOptions,
    ) -> Self {
        let running = FuturesUnordered::new();
        Self {
            items,
            start,
            keep,
            link,
            options,
            running,
            phase: Phase::New,
            early: BTreeMap::new(),
            begun: 0,
            given: 0,
        }
    }

    fn end(&mut self) {
        self.running.clear();
        self.early.clear();
        self.phase = Phase::Over;
    }
}

/// The reader, which is the current process, to be linked to its tasks. One that traps exits would get a message for
/// each, so it is not: when it ends it drops the stream, and that kills them.
fn owner() -> Option<ProcRef> {
    current::process().filter(|reader| !reader.process().lock().traps())
}

/// Waits for a task and its result.
async fn result<T>(starting: Starting<T>, timeout: Option<Duration>) -> Result<T, StreamError> {
    let mut started = starting.await.map_err(StreamError::Start)?;
    let task = started.task();
    match task.outcome_within(timeout).await {
        Some(outcome) => outcome.map_err(StreamError::Exit),
        // A result that comes after all is as good.
        None => match task.shut_down(Shutdown::BrutalKill).await {
            Some(Ok(value)) => Ok(value),
            _ => Err(StreamError::Timeout),
        },
    }
}

impl<I: Iterator, T, K> fmt::Debug for Run<I, T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} begun, {} running, {} given", self.begun, self.running.len(), self.given)
    }
}
