//! Replays behaviour recorded from a real BEAM against Perennial.
//!
//! A *scenario* is a file of steps, each with what the reference implementation showed after it; the format is
//! `README.md` beside this crate. A [`Subject`](run::Subject) runs the steps and says what it saw, the matcher finds
//! the first place where that differs, and the report counts.
//!
//! | module | holds | knows |
//! |---|---|---|
//! | [`value`] | plain values, equal as in `===` | – |
//! | [`reason`], [`pattern`], [`guard`] | exit reasons; match patterns and their guards | values |
//! | [`observation`] | what one step showed: result, log, exits, inbox | reasons |
//! | [`scenario`] | a file as types: steps, operations, child specifications, plans, commands | observations |
//! | [`matcher`] | the first difference between recorded and seen | scenarios |
//! | [`executor`], `mapping` | the library as a subject; what a typed library says otherwise | everything above |
//! | [`model`] | a model of the system, plain data, that predicts what a step shows; random scenarios | scenarios |
//! | [`soak`] | trees under random kills, and what is left of them | the library |
//! | [`run`], [`walk`], [`report`] | many files, the verdicts, the count | the matcher |
#![forbid(unsafe_code)]

pub mod args;
pub mod executor;
pub mod guard;
mod mapping;
pub mod matcher;
pub mod model;
pub mod observation;
pub mod pattern;
pub mod reason;
pub mod report;
pub mod run;
pub mod scenario;
pub mod soak;
pub mod value;
pub mod walk;
