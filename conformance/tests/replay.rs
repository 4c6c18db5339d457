//! The library does what was recorded, on one thread and on several.

use std::path::Path;

use conformance::executor::Executor;
use conformance::run::{Verdict, run};
use conformance::walk::scenario_files;

/// What is replayed.
const FOLDERS: [&str; 2] = ["scenarios", "generated"];

fn replay(workers: usize, inline: bool) {
    let executor = Executor { workers, repeat: 1, inline };
    let mut failed = Vec::new();
    for folder in FOLDERS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for file in scenario_files(&folder).unwrap() {
            let Verdict { name, op, difference } = run(&file, &executor);
            if let Some(difference) = difference {
                failed.push(format!("{name} ({op:?}): {difference:?}"));
            }
        }
    }
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn the_library_does_what_was_recorded_on_one_thread() {
    replay(0, true);
}

#[test]
fn the_library_does_what_was_recorded_on_two_threads() {
    replay(2, true);
}

#[test]
fn the_library_does_what_was_recorded_when_no_caller_runs_a_server() {
    replay(1, false);
}
