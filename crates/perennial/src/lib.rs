//! OTP supervision for Rust: processes that are linked, monitored, named and supervised.
#![forbid(unsafe_code)]

pub mod child_spec;
mod clock;
pub mod dynamic_supervisor;
pub mod exit_reason;
pub mod gen_server;
pub mod pid;
pub mod prelude;
pub mod process;
pub mod registry;
pub mod runtime;
pub mod supervisor;

pub use perennial_macros::{main, test};

pub mod node {
    //! The node: process table, names, clock and events; see [`Node`].
    pub use crate::process::{
        counted::{Counted, Hold},
        current::Entered,
        events::{Event, EventId, EventKind, EventStream, Missed, SignalKind},
        node::{Node, Time},
    };
}

pub mod time {
    //! Waiting by the clock of the node, which a test may pause.
    pub use crate::process::time::{Elapsed, Sleep, sleep, timeout};
}
