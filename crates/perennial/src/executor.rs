//! What processes run on: a tokio runtime.
//!
//! Or, with `--cfg shuttle`, the scheduler of shuttle, which chooses who runs next wherever there is a choice. With
//! `--cfg perennial_loom` nothing: models poll by hand.

#[cfg(any(perennial_loom, shuttle))]
mod checked;
#[cfg(not(any(perennial_loom, shuttle)))]
mod tokio;

#[cfg(any(perennial_loom, shuttle))]
pub(crate) use self::checked::{Executor, Id, Runtime};
#[cfg(not(any(perennial_loom, shuttle)))]
pub(crate) use self::tokio::{Executor, Id, Runtime};
