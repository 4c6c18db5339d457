//! The library does what was recorded, on one thread and on several.

use std::path::Path;

use conformance::executor::Executor;
use conformance::matcher::{Difference, Key};
use conformance::run::{Verdict, run};
use conformance::value::Value;
use conformance::walk::scenario_files;

/// What is replayed.
const AREAS: [&str; 9] = [
    "scenarios/agent",
    "scenarios/partition_supervisor",
    "scenarios/process",
    "scenarios/gen_server",
    "scenarios/registry",
    "scenarios/supervisor",
    "scenarios/dynamic_supervisor",
    "scenarios/mastery",
    "generated",
];

/// How many of their scenarios need what the library does not have yet: tasks.
const LATER: usize = 80;

fn replay(workers: usize) {
    let executor = Executor { workers, repeat: 1 };
    let mut later = 0;
    let mut failed = Vec::new();
    for area in AREAS {
        let area = Path::new(env!("CARGO_MANIFEST_DIR")).join(area);
        for file in scenario_files(&area).unwrap() {
            let Verdict { name, op, difference } = run(&file, &executor);
            match difference {
                None => {}
                Some(difference) if is_later(&difference) => later += 1,
                Some(difference) => failed.push(format!("{name} ({op:?}): {difference:?}")),
            }
        }
    }
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
    assert_eq!(later, LATER, "so many need what is not there");
}

fn is_later(difference: &Difference) -> bool {
    let Some(Value::String(text)) = &difference.got else { return false };
    difference.key == Key::Run && text.starts_with("not supported yet")
}

#[test]
fn the_library_does_what_was_recorded_on_one_thread() {
    replay(0);
}

#[test]
fn the_library_does_what_was_recorded_on_two_threads() {
    replay(2);
}
