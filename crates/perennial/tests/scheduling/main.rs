//! Who polls a process, where, and when: workers, callers, and what else runs on their runtime.
//!
//! On both flavors of runtime from one source. What a program sees does not depend on any of it.

#[macro_use]
#[path = "../support/flavors.rs"]
mod flavors;

mod chains;
mod ends;
mod fairness;
mod inline;
mod sameness;
mod support;
mod surroundings;
