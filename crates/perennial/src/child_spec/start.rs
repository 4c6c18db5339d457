//! What starts a child, and a start that goes on.

use crate::{
    child_spec::{StartError, StartResult},
    exit_reason::ExitReason,
    process::{current, panics},
};
use perennial_cell::PooledFuture;
use std::{
    any::type_name,
    fmt::{self, Debug},
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

type StartOnce = Box<dyn FnOnce() -> StartFuture + Send>;
/// In memory that is used again: most are ready at once.
type StartFuture = PooledFuture<'static, StartResult>;

/// The start function of a child with its arguments: `{M, F, A}`.
///
/// It makes a process that is linked to the current one, which is the supervisor, and returns its pid.
#[derive(Clone)]
pub struct Start {
    pub(super) label: &'static str,
    function: Function,
}

#[derive(Clone)]
enum Function {
    Again(Arc<dyn Again>),
    Once(Arc<Mutex<Option<StartOnce>>>),
}

/// A start function with its arguments.
trait Again: Send + Sync {
    fn start(&self) -> StartFuture;
    /// As `start`, by one who needs it no more: the last one of those gives the arguments away.
    fn start_last(self: Arc<Self>) -> StartFuture;
}

struct WithArgs<F, A> {
    function: F,
    args: A,
}

impl<F, A, Fut> Again for WithArgs<F, A>
where
    A: Clone + Send + Sync + 'static,
    F: Fn(A) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = StartResult> + Send + 'static,
{
    fn start(&self) -> StartFuture {
        PooledFuture::new((self.function)(self.args.clone()))
    }

    fn start_last(self: Arc<Self>) -> StartFuture {
        match Arc::try_unwrap(self) {
            Ok(Self { function, args }) => PooledFuture::new(function(args)),
            Err(shared) => shared.start(),
        }
    }
}

impl Start {
    /// A start function and the arguments it gets a clone of each time.
    pub fn new<A, F, Fut>(function: F, args: A) -> Self
    where
        A: Clone + Send + Sync + 'static,
        F: Fn(A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = StartResult> + Send + 'static,
    {
        Self { label: type_name::<F>(), function: Function::Again(Arc::new(WithArgs { function, args })) }
    }

    /// A start function that works once.
    pub fn once<F, Fut>(function: F) -> Self
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = StartResult> + Send + 'static,
    {
        let function: StartOnce = Box::new(move || PooledFuture::new(function()));
        Self { label: type_name::<F>(), function: Function::Once(Arc::new(Mutex::new(Some(function)))) }
    }

    /// Whether it works only once.
    pub fn is_once(&self) -> bool {
        matches!(self.function, Function::Once(_))
    }

    /// Calls the start function. A panic in it, before or while it is polled, is a start that failed.
    pub(crate) fn run(&self) -> Running {
        Running::begin(|| match &self.function {
            Function::Again(function) => Some(function.start()),
            Function::Once(function) => once(function),
        })
    }

    /// As [`run`](Self::run), by one who needs it no more: the arguments need not be cloned.
    pub(crate) fn run_last(self) -> Running {
        Running::begin(|| match self.function {
            Function::Again(function) => Some(function.start_last()),
            Function::Once(function) => once(&function),
        })
    }
}

fn once(function: &Mutex<Option<StartOnce>>) -> Option<StartFuture> {
    // A statement of its own: the function is called without the lock.
    let function = function.lock().expect("only taken under the lock").take();
    function.map(|function| function())
}

/// A start function that was called.
pub(crate) struct Running(Result<StartFuture, ExitReason>);

impl Running {
    fn begin(call: impl FnOnce() -> Option<StartFuture>) -> Self {
        let only_once = || ExitReason::other("this child can be started only once");
        Self(panics::catch(call).and_then(|future| future.ok_or_else(only_once)))
    }
}

impl Future for Running {
    type Output = StartResult;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<StartResult> {
        let polled = match &mut self.0 {
            Ok(future) => current::start(|| panics::catch(|| Pin::new(future).poll(cx))),
            Err(reason) => Err(reason.clone()),
        };
        polled.unwrap_or_else(|reason| Poll::Ready(Err(StartError::Exit(reason))))
    }
}

impl Debug for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(..)", self.label)
    }
}
