//! Replays recorded scenarios against Perennial, and soaks it.
#![forbid(unsafe_code)]

use std::alloc::System;
use std::io;
use std::process::ExitCode;

use conformance::args::{Args, Command, USAGE};
use conformance::executor::Executor;
use conformance::report::Report;
use conformance::run::run;
use conformance::soak::Soak;
use conformance::walk::scenario_files;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let done =
        Command::read(args).map_err(|problem| format!("{problem}\n{USAGE}")).and_then(
            |command| match command {
                Command::Replay(args) => replay(&args),
                Command::Soak { time, workers, seed } => Ok(soak(Soak { time, workers, seed, live_bytes })),
            },
        );
    match done {
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
    let executor = Executor { workers: args.workers, repeat: args.repeat, inline: args.inline };
    let mut report = Report::new(io::stdout().lock(), args.format);
    for file in files {
        report.add(&run(&file, &executor)).map_err(|error| error.to_string())?;
    }
    report.finish().map_err(|error| error.to_string())
}

/// Runs the soak; says whether nothing was left.
fn soak(soak: Soak) -> bool {
    let report = soak.run();
    println!("{report}");
    report.is_clean()
}

/// The bytes that are allocated and not freed.
fn live_bytes() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated.saturating_sub(stats.bytes_deallocated)
}
