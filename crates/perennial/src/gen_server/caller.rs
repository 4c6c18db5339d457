//! The reply of one call: the side that answers and the side that waits.
//!
//! # Invariants
//!
//! 1. A cell is settled once; the first one counts: a reply, the drop of the [`Caller`], or the server's end.
//! 2. A `Caller` that outlives the callback it was made for, however that ends, is listed at the server until it
//!    is used or dropped, so that its caller learns of the server's end wherever the `Caller` is.
//! 3. Not listed is one that waits to be the reply of `stop_reply`: the last acts settle who is listed, then reply.

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

struct Cell<R> {
    result: Outcome<R>,
    listing: Listing,
}

enum Outcome<R> {
    Waiting(Option<Waker>),
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

impl<R: Send + 'static> Caller<R> {
    pub(crate) fn new(server: ProcRef) -> (Self, Arc<ReplyCell<R>>) {
        let cell = Cell { result: Outcome::Waiting(None), listing: Listing::NotYet };
        let cell = Arc::new(ReplyCell(Mutex::new(cell)));
        let pid = current::process().map(|process| process.process().pid);
        (Self { cell: Some(cell.clone()), server, pid }, cell)
    }

    /// Answers. One who has stopped waiting does not notice.
    #[doc(alias = "gen_server:reply/2")]
    pub fn reply(mut self, reply: R) {
        if let Some(cell) = self.cell.take() {
            cell.set(Ok(reply));
            cell.unlist(&self.server);
        }
    }

    /// Answers as one of the last acts of the server, which has stopped.
    pub(crate) fn reply_last(self, reply: R) {
        if let Some(cell) = &self.cell {
            cell.lock().listing = Listing::NoMore;
        }
        let server = self.server.clone();
        server.process().lock().last_reply = Some(Box::new(move || self.reply(reply)));
    }

    /// The process that called, if it was one.
    pub fn pid(&self) -> Option<Pid> {
        self.pid
    }

    /// To be held while the callback runs that gets this caller.
    pub(crate) fn answering(&self) -> Answering<R> {
        Answering { cell: self.cell.clone(), server: self.server.clone() }
    }

    /// Takes part no more: nobody is told of the drop.
    pub(crate) fn disarm(mut self) {
        self.cell = None;
    }
}

impl<R: Send + 'static> Drop for Caller<R> {
    fn drop(&mut self) {
        if let Some(cell) = self.cell.take() {
            cell.unlist(&self.server);
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

    /// Settles if nobody has. A result that comes too late is dropped outside of the lock.
    fn set(&self, result: Result<R, CallError>) {
        let mut cell = self.lock();
        let Outcome::Waiting(waker) = &mut cell.result else { return };
        let waker = waker.take();
        cell.result = Outcome::Settled(result);
        drop(cell);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The callback has ended: if nobody has answered, the server's end will.
    fn list_if_waiting(self: Arc<Self>, server: &ProcRef) {
        {
            let mut cell = self.lock();
            if !matches!(cell.result, Outcome::Waiting(_)) || cell.listing != Listing::NotYet {
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

    /// The `Caller` was used or dropped.
    fn unlist(&self, server: &ProcRef) {
        let before = mem::replace(&mut self.lock().listing, Listing::NoMore);
        if before == Listing::Listed {
            server.process().unlist_caller(self.key());
        }
    }

    /// Its address tells it from all others while it is listed, since the list keeps it alive.
    fn key(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn take(&self) -> Option<Result<R, CallError>> {
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

/// Held while a callback runs; lists its caller when that ends, also by a panic or by a signal.
pub(crate) struct Answering<R: Send + 'static> {
    cell: Option<Arc<ReplyCell<R>>>,
    server: ProcRef,
}

impl<R: Send + 'static> Drop for Answering<R> {
    fn drop(&mut self) {
        if let Some(cell) = self.cell.take() {
            cell.list_if_waiting(&self.server);
        }
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
        let rest = mem::replace(&mut self.cell.lock().result, Outcome::Over);
        drop(rest);
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        exit_reason::CallError,
        gen_server::{Address, Caller, Cx, GenServer, HandleCallFrom, HandleCast, InitError, NoReply, start},
        runtime::{TestOptions, run_test},
    };
    use std::{mem, thread, time::Duration};

    /// Keeps its callers until it is told to forget them.
    #[derive(Default)]
    struct Keeper(Vec<Caller<u8>>);

    impl GenServer for Keeper {
        type Args = ();
        async fn init(_: (), _: &mut Cx<Self>) -> Result<Self, InitError> {
            Ok(Self::default())
        }
    }

    enum What {
        Keep,
        Drop,
        DropElsewhere,
        Reply,
        CountListed,
    }

    impl HandleCallFrom<What> for Keeper {
        type Reply = u8;
        async fn handle_call_from(&mut self, what: What, from: Caller<u8>, cx: &mut Cx<Self>) -> NoReply {
            match what {
                What::Keep => self.0.push(from),
                What::Drop => drop(from),
                What::DropElsewhere => thread::spawn(|| drop(from)).join().expect("it only drops"),
                What::Reply => from.reply(1),
                What::CountListed => {
                    let state = cx.process().process().lock();
                    let listed = state.bonds.as_ref().map_or(0, |bonds| bonds.callers.len());
                    drop(state);
                    from.reply(u8::try_from(listed).expect("a few"));
                }
            }
            Ok(())
        }
    }

    enum Then {
        Forget,
        Reply,
    }

    impl HandleCast<Then> for Keeper {
        async fn handle_cast(&mut self, then: Then, _: &mut Cx<Self>) -> NoReply {
            for from in mem::take(&mut self.0) {
                match then {
                    Then::Forget => drop(from),
                    Then::Reply => from.reply(2),
                }
            }
            Ok(())
        }
    }

    #[test]
    fn a_caller_is_listed_only_while_it_is_kept() {
        run_test(TestOptions::default().paused(), async {
            let keeper = start::start_with::<Keeper>((), (), false, Default::default()).await.unwrap();
            let listed = || keeper.call(What::CountListed);
            assert_eq!(keeper.call(What::Reply).await, Ok(1));
            assert_eq!(keeper.call(What::Drop).await, Err(CallError::NoReply));
            assert_eq!(keeper.call(What::DropElsewhere).await, Err(CallError::NoReply));
            assert_eq!(listed().await, Ok(0));
            for then in [Then::Forget, Then::Reply] {
                let call = keeper.call_timeout(What::Keep, Some(Duration::from_secs(1)));
                assert_eq!(call.await, Err(CallError::Timeout));
                assert_eq!(listed().await, Ok(1));
                keeper.cast(then).unwrap();
                assert_eq!(listed().await, Ok(0));
            }
        });
    }
}
