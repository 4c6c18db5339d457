//! Anyone who takes a message of a type.

use crate::{
    pid::Pid,
    process::{
        block::Receive,
        timer::{self, Timer},
    },
};
use std::{fmt, sync::Arc, time::Duration};

/// A process that takes messages of type `M`, whatever else it is: a server with `HandleInfo<M>`, or a bare process.
///
/// It can be kept, for example as the value of a registry row, which makes
/// [`dispatch`](crate::registry::RegistryName::dispatch) a publish and subscribe.
///
/// # OTP
///
/// A pid, as the target of `send/2`.
pub struct Recipient<M>(Arc<dyn Receive<M>>);

impl<M: Send + 'static> Recipient<M> {
    pub(crate) fn new(to: Arc<dyn Receive<M>>) -> Self {
        Self(to)
    }

    /// Sends a message.
    ///
    /// # Errors
    ///
    /// Gives the message back if the process is known to have ended. That it has not does not say that the
    /// message will be handled.
    #[doc(alias = "erlang:send/2")]
    pub fn send(&self, message: M) -> Result<(), M> {
        self.0.clone().receive(message)
    }

    /// Sends a message after `delay`; the timer goes when the process ends.
    #[doc(alias = "erlang:send_after/3")]
    pub fn send_after(&self, delay: Duration, message: M) -> Timer {
        timer::send_after(self.0.clone(), delay, message)
    }

    /// Sends a message every `period`, first after one `period`, until the process ends.
    #[doc(alias = "timer:send_interval/2")]
    pub fn send_interval(&self, period: Duration, message: M) -> Timer
    where
        M: Clone + Sync,
    {
        timer::send_interval(self.0.clone(), period, move || message.clone())
    }

    /// Which process it is.
    pub fn pid(&self) -> Pid {
        self.0.process().pid()
    }
}

impl<M> Clone for Recipient<M> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<M> PartialEq for Recipient<M> {
    fn eq(&self, other: &Self) -> bool {
        self.0.process().pid() == other.0.process().pid()
    }
}

impl<M> Eq for Recipient<M> {}

impl<M> fmt::Debug for Recipient<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({})", self.0.process().pid())
    }
}
