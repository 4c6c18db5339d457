//! OTP supervision for Rust: processes that are linked, monitored, named and supervised.
//!
//! A program is a tree of processes. At its leaves are servers, which keep state and handle one message at a time, and
//! plain futures; above them are supervisors, which start them, start them again when they fail, and stop them in
//! order. A process that fails takes down what is linked to it and nothing else. Messages and their replies have types,
//! and names lead to whoever has them now, so they survive a restart.
//!
//! ```
//! use perennial::prelude::*;
//!
//! #[derive(Clone, GenServer)]
//! struct Counter(u64);
//! struct Add(u64);
//! struct Total;
//!
//! impl HandleCast<Add> for Counter {
//!     async fn handle_cast(&mut self, Add(n): Add, _: &mut Cx<Self>) -> NoReply {
//!         self.0 += n;
//!         noreply()
//!     }
//! }
//! impl HandleCall<Total> for Counter {
//!     type Reply = u64;
//!     async fn handle_call(&mut self, _: Total, _: &mut Cx<Self>) -> Reply<u64> {
//!         reply(self.0)
//!     }
//! }
//!
//! #[perennial::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let counter = Counter::start_link(Counter(1)).await?.server::<Counter>().unwrap();
//!     counter.cast(Add(2))?;
//!     assert_eq!(counter.call(Total).await?, 3);
//!     Ok(())
//! }
//! ```
//!
//! # What is where
//!
//! | Erlang, Elixir | here |
//! |---|---|
//! | `gen_server`, `GenServer` | [`gen_server`]; [`Address`](gen_server::Address) has `call`, `cast`, `stop` |
//! | `gen_statem` | [`gen_state_machine`] |
//! | `supervisor`, `Supervisor` | [`supervisor`] |
//! | `DynamicSupervisor`, `simple_one_for_one` | [`dynamic_supervisor`] |
//! | `Task`, `Task.Supervisor` | [`task`] |
//! | `Registry`, `{:via, Registry, _}` | [`registry`] |
//! | `Agent` | [`agent`] |
//! | `PartitionSupervisor` | [`partition_supervisor`] |
//! | `gen_server:send_request`, `reqids_new`, `multi_call` | [`RequestId`](gen_server::RequestId), [`RequestIds`](gen_server::RequestIds), [`multi_call`](gen_server::multi_call) |
//! | `pg`, process groups | [`pg`] |
//! | child specifications | [`child_spec`] |
//! | `sys` | [`sys`] |
//! | `application`, `init:stop` | [`application`] |
//! | `spawn`, `link`, `monitor`, `exit`, `Process` | [`process`] |
//! | exit reasons | [`exit_reason`] |
//! | pids and references | [`pid`] |
//! | the node, its names, processes and clock | [`node`] |
//! | `send_after`, `receive after` | [`Cx::send_after`](gen_server::Cx::send_after), [`time`] |
//! | starting the system; ExUnit | [`runtime`], [`main`](macro@main), [`test`](macro@test) |
//!
//! # How to supervise
//!
//! A supervisor is started with a list of [`ChildSpec`](child_spec::ChildSpec)s. Each kind of child has its way to make
//! one, and what differs from the default is written with struct update:
//!
//! ```
//! # use perennial::prelude::*;
//! # #[derive(Clone, GenServer)]
//! # struct Counter(u64);
//! static SESSIONS: RegistryName<String> = RegistryName::new("sessions");
//! const WORKERS: Name<DynamicSupervisor> = Name::new("workers");
//!
//! # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let children = [
//!     SESSIONS.child_spec(),
//!     DynamicSupervisor::named(WORKERS),
//!     Counter::child_spec(Counter(0)),
//!     ChildSpec { restart: Restart::Transient, ..ChildSpec::task("import", || async { /* any future */ }) },
//! ];
//! Supervisor::start_link(children, Strategy::RestForOne).await?;
//! # Ok(()) }
//! ```
//!
//! Children start in this order, each when the one before is up, and stop in reverse. What others need comes first:
//! with [`RestForOne`](supervisor::Strategy::RestForOne) its restart restarts those who rely on it. A child that is
//! restarted too often (more than 3 times in 5 s, if nothing else is said) ends its supervisor, whose own supervisor
//! decides what then. For children that come and go there is the
//! [`DynamicSupervisor`](dynamic_supervisor::DynamicSupervisor).
//!
//! # From Elixir
//!
//! * `handle_call` and the others are a trait each, implemented once for each type of message. What a server does not
//!   handle cannot be sent to it.
//! * The tuples are functions: [`reply(r)`](gen_server::reply), [`noreply()`](gen_server::noreply),
//!   [`stop(reason)`](gen_server::stop), [`stop_reply(reason, r)`](gen_server::stop_reply). State is `&mut self`.
//! * `Err(reason)` is `{:stop, reason, state}`, so `?` is how a server crashes.
//! * A call that fails is a value, [`CallError`](exit_reason::CallError), and exits nobody. With `?` it does.
//! * `{:noreply, state}` and a later `GenServer.reply/2` are [`HandleCallFrom`](gen_server::HandleCallFrom) and
//!   [`Caller::reply`](gen_server::Caller::reply).
//! * Reasons are an enum, [`ExitReason`](exit_reason::ExitReason); `:kill` is a signal, [`process::kill`].
//! * Names know who answers: `Name<Counter>`, `SESSIONS.via::<Session>(key)`. There are no atoms.
//! * `:ignore` is an `Err` of the start, and supervisors go on without the child, as you know it.
//! * `start_child` does not wait for other starts, and [`start_child_or_lookup`][or_lookup] is "get or start".
//! * `Task.async` is [`Task::spawn`](task::Task::spawn), `Task.await` is `task.await`, `Task.yield` is
//!   [`yield_for`](task::Task::yield_for). The result lies in the handle and is no message.
//! * Messages are moved, not copied. A process that loops without an `await` cannot be stopped, not even by kill.
//!
//! [or_lookup]: dynamic_supervisor::DynamicSupervisor::start_child_or_lookup
//!
//! # What runs where
//!
//! Processes are futures on the tokio runtime on which their [`Node`](node::Node) was made; no other runtime is made
//! in secret. [`#[perennial::main]`](macro@main) makes a multi-thread runtime with a node on it, in the open, and
//! stops what still runs when `main` has returned. With `#[tokio::main]`, or any runtime that is there already,
//! everything works too: the first process makes the default node there. Nobody stops it then; see
//! [`Node::stop`](node::Node::stop).
//!
//! All of tokio can be used in callbacks. Calls, casts, starts and look-ups can be made from a process, from a plain
//! task, such as a handler of a web server, and within [`Node::enter`](node::Node::enter) from a thread, where
//! [`blocking_call`](gen_server::Address::blocking_call) waits. Waiting goes by the clock of the node:
//! [`time::sleep`] follows it, and a test with [`#[perennial::test(paused)]`](macro@test) waits for nothing.
//!
//! # Logs
//!
//! Reports go to [`tracing`](https://docs.rs/tracing), to targets that begin with `perennial`: a process that ends with
//! an unclean reason, a child that is started, a supervisor that gives up. A program without a subscriber does not see
//! them.
//!
//! # Features
//!
//! There are no features to choose.
//!
//! # `panic = "abort"`
//!
//! A panic is caught and is the reason with which its process ends. A program built with `panic = "abort"` ends at the
//! first panic, and nothing here can change that; it is warned in the log when it starts its first process.
//! [`process::exit_self`] unwinds too, and must not be used there. An `Err` is an exit reason in either case.
#![forbid(unsafe_code)]

pub mod agent;
pub mod application;
pub mod child_spec;
mod clock;
pub mod dynamic_supervisor;
mod executor;
pub mod exit_reason;
pub mod gen_server;
pub mod gen_state_machine;
pub mod partition_supervisor;
pub mod pg;
pub mod pid;
pub mod prelude;
pub mod process;
pub mod registry;
pub mod runtime;
pub mod supervisor;
mod sync;
pub mod sys;
pub mod task;

pub use perennial_macros::{main, test};

pub mod node {
    //! The node: process table, names, clock and events; see [`Node`].
    pub use crate::process::{
        counted::{Counted, Hold},
        current::Entered,
        events::{Event, EventId, EventKind, EventStream, Missed, SignalKind},
        node::{Node, Time},
    };
}

pub mod time {
    //! Waiting by the clock of the node, which a test may pause.
    pub use crate::process::time::{Elapsed, Sleep, sleep, timeout};
}

/// The program of the README is compiled and run, as it is there.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
