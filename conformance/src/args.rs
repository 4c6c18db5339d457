//! The command line.

use std::path::PathBuf;

use crate::report::Format;

/// How the program is called.
pub const USAGE: &str = "\
usage: conformance [--json] PATH...

Replays the scenario files below the paths and reports the first difference of each that fails.

  --json   one JSON line for each scenario: {name, passed, difference: {step, key, expected, got}}

The last line is `N passed, N failed`. Exit status: 0 all passed, 1 some failed, 2 nothing was run.";

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Args {
    /// How to write verdicts.
    pub format: Format,
    /// Scenario files, and directories of them.
    pub paths: Vec<PathBuf>,
}

impl Args {
    /// Reads the arguments, the program's name left out.
    ///
    /// # Errors
    ///
    /// An option is not known or there is no path; the error says which.
    pub fn read(args: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut read = Self { format: Format::Text, paths: Vec::new() };
        for arg in args {
            match arg.as_str() {
                "--json" => read.format = Format::Json,
                _ if arg.starts_with('-') => return Err(format!("unknown option `{arg}`")),
                _ => read.paths.push(arg.into()),
            }
        }
        if read.paths.is_empty() { Err("no path".into()) } else { Ok(read) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &[&str]) -> Result<Args, String> {
        Args::read(args.iter().map(|arg| (*arg).to_owned()))
    }

    #[test]
    fn options_and_paths_come_in_any_order() {
        let args = read(&["a", "--json", "b"]).unwrap();
        assert_eq!(args, Args { format: Format::Json, paths: vec!["a".into(), "b".into()] });
        assert_eq!(read(&["a"]).unwrap().format, Format::Text);
    }

    #[test]
    fn no_path_and_unknown_options_are_refused() {
        assert!(read(&["--json"]).is_err());
        assert!(read(&["--jsn", "a"]).unwrap_err().contains("--jsn"));
    }
}
