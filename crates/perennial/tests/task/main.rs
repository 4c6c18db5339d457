//! The rules of tasks, rows T and P30 of `SEMANTICS.md`; each test is named after its rule.
//!
//! Many state facts of Elixir's `task_test.exs` and `task/supervisor_test.exs`. On paused clocks, and on both flavors of
//! runtime from one source.

#[macro_use]
#[path = "../support/flavors.rs"]
mod flavors;

mod awaits;
mod callers;
mod linked;
mod many;
mod shutdown;
mod starts;
mod streams;
mod supervised;
mod supervised_streams;
mod support;
