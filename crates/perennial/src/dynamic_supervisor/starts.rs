//! The starts that are under way, beside the supervisor's loop.
//!
//! # Invariants
//!
//! 1. Every process that a start function spawns with a link is noted here before its `Exit` can be handled: the
//!    note is made in the poll that spawns it, which is one of the supervisor's.
//! 2. A note is removed when its start is over. An `Exit` that came before is handled then, as if it came after.

use crate::{
    child_spec::{Start, StartResult},
    pid::Pid,
    process::{Exit, current},
};
use rustc_hash::FxHashMap;
use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{Arc, Mutex, MutexGuard},
};

/// Processes of starts that are under way, each with its `Exit`, if that came already.
///
/// Shared by the supervisor's loop and the starts beside it, which are one task: the lock is never waited for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Starts(Arc<Mutex<FxHashMap<Pid, Option<Exit>>>>);

/// How a start ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) result: StartResult,
    spawned: Vec<Pid>,
}

impl Starts {
    /// Runs a start function.
    pub(crate) fn run(
        &self,
        start: &Start,
        pause: Option<crate::time::Sleep>,
    ) -> impl Future<Output = Finished> + Send + use<> {
        let (notes, start) = (self.clone(), start.clone());
        async move {
            if let Some(pause) = pause {
                pause.await;
            }
            let mut all = Vec::new();
            let mut running = pin!(start.run());
            let result = poll_fn(|cx| {
                let (poll, spawned) = current::recording(|| running.as_mut().poll(cx));
                notes.lock().extend(spawned.iter().map(|pid| (*pid, None)));
                all.extend(spawned);
                poll
            })
            .await;
            Finished { result, spawned: all }
        }
    }

    /// Keeps the `Exit` of a process whose start is under way; gives that of another one back.
    pub(crate) fn keep(&self, exit: Exit) -> Option<Exit> {
        match self.lock().get_mut(&exit.from) {
            Some(early) => {
                *early = Some(exit);
                None
            }
            None => Some(exit),
        }
    }

    /// A start is over: its notes go. Returns the `Exit` of the started process, if that came already.
    pub(crate) fn finish(&self, finished: &Finished) -> Option<Exit> {
        let mut notes = self.lock();
        let mut early = None;
        for pid in &finished.spawned {
            let exit = notes.remove(pid).flatten();
            if finished.result == Ok(*pid) {
                early = exit;
            }
        }
        early
    }

    /// The processes of all starts that are under way.
    pub(crate) fn pids(&self) -> Vec<Pid> {
        self.lock().keys().copied().collect()
    }

    fn lock(&self) -> MutexGuard<'_, FxHashMap<Pid, Option<Exit>>> {
        self.0.lock().expect("no user code runs under this lock")
    }
}
