//! The log in the form of the recorder, which sees events and guesses from the tree which orders were free.

use std::collections::BTreeMap;

use super::world::Id;
use crate::observation::{Event, Log, LogEntry};
use crate::value::Value;

/// The events of a step in one order they may have come in; each with the dynamic supervisors that are above it, if
/// these have to do with its order.
#[derive(Clone, Debug, Default)]
pub(super) struct Trail(Vec<(Event, Vec<(Id, Id)>)>);

impl Trail {
    pub(super) fn push(&mut self, event: Event, above: Vec<(Id, Id)>) {
        self.0.push((event, above));
    }

    /// Terminations in a row below one dynamic supervisor have no order between its children.
    pub(super) fn recorded(&self) -> Log {
        build(&self.0, 0)
    }

    /// No order between processes at all: each has its own.
    pub(super) fn loose(&self) -> Log {
        let mut logs: BTreeMap<&str, Log> = BTreeMap::new();
        for (event, _) in &self.0 {
            logs.entry(event.label()).or_default().push(LogEntry::Event(event.clone()));
        }
        par(logs.into_values().collect())
    }
}

fn build(events: &[(Event, Vec<(Id, Id)>)], depth: usize) -> Log {
    let supervisor = |(_, above): &(Event, Vec<(Id, Id)>)| above.get(depth).map(|(sup, _)| *sup);
    let mut log = Log::new();
    for run in events.chunk_by(|a, b| supervisor(a) == supervisor(b)) {
        if supervisor(&run[0]).is_none() {
            log.extend(run.iter().map(|(event, _)| LogEntry::Event(event.clone())));
            continue;
        }
        let mut children: BTreeMap<Id, Vec<_>> = BTreeMap::new();
        for (event, above) in run {
            children.entry(above[depth].1).or_default().push((event.clone(), above.clone()));
        }
        log.extend(par(children.values().map(|events| build(events, depth + 1)).collect()));
    }
    log
}

/// The logs in any interleaving, themselves in the order of the recordings.
fn par(mut logs: Vec<Log>) -> Log {
    match logs.len() {
        0 | 1 => logs.pop().unwrap_or_default(),
        _ => {
            logs.sort_by_cached_key(|log| Value::from(log.clone()).to_string());
            vec![LogEntry::Par(logs)]
        }
    }
}
