//! How many restarts are too many: a pure rule.

use std::{collections::VecDeque, time::Duration};

/// The restarts of one supervisor within the last `period`.
///
/// `max` restarts are allowed; one more within the period is too many. The bounds are inclusive: a restart
/// counts as long as `now <= then + period`. Attempts count, failed ones too; success forgets nothing, only
/// age does.
#[derive(Clone, Debug)]
pub(crate) struct Intensity {
    max: usize,
    period: Duration,
    restarts: VecDeque<Duration>,
}

impl Intensity {
    pub(crate) fn new(max: u32, period: Duration) -> Self {
        Self { max: max as usize, period, restarts: VecDeque::new() }
    }

    /// Counts a restart; false if it is one too many.
    pub(crate) fn add(&mut self, now: Duration) -> bool {
        while self.restarts.front().is_some_and(|then| *then + self.period < now) {
            self.restarts.pop_front();
        }
        if self.restarts.len() >= self.max {
            return false;
        }
        self.restarts.push_back(now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(max: u32, period: u64, at: &[u64]) -> Vec<bool> {
        let mut intensity = Intensity::new(max, Duration::from_secs(period));
        at.iter().map(|seconds| intensity.add(Duration::from_secs(*seconds))).collect()
    }

    #[test]
    fn so_many_restarts_are_allowed_and_the_next_is_too_many() {
        assert_eq!(run(3, 5, &[0, 0, 0, 0]), [true, true, true, false]);
        assert_eq!(run(0, 5, &[0]), [false]);
    }

    #[test]
    fn a_restart_counts_up_to_and_including_the_end_of_its_period() {
        assert_eq!(run(1, 5, &[0, 5]), [true, false]);
        assert_eq!(run(1, 5, &[0, 6]), [true, true]);
        assert_eq!(run(2, 5, &[0, 4, 6, 7]), [true, true, true, false]);
    }
}
