//! What belongs to one worker.

use super::here;
use crate::{
    pid::Pid,
    process::{asleep::Duty, block::ProcRef, node::NodeInner, patience::Looking, state::Process},
};
use perennial_cell::SpinLock;
use std::{
    collections::VecDeque,
    mem,
    sync::{
        OnceLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    task::Waker,
};

/// What belongs to one worker, in lines of the cache by itself.
#[derive(Default)]
#[repr(align(128))]
pub(super) struct Lane {
    /// Almost nobody but its worker uses it. So nobody waits for it: who finds another one there, such as a thief, takes
    /// what is outside instead, or puts it there.
    pub(super) queue: SpinLock<VecDeque<ProcRef>>,
    /// Its length, to be looked at without the lock. Nobody but the worker adds to it.
    len: AtomicUsize,
    /// Whom the worker takes before what is in the queue: that one lies with its [thread](here), and this says who it is.
    next: Shown,
    /// How many processes it has begun to poll.
    polls: AtomicU64,
    /// Which of its two tasks polls processes.
    pub(super) duty: Duty,
    /// What wakes them, once they have been polled.
    pub(super) tasks: [OnceLock<Waker>; 2],
    pub(super) looking: SpinLock<Looking>,
}

impl Lane {
    /// Uses the queue, unless somebody does so now.
    pub(super) fn try_with<R>(&self, f: impl FnOnce(&mut VecDeque<ProcRef>) -> R) -> Option<R> {
        self.queue.try_with(|queue| self.change(queue, f))
    }

    /// Takes all that is in the queue, after whoever uses that now.
    pub(super) fn drain(&self) -> VecDeque<ProcRef> {
        self.queue.with(|queue| self.change(queue, mem::take))
    }

    fn change<R>(&self, queue: &mut VecDeque<ProcRef>, f: impl FnOnce(&mut VecDeque<ProcRef>) -> R) -> R {
        let result = f(queue);
        self.len.store(queue.len(), Ordering::Relaxed);
        result
    }

    /// Puts `process` into the queue; gives it back if somebody uses that now.
    pub(super) fn put(
        &self,
        process: ProcRef,
        push: impl FnOnce(&mut VecDeque<ProcRef>, ProcRef),
    ) -> Option<ProcRef> {
        let mut process = Some(process);
        self.try_with(|queue| {
            if let Some(process) = process.take() {
                push(queue, process);
            }
        });
        process
    }

    /// Whether something is in the queue. For who does not add to it, as it was some time ago.
    #[inline]
    pub(super) fn has_queue(&self) -> bool {
        // Relaxed: what was put there by one who does not see that somebody sleeps is seen by that one, see `Asleep`.
        self.len.load(Ordering::Relaxed) > 0
    }

    /// Has the worker, which is here, take `process` next. Gives it back if it has others that come before.
    #[inline]
    pub(super) fn put_next(&self, process: ProcRef) -> Option<ProcRef> {
        if self.has_queue() {
            return Some(process);
        }
        let shown = Shown::bits(process.process());
        let left = here::put(process);
        if left.is_none() {
            self.next.show(shown);
        }
        left
    }

    /// What the worker, which is here, takes next, if that does not lie in the queue.
    #[inline]
    pub(super) fn take_next(&self) -> Option<ProcRef> {
        let next = here::take();
        if next.is_some() {
            self.next.show(NOBODY);
        }
        next
    }

    pub(super) fn count_poll(&self) {
        self.polls.store(self.polls() + 1, Ordering::Relaxed);
    }

    pub(super) fn polls(&self) -> u64 {
        self.polls.load(Ordering::Relaxed)
    }

    /// Who waits behind what the worker polls, without taking it from there. Who runs it in place of the worker begins its
    /// turn, and the worker finds that when it comes to it. Not shown a second time.
    pub(super) fn find_next(&self, node: &NodeInner) -> Option<ProcRef> {
        self.next.take(node).and_then(|next| node.process(next))
    }
}

/// Which process lies where only one thread can take it: half of its pid, or nobody.
#[derive(Default)]
struct Shown(AtomicU64);

/// No process has this slot and this serial.
const NOBODY: u64 = 0;

impl Shown {
    fn bits(process: &Process) -> u64 {
        let Pid { slot, serial, .. } = process.pid();
        u64::from(serial) << 32 | u64::from(slot)
    }

    /// By the thread that has it.
    #[inline]
    fn show(&self, bits: u64) {
        // Relaxed: nothing is read through it but the process, which is looked up in the table.
        self.0.store(bits, Ordering::Relaxed);
    }

    /// By another one.
    fn take(&self, node: &NodeInner) -> Option<Pid> {
        let bits = self.0.load(Ordering::Relaxed);
        // Race: the thread has shown another one meanwhile, so it is not held up.
        let taken = self.0.compare_exchange(bits, NOBODY, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        #[expect(clippy::cast_possible_truncation, reason = "the lower half")]
        let (slot, serial) = (bits as u32, (bits >> 32) as u32);
        (taken && bits != NOBODY).then(|| Pid { slot, serial, ..node.outside() })
    }
}
