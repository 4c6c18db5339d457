//! The program from outside: status, output, input from a pipe.

use std::io::Write;
use std::process::{Command, Output, Stdio};

fn mastery(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mastery"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The program may have ended without reading its input.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn shipped(name: &str) -> String {
    format!("{}/../../quizzes/{name}.toml", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn check_of_a_good_file_gives_a_summary_and_status_0() {
    for name in ["arithmetic", "vocabulary"] {
        let output = mastery(&["check", &shipped(name)], b"");
        assert_eq!(output.status.code(), Some(0));
        assert!(String::from_utf8_lossy(&output.stdout).contains("samples passed"));
    }
}

#[test]
fn check_of_a_bad_file_names_every_error_and_gives_status_2() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bad.toml");
    std::fs::write(&file, "format = 1\ntitle = ''\n\nmastery = 99\ncolour = 'red'\n").unwrap();
    let file = file.to_str().unwrap();
    let output = mastery(&["check", file], b"");
    assert_eq!(output.status.code(), Some(2));
    let lines: Vec<String> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    for (line, place) in lines.iter().zip([":2: title: ", ":4: mastery: ", ":5: colour: "]) {
        assert!(line.starts_with(&format!("{file}{place}")), "{line}");
    }
    assert_eq!(lines.last().unwrap(), "3 errors");
}

#[test]
fn a_file_that_is_not_there_gives_status_1() {
    let output = mastery(&["check", "no-such-file.toml"], b"");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no-such-file.toml"));
}

#[test]
fn take_reads_answers_from_a_pipe() {
    let output = mastery(&["take", &shipped("arithmetic"), "--seed", "1"], b"1\n2\n");
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("mastered with 2 answers"), "{text}");
}
