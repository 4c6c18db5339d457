//! Scenario files: whatever is read is no panic, and the model takes whatever was read.
#![no_main]

use std::path::Path;

use conformance::model::Model;
use conformance::scenario::Scenario;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(scenario) = Scenario::parse(text, Path::new("fuzz.json")) else { return };
    let mut model = Model::new(scenario.trap_exit);
    for step in scenario.steps.iter().take(200) {
        match model.step(step) {
            Ok(prediction) => {
                let written = serde_json::to_string(&prediction.expect).expect("an expectation is JSON");
                let read = serde_json::from_str(&written).expect("what was written is read again");
                assert_eq!(prediction.expect, read);
            }
            Err(_) => return,
        }
    }
});
