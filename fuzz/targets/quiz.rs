//! Quiz files: every error has a line of the file, and a quiz that was read is the same when it is written and read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mastery::core::file::{Format, read_draft, read_quiz};
use mastery::core::quiz::Quiz;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let format = if *first == b'j' { Format::Json } else { Format::Toml };
    match read_quiz(bytes, format) {
        Err(errors) => {
            let lines = 1 + bytes.iter().filter(|byte| **byte == b'\n').count();
            assert!(!errors.is_empty());
            for error in errors {
                assert!((1..=lines).contains(&error.line), "{error} in {lines} lines");
            }
        }
        Ok(quiz) => {
            let written = serde_json::to_string(quiz.draft()).expect("a draft is JSON");
            // JSON may be longer than the TOML it came from.
            if let Ok(draft) = read_draft(&written, Format::Json) {
                assert_eq!(Quiz::build(draft).expect("it was a quiz before"), quiz);
            }
        }
    }
});
