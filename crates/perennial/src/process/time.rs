//! Waiting, by the clock of the node.

use crate::{clock::Clock, clock::TimerId, process::node::Node, sync::Mutex};
use std::{
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

/// Waits for `duration` by the clock of the current node.
///
/// On a node with a real clock this is `tokio::time::sleep`; on one with a paused clock the time comes as
/// soon as nothing else can run.
///
/// # Cancel safety
///
/// Dropping the future takes the timer back.
pub fn sleep(duration: Duration) -> Sleep {
    Sleep::new(Node::current().0.clock.clone(), duration)
}

/// Waits for `future`, but no longer than `duration`: then it is dropped.
///
/// # Errors
///
/// [`Elapsed`] if the time was over first.
pub async fn timeout<F: Future>(duration: Duration, future: F) -> Result<F::Output, Elapsed> {
    let node = Node::current();
    timeout_on(&node.0.clock, duration, future).await.ok_or(Elapsed)
}

/// The time was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed;

impl std::fmt::Display for Elapsed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the time was over")
    }
}

impl std::error::Error for Elapsed {}

/// As [`timeout`], by a given clock. The future is asked first: one that is ready in time wins.
pub(crate) async fn timeout_on<F: Future>(
    clock: &Arc<Clock>,
    duration: Duration,
    future: F,
) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut sleep = Sleep::new(clock.clone(), duration);
    std::future::poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        Pin::new(&mut sleep).poll(cx).map(|()| None)
    })
    .await
}

/// Future of [`sleep`].
#[derive(Debug)]
pub struct Sleep {
    clock: Arc<Clock>,
    duration: Duration,
    timer: Option<(TimerId, Arc<Mutex<Alarm>>)>,
}

#[derive(Debug)]
enum Alarm {
    Waiting(Waker),
    Rung,
}

impl Sleep {
    /// The timer is armed when the future is first polled: who never waits pays nothing.
    pub(crate) fn new(clock: Arc<Clock>, duration: Duration) -> Self {
        Self { clock, duration, timer: None }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let Some((_, alarm)) = &self.timer {
            let mut alarm = alarm.lock().expect("no panic while the lock is held");
            return match &mut *alarm {
                Alarm::Rung => Poll::Ready(()),
                Alarm::Waiting(waker) => {
                    waker.clone_from(cx.waker());
                    Poll::Pending
                }
            };
        }
        let alarm = Arc::new(Mutex::new(Alarm::Waiting(cx.waker().clone())));
        let ring = alarm.clone();
        let timer = self.clock.schedule(self.duration, move || {
            let before =
                std::mem::replace(&mut *ring.lock().expect("no panic while the lock is held"), Alarm::Rung);
            if let Alarm::Waiting(waker) = before {
                waker.wake();
            }
        });
        self.timer = Some((timer, alarm));
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some((timer, _)) = self.timer {
            self.clock.cancel(timer);
        }
    }
}
