//! The rules of processes, P1 to P38 in `SEMANTICS.md`; each test is named after its rule.
//!
//! On paused clocks, and on both flavors of runtime from one source. Nothing here waits for real time.

#[macro_use]
#[path = "../support/flavors.rs"]
mod flavors;

mod clock;
mod exits;
mod info;
mod links;
mod monitors;
mod names;
mod nodes;
mod panics;
mod spawn;
mod support;
mod timers;
