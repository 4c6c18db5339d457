//! The command line.

use std::path::PathBuf;

use crate::report::Format;

/// How the program is called.
pub const USAGE: &str = "\
usage: conformance [--json] [--repeat N] [--workers W] PATH...

Replays the scenario files below the paths and reports the first difference of each that fails.

  --json        one JSON line for each scenario: {name, passed, difference: {step, key, expected, got}}
  --repeat N    run each scenario N times; the first difference counts (default 1)
  --workers W   threads that run the processes; 0 for a current-thread runtime (default 0)

The last line is `N passed, N failed`. Exit status: 0 all passed, 1 some failed, 2 nothing was run.";

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Args {
    /// How to write verdicts.
    pub format: Format,
    /// How many times to run each scenario.
    pub repeat: usize,
    /// How many threads run the processes; 0 for a current-thread runtime.
    pub workers: usize,
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
        let mut read = Self { format: Format::Text, repeat: 1, workers: 0, paths: Vec::new() };
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--json" => read.format = Format::Json,
                "--repeat" => read.repeat = number(&arg, args.next())?,
                "--workers" => read.workers = number(&arg, args.next())?,
                _ if arg.starts_with('-') => return Err(format!("unknown option `{arg}`")),
                _ => read.paths.push(arg.into()),
            }
        }
        if read.paths.is_empty() { Err("no path".into()) } else { Ok(read) }
    }
}

fn number(option: &str, value: Option<String>) -> Result<usize, String> {
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
        let args = read(&["a", "--json", "--repeat", "7", "b", "--workers", "2"]).unwrap();
        let paths = vec!["a".into(), "b".into()];
        assert_eq!(args, Args { format: Format::Json, repeat: 7, workers: 2, paths });
        let args = read(&["a"]).unwrap();
        assert_eq!(args, Args { format: Format::Text, repeat: 1, workers: 0, paths: vec!["a".into()] });
    }

    #[test]
    fn no_path_unknown_options_and_missing_numbers_are_refused() {
        assert!(read(&["a", "--repeat"]).unwrap_err().contains("--repeat"));
        assert!(read(&["--workers", "a"]).unwrap_err().contains("`a`"));
        assert!(read(&["--json"]).is_err());
        assert!(read(&["--jsn", "a"]).unwrap_err().contains("--jsn"));
    }
}
