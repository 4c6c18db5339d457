//! The model predicts what was recorded.

use std::collections::BTreeMap;
use std::path::Path;

use conformance::model::check::{Check, check};
use conformance::scenario::Scenario;
use conformance::walk::scenario_files;

/// How many recordings the model knows from the first step to the last.
const KNOWN: usize = 300;

#[test]
fn every_recording_that_the_model_knows_is_predicted_as_it_was_recorded() {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut known, mut steps) = (0, 0);
    let mut outside: BTreeMap<String, usize> = BTreeMap::new();
    let mut different = Vec::new();
    let files =
        ["generated", "scenarios"].iter().flat_map(|dir| scenario_files(&crate_dir.join(dir)).unwrap());
    for file in files {
        let scenario = Scenario::read(&file).unwrap();
        match check(&scenario) {
            Check::Same => {
                known += 1;
                steps += scenario.steps.len();
            }
            Check::Different(difference) => different.push(format!("{}: {difference:?}", file.display())),
            Check::Outside { step, what } => {
                steps += step;
                let what: String = what.0.chars().take_while(|c| c.is_alphanumeric() || *c == ' ').collect();
                *outside.entry(what).or_default() += 1;
            }
        }
    }
    let outside_all: usize = outside.values().sum();
    println!("{known} recordings predicted, {steps} steps; {outside_all} begin to lie outside at some step:");
    outside.iter().for_each(|(what, n)| println!("  {n:4} {what}"));
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
    assert!(known >= KNOWN, "only {known} recordings lie in what the model knows");
}

#[test]
fn a_recording_that_breaks_a_rule_is_found() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("generated/001.json");
    let mut scenario = Scenario::read(&file).unwrap();
    let stop =
        scenario.steps.iter().position(|step| !step.expect.log.is_empty() && step.name == "stop").unwrap();
    scenario.steps[stop].expect.log.clear();
    assert!(matches!(check(&scenario), Check::Different(difference) if difference.step == Some(stop)));
}
