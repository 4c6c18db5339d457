//! How long to wait before a restart: a pure rule.

use std::time::Duration;

/// A pause before each restart of a child, longer each time: `initial`, twice that, and so on up to `max`.
///
/// # OTP
///
/// Asked for since 2017 (erlang/otp PR 1287); OTP itself restarts at once, and that is the default here too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Before the first restart.
    pub initial: Duration,
    /// Never more than this.
    pub max: Duration,
    /// A child that has run for so long starts from `initial` again.
    pub reset_after: Duration,
}

impl Backoff {
    /// The pause before the restart after `failures` earlier ones.
    pub(crate) fn pause(&self, failures: u32) -> Duration {
        let factor = 1_u32.checked_shl(failures).unwrap_or(u32::MAX).max(1);
        self.initial.checked_mul(factor).unwrap_or(self.max).min(self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_its_maximum() {
        let ms = Duration::from_millis;
        let backoff = Backoff { initial: ms(100), max: ms(1000), reset_after: ms(0) };
        let pauses = [0, 1, 2, 3, 4, 31, 32, u32::MAX].map(|failures| backoff.pause(failures));
        assert_eq!(pauses, [100, 200, 400, 800, 1000, 1000, 1000, 1000].map(ms));
    }
}
