//! Whether a worker that finds nothing to do looks on for a while, or sleeps at once.
//!
//! A thread that sleeps is woken within tens of microseconds, and that costs the one who wakes it some of them. Where
//! processes run for less than a microsecond that is never worth it: one worker alone does them all in that time. Where
//! they run for longer, there is soon work for two. So a worker whose processes ran long looks on for as long as it
//! takes to wake it. At worst it has then spent as much as it wanted to spare.

use perennial_cell::Moment;
use std::time::Duration;

/// Runs that take longer than this on average are long.
const LONG: Duration = Duration::from_micros(10);

/// How long one looks in vain before it sleeps.
const LOOK: Duration = Duration::from_micros(50);

/// What a worker has done since it was woken, or since it was relieved.
pub(super) struct Shift {
    began: Moment,
    polls: u32,
}

/// Since when a worker has looked in vain; none if it does not look.
#[derive(Default)]
pub(super) struct Looking(Option<Moment>);

impl Shift {
    pub(super) fn begin() -> Self {
        Self { began: Moment::now(), polls: 0 }
    }

    pub(super) fn count_poll(&mut self) {
        self.polls += 1;
    }

    /// It has polled nothing.
    pub(super) fn is_idle(&self) -> bool {
        self.polls == 0
    }

    /// Whether it looks on, as it has found nothing just now.
    pub(super) fn looks_on(&self, looking: &mut Looking) -> bool {
        let ran_long = || self.began.is_longer_ago_than(LONG * self.polls);
        let looked_long = |since: Moment| since.is_longer_ago_than(LOOK);
        looking.0 = match (self.is_idle(), looking.0) {
            (true, since) => since.filter(|since| !looked_long(*since)),
            (false, _) => ran_long().then(Moment::now),
        };
        looking.0.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{hint, time::Instant};

    fn pass(time: Duration) {
        let began = Instant::now();
        while began.elapsed() < time {
            hint::spin_loop();
        }
    }

    /// A shift that has polled so often, and took so long for each.
    fn shift(polls: u32, each: Duration) -> Shift {
        let mut shift = Shift::begin();
        for _ in 0..polls {
            shift.count_poll();
            pass(each);
        }
        shift
    }

    #[test]
    fn one_whose_processes_ran_long_looks_on_for_a_while() {
        let mut looking = Looking::default();
        assert!(shift(3, LONG * 2).looks_on(&mut looking));
        pass(LOOK * 2);
        assert!(!Shift::begin().looks_on(&mut looking));
    }

    #[test]
    fn one_that_has_just_been_woken_does_not() {
        assert!(!Shift::begin().looks_on(&mut Looking::default()));
    }

    #[test]
    fn one_whose_processes_ran_short_sleeps_though_it_has_looked_before() {
        let mut looking = Looking::default();
        assert!(shift(1, LONG * 2).looks_on(&mut looking));
        // A thread may be interrupted for a while, but hardly for a second.
        assert!(!shift(100_000, Duration::ZERO).looks_on(&mut looking));
        assert!(!Shift::begin().looks_on(&mut looking));
    }
}
