//! Many who want to write, one commit.
//!
//! # Invariants
//!
//! 1. At most one batch is in flight; what comes meanwhile waits and goes with the next one.
//! 2. A caller is answered after the commit of its batch, in the order of the batch, or told `Busy`.
//! 3. At most `limit` wait; more are told `Busy` at once.

use std::collections::VecDeque;

use perennial::gen_server::Caller;

use crate::facade::quizzes::Busy;

/// What a caller gets.
pub type Written<R> = Result<R, Busy>;

/// The queue of those who wait for a commit: items of type `T`, each answered with an `R`.
#[derive(Debug)]
pub struct GroupCommit<T, R: Send + 'static> {
    waiting: VecDeque<(T, Caller<Written<R>>)>,
    in_flight: Option<Vec<Caller<Written<R>>>>,
    limit: usize,
    batch: usize,
}

impl<T, R: Send + 'static> GroupCommit<T, R> {
    /// An empty queue of at most `limit`, written `batch` at a time.
    pub fn new(limit: usize, batch: usize) -> Self {
        Self { waiting: VecDeque::new(), in_flight: None, limit, batch }
    }

    /// Puts an item into the queue, or tells its caller that it is full.
    pub fn push(&mut self, item: T, from: Caller<Written<R>>) {
        if self.waiting.len() < self.limit {
            self.waiting.push_back((item, from));
        } else {
            from.reply(Err(Busy));
        }
    }

    /// What is to be written now: nothing if nobody waits or a batch is in flight.
    pub fn next_batch(&mut self) -> Option<Vec<T>> {
        if self.in_flight.is_some() || self.waiting.is_empty() {
            return None;
        }
        let size = self.batch.min(self.waiting.len());
        let (items, callers) = self.waiting.drain(..size).unzip();
        self.in_flight = Some(callers);
        Some(items)
    }

    /// The batch in flight was written, with a result for each item, or not.
    pub fn written(&mut self, results: Written<Vec<R>>) {
        let callers = self.in_flight.take().unwrap_or_default();
        match results {
            Ok(results) => callers.into_iter().zip(results).for_each(|(from, result)| from.reply(Ok(result))),
            Err(busy) => callers.into_iter().for_each(|from| from.reply(Err(busy))),
        }
    }
}
