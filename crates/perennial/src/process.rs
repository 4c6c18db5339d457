//! Processes: spawned, linked, monitored, named; sent exit signals and timers. Knows nothing of servers.
//!
//! A process is a future that runs on its own, with a pid, and with a mailbox that its kind reads: an [`Inbox`]
//! here, a [`GenServer`](crate::gen_server::GenServer) most often. Everything here can be called from a
//! process, from a plain tokio task and from a thread outside of the runtime; what needs a current process says so.
//!
//! ```
//! # #[perennial::main] async fn main() {
//! use perennial::{exit_reason::ExitReason, process};
//! let pid = process::spawn(|mut inbox: process::Inbox<&str>| async move {
//!     let _ = inbox.receive().await;
//! });
//! let ended = process::monitor(pid);
//! process::exit(pid, ExitReason::Shutdown);
//! assert_eq!(ended.await.reason, ExitReason::Shutdown);
//! # }
//! ```
//!
//! | exit signal | reason | to one that traps | to one that does not |
//! |---|---|---|---|
//! | [`kill`] | – | ends: `Killed` | ends: `Killed` |
//! | [`exit`], or over a link | `Normal` | [`Exit`] message | nothing |
//! | [`exit`], or over a link | any other | [`Exit`] message | ends with it |

pub(crate) mod alive;
pub(crate) mod ancestor;
mod asleep;
pub(crate) mod block;
pub(crate) mod bonds;
pub(crate) mod budget;
mod callers;
pub(crate) mod counted;
pub(crate) mod current;
pub(crate) mod events;
mod fate;
mod flags;
pub(crate) mod found;
pub(crate) mod holdings;
pub(crate) mod inbox;
mod info;
pub(crate) mod inline;
pub(crate) mod kin;
mod last_acts;
pub(crate) mod links;
mod messages;
#[cfg(all(test, perennial_loom))]
pub(crate) mod models;
pub(crate) mod monitors;
pub(crate) mod names;
pub(crate) mod node;
pub(crate) mod panics;
mod parent;
mod patience;
mod reason;
mod recipient;
pub(crate) mod room;
pub(crate) mod run;
pub(crate) mod scheduler;
pub(crate) mod signal;
mod small_map;
pub(crate) mod spawn;
pub(crate) mod state;
pub(crate) mod stats;
mod table;
pub(crate) mod ties;
pub(crate) mod time;
pub(crate) mod timer;
pub(crate) mod watchers;

pub use inbox::{Inbox, IntoExitReason, spawn, spawn_link, spawn_monitor, spawn_receiver};
pub use info::{Info, info, set_label};
pub use links::{NoProc, exit, kill, link, links, unlink};
pub use messages::{Down, Exit, Timeout};
pub use monitors::{Monitor, monitor};
pub use names::RegisterError;
pub use recipient::Recipient;
pub use timer::Timer;

use crate::{exit_reason::ExitReason, pid::Pid};
use block::Receive;
use node::Node;
use std::sync::Arc;

/// The pid of the current process; none in code that runs in no process.
#[doc(alias = "self/0")]
pub fn current() -> Option<Pid> {
    current::process().map(|process| process.process().pid())
}

/// Whether a process runs: false from the moment its reason is fixed, or a deadly signal has reached it.
#[doc(alias = "is_process_alive/1")]
pub fn is_alive(pid: Pid) -> bool {
    node::find(pid).is_some_and(|process| process.process().is_alive())
}

/// Ends the current process on the spot, from any depth. No panic hook runs; whether it is logged depends on the
/// reason. A server's `terminate` runs.
///
/// # Panics
///
/// Always, in a sense: it unwinds the stack. Outside of a process that is an ordinary panic.
#[doc(alias = "exit/1")]
pub fn exit_self(reason: ExitReason) -> ! {
    panics::unwind_with(reason)
}

/// Gives a running process a name. It loses it when it ends.
///
/// # Errors
///
/// [`RegisterError`]: somebody has the name, or the process has one already, or has ended.
#[doc(alias = "register/2")]
pub fn register(name: impl Into<Arc<str>>, pid: Pid) -> Result<(), RegisterError> {
    let node = Node::of(pid).ok_or(RegisterError::NoProc)?;
    let process = node.process(pid).ok_or(RegisterError::NoProc)?;
    node.0.names.register(name.into(), &process)
}

/// Takes a name from whoever has it; false if nobody had.
#[doc(alias = "unregister/1")]
pub fn unregister(name: &str) -> bool {
    Node::current().0.names.unregister(name).is_some()
}

/// Who has a name on the current node.
#[doc(alias = "whereis/1")]
pub fn whereis(name: &str) -> Option<Pid> {
    Node::current().0.names.get(name).map(|process| process.process().pid())
}

/// Whoever takes messages of type `M` at `pid`: a bare process with an `Inbox<M>`. For servers there is
/// [`Pid::server`](crate::pid::Pid::server).
pub fn recipient<M: Send + 'static>(pid: Pid) -> Option<Recipient<M>> {
    let process = node::find(pid).filter(|process| process.process().is_alive())?;
    let bare = process.as_any().downcast::<block::Block<dyn inbox::Open<M>>>().ok()?;
    Some(Recipient::new(bare as Arc<dyn Receive<M>>))
}
