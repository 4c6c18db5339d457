//! What a paused clock counts though it is no process: plain futures, and work elsewhere.
//!
//! # Order of events
//!
//! A counted future has a [`Notify`] of its own, as a process has. It is born notified, so it is counted before its
//! first poll. A poll that ends `Pending` gives the count back; a wake-up takes one before the task is told. The
//! future is dropped before the last count is given back, so what its `Drop` sets in motion is counted in time.

use crate::{clock::Clock, process::node::Node};
use perennial_cell::{Notify, Polled};
use pin_project_lite::pin_project;
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
};

impl Node {
    /// Has a future counted as a process is: a paused clock does not move while it can run, and moves when
    /// it only waits. For futures in plain tasks; processes, and the body of a test, are counted anyway.
    ///
    /// Counted from now on, also before it is first polled. On a real clock it is just the future.
    ///
    /// # Examples
    ///
    /// ```
    /// # perennial::runtime::run_test(perennial::runtime::TestOptions::default().paused(), async {
    /// use perennial::{node::Node, time};
    /// use std::time::Duration;
    /// let node = Node::current();
    /// let task = tokio::spawn(node.counted(async {
    ///     time::sleep(Duration::from_secs(60)).await;
    ///     Node::current().now()
    /// }));
    /// assert_eq!(task.await.unwrap(), Duration::from_secs(60));
    /// # });
    /// ```
    pub fn counted<F: Future>(&self, future: F) -> Counted<F> {
        let clock = &self.0.clock;
        let tally = clock
            .activity()
            .map(|activity| Arc::new(Tally { notify: Notify::new(Some(activity)), clock: clock.clone() }));
        Counted { future: Some(future), tally }
    }

    /// Holds a paused clock: its time does not move while the guard lives. For work that no future of this node
    /// shows: on another thread, in `spawn_blocking`, in a socket. On a real clock it does nothing.
    ///
    /// Hand it back with the result. One that is dropped over there leaves a gap until the result is here.
    ///
    /// # Examples
    ///
    /// ```
    /// # perennial::runtime::run_test(perennial::runtime::TestOptions::default().paused(), async {
    /// use perennial::{node::Node, time};
    /// use std::time::Duration;
    /// let hold = Node::current().hold();
    /// let work = tokio::task::spawn_blocking(move || ("done", hold));
    /// let (result, hold) = time::timeout(Duration::from_secs(1), work).await.unwrap().unwrap();
    /// drop(hold);
    /// assert_eq!(result, "done");
    /// # });
    /// ```
    pub fn hold(&self) -> Hold {
        if let Some(activity) = self.0.clock.activity() {
            activity.enter();
        }
        Hold(self.0.clock.clone())
    }
}

/// Guard of [`Node::hold`].
#[must_use = "the clock is held while the guard lives"]
pub struct Hold(Arc<Clock>);

impl Drop for Hold {
    fn drop(&mut self) {
        if self.0.activity().is_some_and(perennial_cell::Activity::leave) {
            self.0.quiet();
        }
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hold(..)")
    }
}

pin_project! {
    /// Future of [`Node::counted`].
    #[must_use = "futures do nothing unless polled; this one holds the clock until then"]
    pub struct Counted<F> {
        #[pin]
        future: Option<F>,
        // None on a real clock, and when it is done.
        tally: Option<Arc<Tally>>,
    }

    impl<F> PinnedDrop for Counted<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(tally) = this.tally.take() {
                let _done = Counting { polled: Some(tally.notify.begin(Waker::noop())), last: true, tally: &tally };
                this.future.set(None);
            }
        }
    }
}

impl<F> fmt::Debug for Counted<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counted(..)")
    }
}

struct Tally {
    notify: Notify,
    clock: Arc<Clock>,
}

impl Wake for Tally {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }
    fn wake_by_ref(self: &Arc<Self>) {
        if self.notify.notify(self.clock.activity()) {
            self.clock.quiet();
        }
    }
}

/// One poll; a guard, so that a panic leaves no count behind.
struct Counting<'a> {
    tally: &'a Tally,
    polled: Option<Polled>,
    last: bool,
}

impl Drop for Counting<'_> {
    fn drop(&mut self) {
        let Some(polled) = self.polled.take() else { return };
        let (notify, activity) = (&self.tally.notify, self.tally.clock.activity());
        let quiet = if self.last { notify.done(polled, activity) } else { notify.end(polled, activity) };
        if quiet {
            self.tally.clock.quiet();
        }
    }
}

impl<F: Future> Future for Counted<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let Some(mut future) = this.future.as_mut().as_pin_mut() else {
            panic!("polled after it was ready");
        };
        let Some(tally) = this.tally else { return future.poll(cx) };
        let waker = Waker::from(tally.clone());
        let output = {
            let polled = tally.notify.begin(cx.waker());
            let mut counting = Counting { tally, polled: Some(polled), last: false };
            let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) else {
                return Poll::Pending;
            };
            this.future.set(None);
            counting.last = true;
            output
        };
        *this.tally = None;
        Poll::Ready(output)
    }
}
