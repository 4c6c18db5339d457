//! Panics as exit reasons, with message and place.

use crate::exit_reason::{ExitReason, PanicReport};
use perennial_cell::drop_payload;
use pin_project_lite::pin_project;
use std::{
    any::Any,
    cell::RefCell,
    future::Future,
    panic::{self, AssertUnwindSafe},
    pin::Pin,
    sync::Once,
    task::{Context, Poll},
};

thread_local! {
    /// Where the last panic of this thread happened.
    static LOCATION: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// What [`exit_self`](super::exit_self) unwinds with. No panic: no hook runs and nothing is printed.
struct ExitWith(ExitReason);

/// Has the panic hook remember where a panic happened. The hook that was there before still runs. A program in which
/// no panic can be caught is warned.
pub(crate) fn install_hook() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        if cfg!(panic = "abort") {
            tracing::warn!(
                target: "perennial",
                "built with panic = \"abort\": a panic ends the program, and no supervisor sees it"
            );
        }
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let location = info.location().map(ToString::to_string);
            let _ = LOCATION.try_with(|place| place.replace(location));
            before(info);
        }));
    });
}

/// Ends the current process with `reason` by unwinding its stack.
pub(crate) fn unwind_with(reason: ExitReason) -> ! {
    panic::resume_unwind(Box::new(ExitWith(reason)))
}

/// Runs user code; a panic is its exit reason.
#[inline]
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R, ExitReason> {
    panic::catch_unwind(AssertUnwindSafe(f)).map_err(reason)
}

pin_project! {
    /// A future of user code whose panic is its exit reason.
    pub(crate) struct CatchUnwind<F> {
        #[pin]
        future: F,
    }
}

impl<F> CatchUnwind<F> {
    pub(crate) fn new(future: F) -> Self {
        Self { future }
    }
}

impl<F: Future> Future for CatchUnwind<F> {
    type Output = Result<F::Output, ExitReason>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let future = self.project().future;
        match catch(|| future.poll(cx)) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(reason) => Poll::Ready(Err(reason)),
        }
    }
}

/// Drops a user's value; a panic in its `Drop` is logged and changes nothing.
pub(crate) fn drop_quietly<T>(value: T) {
    call_quietly(|| drop(value));
}

/// Calls what may run a user's `Drop`, waker or subscriber; a panic is logged and changes nothing.
pub(crate) fn call_quietly(call: impl FnOnce()) {
    if let Err(reason) = catch(call) {
        // The subscriber may be the one who panics.
        let _ =
            catch(|| tracing::error!(target: "perennial", %reason, "a panic beside a process was ignored"));
    }
}

fn reason(payload: Box<dyn Any + Send>) -> ExitReason {
    let payload = match payload.downcast::<ExitWith>() {
        Ok(exit) => return exit.0,
        Err(other) => other,
    };
    let message = match payload.downcast_ref::<&str>() {
        Some(text) => (*text).to_owned(),
        None => payload.downcast_ref::<String>().cloned().unwrap_or_else(|| "a value".to_owned()),
    };
    // The payload is a user's value too.
    drop_payload(payload);
    ExitReason::Panic(PanicReport::new(message, LOCATION.with(RefCell::take)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_reason_with_message_and_place() {
        install_hook();
        let Err(ExitReason::Panic(report)) = catch(|| panic!("no {}", 7)) else { panic!("caught") };
        assert_eq!(report.message(), "no 7");
        assert!(report.location().unwrap().contains("panics.rs"));
    }

    #[test]
    fn an_exit_is_not_a_panic() {
        let exit: Result<(), _> = catch(|| unwind_with(ExitReason::Shutdown));
        assert_eq!(exit, Err(ExitReason::Shutdown));
    }

    #[test]
    fn a_panic_in_a_drop_is_swallowed() {
        struct Bad;
        impl Drop for Bad {
            fn drop(&mut self) {
                panic!("in drop");
            }
        }
        drop_quietly(Bad);
    }
}
