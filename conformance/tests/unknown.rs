//! What a scenario says and is not known is an error that names the file, the step and the key.

use std::fs;
use std::path::PathBuf;

use conformance::scenario::Scenario;

/// Reads a scenario with `step` for its second step, and returns the error.
fn error(test: &str, step: &str) -> String {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}.json"));
    let text = format!(r#"{{"name":"x","steps":[{{"op":"settle","expect":{{}}}},{step}]}}"#);
    fs::write(&file, text).unwrap();
    let error = Scenario::read(&file).expect_err(step).to_string();
    assert!(error.contains(test), "{error} names the file");
    error
}

#[test]
fn an_unknown_word_is_named_with_its_step() {
    let table = [
        (r#"{"op":"strat","expect":{}}"#, "strat"),
        (r#"{"op":"alive","target":"a","colour":1,"expect":{}}"#, "colour"),
        (r#"{"op":"settle","colour":1,"expect":{}}"#, "colour"),
        (r#"{"op":"alive","expect":{}}"#, "target"),
        (r#"{"op":"alive","target":{"nme":"a"},"expect":{}}"#, "nme"),
        (r#"{"op":"alive","target":"a","expect":{"lag":[]}}"#, "lag"),
        (r#"{"op":"alive","target":"a"}"#, "expect"),
        (r#"{"op":"settle","expect":{"log":[["begin","a#1"]]}}"#, "begin"),
        (r#"{"op":"settle","expect":{"inbox":{"test":[{"PING":1}]}}}"#, "PING"),
        (r#"{"op":"send","target":"a","expect":{}}"#, "msg"),
        (r#"{"op":"send","target":"a","msg":null,"cmd":{"do":"get"},"expect":{}}"#, "msg"),
        (r#"{"op":"call","target":"a","cmd":{"do":"gte"},"expect":{}}"#, "gte"),
        (r#"{"op":"call","target":"a","cmd":{"do":"get","n":1},"expect":{}}"#, "`n`"),
        (r#"{"op":"call","target":"a","cmd":{"do":"continue","then":{"do":"gte"}},"expect":{}}"#, "gte"),
        (r#"{"op":"call","target":"a","cmd":{"do":"get"},"as":"b","async":"c","expect":{}}"#, "async"),
        (r#"{"op":"start","child":{"id":"a","colour":1},"expect":{}}"#, "colour"),
        (r#"{"op":"start","child":{"id":7},"expect":{}}"#, "label"),
        (r#"{"op":"start","child":{"id":"a","init":[]},"expect":{}}"#, "plan"),
        (r#"{"op":"start","child":{"id":"a","init":["okay"]},"expect":{}}"#, "okay"),
        (r#"{"op":"start","child":{"id":"a","init":[{"stop":"x","sleep":1}]},"expect":{}}"#, "stop"),
        (r#"{"op":"start","child":{"id":"a","start":[{"error":"x","slip":1}]},"expect":{}}"#, "slip"),
        (r#"{"op":"start","child":{"id":"a","agent":{},"task":{}},"expect":{}}"#, "more than one"),
        (r#"{"op":"start","child":{"id":"a","shutdown":"never"},"expect":{}}"#, "never"),
        (r#"{"op":"start","child":{"id":"a","on_terminate":"rise"},"expect":{}}"#, "rise"),
        (r#"{"op":"start_supervisor","label":"s","kind":"stat","expect":{}}"#, "stat"),
        (r#"{"op":"start_supervisor","kind":"dynamic","expect":{}}"#, "label"),
        (r#"{"op":"start_supervisor","label":"s","kind":"dynamic","children":[],"expect":{}}"#, "children"),
        (
            r#"{"op":"start_supervisor","label":"s","kind":"supervisor","strategy":"one_for_two","expect":{}}"#,
            "one_for_two",
        ),
        (r#"{"op":"agent_get","target":"a","fun":{"f":"double"},"expect":{}}"#, "double"),
        (r#"{"op":"task_async","label":"t","do":{"retrun":1},"expect":{}}"#, "retrun"),
        (r#"{"op":"task_async","label":"t","do":{"return":1,"raise":true},"expect":{}}"#, "return"),
        (r#"{"op":"match","registry":"r","key":"k","pattern":"$x","expect":{}}"#, "$x"),
        (r#"{"op":"match","registry":"r","key":"k","pattern":"_","guards":[["~","$1",1]],"expect":{}}"#, "~"),
        (r#"{"op":"terminate_child","sup":"s","expect":{}}"#, "pid"),
    ];
    for (step, word) in table {
        let error = error("an_unknown_word", step);
        assert!(error.contains("step 1 ("), "{error} names the step");
        assert!(error.contains(word), "{error} names {word}");
    }
}

#[test]
fn a_file_that_is_no_scenario_is_an_error() {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("no_scenario.json");
    for text in ["", "[]", r#"{"name":"x"}"#, r#"{"name":"x","steps":[],"stpes":[]}"#] {
        fs::write(&file, text).unwrap();
        assert!(Scenario::read(&file).is_err(), "{text}");
    }
}

#[test]
fn null_is_a_value_and_not_an_absent_key() {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("null_is_a_value.json");
    let steps = r#"[{"op":"send","target":"a","msg":null,"expect":{"result":null}},
        {"op":"lookup","registry":"r","key":null,"expect":{}},
        {"op":"call","target":"a","cmd":{"do":"stop","reason":"x","reply":null},"expect":{}}]"#;
    fs::write(&file, format!(r#"{{"name":"x","steps":{steps}}}"#)).unwrap();
    let scenario = Scenario::read(&file).unwrap();
    assert!(scenario.steps[0].expect.result.is_some());
    assert!(format!("{:?}", scenario.steps[2].op).contains("reply: Some(Null)"));
}
