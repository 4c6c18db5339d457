//! Floating point numbers that can be keys.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

/// A finite number; `0.0` and `-0.0` are one, as on the recorded release.
#[derive(Clone, Copy, Debug)]
pub struct Float(f64);

impl Float {
    /// Wraps `number`. JSON has no other than finite ones.
    pub fn new(number: f64) -> Self {
        // Adding zero turns -0.0 into 0.0 and changes nothing else, so that equality and hash can go by the bits.
        Self(number + 0.0)
    }

    /// Returns the number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl PartialEq for Float {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Float {}

impl PartialOrd for Float {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Float {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl Hash for Float {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}
