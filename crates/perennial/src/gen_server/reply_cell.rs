//! Where the reply of one call is put: the server settles it, the caller waits for that.
//!
//! # Invariants
//!
//! 1. A call is settled once; the first one counts: a reply, the drop of the [`Caller`](super::Caller), or the
//!    server's end.
//! 2. A `Caller` that outlives the callback it was made for, however that ends, is listed at the server until it
//!    is used or dropped, so that its caller learns of the server's end wherever the `Caller` is.
//! 3. Not listed is one that waits to be the reply of `stop_reply`: the last acts settle who is listed, then reply.

use crate::{
    clock::Clock,
    exit_reason::CallError,
    process::{block::ProcRef, bonds::Settle},
    sync::AtomicU8,
};
use perennial_cell::{Given, Giver, Taker, place};
use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

type Outcome<R> = Result<R, CallError>;

/// The place for the reply of a call, as the server has it.
pub(crate) struct ReplyCell<R>(Giver<Outcome<R>, Then<R>, Notes>);

/// Whom the one who settles tells.
enum Then<R> {
    Wake(Waker),
    /// The result is handed on.
    Pass(Box<dyn FnOnce(Outcome<R>) + Send>),
}

/// What the server knows of a call.
struct Notes {
    /// Whether the server's list of callers that wait has this one.
    listing: AtomicU8,
    /// Whether there was a reply, be it too late or taken already.
    replied: AtomicBool,
}

/// What `listing` may be.
const NOT_YET: u8 = 0;
const LISTED: u8 = 1;
/// It was used or dropped, or is the server's last reply.
const NO_MORE: u8 = 2;

impl<R: Send + 'static> ReplyCell<R> {
    /// A place, and one who waits for what comes there.
    pub(crate) fn new() -> (Self, Answer<R>) {
        let notes = Notes { listing: AtomicU8::new(NOT_YET), replied: AtomicBool::new(false) };
        let (giver, taker) = place(notes);
        (Self(giver), Answer(taker))
    }

    /// Settles if nobody has. A result that comes too late is dropped.
    pub(crate) fn set(self, result: Outcome<R>) {
        match self.0.give(result) {
            Given::There => {}
            Given::Awaited(then) => then.wake(),
            Given::Left(then, result) => then.pass(result),
            Given::TooLate(result) => drop(result),
        }
    }

    /// The `Caller` answers.
    pub(crate) fn reply(self, reply: R) {
        // Release: for who sees what this reply sets in motion, and asks.
        self.0.notes().replied.store(true, Ordering::Release);
        self.set(Ok(reply));
    }

    /// The callback has ended: if nobody has answered, the server's end will.
    pub(crate) fn list_if_waiting(self, server: &ProcRef) {
        let key = self.0.address();
        let listing = &self.0.notes().listing;
        let lists = self.0.is_open()
            && listing.compare_exchange(NOT_YET, LISTED, Ordering::AcqRel, Ordering::Relaxed).is_ok();
        if !lists {
            return;
        }
        server.process().list_caller(key, Box::new(self.clone()));
        // Race: one who used the `Caller` between the two did not find the entry.
        if listing.load(Ordering::Acquire) == NO_MORE {
            server.process().unlist_caller(key);
        }
    }

    /// It is settled by the last acts themselves, see invariant 3.
    pub(crate) fn never_list(&self) {
        self.0.notes().listing.store(NO_MORE, Ordering::Release);
    }

    /// The `Caller` was used or dropped.
    pub(crate) fn unlist(&self, server: &ProcRef) {
        if self.0.notes().listing.swap(NO_MORE, Ordering::AcqRel) == LISTED {
            server.process().unlist_caller(self.0.address());
        }
    }

    /// Whether nobody else has to do with this call any more.
    #[cfg(all(test, perennial_loom))]
    pub(crate) fn is_last(&self) -> bool {
        self.0.is_last()
    }
}

impl<R> Clone for ReplyCell<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<R> Then<R> {
    fn wake(self) {
        match self {
            Self::Wake(waker) => waker.wake(),
            Self::Pass(_) => unreachable!("one who hands on does not wait"),
        }
    }

    fn pass(self, result: Outcome<R>) {
        match self {
            Self::Pass(pass) => pass(result),
            Self::Wake(_) => unreachable!("one who waits does not leave"),
        }
    }
}

impl<R: Send + 'static> Settle for ReplyCell<R> {
    fn settle(self: Box<Self>, error: CallError) {
        self.set(Err(error));
    }
}

/// A call as one sees it who does not know the type of its reply.
pub(crate) trait Replied: Send + Sync {
    /// Whether it was replied to.
    fn replied(&self) -> bool;
}

impl<R: Send + 'static> Replied for ReplyCell<R> {
    fn replied(&self) -> bool {
        self.0.notes().replied.load(Ordering::Acquire)
    }
}

/// The place for the reply of a call, as the caller has it. As a future, it waits for the reply.
pub(crate) struct Answer<R: Send + 'static>(Taker<Outcome<R>, Then<R>, Notes>);

impl<R: Send + 'static> Answer<R> {
    /// That of a request that could not be sent.
    pub(crate) fn failed(error: CallError) -> Self {
        let (cell, answer) = ReplyCell::new();
        cell.set(Err(error));
        answer
    }

    /// Whether the result was taken.
    pub(crate) fn is_over(&self) -> bool {
        self.0.is_taken()
    }

    /// The result, if it is there.
    pub(crate) fn look(&mut self) -> Option<Outcome<R>> {
        self.0.take()
    }

    /// Waits for the reply, or for the time-out, whichever is first; a reply that is there at the time-out wins. Nothing is
    /// asked of the clock before it has to wait.
    pub(crate) async fn within(mut self, clock: &Arc<Clock>, timeout: Option<Duration>) -> Outcome<R> {
        let mut deadline = None;
        poll_fn(|cx| {
            let polled = Pin::new(&mut self).poll(cx);
            if polled.is_ready() {
                return polled;
            }
            let Some(deadline) = &mut deadline else {
                deadline = timeout.map(|timeout| clock.deadline(timeout, cx.waker()));
                return Poll::Pending;
            };
            // Race: the reply may have come between the two looks.
            deadline.poll(cx).map(|()| self.look().unwrap_or(Err(CallError::Timeout)))
        })
        .await
    }

    /// Has `pass` called with the result once it is there, by whoever settles: it must be short, and may do what the
    /// server may do in a handler.
    pub(crate) fn pass_on(self, pass: impl FnOnce(Outcome<R>) + Send + 'static) {
        if let Some((then, result)) = self.0.leave(Then::Pass(Box::new(pass))) {
            then.pass(result);
        }
    }
}

impl<R: Send + 'static> Future for Answer<R> {
    type Output = Outcome<R>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome<R>> {
        let waker = cx.waker();
        let taken = self.0.take_or_wait(|before| match before {
            Some(Then::Wake(before)) if before.will_wake(waker) => Then::Wake(before),
            _ => Then::Wake(waker.clone()),
        });
        taken.map_or(Poll::Pending, Poll::Ready)
    }
}
