//! The results of tasks that are started for the items of an iterator.

mod options;
mod run;

pub use options::{OnTimeout, StreamError, StreamOptions};

use crate::{
    dynamic_supervisor::{DynamicSupervisor, StartChildError},
    gen_server::Address,
    process::{Inbox, block::ProcRef},
    task::{
        body::{self, Ties},
        shutdown::KillOnDrop,
        supervisor,
    },
};
use futures_util::{Stream, future::BoxFuture};
use run::Run;
use std::{
    any::type_name,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// Runs `f` on each item in a task of its own, some at a time, and gives the results as a stream.
///
/// The stream is lazy: it takes an item, and starts its task, when it is polled and fewer than
/// [`max_concurrency`](StreamOptions::max_concurrency) tasks run. Results come in the order of the items, unless
/// [`ordered`](StreamOptions::ordered) is switched off.
///
/// A process that reads it is linked to its tasks: if one fails, so does the reader. For one that traps exits when it
/// begins to read, and for code that runs in no process, a failure is an item, [`StreamError::Exit`], and nothing else:
/// it is not linked, and no message comes.
///
/// A stream that is dropped, read to its end or not, kills the tasks that run; so the end of the reader ends them. It
/// does not wait for their end.
///
/// # Panics
///
/// If `max_concurrency` is zero.
///
/// # Examples
///
/// ```
/// # #[perennial::main] async fn main() {
/// use futures_util::TryStreamExt;
/// use perennial::task::{self, StreamOptions};
///
/// let squares = task::async_stream(1..6, |n| async move { n * n }, StreamOptions::default());
/// assert_eq!(squares.try_collect().await, Ok(vec![1, 4, 9, 16, 25]));
/// # }
/// ```
///
/// # OTP
///
/// `Task.async_stream/3`. Differs: a task that takes too long, or that cannot be started, makes the last item of the
/// stream an error, where the reader exits there. There is no process between the reader and the tasks. When the reader
/// ends, so do its tasks, linked or not.
#[doc(alias = "Task.async_stream/3")]
#[track_caller]
pub fn async_stream<I, F, Fut>(
    items: I,
    f: F,
    options: StreamOptions,
) -> AsyncStream<I::IntoIter, Fut::Output>
where
    I: IntoIterator<Item: Send + 'static>,
    F: Fn(I::Item) -> Fut + Send + Sync + 'static,
    Fut: Future<Output: Send + 'static> + Send + 'static,
{
    let f = Arc::new(f);
    let start = move |item, owner: Option<ProcRef>| -> Starting<Fut::Output> {
        let f = f.clone();
        let task = body::spawn(ties::<Fut>(owner), |_: Inbox<()>| async move { f(item).await });
        Box::pin(std::future::ready(Ok(KillOnDrop::new(task))))
    };
    AsyncStream(Run::new(items.into_iter(), Box::new(start), true, options))
}

/// Of a task that runs an `Fut`, which it makes itself.
fn ties<Fut>(owner: Option<ProcRef>) -> Ties {
    Ties { owner, behaviour: Some(type_name::<Fut>()), ..Ties::unlinked() }
}

/// A task that is being started.
type Starting<T> = BoxFuture<'static, Result<KillOnDrop<T>, StartChildError>>;

/// Starts the task for an item, linked to its owner.
type Start<I, T> = Box<dyn FnMut(I, Option<ProcRef>) -> Starting<T> + Send>;

/// The results of tasks: [`async_stream`].
#[must_use = "a stream does nothing unless polled"]
pub struct AsyncStream<I: Iterator, T>(Run<I, T, ()>);

impl<I: Iterator, T: Send + 'static> AsyncStream<I, T> {
    #[track_caller]
    pub(crate) fn supervised<F, Fut>(
        supervisor: impl Address<Server = DynamicSupervisor> + Clone + Send + 'static,
        link: bool,
        items: I,
        f: F,
        options: StreamOptions,
    ) -> Self
    where
        I::Item: Send + 'static,
        F: Fn(I::Item) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = T> + Send + 'static,
    {
        let f = Arc::new(f);
        let shutdown = options.shutdown;
        let start = move |item, owner: Option<ProcRef>| -> Starting<T> {
            let (f, supervisor) = (f.clone(), supervisor.clone());
            let ties = ties::<Fut>(owner);
            let body = |_: Inbox<()>| async move { f(item).await };
            Box::pin(async move { supervisor::spawn(&supervisor, ties, shutdown, body).await })
        };
        Self(Run::new(items, Box::new(start), link, options))
    }

    /// Has each error come with the item that it belongs to, of which a clone is kept.
    ///
    /// # Panics
    ///
    /// If the stream was polled before.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[perennial::main] async fn main() {
    /// use futures_util::StreamExt;
    /// use perennial::{exit_reason::ExitReason, process, task::{self, StreamError, StreamOptions}};
    ///
    /// let odd = |n: u32| async move {
    ///     if n % 2 == 0 {
    ///         process::exit_self(ExitReason::other("even"));
    ///     }
    ///     n
    /// };
    /// let stream = task::async_stream(1..3, odd, StreamOptions::default()).zip_input_on_exit();
    /// let even = StreamError::Exit(ExitReason::other("even"));
    /// assert_eq!(stream.collect::<Vec<_>>().await, [Ok(1), Err((2, even))]);
    /// # }
    /// ```
    ///
    /// # OTP
    ///
    /// The option `zip_input_on_exit`.
    #[track_caller]
    pub fn zip_input_on_exit(self) -> ZipInputOnExit<I, T>
    where
        I::Item: Clone,
    {
        ZipInputOnExit(self.0.keeping(Clone::clone))
    }
}

/// The results of tasks, each error with its item: [`AsyncStream::zip_input_on_exit`].
#[must_use = "a stream does nothing unless polled"]
pub struct ZipInputOnExit<I: Iterator, T>(Run<I, T, I::Item>);

impl<I: Iterator, T: Send + 'static> Stream for AsyncStream<I, T> {
    type Item = Result<T, StreamError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let result = self.get_mut().0.poll_next(cx);
        result.map(|next| next.map(|result| result.map_err(|((), error)| error)))
    }
}

impl<I: Iterator, T: Send + 'static> Stream for ZipInputOnExit<I, T>
where
    I::Item: Send + 'static,
{
    type Item = Result<T, (I::Item, StreamError)>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().0.poll_next(cx)
    }
}

/// Nothing in them is pinned.
impl<I: Iterator, T> Unpin for AsyncStream<I, T> {}
impl<I: Iterator, T> Unpin for ZipInputOnExit<I, T> {}

impl<I: Iterator, T> fmt::Debug for AsyncStream<I, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AsyncStream({:?})", self.0)
    }
}

impl<I: Iterator, T> fmt::Debug for ZipInputOnExit<I, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ZipInputOnExit({:?})", self.0)
    }
}
