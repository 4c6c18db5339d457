//! What a server is told to record.

use crate::{
    gen_server::{
        Address,
        debug::{Event, Function, Statistics},
    },
    process::panics,
    sys::{Asking, state::ask},
};
use std::ops::ControlFlow;

/// Has each event of a server go to `tracing`, at level info, with the target `perennial::sys`.
///
/// # Errors
///
/// As for a [`call`](Address::call).
///
/// # OTP
///
/// `sys:trace/2`.
#[doc(alias = "sys:trace/2")]
pub fn trace_on<A: Address>(server: &A) -> Asking<()> {
    ask(server, |_, cx| cx.system().debug.trace = true)
}

/// Ends what [`trace_on`] began.
///
/// # Errors
///
/// As for a [`call`](Address::call).
#[doc(alias = "sys:trace/2")]
pub fn trace_off<A: Address>(server: &A) -> Asking<()> {
    ask(server, |_, cx| cx.system().debug.trace = false)
}

/// Has a server keep its last `events` events. If it kept some already, it has them still, but for those that are
/// too many now.
///
/// # Errors
///
/// As for a [`call`](Address::call).
///
/// # OTP
///
/// `sys:log(_, {true, N})`. Differs: there is no default of `N`.
#[doc(alias = "sys:log/2")]
pub fn log_on<A: Address>(server: &A, events: usize) -> Asking<()> {
    ask(server, move |_, cx| cx.system().debug.log(events))
}

/// Returns the last events of a server, the oldest first; none if it keeps none.
///
/// # Errors
///
/// As for a [`call`](Address::call).
///
/// # Examples
///
/// ```
/// # use perennial::{prelude::*, sys::{self, Event}};
/// # #[derive(Clone, Debug, PartialEq, GenServer)] struct Counter(u64);
/// # impl HandleCast<u64> for Counter {
/// #     async fn handle_cast(&mut self, n: u64, _: &mut Cx<Self>) -> NoReply {
/// #         self.0 += n;
/// #         noreply()
/// #     }
/// # }
/// # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let counter = Counter::start_link(Counter(1)).await?.server::<Counter>().unwrap();
/// sys::log_on(&counter, 10).await?;
/// counter.cast(2)?;
/// let events = sys::log(&counter).await?;
/// assert!(matches!(events[..], [Event::In { message: "u64", .. }, Event::NoReply]));
/// # Ok(()) }
/// ```
///
/// # OTP
///
/// `sys:log(_, get)`.
#[doc(alias = "sys:log/2")]
pub fn log<A: Address>(server: &A) -> Asking<Vec<Event>> {
    ask(server, |_, cx| cx.system().debug.logged())
}

/// Has a server keep no events, and forget those that it kept.
///
/// # Errors
///
/// As for a [`call`](Address::call).
///
/// # OTP
///
/// `sys:log(_, false)`.
#[doc(alias = "sys:log/2")]
pub fn log_off<A: Address>(server: &A) -> Asking<()> {
    ask(server, |_, cx| cx.system().debug.log = None)
}

/// Has a server count its messages. If it does already, it goes on counting.
///
/// # Errors
///
/// As for a [`call`](Address::call).
///
/// # OTP
///
/// `sys:statistics(_, true)`.
#[doc(alias = "sys:statistics/2")]
pub fn statistics_on<A: Address>(server: &A) -> Asking<()> {
    ask(server, |_, cx| {
        let now = cx.process().process().now();
        cx.system().debug.count(now);
    })
}

/// Returns what has been counted; none if it does not count.
///
/// # Errors
///
/// As for a [`call`](Address::call).
///
/// # OTP
///
/// `sys:statistics(_, get)`. Differs: times are by the clock of the node, and there are no reductions.
#[doc(alias = "sys:statistics/2")]
pub fn statistics<A: Address>(server: &A) -> Asking<Option<Statistics>> {
    ask(server, |_, cx| {
        let now = cx.process().process().now();
        cx.system().debug.counted(now)
    })
}

/// Has a server count no more, and forget what it counted.
///
/// # Errors
///
/// As for a [`call`](Address::call).
///
/// # OTP
///
/// `sys:statistics(_, false)`.
#[doc(alias = "sys:statistics/2")]
pub fn statistics_off<A: Address>(server: &A) -> Asking<()> {
    ask(server, |_, cx| cx.system().debug.statistics = None)
}

/// Has a server tell a function of each event, and show it the state as it is then. If a function of that name is
/// there already, nothing is changed.
///
/// It runs in the server, which waits for it. It is removed when it breaks, or panics, which is then not reported.
///
/// # Errors
///
/// As for a [`call`](Address::call).
///
/// # Examples
///
/// ```
/// # use perennial::{prelude::*, sys::{self, Event}};
/// # use std::ops::ControlFlow;
/// # #[derive(Clone, Debug, PartialEq, GenServer)] struct Counter(u64);
/// # impl HandleCast<u64> for Counter {
/// #     async fn handle_cast(&mut self, n: u64, _: &mut Cx<Self>) -> NoReply {
/// #         self.0 += n;
/// #         noreply()
/// #     }
/// # }
/// # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let counter = Counter::start_link(Counter(1)).await?.server::<Counter>().unwrap();
/// let (tell, told) = std::sync::mpsc::channel();
/// sys::install(&counter, "first change", move |event, counter: &Counter| match event {
///     Event::NoReply => {
///         tell.send(counter.0).ok();
///         ControlFlow::Break(())
///     }
///     _ => ControlFlow::Continue(()),
/// })
/// .await?;
/// counter.cast(2)?;
/// counter.cast(3)?;
/// sys::get_state(&counter).await?;
/// assert_eq!(told.iter().collect::<Vec<_>>(), [3]);
/// # Ok(()) }
/// ```
///
/// # OTP
///
/// `sys:install/2,3`. Differs: the function keeps its own state, gets that of the server, and has a name.
#[doc(alias = "sys:install/2")]
pub fn install<A: Address>(
    server: &A,
    name: impl Into<String>,
    function: impl FnMut(&Event, &A::Server) -> ControlFlow<()> + Send + 'static,
) -> Asking<()> {
    let name = name.into();
    let function: Function<A::Server> = Box::new(function);
    ask(server, move |_, cx| {
        let installed = &mut cx.system().debug.installed;
        match installed.iter().any(|(other, _)| *other == name) {
            true => panics::drop_quietly(function),
            false => installed.push((name, function)),
        }
    })
}

/// Removes a function of [`install`], if it is there.
///
/// # Errors
///
/// As for a [`call`](Address::call).
///
/// # OTP
///
/// `sys:remove/2,3`.
#[doc(alias = "sys:remove/2")]
pub fn remove<A: Address>(server: &A, name: impl Into<String>) -> Asking<()> {
    let name = name.into();
    ask(server, move |_, cx| {
        let removed: Vec<_> =
            cx.system().debug.installed.extract_if(.., |(other, _)| *other == name).collect();
        panics::drop_quietly(removed);
    })
}

/// Has a server record nothing, and forget what it recorded.
///
/// # Errors
///
/// As for a [`call`](Address::call).
///
/// # OTP
///
/// `sys:no_debug/1,2`.
#[doc(alias = "sys:no_debug/1")]
pub fn no_debug<A: Address>(server: &A) -> Asking<()> {
    ask(server, |_, cx| panics::drop_quietly(std::mem::take(&mut cx.system().debug)))
}
