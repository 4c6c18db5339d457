//! What is printed of a measurement: one line of JSON.

use crate::measure::{Elapsed, peak_rss, quantile};
use std::fmt::Write as _;

/// One result. Printed as one JSON line on standard output.
pub struct Report {
    peer: &'static str,
    workload: String,
    rt: &'static str,
    n: u64,
    seconds: f64,
    per_op_ns: f64,
    bytes_per_process: Option<f64>,
    extra: Vec<(String, f64)>,
}

impl Report {
    pub fn new(peer: &'static str, workload: impl Into<String>, rt: &'static str) -> Self {
        Report {
            peer,
            workload: workload.into(),
            rt,
            n: 0,
            seconds: 0.0,
            per_op_ns: 0.0,
            bytes_per_process: None,
            extra: Vec::new(),
        }
    }

    /// `n` operations took `elapsed`. The CPU time per operation goes along:
    /// on a busy machine it is steadier than the wall clock.
    pub fn ops(mut self, n: u64, elapsed: Elapsed) -> Self {
        self.n = n;
        self.seconds = elapsed.wall.as_secs_f64();
        self.per_op_ns = elapsed.wall.as_nanos() as f64 / n.max(1) as f64;
        self.extra("cpu_per_op_ns", elapsed.cpu.as_nanos() as f64 / n.max(1) as f64)
    }

    /// Samples in nanoseconds; the median becomes `per_op_ns`.
    pub fn samples(mut self, mut ns: Vec<u64>) -> Self {
        ns.sort_unstable();
        self.n = ns.len() as u64;
        self.seconds = ns.iter().sum::<u64>() as f64 / 1e9;
        self.per_op_ns = quantile(&ns, 0.5) as f64;
        let p99 = quantile(&ns, 0.99) as f64;
        let over = p99 / self.per_op_ns.max(1.0);
        self.extra("p99_ns", p99)
            .extra("p99_over_p50", over)
            .extra("p999_ns", quantile(&ns, 0.999) as f64)
            .extra("max_ns", quantile(&ns, 1.0) as f64)
    }

    /// Resident memory grew from `before` to `after` for `n` processes.
    pub fn bytes(mut self, before: u64, after: u64, n: u64) -> Self {
        self.bytes_per_process = Some(after.saturating_sub(before) as f64 / n.max(1) as f64);
        self
    }

    pub fn extra(mut self, name: &str, value: f64) -> Self {
        self.extra.push((name.to_string(), value));
        self
    }

    pub fn print(self) {
        let mut line = String::new();
        let ops = if self.per_op_ns > 0.0 { 1e9 / self.per_op_ns } else { 0.0 };
        let _ = write!(
            line,
            "{{\"peer\":\"{}\",\"workload\":\"{}\",\"rt\":\"{}\",\"n\":{},\"seconds\":{:.6},\
             \"per_op_ns\":{:.2},\"ops_per_sec\":{:.0},\"peak_rss_bytes\":{},\"bytes_per_process\":",
            self.peer,
            self.workload,
            self.rt,
            self.n,
            self.seconds,
            self.per_op_ns,
            ops,
            peak_rss()
        );
        match self.bytes_per_process {
            Some(bytes) => {
                let _ = write!(line, "{bytes:.1}");
            }
            None => line.push_str("null"),
        }
        for (name, value) in &self.extra {
            let _ = write!(line, ",\"{name}\":{value:.3}");
        }
        line.push('}');
        println!("{line}");
    }
}

/// Says, in the same format, that the peer has no such thing.
pub fn print_na(peer: &str, workload: &str, why: &str) {
    println!("{{\"peer\":\"{peer}\",\"workload\":\"{workload}\",\"na\":\"{why}\"}}");
}
