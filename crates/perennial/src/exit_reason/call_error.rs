//! Why a call got no answer.

use crate::exit_reason::ExitReason;
use std::{error::Error, fmt};

/// Why a call got no reply.
///
/// # OTP
///
/// The reason of `exit({Reason, {gen_server, call, _}})`, as a value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallError {
    /// There is no such process, or nobody has that name.
    NoProc,
    /// No reply came in time. The request may still be served; its reply goes nowhere.
    Timeout,
    /// A server cannot call itself.
    CallingSelf,
    /// The name belongs to a server of another type.
    WrongServer,
    /// The server lives on and has dropped the [`Caller`](crate::gen_server::Caller) without a reply.
    NoReply,
    /// The server ended before it replied; also with the reason `Normal`.
    Exit(ExitReason),
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoProc => f.write_str("no such process"),
            Self::Timeout => f.write_str("the call timed out"),
            Self::CallingSelf => f.write_str("a process called itself"),
            Self::WrongServer => f.write_str("the name belongs to a server of another type"),
            Self::NoReply => f.write_str("the server dropped the caller without a reply"),
            Self::Exit(reason) => write!(f, "the server ended before it replied: {reason}"),
        }
    }
}

impl Error for CallError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Exit(ExitReason::Error(error)) => Some(&**error),
            _ => None,
        }
    }
}
