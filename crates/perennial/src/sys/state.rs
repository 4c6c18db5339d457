//! The state of a server, and whether it serves.

use crate::{
    exit_reason::ExitReason,
    gen_server::{Address, Caller, Cx, NoReply, noreply, stop, system},
    process::panics,
    sys::{Asking, StateError},
};
use std::mem;

/// Sends a request whose answer is what `ask` returns.
pub(super) fn ask<A: Address, R: Send + 'static>(
    server: &A,
    ask: impl FnOnce(&mut A::Server, &mut Cx<A::Server>) -> R + Send + 'static,
) -> Asking<R> {
    ask_from(server, |server, cx, from| {
        let reply = ask(server, cx);
        // A reply that comes too late is dropped here, and a request of this module ends no server.
        panics::call_quietly(|| from.reply(reply));
        noreply()
    })
}

/// Sends a request.
fn ask_from<A: Address, R: Send + 'static>(
    server: &A,
    request: impl FnOnce(&mut A::Server, &mut Cx<A::Server>, Caller<R>) -> NoReply + Send + 'static,
) -> Asking<R> {
    let server = server.resolve();
    Asking::new(move |timeout| async move { system::request(&server?, timeout, request).await })
}

/// As [`ask`], for what runs code of the user that may panic.
fn ask_user<A: Address, R: Send + 'static>(
    server: &A,
    ask: impl FnOnce(&mut A::Server) -> R + Send + 'static,
) -> Asking<R, StateError> {
    let asking = self::ask(server, |server, _| panics::catch(|| ask(server)));
    Asking::new(|timeout| async move { asking.timeout(timeout).await?.map_err(StateError::CallbackFailed) })
}

/// Returns a copy of the state.
///
/// It is what the server has when all that was sent to it before is handled: a `cast` and then this is a barrier. A
/// suspended server answers at once. One that is in a callback answers after that. [`with_state`] needs no `Clone`.
///
/// # Errors
///
/// * [`StateError::Call`]: as for a [`call`](Address::call).
/// * [`StateError::CallbackFailed`]: `clone` panicked.
///
/// # Cancel safety
///
/// See [`Asking`].
///
/// # Examples
///
/// ```
/// # use perennial::{prelude::*, sys};
/// #[derive(Clone, Debug, PartialEq, GenServer)]
/// struct Counter(u64);
/// # impl HandleCast<u64> for Counter {
/// #     async fn handle_cast(&mut self, n: u64, _: &mut Cx<Self>) -> NoReply {
/// #         self.0 += n;
/// #         noreply()
/// #     }
/// # }
/// # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let counter = Counter::start_link(Counter(1)).await?.server::<Counter>().unwrap();
/// counter.cast(2)?;
/// assert_eq!(sys::get_state(&counter).await?, Counter(3));
/// # Ok(()) }
/// ```
///
/// # OTP
///
/// `sys:get_state/1,2`.
#[doc(alias = "sys:get_state/1")]
pub fn get_state<A: Address>(server: &A) -> Asking<A::Server, StateError>
where
    A::Server: Clone,
{
    ask_user(server, |server| server.clone())
}

/// Runs a function on the state, in the server, and returns what it returns. When: see [`get_state`].
///
/// # Errors
///
/// * [`StateError::Call`]: as for a [`call`](Address::call).
/// * [`StateError::CallbackFailed`]: the function panicked. The server goes on.
///
/// # Cancel safety
///
/// See [`Asking`].
///
/// # OTP
///
/// What `sys:get_state/1,2` is used for, without the copy.
#[doc(alias = "sys:get_state/1")]
pub fn with_state<A: Address, R: Send + 'static>(
    server: &A,
    f: impl FnOnce(&A::Server) -> R + Send + 'static,
) -> Asking<R, StateError> {
    ask_user(server, |server| f(server))
}

/// Replaces the state by what a function makes of it, and returns the one before. When: see [`get_state`].
///
/// The function gets the state to look at, so that a panic in it leaves the server with the state that it had. To
/// change a state that cannot be made anew there is [`change_state`].
///
/// # Errors
///
/// * [`StateError::Call`]: as for a [`call`](Address::call). After a time-out the state may still be replaced.
/// * [`StateError::CallbackFailed`]: the function panicked. The server goes on.
///
/// # Cancel safety
///
/// See [`Asking`].
///
/// # Examples
///
/// ```
/// # use perennial::{prelude::*, sys};
/// # #[derive(Clone, Debug, PartialEq, GenServer)] struct Counter(u64);
/// # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let counter = Counter::start_link(Counter(1)).await?.server::<Counter>().unwrap();
/// let before = sys::replace_state(&counter, |counter| Counter(counter.0 * 10)).await?;
/// assert_eq!((before, sys::get_state(&counter).await?), (Counter(1), Counter(10)));
/// # Ok(()) }
/// ```
///
/// # OTP
///
/// `sys:replace_state/2,3`. Differs: returns the state before, not the one after.
#[doc(alias = "sys:replace_state/2")]
pub fn replace_state<A: Address>(
    server: &A,
    f: impl FnOnce(&A::Server) -> A::Server + Send + 'static,
) -> Asking<A::Server, StateError> {
    ask_user(server, |server| {
        let new = f(server);
        mem::replace(server, new)
    })
}

/// Changes the state in place, and returns what the function returns. When: see [`get_state`].
///
/// A panic in the function ends the server, as in a callback: a state that is half changed is not to be trusted.
///
/// # Errors
///
/// As for a [`call`](Address::call); [`CallError::Exit`](crate::exit_reason::CallError::Exit) with the panic, if the function panicked.
///
/// # Cancel safety
///
/// See [`Asking`].
///
/// # OTP
///
/// What `sys:replace_state/2,3` is used for, with a state that is not a value.
#[doc(alias = "sys:replace_state/2")]
pub fn change_state<A: Address, R: Send + 'static>(
    server: &A,
    f: impl FnOnce(&mut A::Server) -> R + Send + 'static,
) -> Asking<R> {
    ask(server, |server, _| f(server))
}

/// Suspends a server: it handles only requests of this module, [`stop`](Address::stop), and the end of its parent, if
/// it traps exits. All else waits, in order. So do calls, which may time out meanwhile.
///
/// What was sent before is handled before. A deadly exit signal, and a kill, end it as ever. Time-outs of
/// [`cx.timeout`](Cx::timeout) do not run meanwhile. To suspend it twice is to suspend it once.
///
/// # Errors
///
/// As for a [`call`](Address::call).
///
/// # Cancel safety
///
/// See [`Asking`].
///
/// # OTP
///
/// `sys:suspend/1,2`.
#[doc(alias = "sys:suspend/1")]
pub fn suspend<A: Address>(server: &A) -> Asking<()> {
    ask(server, |_, cx| cx.system().suspended = true)
}

/// Has a suspended server go on, with what has come meanwhile. One that is not suspended does not mind.
///
/// # Errors
///
/// As for a [`call`](Address::call).
///
/// # Cancel safety
///
/// See [`Asking`].
///
/// # OTP
///
/// `sys:resume/1,2`.
#[doc(alias = "sys:resume/1")]
pub fn resume<A: Address>(server: &A) -> Asking<()> {
    ask(server, |_, cx| cx.system().suspended = false)
}

/// Has a server end with `reason`, as if its parent had asked: `terminate` runs. Returns when it begins with that;
/// [`stop`](Address::stop) waits until it has ended. A suspended server obeys at once.
///
/// # Errors
///
/// As for a [`call`](Address::call).
///
/// # Cancel safety
///
/// See [`Asking`].
///
/// # OTP
///
/// `sys:terminate/2,3`.
#[doc(alias = "sys:terminate/2")]
pub fn terminate<A: Address>(server: &A, reason: ExitReason) -> Asking<()> {
    ask_from(server, |_, _, from| {
        from.reply(());
        stop(reason)
    })
}
