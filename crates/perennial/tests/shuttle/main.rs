//! Whole small trees, in many orders of what their processes do. Where the order is left open by a lock, an atomic or
//! an await, shuttle chooses it: by chance, or with few changes of who runs, which finds what needs a certain order of
//! few steps.
//!
//!     RUSTFLAGS="--cfg shuttle" cargo test -p perennial --release --test shuttle
//!
//! The orders are the same ones each time. `SHUTTLE_RANDOM_SEED=7` chooses others, `PERENNIAL_ORDERS=100000` more. Not
//! seen are the insides of `tokio::sync`, whose calls are one step here, and weak memory, for which there is loom.

#![cfg(shuttle)]

mod bonds;
mod dynamic_supervisors;
mod orders;
mod registries;
mod servers;
mod supervisors;
