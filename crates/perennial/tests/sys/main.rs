//! The rules of `sys`: rows SY of `SEMANTICS.md`, and those of the generic server that are about it.

#[macro_use]
#[path = "../support/flavors.rs"]
mod flavors;

#[path = "../gen_server/puppet.rs"]
#[allow(dead_code, reason = "the other tests of servers use the rest")]
mod puppet;

mod debug;
mod ending;
mod hibernate;
mod state;
mod status;
mod supervisors;
mod support;
mod suspend;
