//! Logs whose order is partly free.

use crate::observation::{Event, LogEntry};

/// Says whether the events `seen` are a run of `log`.
pub(super) fn matches(log: &[LogEntry], seen: &[Event]) -> bool {
    run_of(log, &seen.iter().collect::<Vec<_>>())
}

fn run_of(log: &[LogEntry], mut seen: &[&Event]) -> bool {
    for entry in log {
        let rest = match entry {
            LogEntry::Event(event) => {
                seen.split_first().filter(|(next, _)| **next == event).map(|(_, rest)| rest)
            }
            LogEntry::Par(logs) => seen
                .split_at_checked(logs.iter().map(|log| events(log)).sum())
                .filter(|(part, _)| interleaved(logs, part))
                .map(|(_, rest)| rest),
        };
        let Some(rest) = rest else { return false };
        seen = rest;
    }
    seen.is_empty()
}

/// Says whether `seen` is an interleaving of runs of `logs`. Their labels are disjoint, so there is one way to split.
fn interleaved(logs: &[Vec<LogEntry>], seen: &[&Event]) -> bool {
    let mut parts = vec![Vec::new(); logs.len()];
    for event in seen {
        let Some(owner) = logs.iter().position(|log| mentions(log, event.label())) else { return false };
        parts[owner].push(*event);
    }
    logs.iter().zip(&parts).all(|(log, part)| run_of(log, part))
}

/// The number of events of a log.
fn events(log: &[LogEntry]) -> usize {
    let count = |entry: &LogEntry| match entry {
        LogEntry::Event(_) => 1,
        LogEntry::Par(logs) => logs.iter().map(|log| events(log)).sum(),
    };
    log.iter().map(count).sum()
}

fn mentions(log: &[LogEntry], label: &str) -> bool {
    log.iter().any(|entry| match entry {
        LogEntry::Event(event) => event.label() == label,
        LogEntry::Par(logs) => logs.iter().any(|log| mentions(log, label)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes `a1 b1` as the events `["init","a"]`, `["init","b"]`, and `a2` as `["continue","a"]`.
    fn seen(text: &str) -> Vec<Event> {
        let event = |word: &str| match word.split_at(1) {
            (label, "1") => Event::Init(label.into()),
            (label, _) => Event::Continue(label.into()),
        };
        text.split_whitespace().map(event).collect()
    }

    fn log(text: &str) -> Vec<LogEntry> {
        let json = text.replace(' ', ",").replace("par(", r#"{"par":["#).replace(')', "]}");
        let json = ["a", "b", "c", "d"].iter().fold(json, |json, label| {
            json.replace(&format!("{label}1"), &format!(r#"["init","{label}"]"#))
                .replace(&format!("{label}2"), &format!(r#"["continue","{label}"]"#))
        });
        serde_json::from_str(&format!("[{json}]")).unwrap()
    }

    #[test]
    fn a_log_matches_its_runs_and_nothing_else() {
        let table = [
            ("", "", true),
            ("", "a1", false),
            ("a1", "", false),
            ("a1 b1", "a1 b1", true),
            ("a1 b1", "b1 a1", false),
            ("a1 b1", "a1", false),
            ("a1 b1", "a1 b1 c1", false),
            ("a1", "a2", false),
            // Free between the logs, forced within each.
            ("par([a1 a2] [b1 b2])", "a1 b1 b2 a2", true),
            ("par([a1 a2] [b1 b2])", "b1 b2 a1 a2", true),
            ("par([a1 a2] [b1 b2])", "b1 a2 b2 a1", false),
            ("par([a1 a2] [b1 b2])", "a1 a2 b1", false),
            ("par([a1] [b1])", "a1 c1", false),
            ("par([a1] [b1])", "a1 a1", false),
            // What stands beside a par stays there.
            ("c1 par([a1] [b1]) d1", "c1 b1 a1 d1", true),
            ("c1 par([a1] [b1]) d1", "b1 c1 a1 d1", false),
            ("c1 par([a1] [b1]) d1", "c1 a1 d1 b1", false),
            // Nested.
            ("par([a1 par([b1] [c1])] [d1])", "a1 c1 d1 b1", true),
            ("par([a1 par([b1] [c1])] [d1])", "d1 a1 b1 c1", true),
            ("par([a1 par([b1] [c1])] [d1])", "b1 a1 c1 d1", false),
            // One after the other.
            ("par([a1] [b1]) par([c1] [d1])", "b1 a1 d1 c1", true),
            ("par([a1] [b1]) par([c1] [d1])", "a1 c1 b1 d1", false),
            // The same label again, in a later par.
            ("par([a1] [b1]) par([a2] [b2])", "b1 a1 a2 b2", true),
            ("par([a1] [b1]) par([a2] [b2])", "b1 b2 a1 a2", false),
        ];
        for (expected, events, same) in table {
            assert_eq!(matches(&log(expected), &seen(events)), same, "{expected} and {events}");
        }
    }

    #[test]
    fn the_reason_of_a_terminate_counts() {
        let log: Vec<LogEntry> = serde_json::from_str(r#"[["terminate","a#1","shutdown"]]"#).unwrap();
        let event = |json: &str| vec![serde_json::from_str::<Event>(json).unwrap()];
        assert!(matches(&log, &event(r#"["terminate","a#1","shutdown"]"#)));
        assert!(!matches(&log, &event(r#"["terminate","a#1","normal"]"#)));
        assert!(!matches(&log, &event(r#"["terminate","a#1",{"shutdown":"x"}]"#)));
    }
}
