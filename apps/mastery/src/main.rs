//! The `mastery` program.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    mastery::commands::Cli::parse().run()
}
