//! Replays recorded scenarios against Perennial.
#![forbid(unsafe_code)]

use std::io;
use std::process::ExitCode;

use conformance::args::{Args, USAGE};
use conformance::executor::Executor;
use conformance::report::Report;
use conformance::run::run;
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
    let executor = Executor { workers: args.workers, repeat: args.repeat };
    let mut report = Report::new(io::stdout().lock(), args.format);
    for file in files {
        report.add(&run(&file, &executor)).map_err(|error| error.to_string())?;
    }
    report.finish().map_err(|error| error.to_string())
}
