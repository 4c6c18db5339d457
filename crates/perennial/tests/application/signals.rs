//! Signals and the status, seen from outside: this file's `program` is run as a program of its own.

use crate::worker::{Kind, Seen, Tree};
use perennial::{
    application::{Application, Outcome},
    prelude::*,
    runtime,
};
use std::{
    env,
    io::{BufRead, BufReader, Lines},
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
};

/// Says to `program` which one it is.
const VARIABLE: &str = "PERENNIAL_TEST_PROGRAM";

/// What the tests below run; it does nothing else.
#[test]
#[ignore = "run by the other tests, as a program"]
fn program() {
    let Ok(which) = env::var(VARIABLE) else { return };
    let outcome = runtime::run_main(async {
        let kind = match which.as_str() {
            "stuck" => Kind::Stuck,
            "fails" => Kind::Fails,
            _ => Kind::Good,
        };
        if which == "starts for ever" {
            return Application::new("app").run(starts_for_ever()).await;
        }
        let mut tree = Tree::of(&[("first", Kind::Good), ("second", kind)]);
        let app = Application::new("app").run(tree.start());
        tokio::join!(app, tree.for_each(say)).0
    });
    println!("{outcome}");
    std::process::exit(if outcome.is_success() { 0 } else { 1 });
}

fn say(seen: Seen) {
    match seen {
        Seen::Init(name) => println!("init {name}"),
        Seen::Terminate(name, reason) => println!("terminate {name}: {reason}"),
    }
}

async fn starts_for_ever() -> StartResult {
    println!("starting");
    std::future::pending().await
}

/// A running `program`, and what it says.
struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    fn run(which: &str) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "signals::program", "--ignored", "--nocapture"])
            .env(VARIABLE, which)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Reads until it says `line`.
    fn wait_for(&mut self, line: &str) {
        while self.lines.next().expect("it says so").unwrap() != line {}
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// The status, and what it said.
    fn end(mut self) -> (ExitStatus, Vec<String>) {
        let said = self.lines.map(Result::unwrap).collect();
        (self.child.wait().unwrap(), said)
    }
}

#[test]
fn a_signal_stops_the_tree_in_order_with_status_0() {
    for signal in ["TERM", "INT"] {
        let mut program = Program::run("good");
        program.wait_for("init second");
        program.signal(signal);
        let (status, said) = program.end();
        assert_eq!(status.code(), Some(0), "{said:?}");
        let terminated = ["terminate second: shutdown", "terminate first: shutdown"];
        assert_eq!(said, [terminated[0], terminated[1], &Outcome::Stopped.to_string()]);
    }
}

#[test]
fn a_second_signal_ends_the_program_at_once() {
    let mut program = Program::run("stuck");
    program.wait_for("init second");
    program.signal("TERM");
    program.wait_for("terminate second: shutdown");
    program.signal("INT");
    assert_eq!(program.end().0.code(), Some(130));
}

#[test]
fn a_tree_that_does_not_start_gives_status_1() {
    let (status, said) = Program::run("fails").end();
    assert_eq!(status.code(), Some(1), "{said:?}");
    assert!(said.last().unwrap().starts_with("could not start: "), "{said:?}");
}

#[test]
fn a_signal_during_the_start_stops_it() {
    let mut program = Program::run("starts for ever");
    program.wait_for("starting");
    program.signal("TERM");
    let (status, said) = program.end();
    assert_eq!(status.code(), Some(0), "{said:?}");
}
