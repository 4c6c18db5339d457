//! How an application ended.

use crate::{child_spec::StartError, exit_reason::ExitReason};
use std::{
    fmt,
    process::{ExitCode, Termination},
};

/// How an application ended, and with that the status of the program if `main` returns it.
///
/// | | status |
/// |---|---|
/// | [`Stopped`](Self::Stopped), [`Ended`](Self::Ended) with `Normal` | 0 |
/// | all others | 1 |
///
/// # OTP
///
/// As for a transient application: one whose supervisor gave up, and so ended with `Shutdown`, has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "it says whether the application has failed"]
pub enum Outcome {
    /// It was asked to stop, and did, in order.
    Stopped,
    /// It was asked to stop, and something in it had to be killed when the time was over.
    Killed,
    /// It could not start.
    NotStarted(StartError),
    /// Its top process ended by itself.
    Ended(ExitReason),
}

impl Outcome {
    /// Whether it did what it should.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Stopped | Self::Ended(ExitReason::Normal))
    }
}

impl Termination for Outcome {
    fn report(self) -> ExitCode {
        self.into()
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        if outcome.is_success() { Self::SUCCESS } else { Self::FAILURE }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("stopped in order"),
            Self::Killed => f.write_str("stopped, but not in time: something was killed"),
            Self::NotStarted(error) => write!(f, "could not start: {error}"),
            Self::Ended(reason) => write!(f, "ended by itself: {reason}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_orderly_stop_and_a_normal_end_are_a_success() {
        let table = [
            (Outcome::Stopped, true),
            (Outcome::Ended(ExitReason::Normal), true),
            (Outcome::Killed, false),
            (Outcome::NotStarted(StartError::Ignore), false),
            // A supervisor that gave up.
            (Outcome::Ended(ExitReason::Shutdown), false),
            (Outcome::Ended(ExitReason::shutdown_with("x")), false),
            (Outcome::Ended(ExitReason::Killed), false),
        ];
        for (outcome, success) in table {
            assert_eq!(outcome.is_success(), success, "{outcome}");
        }
    }
}
