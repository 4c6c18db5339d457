//! Process groups: rows PG of `SEMANTICS.md`. Each rule is run on one thread and on two.

#[macro_use]
mod support;

mod ending;
mod members;
mod monitors;
mod races;
