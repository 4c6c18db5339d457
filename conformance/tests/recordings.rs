//! The recorded files themselves: all are understood, and each matches what it recorded and nothing near it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use conformance::matcher::{Difference, Key, difference};
use conformance::observation::{Event, Expect, Log, LogEntry, Message, Observation, Outcome};
use conformance::reason::Reason;
use conformance::scenario::{Op, Scenario, Step};
use conformance::value::Value;
use conformance::walk::scenario_files;

fn files() -> Vec<PathBuf> {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    ["scenarios", "generated"].iter().flat_map(|dir| scenario_files(&crate_dir.join(dir)).unwrap()).collect()
}

fn scenarios() -> impl Iterator<Item = Scenario> {
    files().into_iter().map(|file| Scenario::read(&file).unwrap_or_else(|error| panic!("{error}")))
}

/// Every step of every scenario, with its number.
fn for_each_step(mut check: impl FnMut(&str, usize, &Step)) {
    for scenario in scenarios() {
        scenario.steps.iter().enumerate().for_each(|(index, step)| check(&scenario.name, index, step));
    }
}

/// What a subject sees that does exactly what was recorded, the logs of a `par` dealt out by `pick`.
fn replayed(step: &Step, pick: &mut impl FnMut(usize) -> usize) -> Observation {
    let Expect { result, log, exits, inbox } = step.expect.clone();
    let set = matches!(
        step.op,
        Op::Links { .. }
            | Op::Lookup { .. }
            | Op::Keys { .. }
            | Op::Values { .. }
            | Op::Match { .. }
            | Op::Select { .. }
            | Op::TaskChildren { .. }
    );
    let result = result.map(|value| match value {
        Value::List(mut values) if set => {
            values.reverse();
            Outcome::Set(values)
        }
        value => Outcome::Value(value),
    });
    let mut seen = Observation { result, log: interleave(&log, pick), exits, inbox };
    if !step.ordered {
        seen.inbox.values_mut().for_each(|messages| messages.reverse());
    }
    seen
}

fn interleave(log: &Log, pick: &mut impl FnMut(usize) -> usize) -> Vec<Event> {
    let mut events = Vec::new();
    for entry in log {
        match entry {
            LogEntry::Event(event) => events.push(event.clone()),
            LogEntry::Par(logs) => {
                let mut parts: Vec<_> = logs.iter().map(|log| interleave(log, pick).into_iter()).collect();
                while parts.iter().any(|part| part.len() > 0) {
                    let part = pick(parts.len());
                    events.extend(parts[part].next());
                }
            }
        }
    }
    events
}

/// Picks by a small generator, the same at each run.
fn picker(mut seed: u64) -> impl FnMut(usize) -> usize {
    move |n| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % n
    }
}

#[test]
fn every_recorded_file_is_understood() {
    let files = files();
    assert!(files.len() > 500, "only {} recordings are here", files.len());
    let errors: Vec<String> =
        files.iter().filter_map(|file| Scenario::read(file).err()).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

#[test]
fn every_expectation_is_written_again_as_it_was_read() {
    for file in files() {
        let raw: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let steps = raw["steps"].as_array().unwrap().iter();
        for (step, raw) in Scenario::read(&file).unwrap().steps.iter().zip(steps) {
            let mut written = serde_json::to_value(&step.expect).unwrap();
            // An absent key means "nothing", and nothing is written as null or empty.
            let keys = written.as_object_mut().unwrap();
            keys.retain(|key, _| raw["expect"].get(key).is_some());
            assert_eq!(written, raw["expect"], "{}", file.display());
        }
    }
}

#[test]
fn a_recording_matches_itself_in_every_interleaving() {
    for seed in 0..20 {
        let mut pick = picker(seed);
        for_each_step(|name, index, step| {
            assert_eq!(difference(index, step, &replayed(step, &mut pick)), None, "{name}");
        });
    }
}

#[test]
fn a_change_of_any_part_of_an_observation_is_found() {
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for_each_step(|name, index, step| {
        let same = replayed(step, &mut picker(1));
        let mut changed = |key: Key, change: &dyn Fn(&mut Observation)| {
            let mut seen = same.clone();
            change(&mut seen);
            let Difference { step, key: at, .. } = difference(index, step, &seen)
                .unwrap_or_else(|| panic!("{name}, step {index}: {key} changed"));
            assert_eq!((step, at), (Some(index), key), "{name}");
            *found.entry(key.to_string()).or_default() += 1;
        };
        let other = || Outcome::Value(Value::Int(-1));
        changed(Key::Result, &|seen| seen.result = seen.result.is_none().then(other));
        if same.result.is_some() {
            changed(Key::Result, &|seen| seen.result = Some(other()));
        }
        if !step.settle {
            // What happened is seen by the next step that observes.
            let mut seen = same.clone();
            seen.log.push(Event::Init("ghost#1".into()));
            assert_eq!(difference(index, step, &seen), None, "{name}, step {index}");
            return;
        }
        changed(Key::Log, &|seen| seen.log.push(Event::Init("ghost#1".into())));
        for at in 0..same.log.len() {
            changed(Key::Log, &|seen| drop(seen.log.remove(at)));
            changed(Key::Log, &|seen| seen.log[at] = Event::Continue("ghost#1".into()));
        }
        changed(Key::Exits, &|seen| drop(seen.exits.insert("ghost#1".into(), Reason::Normal)));
        for label in same.exits.keys() {
            changed(Key::Exits, &|seen| drop(seen.exits.remove(label)));
            changed(Key::Exits, &|seen| drop(seen.exits.insert(label.clone(), Reason::Atom("ghost".into()))));
        }
        for (label, messages) in &same.inbox {
            changed(Key::Inbox, &|seen| drop(seen.inbox.remove(label)));
            changed(Key::Inbox, &|seen| drop(seen.inbox.get_mut(label).and_then(Vec::pop)));
            changed(Key::Inbox, &|seen| seen.inbox.get_mut(label).unwrap().push(messages[0].clone()));
        }
    });
    assert!(found.len() == 4 && found.values().all(|&n| n > 1000), "{found:?}");
}

#[test]
fn a_forced_order_of_events_is_compared() {
    let mut found = 0;
    for_each_step(|name, index, step| {
        let plain = step.expect.log.iter().all(|entry| matches!(entry, LogEntry::Event(_)));
        for at in 1..if plain { step.expect.log.len() } else { 0 } {
            let mut seen = replayed(step, &mut picker(1));
            seen.log.swap(at - 1, at);
            // The same event twice in a row is the one swap that changes nothing.
            let same = seen.log[at - 1] == seen.log[at];
            assert_eq!(difference(index, step, &seen).is_none(), same, "{name}, step {index}");
            found += usize::from(!same);
        }
    });
    assert!(found > 1000, "{found}");
}

#[test]
fn the_first_difference_is_the_one_reported() {
    let scenario = scenarios().next().unwrap();
    let step = scenario.steps.iter().find(|step| step.expect.result.is_some()).unwrap();
    let mut seen = replayed(step, &mut picker(1));
    type Change = fn(&mut Observation);
    let changes: [(Key, Change); 4] = [
        (Key::Inbox, |seen| drop(seen.inbox.insert("ghost#1".into(), vec![Message::Timeout]))),
        (Key::Exits, |seen| drop(seen.exits.insert("ghost#1".into(), Reason::Normal))),
        (Key::Log, |seen| seen.log.push(Event::Init("ghost#1".into()))),
        (Key::Result, |seen| seen.result = None),
    ];
    for (key, change) in changes {
        change(&mut seen);
        assert_eq!(difference(7, step, &seen).map(|d| (d.step, d.key)), Some((Some(7), key)));
    }
}
