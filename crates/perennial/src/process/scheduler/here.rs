//! The worker that polls processes on this thread, and the one that it polls next.
//!
//! Most processes that are polled have at most one other one polled after that: the next stage of a pipeline, or who waits
//! for a reply. That one is put here, where it costs no lock, as nobody else can take it.

use super::Scheduler;
use crate::{process::block::ProcRef, sync::thread_local};
use std::{
    cell::Cell,
    mem::{self, ManuallyDrop},
    ptr,
};

/// The worker of this thread, by its scheduler and its lane.
#[derive(Clone, Copy)]
struct Here {
    scheduler: *const Scheduler,
    lane: usize,
}

const NOBODY: Here = Here { scheduler: ptr::null(), lane: 0 };

thread_local! {
    static HERE: Cell<Here> = const { Cell::new(NOBODY) };
    // Empty but while a worker is here. As it is never dropped, it can be used whatever has been dropped already.
    static NEXT: ManuallyDrop<Cell<Option<ProcRef>>> = const { ManuallyDrop::new(Cell::new(None)) };
}

/// Guard of [`enter`].
pub(super) struct Entered<'a> {
    scheduler: &'a Scheduler,
    lane: usize,
    before: (Here, Option<ProcRef>),
}

/// A worker of `scheduler` is here from now on, until the guard is dropped. What is left then comes first in its queue. Who
/// was here before is here again afterwards: a process may run another runtime inside of itself.
pub(super) fn enter(scheduler: &Scheduler, lane: usize) -> Entered<'_> {
    let here = HERE.with(|here| here.replace(Here { scheduler: ptr::from_ref(scheduler), lane }));
    Entered { scheduler, lane, before: (here, NEXT.with(|next| next.take())) }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        let (here, next) = mem::replace(&mut self.before, (NOBODY, None));
        HERE.with(|place| place.set(here));
        if let Some(left) = NEXT.with(|place| place.replace(next)) {
            self.scheduler.put_first(self.lane, left);
        }
    }
}

/// The lane whose worker is here, if it is one of `scheduler`.
#[inline]
pub(super) fn lane(scheduler: &Scheduler) -> Option<usize> {
    let here = HERE.with(Cell::get);
    ptr::eq(here.scheduler, scheduler).then_some(here.lane)
}

/// Has the worker that is here take `process` next; gives it back if there is another one.
#[inline]
pub(super) fn put(process: ProcRef) -> Option<ProcRef> {
    NEXT.with(|place| match place.take() {
        None => {
            place.set(Some(process));
            None
        }
        next => {
            place.set(next);
            Some(process)
        }
    })
}

/// What the worker that is here takes next.
#[inline]
pub(super) fn take() -> Option<ProcRef> {
    NEXT.with(|place| place.take())
}
