//! Looking into a server that runs: its state, what it does, and whether it serves. For tests, consoles and repairs.
//!
//! Every server can be asked, supervisors and registries too; it needs no code of its own for that.
//!
//! ```
//! use perennial::{prelude::*, sys};
//!
//! #[derive(Clone, Debug, PartialEq, GenServer)]
//! struct Counter(u64);
//! struct Add(u64);
//!
//! impl HandleCast<Add> for Counter {
//!     async fn handle_cast(&mut self, Add(n): Add, _: &mut Cx<Self>) -> NoReply {
//!         self.0 += n;
//!         noreply()
//!     }
//! }
//!
//! # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let counter = Counter::start_link(Counter(1)).await?.server::<Counter>().unwrap();
//! counter.cast(Add(2))?;
//! assert_eq!(sys::get_state(&counter).await?, Counter(3));
//!
//! sys::suspend(&counter).await?;
//! counter.cast(Add(4))?;
//! assert_eq!(sys::get_state(&counter).await?, Counter(3));
//! sys::replace_state(&counter, |_| Counter(0)).await?;
//! sys::resume(&counter).await?;
//! assert_eq!(sys::get_state(&counter).await?, Counter(4));
//! # Ok(()) }
//! ```
//!
//! | what | how |
//! |---|---|
//! | the state | [`get_state`], [`with_state`]; [`replace_state`], [`change_state`] |
//! | whether it serves | [`suspend`], [`resume`], [`terminate`] |
//! | all that is known | [`get_status`]; without asking: [`process::info`](crate::process::info) |
//! | the last events | [`log_on`], [`log`], [`log_off`] |
//! | counters | [`statistics_on`], [`statistics`], [`statistics_off`] |
//! | events as they happen | [`trace_on`], [`trace_off`] to `tracing`; [`install`], [`remove`] for a function |
//! | none of these three | [`no_debug`] |
//!
//! # When a request is served
//!
//! A request is a message, and is handled when all that was sent before it is. So a server that is in a long callback
//! answers late, and one that waits for ever never; a request waits for 5 s, or as [`Asking::timeout`] says. Only while
//! a server is suspended do requests go past what waits. A request is no message in one respect: it does not cancel
//! the time-out of [`cx.timeout`](crate::gen_server::Cx::timeout), which begins anew after it.
//!
//! # What it costs
//!
//! Nothing is recorded unless asked for. A server of which nothing is recorded, and that is not suspended, looks once a
//! message whether that is so.
//!
//! # When not to use it
//!
//! In the code of an application. What others are to know of a server they ask it by a call; a request of this module
//! bypasses all that the server would check.

mod asking;
mod debug;
mod error;
mod state;
mod status;

pub use crate::gen_server::debug::{Event, MessageKind, Statistics};
pub use asking::Asking;
pub use debug::{
    install, log, log_off, log_on, no_debug, remove, statistics, statistics_off, statistics_on, trace_off,
    trace_on,
};
pub use error::StateError;
pub use state::{change_state, get_state, replace_state, resume, suspend, terminate, with_state};
pub use status::{Status, SysState, get_status};
