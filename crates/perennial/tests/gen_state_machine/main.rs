//! The rules of the generic state machine: rows SM of `SEMANTICS.md`.
//!
//! On paused clocks, and on both flavors of runtime from one source. The order of events is what `gen_statem` of
//! OTP 25 does with the same script, except where a test says otherwise.

#[macro_use]
#[path = "../support/flavors.rs"]
mod flavors;

mod calls;
mod ending;
mod entering;
mod inserting;
mod postponing;
mod puppet;
mod starting;
mod sys;
mod timeouts;
