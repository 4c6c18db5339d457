//! Replays recorded scenarios against Perennial.
#![forbid(unsafe_code)]

use std::io;
use std::process::ExitCode;

use conformance::args::{Args, USAGE};
use conformance::matcher::{Difference, Key};
use conformance::report::Report;
use conformance::run::{Subject, run};
use conformance::scenario::Scenario;
use conformance::walk::scenario_files;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    match Args::read(args).map_err(|problem| format!("{problem}\n{USAGE}")).and_then(|args| replay(&args)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(problem) => {
            eprintln!("conformance: {problem}");
            ExitCode::from(2)
        }
    }
}

/// Replays what the arguments name; says whether all passed.
fn replay(args: &Args) -> Result<bool, String> {
    let mut files = Vec::new();
    for path in &args.paths {
        files.extend(scenario_files(path).map_err(|error| format!("{}: {error}", path.display()))?);
    }
    // A run of nothing would pass: a mistyped path must not look like a success.
    if files.is_empty() {
        return Err("there is no scenario below these paths".into());
    }
    let mut report = Report::new(io::stdout().lock(), args.format);
    for file in files {
        report.add(&run(&file, &NoSubject)).map_err(|error| error.to_string())?;
    }
    report.finish().map_err(|error| error.to_string())
}

/// Stands in until there is an executor: nothing passes.
struct NoSubject;

impl Subject for NoSubject {
    fn replay(&self, _: Scenario) -> Option<Difference> {
        Some(Difference::trouble(Key::Run, Some(0), "there is no executor yet"))
    }
}
