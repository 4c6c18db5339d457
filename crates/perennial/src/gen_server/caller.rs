//! The reply of one call: the side that answers and the side that waits.
//!
//! # Invariants
//!
//! 1. A cell is settled once; the first one counts: a reply, the drop of the [`Caller`], or the server's end.
//! 2. A `Caller` that outlives the callback it was made for is listed at the server until it is settled, so that
//!    its caller learns of the server's end wherever the `Caller` is.

use crate::{
    exit_reason::CallError,
    pid::Pid,
    process::{
        block::{ProcRef, Settle},
        current,
        time::Sleep,
    },
};
use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll, Waker},
};

/// One who waits for a reply of type `R`: the `From` of `handle_call/3`.
///
/// It can be kept, and sent to others; whoever has it may [`reply`](Self::reply). If it is dropped without that,
/// the caller is told so, or the reason, if the server is ending.
pub struct Caller<R: Send + 'static> {
    cell: Option<Arc<ReplyCell<R>>>,
    server: ProcRef,
    pid: Option<Pid>,
}

pub(crate) struct ReplyCell<R>(Mutex<Cell<R>>);

enum Cell<R> {
    Waiting {
        waker: Option<Waker>,
        listed: bool,
    },
    Settled(Result<R, CallError>),
    /// Taken by the caller, or the caller has gone.
    Over,
}

impl<R: Send + 'static> Caller<R> {
    pub(crate) fn new(server: ProcRef) -> (Self, Arc<ReplyCell<R>>) {
        let cell = Arc::new(ReplyCell(Mutex::new(Cell::Waiting { waker: None, listed: false })));
        let pid = current::process().map(|process| process.process().pid);
        (Self { cell: Some(cell.clone()), server, pid }, cell)
    }

    /// Answers. One who has stopped waiting does not notice.
    #[doc(alias = "gen_server:reply/2")]
    pub fn reply(mut self, reply: R) {
        if let Some(cell) = self.cell.take() {
            cell.settle(Ok(reply), &self.server);
        }
    }

    /// The process that called, if it was one.
    pub fn pid(&self) -> Option<Pid> {
        self.pid
    }

    pub(crate) fn cell(&self) -> Option<Arc<ReplyCell<R>>> {
        self.cell.clone()
    }

    /// Takes part no more: nobody is told of the drop.
    pub(crate) fn disarm(mut self) {
        self.cell = None;
    }
}

impl<R: Send + 'static> Drop for Caller<R> {
    fn drop(&mut self) {
        if let Some(cell) = self.cell.take() {
            self.server.process().drop_caller(current::is(&self.server), cell);
        }
    }
}

impl<R: Send + 'static> fmt::Debug for Caller<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Caller({:?})", self.pid)
    }
}

impl<R: Send + 'static> ReplyCell<R> {
    fn lock(&self) -> MutexGuard<'_, Cell<R>> {
        self.0.lock().expect("no user code runs under the lock of a reply")
    }

    /// Settles if nobody has. The result is dropped outside of the lock if it comes too late.
    fn settle(&self, result: Result<R, CallError>, server: &ProcRef) {
        if self.set(result)
            && let Some(bonds) = &mut server.process().lock().bonds
        {
            bonds.callers.remove(&self.key());
        }
    }

    /// Returns whether the caller was listed.
    fn set(&self, result: Result<R, CallError>) -> bool {
        let mut cell = self.lock();
        let Cell::Waiting { waker, listed } = &mut *cell else { return false };
        let (waker, listed) = (waker.take(), *listed);
        *cell = Cell::Settled(result);
        drop(cell);
        if let Some(waker) = waker {
            waker.wake();
        }
        listed
    }

    /// The callback has ended: if nobody has answered, the server's end will.
    pub(crate) fn list_if_waiting(self: Arc<Self>, server: &ProcRef) {
        match &mut *self.lock() {
            Cell::Waiting { listed, .. } => *listed = true,
            _ => return,
        }
        let key = self.key();
        server.process().lock().bonds().callers.insert(key, self.clone());
        // Race: one who settled between the two did not find the entry.
        if !matches!(*self.lock(), Cell::Waiting { .. })
            && let Some(bonds) = &mut server.process().lock().bonds
        {
            bonds.callers.remove(&key);
        }
    }

    /// Its address tells it from all others while it is listed, since the list keeps it alive.
    fn key(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn take(&self) -> Option<Result<R, CallError>> {
        let mut cell = self.lock();
        match mem::replace(&mut *cell, Cell::Over) {
            Cell::Settled(result) => Some(result),
            other => {
                *cell = other;
                None
            }
        }
    }
}

impl<R: Send + 'static> Settle for ReplyCell<R> {
    fn settle(&self, error: CallError) {
        self.set(Err(error));
    }
}

/// Waits for the reply, or for the time-out, whichever is first; a reply that is there at the time-out wins.
pub(crate) struct Answer<R: Send + 'static> {
    pub(crate) cell: Arc<ReplyCell<R>>,
    pub(crate) timeout: Option<Sleep>,
}

impl<R: Send + 'static> Future for Answer<R> {
    type Output = Result<R, CallError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        {
            let mut cell = self.cell.lock();
            if let Cell::Waiting { waker, .. } = &mut *cell {
                if !waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                    *waker = Some(cx.waker().clone());
                }
            }
        }
        if let Some(result) = self.cell.take() {
            return Poll::Ready(result);
        }
        let Some(timeout) = &mut self.timeout else { return Poll::Pending };
        if Pin::new(timeout).poll(cx).is_pending() {
            return Poll::Pending;
        }
        // Race: the reply may have come between the two looks.
        Poll::Ready(self.cell.take().unwrap_or(Err(CallError::Timeout)))
    }
}

impl<R: Send + 'static> Drop for Answer<R> {
    fn drop(&mut self) {
        // From now on a reply is dropped by who sends it.
        let rest = mem::replace(&mut *self.cell.lock(), Cell::Over);
        if let Cell::Waiting { listed: true, .. } = rest {
            // The entry at the server goes when the `Caller` does.
        }
        drop(rest);
    }
}
