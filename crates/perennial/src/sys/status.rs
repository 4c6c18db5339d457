//! How a server is.

use crate::{
    exit_reason::CallError,
    gen_server::{Address, DebugOptions, debug::Event, shown::shown},
    process::{self, Info},
    sys::{Asking, state::ask},
};

/// How a server is: [`get_status`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Status {
    /// Its pid, name, label, parent, ancestors, the length of its mailbox, and the like.
    pub info: Info,
    /// Whether it serves.
    pub sys_state: SysState,
    /// What it is told to record.
    pub debug: DebugOptions,
    /// The functions that were [installed](super::install).
    pub installed: Vec<String>,
    /// The last events, if they are kept.
    pub log: Vec<Event>,
    /// Its state, as [`format_status`](crate::gen_server::GenServer::format_status) shows it.
    pub state: String,
}

/// Whether a server serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SysState {
    /// It does.
    Running,
    /// It was [suspended](super::suspend).
    Suspended,
}

/// Says how a server is. When: see [`get_state`](super::get_state).
///
/// What [`process::info`] says is there without asking, of a server that is busy too.
///
/// # Errors
///
/// As for a [`call`](Address::call).
///
/// # Cancel safety
///
/// See [`Asking`].
///
/// # OTP
///
/// `sys:get_status/1,2`. Differs: it is a struct.
#[doc(alias = "sys:get_status/1")]
pub fn get_status<A: Address>(server: &A) -> Asking<Status> {
    let asking = ask(server, |server, cx| {
        // None only of one that was given up: it could not be stopped, and is dead to others.
        let info = process::info(cx.pid())?;
        let system = cx.system();
        let sys_state = if system.suspended { SysState::Suspended } else { SysState::Running };
        let installed = system.debug.installed.iter().map(|(name, _)| name.clone()).collect();
        let (debug, log) = (system.debug.options(), system.debug.logged());
        Some(Status { info, sys_state, debug, installed, log, state: shown(server) })
    });
    Asking::new(|timeout| async move { asking.timeout(timeout).await?.ok_or(CallError::NoProc) })
}
