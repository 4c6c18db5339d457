//! The rules of the generic server: rows G of `SEMANTICS.md`.

#[macro_use]
#[path = "../support/flavors.rs"]
mod flavors;

mod bounded;
mod callers;
mod calls;
mod continues;
mod ending;
mod exits;
mod failures;
mod infos;
mod multi_call;
mod observed;
mod outside;
mod puppet;
mod requests;
mod starting;
mod timeouts;
