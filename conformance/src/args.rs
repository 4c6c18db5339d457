//! The command line.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::report::Format;

/// How the program is called.
pub const USAGE: &str = "\
usage: conformance [--json] [--repeat N] [--workers W] [--no-inline] PATH...
       conformance soak [--minutes M] [--workers W] [--seed S]

Replays the scenario files below the paths and reports the first difference of each that fails.

  --json        one JSON line for each scenario: {name, passed, difference: {step, key, expected, got}}
  --repeat N    run each scenario N times; the first difference counts (default 1)
  --workers W   threads that run the processes; 0 for a current-thread runtime (default 0)
  --no-inline   no caller runs the server that it calls: every message goes through a queue

The last line is `N passed, N failed`. Exit status: 0 all passed, 1 some failed, 2 nothing was run.

The soak kills at random in trees of supervisors, on a real clock, and says what is left when they have been stopped.

  --minutes M   for how long, fractions allowed (default 1)
  --workers W   threads that run the processes (default 4)
  --seed S      what the random choices begin with (default 1)

Exit status: 0 nothing was left, 1 something was.";

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Scenarios are replayed.
    Replay(Args),
    /// The library is soaked.
    Soak {
        /// For how long.
        time: Duration,
        /// How many threads run the processes.
        workers: usize,
        /// What the random choices begin with.
        seed: u64,
    },
}

impl Command {
    /// Reads the arguments, the program's name left out.
    ///
    /// # Errors
    ///
    /// As [`Args::read`].
    pub fn read(args: Vec<String>) -> Result<Self, String> {
        if args.first().is_none_or(|arg| arg != "soak") {
            return Args::read(args).map(Self::Replay);
        }
        let (mut minutes, mut workers, mut seed): (f64, _, _) = (1.0, 4, 1);
        let mut args = args.into_iter().skip(1);
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--minutes" => minutes = number(&arg, args.next())?,
                "--workers" => workers = number(&arg, args.next())?,
                "--seed" => seed = number(&arg, args.next())?,
                _ => return Err(format!("unknown option `{arg}`")),
            }
        }
        let time =
            Duration::try_from_secs_f64(minutes * 60.0).map_err(|error| format!("`--minutes`: {error}"))?;
        Ok(Self::Soak { time, workers, seed })
    }
}

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Args {
    /// How to write verdicts.
    pub format: Format,
    /// How many times to run each scenario.
    pub repeat: usize,
    /// How many threads run the processes; 0 for a current-thread runtime.
    pub workers: usize,
    /// Whether one who calls an idle server runs it at once.
    pub inline: bool,
    /// Scenario files, and directories of them.
    pub paths: Vec<PathBuf>,
}

impl Args {
    /// Reads the arguments, the program's name left out.
    ///
    /// # Errors
    ///
    /// An option is not known, has no number, or there is no path; the error says which.
    pub fn read(args: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut read = Self { format: Format::Text, repeat: 1, workers: 0, inline: true, paths: Vec::new() };
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--json" => read.format = Format::Json,
                "--repeat" => read.repeat = number(&arg, args.next())?,
                "--workers" => read.workers = number(&arg, args.next())?,
                "--no-inline" => read.inline = false,
                _ if arg.starts_with('-') => return Err(format!("unknown option `{arg}`")),
                _ => read.paths.push(arg.into()),
            }
        }
        if read.paths.is_empty() { Err("no path".into()) } else { Ok(read) }
    }
}

fn number<N: FromStr>(option: &str, value: Option<String>) -> Result<N, String> {
    let value = value.ok_or_else(|| format!("`{option}` needs a number"))?;
    value.parse().map_err(|_| format!("`{option}` needs a number, not `{value}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &[&str]) -> Result<Args, String> {
        Args::read(args.iter().map(|arg| (*arg).to_owned()))
    }

    #[test]
    fn options_and_paths_come_in_any_order() {
        let args = read(&["a", "--json", "--repeat", "7", "b", "--no-inline", "--workers", "2"]).unwrap();
        let paths = vec!["a".into(), "b".into()];
        assert_eq!(args, Args { format: Format::Json, repeat: 7, workers: 2, inline: false, paths });
        let args = read(&["a"]).unwrap();
        assert_eq!(
            args,
            Args { format: Format::Text, repeat: 1, workers: 0, inline: true, paths: vec!["a".into()] }
        );
    }

    #[test]
    fn a_soak_lasts_a_fraction_of_a_minute_or_more() {
        let read = |args: &[&str]| Command::read(args.iter().map(|arg| (*arg).to_owned()).collect());
        let soak =
            |seconds, workers, seed| Command::Soak { time: Duration::from_secs(seconds), workers, seed };
        assert_eq!(read(&["soak"]), Ok(soak(60, 4, 1)));
        assert_eq!(read(&["soak", "--minutes", "0.5", "--workers", "2", "--seed", "7"]), Ok(soak(30, 2, 7)));
        assert!(read(&["soak", "--minutes", "-1"]).is_err());
        assert!(read(&["soak", "scenarios"]).is_err());
        assert!(matches!(read(&["scenarios"]), Ok(Command::Replay(_))));
    }

    #[test]
    fn no_path_unknown_options_and_missing_numbers_are_refused() {
        assert!(read(&["a", "--repeat"]).unwrap_err().contains("--repeat"));
        assert!(read(&["--workers", "a"]).unwrap_err().contains("`a`"));
        assert!(read(&["--json"]).is_err());
        assert!(read(&["--jsn", "a"]).unwrap_err().contains("--jsn"));
    }
}
