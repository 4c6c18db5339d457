//! The commands of the `mastery` program, one file each.

pub mod check;
pub mod drill;
pub mod serve;
pub mod take;

use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::core::file::{FileError, Format, read_quiz};
use crate::core::limits;
use crate::core::quiz::Quiz;

/// A quiz service: questions until each is mastered.
#[derive(Debug, Parser)]
#[command(name = "mastery", version, about, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// Without a command it serves.
    #[command(flatten)]
    serve: serve::Serve,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Check),
    Drill(drill::Drill),
    Serve(serve::Serve),
    Take(take::Take),
}

impl Cli {
    /// Runs the command. The status is 0 if all is well, 1 if something outside failed, and 2 if what was given is wrong.
    pub fn run(self) -> ExitCode {
        let (stdin, mut stdout) = (io::stdin().lock(), io::stdout().lock());
        let outcome = match self.command.unwrap_or(Command::Serve(self.serve)) {
            Command::Check(check) => check.run(&mut stdout),
            Command::Drill(drill) => drill.run(&mut stdout),
            Command::Serve(serve) => serve.run(&mut stdout),
            Command::Take(take) => take.run(stdin, &mut stdout),
        };
        match outcome {
            Ok(status) => ExitCode::from(status),
            // Whoever reads our output has seen enough (`mastery take quiz.toml | head`).
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("mastery: {error}");
                ExitCode::FAILURE
            }
        }
    }
}

/// The status of a command that was given something wrong.
const WRONG_INPUT: u8 = 2;

/// Reads and checks the quiz in a file.
fn load(file: &Path) -> io::Result<Result<Quiz, Vec<FileError>>> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", file.display()));
    // One byte more than allowed, so that a file that is too long is seen to be, without reading all of it.
    let mut bytes = Vec::new();
    let limit = limits::FILE_BYTES as u64 + 1;
    let open = std::fs::File::open(file).map_err(named)?;
    io::Read::read_to_end(&mut io::Read::take(open, limit), &mut bytes).map_err(named)?;
    Ok(read_quiz(&bytes, Format::of(&file.to_string_lossy())))
}

/// Writes each error as `file:line: field: what would be right [code]`, the form that editors can jump to.
fn write_errors(out: &mut impl io::Write, file: &Path, errors: &[FileError]) -> io::Result<()> {
    errors.iter().try_for_each(|error| writeln!(out, "{}:{error}", file.display()))
}
