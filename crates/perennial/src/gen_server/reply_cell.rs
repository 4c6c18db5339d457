//! Where the reply of one call is put: the server settles it, the caller waits for that.
//!
//! # Invariants
//!
//! 1. A cell is settled once; the first one counts: a reply, the drop of the [`Caller`](super::Caller), or the
//!    server's end.
//! 2. A `Caller` that outlives the callback it was made for, however that ends, is listed at the server until it
//!    is used or dropped, so that its caller learns of the server's end wherever the `Caller` is.
//! 3. Not listed is one that waits to be the reply of `stop_reply`: the last acts settle who is listed, then reply.

use crate::{
    clock::{Clock, Expire},
    exit_reason::CallError,
    process::{
        block::{ProcRef, Settle},
        time::Sleep,
    },
    sync::{Mutex, MutexGuard},
};
use std::{
    future::{Future, poll_fn},
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

pub(crate) struct ReplyCell<R>(Mutex<Cell<R>>);

struct Cell<R> {
    result: Outcome<R>,
    listing: Listing,
    /// Whether there was a reply, be it too late or taken already.
    replied: bool,
    /// Whether the time of the call is over: one who finds no reply waits no more.
    expired: bool,
}

type Pass<R> = Box<dyn FnOnce(Result<R, CallError>) + Send>;

enum Outcome<R> {
    Waiting(Option<Waker>),
    /// Whoever settles hands the result on.
    PassedOn(Option<Pass<R>>),
    Settled(Result<R, CallError>),
    /// Taken by the caller, or the caller has gone.
    Over,
}

/// Whether the server's list of callers that wait has this one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Listing {
    NotYet,
    Listed,
    /// It was used or dropped, or is the server's last reply.
    NoMore,
}

impl<R: Send + 'static> ReplyCell<R> {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Cell {
            result: Outcome::Waiting(None),
            listing: Listing::NotYet,
            replied: false,
            expired: false,
        })))
    }

    /// The cell of a request that could not be sent.
    pub(crate) fn failed(error: CallError) -> Arc<Self> {
        let cell = Self::new();
        cell.set(Err(error));
        cell
    }

    fn lock(&self) -> MutexGuard<'_, Cell<R>> {
        self.0.lock().expect("no user code runs under the lock of a reply")
    }

    /// Settles if nobody has. A result that comes too late is dropped outside of the lock.
    pub(crate) fn set(&self, result: Result<R, CallError>) {
        self.settle_locked(self.lock(), result);
    }

    /// The `Caller` answers.
    pub(crate) fn reply(&self, reply: R, server: &ProcRef) {
        let mut cell = self.lock();
        let before = mem::replace(&mut cell.listing, Listing::NoMore);
        self.settle_locked(cell, Ok(reply));
        if before == Listing::Listed {
            server.process().unlist_caller(self.key());
        }
    }

    fn settle_locked(&self, mut cell: MutexGuard<'_, Cell<R>>, result: Result<R, CallError>) {
        cell.replied |= result.is_ok();
        match &mut cell.result {
            Outcome::Waiting(waker) => {
                let waker = waker.take();
                cell.result = Outcome::Settled(result);
                drop(cell);
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
            Outcome::PassedOn(pass) => {
                let pass = pass.take();
                cell.result = Outcome::Over;
                drop(cell);
                if let Some(pass) = pass {
                    pass(result);
                }
            }
            Outcome::Settled(_) | Outcome::Over => {}
        }
    }

    /// Has `pass` called with the result, now if there is one, or else by whoever settles.
    fn pass_on(&self, pass: Pass<R>) {
        let mut pass = Some(pass);
        let before = {
            let mut cell = self.lock();
            let next = match cell.result {
                Outcome::Waiting(_) => Outcome::PassedOn(pass.take()),
                _ => Outcome::Over,
            };
            mem::replace(&mut cell.result, next)
        };
        // Without the lock, as is the drop of a waker.
        if let (Outcome::Settled(result), Some(pass)) = (before, pass) {
            pass(result);
        }
    }

    /// The callback has ended: if nobody has answered, the server's end will.
    pub(crate) fn list_if_waiting(self: Arc<Self>, server: &ProcRef) {
        {
            let mut cell = self.lock();
            let open = matches!(cell.result, Outcome::Waiting(_) | Outcome::PassedOn(_));
            if !open || cell.listing != Listing::NotYet {
                return;
            }
            cell.listing = Listing::Listed;
        }
        server.process().list_caller(self.key(), self.clone());
        // Race: one who used the `Caller` between the two did not find the entry.
        if self.lock().listing == Listing::NoMore {
            server.process().unlist_caller(self.key());
        }
    }

    /// It is settled by the last acts themselves, see invariant 3.
    pub(crate) fn never_list(&self) {
        self.lock().listing = Listing::NoMore;
    }

    /// The `Caller` was used or dropped.
    pub(crate) fn unlist(&self, server: &ProcRef) {
        let before = mem::replace(&mut self.lock().listing, Listing::NoMore);
        if before == Listing::Listed {
            server.process().unlist_caller(self.key());
        }
    }

    /// Its address tells it from all others while it is listed, since the list keeps it alive.
    fn key(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn is_expired(&self) -> bool {
        self.lock().expired
    }

    /// The result, if it is there.
    pub(crate) fn take(&self) -> Option<Result<R, CallError>> {
        let result = &mut self.lock().result;
        match mem::replace(result, Outcome::Over) {
            Outcome::Settled(result) => Some(result),
            other => {
                *result = other;
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

impl<R: Send + 'static> Expire for ReplyCell<R> {
    fn expire(&self) {
        let mut cell = self.lock();
        cell.expired = true;
        let waker = match &mut cell.result {
            Outcome::Waiting(waker) => waker.take(),
            _ => None,
        };
        drop(cell);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// A call as one sees it who does not know the type of its reply.
pub(crate) trait Replied: Send + Sync {
    /// Whether it was replied to.
    fn replied(&self) -> bool;
}

impl<R: Send + 'static> Replied for ReplyCell<R> {
    fn replied(&self) -> bool {
        self.lock().replied
    }
}

/// Waits for the reply of a call, or for its time-out. Nothing is asked of the clock before it has to wait.
pub(crate) async fn wait<R: Send + 'static>(
    cell: Arc<ReplyCell<R>>,
    clock: &Arc<Clock>,
    timeout: Option<Duration>,
) -> Result<R, CallError> {
    let mut answer = Answer { cell, timeout: None };
    let mut deadline = None;
    poll_fn(|cx| {
        let polled = Pin::new(&mut answer).poll(cx);
        if polled.is_ready() {
            return polled;
        }
        match (&deadline, timeout) {
            (None, Some(timeout)) => deadline = Some(clock.expire(timeout, answer.cell.clone())),
            (Some(_), _) if answer.cell.is_expired() => {
                // Race: the reply may have come between the two looks.
                return Poll::Ready(answer.look().unwrap_or(Err(CallError::Timeout)));
            }
            _ => {}
        }
        Poll::Pending
    })
    .await
}

/// Waits for the reply, or for the time-out, whichever is first; a reply that is there at the time-out wins.
pub(crate) struct Answer<R: Send + 'static> {
    pub(crate) cell: Arc<ReplyCell<R>>,
    pub(crate) timeout: Option<Sleep>,
}

impl<R: Send + 'static> Answer<R> {
    /// Whether the result was taken or passed on.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.cell.lock().result, Outcome::PassedOn(_) | Outcome::Over)
    }

    /// The result, if it is there.
    pub(crate) fn look(&self) -> Option<Result<R, CallError>> {
        self.cell.take()
    }

    /// Has `pass` called with the result once it is there, by whoever settles: it must be short, and may do what the
    /// server may do in a handler.
    pub(crate) fn pass_on(self, pass: impl FnOnce(Result<R, CallError>) + Send + 'static) {
        self.cell.pass_on(Box::new(pass));
    }
}

impl<R: Send + 'static> Future for Answer<R> {
    type Output = Result<R, CallError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Outcome::Waiting(waker) = &mut self.cell.lock().result
            && !waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()))
        {
            *waker = Some(cx.waker().clone());
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
        // From now on a reply is dropped by who sends it. An entry at the server goes when the `Caller` does.
        let rest = {
            let mut cell = self.cell.lock();
            if matches!(cell.result, Outcome::PassedOn(_)) {
                return;
            }
            mem::replace(&mut cell.result, Outcome::Over)
        };
        drop(rest);
    }
}
