//! A request of this module on its way.

use crate::exit_reason::CallError;
use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

/// How long a request waits, if nothing else is said.
const TIMEOUT: Duration = Duration::from_secs(5);

type Running<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;
type Start<T, E> = Box<dyn FnOnce(Option<Duration>) -> Running<T, E> + Send>;

/// A future of what a server answers to a request of [`sys`](super). It waits for 5 s, or as [`timeout`](Self::timeout)
/// says.
///
/// # Cancel safety
///
/// Dropped before it is first polled, it does nothing. After that the request is served, and its answer dropped.
#[must_use = "nothing is asked until this is awaited"]
pub struct Asking<T, E = CallError> {
    timeout: Option<Duration>,
    start: Option<Start<T, E>>,
    running: Option<Running<T, E>>,
}

impl<T, E> Asking<T, E> {
    pub(super) fn new<F>(start: impl FnOnce(Option<Duration>) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        let start: Start<T, E> = Box::new(|timeout| Box::pin(start(timeout)));
        Self { timeout: Some(TIMEOUT), start: Some(start), running: None }
    }

    /// With another limit than 5 s, or with none. To be said before it is first polled.
    pub fn timeout(mut self, timeout: Option<Duration>) -> Self {
        self.timeout = timeout;
        self
    }
}

impl<T, E> Future for Asking<T, E> {
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(start) = self.start.take() {
            self.running = Some(start(self.timeout));
        }
        self.running.as_mut().expect("it was started").as_mut().poll(cx)
    }
}

impl<T, E> fmt::Debug for Asking<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asking(..)")
    }
}
