//! Who is killed when, and who answers wrong: drawn from the seed.

use crate::core::dice::Dice;

/// Parts of a million, so that a chance is an integer and every machine draws the same.
const MILLION: u64 = 1_000_000;
/// One answer in ten is wrong.
const WRONG: u64 = MILLION / 10;

/// When a session is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kill {
    /// Before the answer is sent.
    Before,
    /// This many microseconds after it was sent.
    During(u64),
    /// When it is acknowledged.
    After,
}

/// What happens around an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fate {
    /// Whether the student answers right.
    pub right: bool,
    /// Whether the session is killed.
    pub kill: Option<Kill>,
}

/// The source of all fates.
#[derive(Debug, Clone, Copy)]
pub struct Chaos {
    seed: u64,
    kill: u64,
}

impl Chaos {
    /// Chaos with this seed, in which a session is killed around an answer with this chance from 0 to 1.
    pub fn new(seed: u64, kill: f64) -> Self {
        // The product is between 0 and a million, so nothing is cut off but a fraction.
        Self { seed, kill: (kill.clamp(0.0, 1.0) * MILLION as f64).round() as u64 }
    }

    /// What happens around the answer of this student to this question.
    pub fn fate(&self, student: usize, seq: u32) -> Fate {
        let mut dice = Dice::for_question(self.seed ^ (student as u64).rotate_left(32) ^ !0, seq);
        let right = dice.below(MILLION) >= WRONG;
        let is_killed = dice.below(MILLION) < self.kill;
        let kill = match dice.below(3) {
            0 => Kill::Before,
            1 => Kill::During(dice.below(3_000)),
            _ => Kill::After,
        };
        Fate { right, kill: is_killed.then_some(kill) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fates_are_a_function_of_the_seed_and_as_likely_as_asked_for() {
        let fates =
            |seed, kill| (0..10_000).map(|n| Chaos::new(seed, kill).fate(n, 1)).collect::<Vec<Fate>>();
        assert_eq!(fates(7, 0.05), fates(7, 0.05));
        assert_ne!(fates(7, 0.05), fates(8, 0.05));
        let killed = |kill| fates(7, kill).iter().filter(|fate| fate.kill.is_some()).count();
        assert_eq!((killed(0.0), killed(1.0)), (0, 10_000));
        assert!((400..600).contains(&killed(0.05)), "{}", killed(0.05));
    }
}
