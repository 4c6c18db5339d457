//! One who waits for the reply of a call, as the server sees it.

use crate::{
    gen_server::reply_cell::{Answer, Replied, ReplyCell},
    pid::Pid,
    process::{block::ProcRef, current},
};
use std::fmt;

/// One who waits for a reply of type `R`: the `From` of `handle_call/3`.
///
/// It can be kept, and sent to others; whoever has it may [`reply`](Self::reply). If it is dropped without that,
/// the caller is told so, or the reason, if the server is ending.
pub struct Caller<R: Send + 'static> {
    cell: Option<ReplyCell<R>>,
    server: ProcRef,
    pid: Option<Pid>,
    /// Whether it may be listed: it was given to a callback that may keep it.
    may_be_kept: bool,
}

impl<R: Send + 'static> Caller<R> {
    /// One of `server`; the current process is the one who calls.
    pub(crate) fn new(server: ProcRef) -> (Self, Answer<R>) {
        Self::with_pid(server, current::pid())
    }

    /// One of `server`, where another process is current.
    pub(crate) fn with_pid(server: ProcRef, pid: Option<Pid>) -> (Self, Answer<R>) {
        let (cell, answer) = ReplyCell::new();
        (Self { cell: Some(cell), server, pid, may_be_kept: false }, answer)
    }

    /// Answers. One who has stopped waiting does not notice.
    #[doc(alias = "gen_server:reply/2")]
    pub fn reply(mut self, reply: R) {
        if let Some(cell) = self.cell.take() {
            self.unlist(&cell);
            cell.reply(reply);
        }
    }

    /// Answers as one of the last acts of the server, which has stopped.
    pub(crate) fn reply_last(self, reply: R) {
        if let Some(cell) = &self.cell {
            cell.never_list();
        }
        let server = self.server.clone();
        server.process().set_last_reply(Box::new(move || self.reply(reply)));
    }

    /// The process that called, if it was one.
    pub fn pid(&self) -> Option<Pid> {
        self.pid
    }

    /// To be held while the callback runs that gets this caller, and may keep it.
    pub(crate) fn answering(&mut self) -> Answering<R> {
        self.may_be_kept = true;
        Answering { cell: self.cell.clone(), server: self.server.clone() }
    }

    /// Tells later whether this caller was answered.
    pub(crate) fn replied(&self) -> Option<Box<dyn Replied>> {
        self.cell.clone().map(|cell| Box::new(cell) as Box<dyn Replied>)
    }

    #[cfg(all(test, perennial_loom))]
    pub(crate) fn cell(&self) -> ReplyCell<R> {
        self.cell.clone().expect("it was not used yet")
    }

    /// It is used, or dropped.
    fn unlist(&self, cell: &ReplyCell<R>) {
        if self.may_be_kept {
            cell.unlist(&self.server);
        }
    }

    /// Takes part no more: nobody is told of the drop.
    pub(crate) fn disarm(mut self) {
        self.cell = None;
    }
}

impl<R: Send + 'static> Drop for Caller<R> {
    fn drop(&mut self) {
        if let Some(cell) = self.cell.take() {
            self.unlist(&cell);
            self.server.process().drop_caller(current::is(self.server.process()), Box::new(cell));
        }
    }
}

impl<R: Send + 'static> fmt::Debug for Caller<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Caller({:?})", self.pid)
    }
}

/// Held while a callback runs; lists its caller when that ends, also by a panic or by a signal.
pub(crate) struct Answering<R: Send + 'static> {
    cell: Option<ReplyCell<R>>,
    server: ProcRef,
}

impl<R: Send + 'static> Drop for Answering<R> {
    fn drop(&mut self) {
        if let Some(cell) = self.cell.take() {
            cell.list_if_waiting(&self.server);
        }
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
                    let state = cx.own().lock();
                    let listed = state.bonds_if_any().map_or(0, |bonds| bonds.callers.len());
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
            let keeper = start::start_with::<Keeper>((), (), false, &Default::default()).await.unwrap();
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
