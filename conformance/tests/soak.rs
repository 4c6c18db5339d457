//! A short soak: nothing is left of trees that were killed at random. Bytes are counted by the program only.

use std::time::Duration;

use conformance::soak::Soak;

#[test]
fn nothing_is_left_of_trees_under_random_kills() {
    let soak = Soak { time: Duration::from_secs(2), workers: 2, seed: 1, live_bytes: || 0 };
    let report = soak.run();
    assert!(report.is_clean(), "{report}");
    assert!(report.censuses.iter().all(|census| census.operations > 100), "{report}");
}
