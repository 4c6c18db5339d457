//! The table.

use std::fmt;

use super::Census;

/// What a soak found.
#[derive(Clone, Debug)]
pub struct Report {
    /// What the random choices began with.
    pub seed: u64,
    /// Round by round.
    pub censuses: Vec<Census>,
    /// Live bytes when there was no node yet, and after it was gone.
    pub before: usize,
    /// See `before`.
    pub after: usize,
    /// By how much the rounds on the node may differ.
    pub slack: usize,
}

impl Report {
    /// Bytes that the rounds after the first have lost.
    pub fn lost(&self) -> usize {
        let bytes = |census: Option<&Census>| census.map_or(0, |census| census.bytes);
        bytes(self.censuses.last()).saturating_sub(bytes(self.censuses.first()))
    }

    /// Bytes that are left of the node.
    pub fn left(&self) -> usize {
        self.after.saturating_sub(self.before)
    }

    /// Whether nothing is left that should not be.
    pub fn is_clean(&self) -> bool {
        self.censuses.iter().all(Census::is_clean) && self.lost() <= self.slack && self.left() == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}", self.seed)?;
        writeln!(
            f,
            "{:>5} {:>7} {:>10} {:>7} {:>6} | {:>9} {:>5} {:>5} {:>8} {:>6} {:>11}",
            "round",
            "seconds",
            "operations",
            "killers",
            "most",
            "processes",
            "names",
            "links",
            "monitors",
            "timers",
            "bytes"
        )?;
        for (number, it) in self.censuses.iter().enumerate() {
            writeln!(
                f,
                "{number:>5} {:>7.1} {:>10} {:>7} {:>6} | {:>9} {:>5} {:>5} {:>8} {:>6} {:>11}",
                it.took.as_secs_f64(),
                it.operations,
                it.hands,
                it.most,
                it.processes.len(),
                it.names.len(),
                it.links,
                it.monitors,
                it.timers,
                it.bytes
            )?;
            for process in &it.processes {
                writeln!(f, "      process left: {process}")?;
            }
            for name in &it.names {
                writeln!(f, "      name left: {name}")?;
            }
            if let Some(wrong) = &it.wrong {
                writeln!(f, "      {wrong}")?;
            }
            if it.stuck {
                writeln!(f, "      this round came to no end")?;
            }
        }
        writeln!(f, "bytes lost from the first round to the last: {}", self.lost())?;
        writeln!(f, "bytes left of the node: {}", self.left())?;
        let verdict = if self.is_clean() { "nothing is left" } else { "SOMETHING IS LEFT" };
        write!(f, "{verdict}")
    }
}
