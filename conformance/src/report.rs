//! The report: what differs, and how many passed.

use std::fmt;
use std::io::{self, Write};

use serde::Serialize;

use crate::matcher::Difference;
use crate::run::Verdict;
use crate::value::Value;

/// How verdicts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people: only what differs.
    Text,
    /// One line of JSON for each scenario.
    Json,
}

/// Writes verdicts as they come, and counts them.
#[derive(Debug)]
pub struct Report<W> {
    out: W,
    format: Format,
    passed: usize,
    failed: usize,
}

impl<W: Write> Report<W> {
    /// Makes a report into `out`.
    pub fn new(out: W, format: Format) -> Self {
        Self { out, format, passed: 0, failed: 0 }
    }

    /// Writes one verdict.
    ///
    /// # Errors
    ///
    /// It could not be written.
    pub fn add(&mut self, verdict: &Verdict) -> io::Result<()> {
        match &verdict.difference {
            None => self.passed += 1,
            Some(_) => self.failed += 1,
        }
        match (self.format, &verdict.difference) {
            (Format::Json, difference) => {
                let line = Line {
                    name: &verdict.name,
                    passed: difference.is_none(),
                    difference: difference.as_ref(),
                };
                serde_json::to_writer(&mut self.out, &line)?;
                writeln!(self.out)
            }
            (Format::Text, Some(difference)) => {
                let Difference { step, key, expected, got } = difference;
                let place = match (step, &verdict.op) {
                    (Some(step), Some(op)) => format!("step {step} ({op}), {key}"),
                    (Some(step), None) => format!("step {step}, {key}"),
                    (None, _) => key.to_string(),
                };
                let (expected, got) = (Side(expected.as_ref()), Side(got.as_ref()));
                writeln!(self.out, "{}: {place}\n  expected {expected}\n  got      {got}", verdict.name)
            }
            (Format::Text, None) => Ok(()),
        }
    }

    /// Writes the last line and returns whether all passed.
    ///
    /// # Errors
    ///
    /// It could not be written.
    pub fn finish(mut self) -> io::Result<bool> {
        writeln!(self.out, "{} passed, {} failed", self.passed, self.failed)?;
        self.out.flush()?;
        Ok(self.failed == 0)
    }
}

#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    passed: bool,
    difference: Option<&'a Difference>,
}

struct Side<'a>(Option<&'a Value>);

impl fmt::Display for Side<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("nothing"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matcher::Key;

    fn verdicts() -> [Verdict; 2] {
        let difference =
            Difference { step: Some(3), key: Key::Result, expected: Some("ok".into()), got: None };
        [
            Verdict { name: "a/1".into(), op: None, difference: None },
            Verdict { name: "a/2".into(), op: Some("stop".into()), difference: Some(difference) },
        ]
    }

    fn written(format: Format) -> (String, bool) {
        let mut out = Vec::new();
        let mut report = Report::new(&mut out, format);
        verdicts().iter().for_each(|verdict| report.add(verdict).unwrap());
        let all_passed = report.finish().unwrap();
        (String::from_utf8(out).unwrap(), all_passed)
    }

    #[test]
    fn the_text_shows_what_differs_and_ends_with_the_count() {
        let expected =
            "a/2: step 3 (stop), result\n  expected \"ok\"\n  got      nothing\n1 passed, 1 failed\n";
        assert_eq!(written(Format::Text), (expected.to_owned(), false));
    }

    #[test]
    fn json_has_a_line_for_each_scenario_and_ends_with_the_count() {
        let (text, _) = written(Format::Json);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], r#"{"name":"a/1","passed":true,"difference":null}"#);
        assert_eq!(
            lines[1],
            r#"{"name":"a/2","passed":false,"difference":{"step":3,"key":"result","expected":"ok","got":null}}"#
        );
        assert_eq!(lines[2..], ["1 passed, 1 failed"]);
    }
}
