//! One poll of a process, by whoever has its turn: a worker, or one who calls it.

use crate::{
    exit_reason::ExitReason,
    process::{
        block::{Block, Proc, ProcRef, Process},
        current, inline,
        last_acts::last_acts,
        panics,
    },
};
use futures_util::task::{ArcWake, waker_ref};
use perennial_cell::Turn;
use pin_project_lite::pin_project;
use std::{
    future::Future,
    pin::Pin,
    ptr,
    sync::Arc,
    task::{Context, Poll, Waker},
};

/// What a process runs; dropped when its reason is fixed, with all that it has returned.
pub(crate) type Body = Option<Pin<Box<dyn Run>>>;

/// The turn of a process.
pub(crate) type BodyTurn<'a> = Turn<'a, Body>;

/// A body whose type is forgotten.
pub(crate) trait Run: Send {
    /// Ready with the reason when it has ended.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<ExitReason>;
}

pin_project! {
    /// A future that returns why it ended, and what is to be dropped when that reason is fixed: the state of a server.
    struct Running<F, R> {
        #[pin]
        future: F,
        rest: Option<R>,
    }
}

impl<F: Future<Output = (ExitReason, R)> + Send, R: Send> Run for Running<F, R> {
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<ExitReason> {
        let this = self.project();
        this.future.poll(cx).map(|(reason, rest)| {
            *this.rest = Some(rest);
            reason
        })
    }
}

/// The body of a process.
pub(crate) fn body<F, R>(future: F) -> Body
where
    F: Future<Output = (ExitReason, R)> + Send + 'static,
    R: Send + 'static,
{
    Some(Box::pin(Running { future, rest: None }))
}

impl<D: ?Sized + 'static> ArcWake for Block<D>
where
    Self: Proc,
{
    fn wake_by_ref(this: &Arc<Self>) {
        this.process.notify();
    }
}

/// Whether one who is polled with `waker` is polled again whenever `process` is.
pub(crate) fn polls_with<D: ?Sized + 'static>(process: &Arc<Block<D>>, waker: &Waker) -> bool
where
    Block<D>: Proc,
{
    waker.data() == Arc::as_ptr(process).cast() && ptr::eq(waker.vtable(), waker_ref(process).vtable())
}

/// Takes the turn that was scheduled.
pub(crate) fn run<D: ?Sized + 'static>(block: &Arc<Block<D>>)
where
    Block<D>: Proc,
{
    if let Some(turn) = block.process.turns.begin() {
        run_turn(block, turn);
    }
}

/// Polls a process as that process, once; if it returns, panics or is doomed, does its last acts.
pub(crate) fn run_turn<D: ?Sized + 'static>(block: &Arc<Block<D>>, mut turn: BodyTurn<'_>)
where
    Block<D>: Proc,
{
    let process = &block.process;
    if turn.has_reader() && block.has_mail() {
        turn.forget_reader();
        process.wake_reader();
    }
    let outcome = if process.needs_attention() && !process.before_poll() {
        None
    } else {
        let waker = waker_ref(block);
        let outcome = current::with(block.clone(), || {
            turn.with(|body| {
                let Some(body) = body else { return Poll::Pending };
                panics::catch(|| body.as_mut().poll(&mut Context::from_waker(&waker)))
                    .unwrap_or_else(Poll::Ready)
            })
        });
        match outcome {
            Poll::Ready(reason) => Some(reason),
            // A deadly signal that came while we ran is carried out now, by us.
            Poll::Pending if process.needs_attention() && !process.after_poll() => None,
            Poll::Pending => return give_back(process, turn, || block.clone()),
        }
    };
    let block: ProcRef = block.clone();
    end(&block, turn, outcome.unwrap_or(ExitReason::Killed));
}

/// Ends a turn; if it is to be polled again, schedules that.
pub(crate) fn give_back(process: &Process, turn: BodyTurn<'_>, block: impl FnOnce() -> ProcRef) {
    let node = &process.node;
    let ended = turn.end(node.clock.activity());
    if ended.again {
        node.scheduler.schedule(block());
    }
    if ended.quiet {
        node.clock.quiet();
    }
}

/// The last acts of a process whose body could not be made, or has nobody to poll it.
pub(crate) fn end_unborn(block: &ProcRef, turn: BodyTurn<'_>, reason: ExitReason) {
    end(block, turn, reason);
}

/// The last acts of a process that nobody polls any more.
pub(crate) fn abandon(block: &ProcRef) {
    let process = block.process();
    match process.turns.begin().or_else(|| process.try_turn()) {
        Some(turn) => end(block, turn, ExitReason::Killed),
        // Race: another thread polls it, or has just made it; that one finds it doomed, and does its last acts.
        None => process.doom_now(ExitReason::Killed),
    }
}

/// The turn of an idle process, for one who ends it where he is; given back if he does not.
pub(crate) struct Idle<'a> {
    block: &'a ProcRef,
    turn: Option<BodyTurn<'a>>,
}

impl<'a> Idle<'a> {
    /// None if it has something to do, or if code here may not run processes of its node.
    pub(crate) fn take(block: &'a ProcRef) -> Option<Self> {
        let process = block.process();
        if !inline::may_run(&process.node) {
            return None;
        }
        Some(Self { block, turn: Some(process.try_turn()?) })
    }

    /// The last acts of one that a deadly signal has reached.
    pub(crate) fn end_doomed(mut self) {
        if self.block.process().is_doomed()
            && let Some(turn) = self.turn.take()
        {
            end(self.block, turn, ExitReason::Killed);
        }
    }
}

impl Drop for Idle<'_> {
    fn drop(&mut self) {
        if let Some(turn) = self.turn.take() {
            give_back(self.block.process(), turn, || self.block.clone());
        }
    }
}

fn end(block: &ProcRef, mut turn: BodyTurn<'_>, reason: ExitReason) {
    let process = block.process();
    current::with(block.clone(), || {
        last_acts(block, reason, &mut || drop(turn.with(Option::take)));
    });
    if turn.done(process.node.clock.activity()) {
        process.node.clock.quiet();
    }
}
