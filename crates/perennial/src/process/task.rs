//! The loop that a process is polled by: a task of the node's runtime.

use crate::{
    exit_reason::ExitReason,
    process::{block::ProcRef, current, last_acts::last_acts, panics},
    sync::thread_local,
};
use pin_project_lite::pin_project;
use std::{
    cell::Cell,
    future::Future,
    pin::Pin,
    ptr,
    sync::Arc,
    task::{Context, Poll, RawWakerVTable, Wake, Waker},
};

pin_project! {
    /// Polls the body of a process as that process, until it returns, panics or is doomed.
    pub(crate) struct ProcessTask<F> {
        process: ProcRef,
        #[pin]
        body: Option<F>,
        ended: bool,
    }

    impl<F> PinnedDrop for ProcessTask<F> {
        fn drop(this: Pin<&mut Self>) {
            // Only a runtime that shuts down drops a task that has not ended.
            let mut this = this.project();
            if !*this.ended {
                let polled = this.process.process().waker_slot().begin(Waker::noop());
                end(this.process, ExitReason::Killed, &mut || this.body.set(None));
                done(this.process, polled);
            }
        }
    }
}

impl<F> ProcessTask<F> {
    pub(crate) fn new(process: ProcRef, body: F) -> Self {
        Self { process, body: Some(body), ended: false }
    }
}

/// Wakes a process through its [`Notify`](perennial_cell::Notify), so that a virtual clock counts it.
struct CountedWaker(ProcRef);

impl Wake for CountedWaker {
    fn wake(self: Arc<Self>) {
        self.0.process().notify();
    }
    fn wake_by_ref(self: &Arc<Self>) {
        self.0.process().notify();
    }
}

thread_local! {
    /// The waker with which the body of the current process is being polled; only compared.
    static POLLING: Cell<(*const (), *const RawWakerVTable)> = const { Cell::new((ptr::null(), ptr::null())) };
}

fn identity(waker: &Waker) -> (*const (), *const RawWakerVTable) {
    (waker.data(), waker.vtable())
}

/// Whether one who is polled with `waker` is polled again whenever `process` is.
pub(crate) fn polls_with(process: &ProcRef, waker: &Waker) -> bool {
    current::is(process) && POLLING.with(Cell::get) == identity(waker)
}

/// While it lives, the body of a process is polled with a waker.
struct Polling((*const (), *const RawWakerVTable));

impl Polling {
    fn new(waker: &Waker) -> Self {
        Self(POLLING.with(|polling| polling.replace(identity(waker))))
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        POLLING.with(|polling| polling.set(self.0));
    }
}

/// The body returns why it ended, and what is to be dropped when that reason is fixed: the state of a server.
impl<F: Future<Output = (ExitReason, R)>, R> Future for ProcessTask<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let block = this.process.clone();
        let process = block.process();
        let polled = process.waker_slot().begin(cx.waker());
        if polled.has_reader() && block.has_mail() {
            process.waker_slot().wake_reader();
        }
        let outcome = if process.needs_attention() && !process.before_poll() {
            None
        } else {
            let outcome = current::with(block.clone(), || {
                let Some(body) = this.body.as_mut().as_pin_mut() else { return Poll::Pending };
                let counted;
                let mut inner = match process.node.clock.activity() {
                    // A real clock counts nobody, so the task's own waker will do.
                    None => Context::from_waker(cx.waker()),
                    Some(_) => {
                        counted = Waker::from(Arc::new(CountedWaker(block.clone())));
                        Context::from_waker(&counted)
                    }
                };
                let _polling = Polling::new(inner.waker());
                match panics::catch(|| body.poll(&mut inner)) {
                    Ok(poll) => poll.map(|(reason, rest)| (reason, Some(rest))),
                    Err(reason) => Poll::Ready((reason, None)),
                }
            });
            match outcome {
                Poll::Ready(ended) => Some(ended),
                // A deadly signal that came while we ran is carried out now, by us.
                Poll::Pending if process.needs_attention() && !process.after_poll() => None,
                Poll::Pending => {
                    if process.waker_slot().end(polled, process.node.clock.activity()) {
                        process.node.clock.quiet();
                    }
                    return Poll::Pending;
                }
            }
        };
        let (reason, mut rest) = outcome.unwrap_or((ExitReason::Killed, None));
        *this.ended = true;
        end(this.process, reason, &mut || {
            this.body.set(None);
            rest = None;
        });
        done(this.process, polled);
        Poll::Ready(())
    }
}

/// The last acts of a process whose body could not be made.
pub(crate) fn end_unborn(process: &ProcRef, reason: ExitReason) {
    let polled = process.process().waker_slot().begin(Waker::noop());
    end(process, reason, &mut || {});
    done(process, polled);
}

/// The last acts, as that process.
fn end(process: &ProcRef, reason: ExitReason, drop_body: &mut dyn FnMut()) {
    current::with(process.clone(), || last_acts(process, reason, drop_body));
}

fn done(process: &ProcRef, polled: perennial_cell::Polled) {
    let process = process.process();
    if process.waker_slot().done(polled, process.node.clock.activity()) {
        process.node.clock.quiet();
    }
}
