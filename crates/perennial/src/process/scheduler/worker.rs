//! What polls processes.

use super::{Lane, Scheduler, here};
use crate::{process::patience::Shift, sync::fence};
use std::{
    future::Future,
    hint,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
};
use tokio::task::coop;

/// How many processes a worker polls before it lets other tasks of its thread run, if they use up no budget.
const POLLS: u32 = 256;

/// How long a worker that looks for something to do waits between two looks, in pauses of the processor: one
/// microsecond or two.
const PAUSES: u32 = 32;

/// A task of the runtime that polls processes: one of the two of a lane, which relieve each other.
///
/// One that has done its share lets other tasks run. Would it wake itself for that, tokio would wake another thread to
/// take it over, each time. A task that is woken by another one waits for its turn on this thread, and nobody is told.
///
/// One of them is on duty, from when the other one says so until it says the same of that. The other one does nothing
/// when it is polled.
pub(super) struct Worker {
    scheduler: Arc<Scheduler>,
    lane: usize,
    task: usize,
    tick: u32,
    /// What it has done since it was woken.
    shift: Shift,
}

impl Worker {
    pub(super) fn new(scheduler: Arc<Scheduler>, lane: usize, task: usize) -> Self {
        Self { scheduler, lane, task, tick: 0, shift: Shift::begin() }
    }

    /// Polls processes, until others are to run, or nothing is there to do: then it sleeps from now on, and returns true.
    fn work(&mut self) -> bool {
        let scheduler = &*self.scheduler;
        let lane = &scheduler.lanes[self.lane];
        let _here = here::enter(scheduler, self.lane);
        self.shift = Shift::begin();
        for _ in 0..POLLS {
            // What is used up here is given again to the next poll of this task.
            if scheduler.is_closed() || !coop::has_budget_remaining() {
                break;
            }
            self.tick = self.tick.wrapping_add(1);
            let Some(process) = scheduler.next(self.lane, self.tick) else {
                if scheduler.looks_on(lane, &self.shift) {
                    break;
                }
                let has_work = || scheduler.seems_to_have_work() || scheduler.is_closed();
                if scheduler.asleep.fall_asleep(self.lane, has_work) {
                    return true;
                }
                continue;
            };
            lane.count_poll();
            self.shift.count_poll();
            if let Some(again) = process.run() {
                scheduler.schedule_or_end(again);
            }
        }
        false
    }
}

impl Future for Worker {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let scheduler = &*this.scheduler;
        let lane = &scheduler.lanes[this.lane];
        // It is a task, and not a part of one. So each of its wakers wakes it, and the first will do.
        let waker = &lane.tasks[this.task];
        if waker.get().is_none() {
            waker.get_or_init(|| cx.waker().clone());
            // SeqCst: pairs with the one in `close`. Either that sees the waker, or this sees that it is closed.
            fence(Ordering::SeqCst);
        }
        if lane.duty.task() != this.task && !scheduler.is_closed() {
            return Poll::Pending;
        }
        scheduler.asleep.wake_up(this.lane);
        let sleeps = this.work();
        let scheduler = &*this.scheduler;
        if scheduler.is_closed() {
            // Race: as in `schedule_or_end`, with what the worker has put back.
            scheduler.end(scheduler.drain());
            return Poll::Ready(());
        }
        if sleeps {
            return Poll::Pending;
        }
        let lane = &scheduler.lanes[this.lane];
        match lane.tasks[1 - this.task].get() {
            Some(other) => {
                lane.duty.hand_over();
                other.wake_by_ref();
            }
            // It has not been polled at all yet.
            None => cx.waker().wake_by_ref(),
        }
        Poll::Pending
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.scheduler.end_all();
    }
}

impl Scheduler {
    /// Whether a worker that has found nothing is to look again, when others have run: what it has polled last may have
    /// woken tasks of this thread.
    fn looks_on(&self, lane: &Lane, shift: &Shift) -> bool {
        // A worker of its own has nobody to wait for.
        if self.lanes.len() == 1 || !lane.looking.try_with(|looking| shift.looks_on(looking)).unwrap_or(false)
        {
            return false;
        }
        if shift.is_idle() {
            for _ in 0..PAUSES {
                if self.outside_len.load(Ordering::Relaxed) > 0 {
                    break;
                }
                hint::spin_loop();
            }
        }
        true
    }
}
