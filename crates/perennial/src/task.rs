//! Tasks: a process that computes one value, and the handle with which somebody waits for it.
//!
//! ```
//! # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use perennial::task::Task;
//!
//! let page = Task::spawn(async { "the page".len() });
//! let words = Task::spawn(async { 2 });
//! assert_eq!(page.await? + words.await?, 10);
//! # Ok(()) }
//! ```
//!
//! A task is linked to the process that spawns it: if one of them fails, so does the other. One that is spawned in no
//! process, as in a plain tokio task, is linked to nobody. A task that must not take its owner along runs under a
//! [`TaskSupervisor`], by [`spawn_nolink`](TaskSupervisor::spawn_nolink).
//!
//! | wanted | use |
//! |---|---|
//! | a result, with a crash shared | [`Task::spawn`], [`TaskSupervisor::spawn`] |
//! | a result, a crash being a value | [`TaskSupervisor::spawn_nolink`] |
//! | no result | [`start_link`], [`start`], [`TaskSupervisor::start_child`] |
//! | the same for each of many items | [`async_stream`], [`TaskSupervisor::async_stream`] |
//! | work in a supervision tree | [`Task::child_spec`], [`ChildSpec::task`] |
//!
//! # How a task ends
//!
//! | the future | who waits gets | those linked to it get | in the log |
//! |---|---|---|---|
//! | returns | the value | `Normal`, which means nothing to one that does not trap exits | – |
//! | panics | [`ExitReason::Panic`] | the same | a crash |
//! | calls [`exit_self`](crate::process::exit_self) | that reason | the same | a crash, unless it is [clean](crate::exit_reason::ExitReason::is_clean) |
//! | is sent an exit signal | the reason of that | the same | – |
//!
//! What a task *returns* is a value, also if it is an `Err`; only the tasks without a result (`start`, `start_link`,
//! `start_child`, `Task::child_spec`) crash with one, as other processes do.
//!
//! The result is there when the task has ended: its future is dropped, its names are free, and it is gone. It waits in
//! the handle, and no message comes to anybody. A handle that is dropped leaves the task running.
//!
//! # When not to use it
//!
//! For work that is not to be waited for, nor to be told of, `tokio::spawn` does. For a loop that serves others there
//! is [`GenServer`](crate::gen_server::GenServer).
//!
//! [`ChildSpec::task`]: crate::child_spec::ChildSpec::task
//! [`ExitReason::Panic`]: crate::exit_reason::ExitReason::Panic

mod body;
mod handle;
mod many;
mod shutdown;
mod stream;
mod supervisor;
mod wait;

pub use crate::exit_reason::AwaitError;
pub use handle::Task;
pub use many::{OnYieldTimeout, YieldManyOptions, await_many, yield_many};
pub use stream::{AsyncStream, OnTimeout, StreamError, StreamOptions, ZipInputOnExit, async_stream};
pub use supervisor::{ChildOptions, SpawnOptions, TaskSupervisor};
pub use wait::{AWAIT_TIMEOUT, Await};

use crate::{
    pid::Pid,
    process::{Inbox, IntoExitReason, ancestor::Ancestor, current, inbox, spawn::Spawn},
};
use std::future::Future;

/// Starts a task whose result nobody wants, linked to nobody.
///
/// What it returns is the reason of its end, as for [`process::spawn`](crate::process::spawn); unlike that one it has
/// [`callers`].
#[doc(alias = "Task.start/1")]
pub fn start<F>(future: F) -> Pid
where
    F: Future<Output: IntoExitReason> + Send + 'static,
{
    let spawn = Spawn { callers: body::callers(), ..Spawn::default() };
    inbox::start_with(spawn, |_: Inbox<()>| future).pid()
}

/// As [`start`], linked to the current process, if there is one.
#[doc(alias = "Task.start_link/1")]
pub fn start_link<F>(future: F) -> Pid
where
    F: Future<Output: IntoExitReason> + Send + 'static,
{
    let spawn = Spawn { link: true, callers: body::callers(), ..Spawn::default() };
    inbox::start_with(spawn, |_: Inbox<()>| future).pid()
}

/// Of a task: the process that asked for it, the one that asked for that one, and so on. Empty in code that runs in no
/// task.
///
/// Under a [`TaskSupervisor`] that is not the parent. It tells on whose behalf one runs: which connection of a test,
/// which request. Of very many only the nearest few hundred are known.
///
/// # Examples
///
/// ```
/// # #[perennial::main] async fn main() {
/// use perennial::{process, task::{self, Task}};
/// let ended = process::spawn_monitor(|_: process::Inbox<()>| async {
///     let callers = Task::spawn(async { task::callers() }).await.unwrap();
///     assert_eq!(callers, [process::current().unwrap()]);
/// }).1;
/// assert!(ended.await.reason.is_normal());
/// # }
/// ```
///
/// # OTP
///
/// The `$callers` of Elixir's tasks.
#[doc(alias = "$callers")]
pub fn callers() -> Vec<Pid> {
    current::process().map(|me| Ancestor::pids(me.process().callers()).collect()).unwrap_or_default()
}
