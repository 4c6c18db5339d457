//! A look at the clock that costs a third of what an `Instant` costs, for one who asks only whether something took long.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

/// A moment, by a counter of the processor where there is one.
#[derive(Clone, Copy, Debug)]
pub struct Moment(u64);

/// When somebody first looked, by both clocks: this tells how fast the counter counts.
static FIRST: OnceLock<(Instant, u64)> = OnceLock::new();

impl Moment {
    /// This moment.
    pub fn now() -> Self {
        FIRST.get_or_init(|| (Instant::now(), ticks()));
        Self(ticks())
    }

    /// Whether it is longer ago than `limit`.
    pub fn is_longer_ago_than(self, limit: Duration) -> bool {
        let now = ticks();
        // Another core may be a little behind.
        let ticks = now.saturating_sub(self.0);
        // No counter has fewer ticks than one for four nanoseconds. So this is sure, and mostly it is the answer.
        if u128::from(ticks) * 4 <= limit.as_nanos() {
            return false;
        }
        let Some((first, first_ticks)) = FIRST.get() else { return false };
        let (nanos, all) = (first.elapsed().as_nanos(), now.saturating_sub(*first_ticks).max(1));
        u128::from(ticks) * nanos / u128::from(all) > limit.as_nanos()
    }
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
fn ticks() -> u64 {
    // SAFETY: every processor of this kind has the instruction.
    unsafe { std::arch::x86_64::_rdtsc() }
}

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
fn ticks() -> u64 {
    static BEGIN: OnceLock<Instant> = OnceLock::new();
    u64::try_from(BEGIN.get_or_init(Instant::now).elapsed().as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_took_long_is_told_from_what_did_not() {
        let (moment, began) = (Moment::now(), Instant::now());
        while began.elapsed() < Duration::from_millis(2) {
            std::hint::spin_loop();
        }
        assert!(moment.is_longer_ago_than(Duration::from_micros(1500)));
        assert!(!moment.is_longer_ago_than(Duration::from_secs(1000)));
        assert!(!moment.is_longer_ago_than(Duration::MAX));
        assert!(!Moment::now().is_longer_ago_than(Duration::from_secs(1)));
    }
}
