//! The parts of a process that need `unsafe`, or the proof of an ordering: its mailbox and its wake-ups.
//!
//! * [`Turns`]: the mailbox of a process, its body, and the right to poll that. One word says what waits and who is told.
//! * [`Letter`]: a message in a mailbox, one block of memory; [`Batch`]: several, in arrival order.
//! * [`Notify`]: the one waker of a plain future that is counted, likewise.
//! * [`Pooled`], [`PooledFuture`]: the future of a handler, in memory that is used again, as a letter is.
//! * [`PooledBox`]: what many processes have, and not all, in such memory, too.
//! * [`Lending`]: such a body that is a value, and the future that has borrowed it: a server, and its handler.
//! * [`place`]: where the reply of a call is put, by the first of those who [give](Giver) and for the one who [takes](Taker) it.
//! * [`arc_in_place`]: a counted value that is made where it is to lie.
//! * [`OnceBox`]: what few processes have, made when it is needed.
//! * [`Scoped`]: a reference that holds while a function runs.
//! * [`drop_payload`]: the end of what a panic carries.
//! * [`SpinLock`]: a lock without a queue of those who wait, which few do.
//! * [`Moment`]: a cheap look at the clock.
//! * [`Activity`]: how many processes of a node are runnable or running, for the virtual clock.
//!
//! A process has two lanes. What OTP delivers as a message lies in the mailbox; a deadly signal is a flag
//! of the process that is read around each poll. Both lanes share one wake-up.
//!
//! Everything here is checked by loom (`tests/loom.rs`) and by miri.

#![allow(unsafe_code)]
#![deny(unsafe_op_in_unsafe_fn)]

mod activity;
mod batch;
mod in_place;
mod incoming;
mod lending;
mod letter;
mod moment;
mod notify;
mod once;
mod payload;
mod place;
mod pool;
mod pooled;
mod pooled_box;
mod scoped;
mod spin_lock;
mod sync;
mod tag;
mod turn;
mod turns;
mod word;

pub use activity::Activity;
pub use batch::Batch;
pub use in_place::arc_in_place;
pub use incoming::Incoming;
pub use lending::{Lending, Lent};
pub use letter::{Erase, Letter, Opened};
pub use moment::Moment;
pub use notify::{Notify, Polled};
pub use once::OnceBox;
pub use payload::drop_payload;
pub use place::{Given, Giver, Taker, place};
pub use pool::free_unused;
pub use pooled::{Pooled, PooledFuture};
pub use pooled_box::PooledBox;
pub use scoped::Scoped;
pub use spin_lock::SpinLock;
pub use turn::Turn;
pub use turns::{Closed, Ended, Notified, Turns};
pub use word::Reading;
