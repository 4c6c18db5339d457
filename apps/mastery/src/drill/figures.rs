//! What a drill has measured.

use std::fmt;

use serde::Serialize;

/// The figures of a drill.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Figures {
    /// How many students took part.
    pub students: usize,
    /// How many have mastered everything.
    pub finished: usize,
    /// How many answers were acknowledged.
    pub answers: u64,
    /// How many processes of sessions were started.
    pub sessions_started: u64,
    /// How many were killed.
    pub killed: u64,
    /// How many were started to go on with a session.
    pub recovered: u64,
    /// How many acknowledged answers the store does not hold as acknowledged.
    pub lost_answers: u64,
    /// Half of the answers were acknowledged within this time, retries included.
    pub p50_us: u32,
    /// 99 of 100 answers were.
    pub p99_us: u32,
    /// Resident memory that each live session has added.
    pub bytes_per_session: u64,
    /// How long joining and answering took.
    pub seconds: f64,
}

impl Figures {
    /// Takes in the latencies of all answers.
    pub(super) fn set_latencies(&mut self, mut micros: Vec<u32>) {
        micros.sort_unstable();
        let at = |percent: usize| micros.get((micros.len() * percent / 100).min(micros.len().max(1) - 1));
        self.p50_us = at(50).copied().unwrap_or(0);
        self.p99_us = at(99).copied().unwrap_or(0);
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = |name: &str, value: String| writeln!(f, "  {name:<28}{value:>14}");
        row("students finished", format!("{} of {}", self.finished, self.students))?;
        row("answers", self.answers.to_string())?;
        row("sessions started", self.sessions_started.to_string())?;
        row("sessions killed", self.killed.to_string())?;
        row("sessions recovered", self.recovered.to_string())?;
        row("answers lost", self.lost_answers.to_string())?;
        row("latency of an answer, p50", millis(self.p50_us))?;
        row("latency of an answer, p99", millis(self.p99_us))?;
        row("memory per live session", format!("{:.1} KiB", self.bytes_per_session as f64 / 1024.0))?;
        row("time", format!("{:.1} s", self.seconds))?;
        row("answers per second", format!("{:.0}", self.answers as f64 / self.seconds.max(1e-9)))
    }
}

fn millis(micros: u32) -> String {
    format!("{:.1} ms", f64::from(micros) / 1000.0)
}

/// The resident memory of this process; 0 where the system does not tell.
pub(super) fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}
