//! One poll of a process, by whoever has its turn: a worker, or one who calls it.

use crate::{
    exit_reason::ExitReason,
    process::{
        block::{Block, BodyTurn, Doom, Kind, ProcRef},
        current, inline,
        last_acts::last_acts,
        panics,
    },
};
use futures_util::task::{ArcWake, waker_ref};
use perennial_cell::Turns;
use std::{
    ptr,
    sync::Arc,
    task::{Context, Poll, Waker},
};

impl<D: ?Sized + Kind + 'static> ArcWake for Block<D> {
    fn wake_by_ref(this: &Arc<Self>) {
        this.notify();
    }
}

/// Whether one who is polled with `waker` is polled again whenever `process` is.
pub(crate) fn polls_with<D: ?Sized + Kind + 'static>(process: &Arc<Block<D>>, waker: &Waker) -> bool {
    waker.data() == Arc::as_ptr(process).cast() && ptr::eq(waker.vtable(), waker_ref(process).vtable())
}

/// Takes the turn that was scheduled. Returns the process if it is to be scheduled again.
pub(crate) fn run<D: ?Sized + Kind + 'static>(block: Arc<Block<D>>) -> Option<ProcRef> {
    let clock = &block.process.node.clock;
    // The process may be gone when its turn is over.
    let counted = clock.activity().is_some().then(|| clock.clone());
    let activity = counted.as_ref().and_then(|clock| clock.activity());
    let ended = Turns::use_scheduled(
        block,
        D::READING,
        |block, turn| poll_once(block, turn, |turn, cx| D::poll(block, turn, cx)),
        activity,
    );
    if ended.quiet
        && let Some(clock) = &counted
    {
        clock.quiet();
    }
    ended.again.map(|block| block as ProcRef)
}

/// Polls a process as that process, once; if it returns, panics or is doomed, does its last acts.
///
/// Out of line: a caller that is answered at once does without.
#[inline(never)]
pub(crate) fn run_turn<D: ?Sized + Kind + 'static>(block: &Arc<Block<D>>, turn: BodyTurn<'_, D>) {
    run_with(block, turn, |turn, cx| D::poll(block, turn, cx));
}

/// As [`run_turn`], with another way to poll it.
pub(crate) fn run_with<D: ?Sized + Kind + 'static>(
    block: &Arc<Block<D>>,
    turn: BodyTurn<'_, D>,
    poll: impl FnOnce(&mut BodyTurn<'_, D>, &mut Context<'_>) -> Poll<ExitReason>,
) {
    if let Some(turn) = poll_once(block, turn, poll) {
        give_back(block, turn);
    }
}

/// As [`run_with`], but leaves the turn to be ended by the caller, unless it was the last.
fn poll_once<'a, D: ?Sized + Kind + 'static>(
    block: &Arc<Block<D>>,
    mut turn: BodyTurn<'a, D>,
    poll: impl FnOnce(&mut BodyTurn<'_, D>, &mut Context<'_>) -> Poll<ExitReason>,
) -> Option<BodyTurn<'a, D>> {
    let process = &block.process;
    if turn.has_reader() && block.turns.has_letters() {
        turn.forget_reader();
        process.wake_reader();
    }
    if process.needs_attention() && !process.before_poll() {
        end(block, turn, ExitReason::Killed);
        return None;
    }
    // Put there, and not returned through all this: mostly there is none, and what is not there need not be moved.
    let mut ended = None;
    as_process(block, |cx| {
        let polled = panics::catch(|| {
            if let Poll::Ready(reason) = poll(&mut turn, cx) {
                ended = Some(reason);
            }
        });
        if let Err(reason) = polled {
            ended = Some(reason);
        }
    });
    // A deadly signal that came while we ran is carried out now, by us.
    if ended.is_none() && process.needs_attention() && !process.after_poll() {
        ended = Some(ExitReason::Killed);
    }
    let Some(reason) = ended else { return Some(turn) };
    end(block, turn, reason);
    None
}

/// Does one thing as a process whose turn was taken, and which needs no [attention](Process::needs_attention). Polls it
/// after that if `f` says so.
pub(crate) fn use_turn<D: ?Sized + Kind + 'static>(
    block: &Arc<Block<D>>,
    mut turn: BodyTurn<'_, D>,
    f: impl FnOnce(&mut BodyTurn<'_, D>, &mut Context<'_>) -> bool,
) {
    // Left here and not returned, as a value that is passed on is copied each time.
    let (mut goes_on, mut panicked) = (false, None);
    as_process(block, |cx| match panics::catch(|| f(&mut turn, cx)) {
        Ok(more) => goes_on = more,
        Err(reason) => panicked = Some(reason),
    });
    match panicked {
        None if goes_on || block.process.needs_attention() => run_turn(block, turn),
        None => give_back(block, turn),
        // What a user has written is guarded where it is called. Whatever this is, the turn is not lost by it.
        Some(reason) => end(block, turn, reason),
    }
}

/// Runs `f` as a process, with what polls that.
pub(crate) fn as_process<D: ?Sized + Kind + 'static, R>(
    block: &Arc<Block<D>>,
    f: impl FnOnce(&mut Context<'_>) -> R,
) -> R {
    let waker = waker_ref(block);
    current::with(block, || f(&mut Context::from_waker(&waker)))
}

/// Ends a turn; if it is to be polled again, schedules that.
pub(crate) fn give_back<D: ?Sized + Kind + 'static>(block: &Arc<Block<D>>, turn: BodyTurn<'_, D>) {
    let node = &block.process.node;
    let ended = turn.end(node.clock.activity());
    if ended.again {
        node.scheduler.schedule_or_end(block.clone());
    }
    if ended.quiet {
        node.clock.quiet();
    }
}

/// The last acts of a process that nobody polls any more.
pub(crate) fn abandon<D: ?Sized + Kind + 'static>(block: &Arc<Block<D>>) {
    let begin = || block.turns.begin(D::READING);
    let turn = begin().or_else(|| block.try_turn()).or_else(|| {
        // Race: another thread polls it, or has just made it. That one finds it doomed, and does its last acts; should it have
        // looked just before, it is told to schedule the process, and ends it instead.
        block.process.doom_now(ExitReason::Killed);
        block.notify();
        // Race: that turn was over by then, and the process had been notified since. Who was told to schedule it
        // may have left it to us.
        begin()
    });
    if let Some(turn) = turn {
        end(block, turn, ExitReason::Killed);
    }
}

/// Ends a process here and now, if it is idle, code here may run processes of its node, and it dies by `doom`.
pub(crate) fn end_if_idle<D: ?Sized + Kind + 'static>(
    block: &Arc<Block<D>>,
    doom: Doom<'_>,
) -> Option<ExitReason> {
    let process = &block.process;
    if !inline::may_run(&process.node) {
        return None;
    }
    let turn = block.try_turn()?;
    // It does not run meanwhile.
    let reason = doom(process);
    match reason {
        Some(_) => end(block, turn, ExitReason::Killed),
        None => give_back(block, turn),
    }
    reason
}

/// The last acts of a process, by one who has its turn, which is the last one.
pub(crate) fn end<D: ?Sized + Kind + 'static>(
    block: &Arc<Block<D>>,
    mut turn: BodyTurn<'_, D>,
    reason: ExitReason,
) {
    current::with(block, || last_acts(&**block, reason, &mut || D::drop_body(&mut turn)));
    let clock = &block.process.node.clock;
    if turn.done(block, clock.activity()) {
        clock.quiet();
    }
}
