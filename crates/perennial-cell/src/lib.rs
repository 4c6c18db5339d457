//! The parts of a process that need `unsafe`, or the proof of an ordering: its mailbox and its wake-ups.
//!
//! * [`Mailbox`]: an unbounded queue in arrival order; many senders, one allocation a message, taken whole.
//! * [`Notify`]: the one waker of a process, with a state word that joins wake-ups.
//! * [`Activity`]: how many processes of a node are runnable or running, for the virtual clock.
//!
//! A process has two lanes. What OTP delivers as a message lies in the mailbox; a deadly signal is a flag
//! of the process that its poll loop reads around each poll. Both lanes share the one [`Notify`].
//!
//! Everything here is checked by loom (`tests/loom.rs`) and by miri.

#![allow(unsafe_code)]
#![deny(unsafe_op_in_unsafe_fn)]

mod activity;
mod mailbox;
mod notify;
mod sync;

pub use activity::Activity;
pub use mailbox::{Batch, Closed, Erase, Letter, Mailbox};
pub use notify::{Notify, Polled};
