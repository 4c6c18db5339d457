//! `mastery check FILE`: is this quiz all right?

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;

use super::{WRONG_INPUT, load, write_errors};
use crate::core::quiz::Quiz;

/// Check a quiz file and run its samples.
///
/// Every error is printed with its line, its field and what would be right; the status is 2 then.
#[derive(Debug, Args)]
pub struct Check {
    /// The quiz: TOML, or JSON if its name ends in .json.
    file: PathBuf,
}

impl Check {
    /// Checks the file and returns the status.
    ///
    /// # Errors
    ///
    /// The file cannot be read or the output not be written.
    pub fn run(&self, out: &mut impl Write) -> io::Result<u8> {
        match load(&self.file)? {
            Ok(quiz) => summary(out, &quiz).map(|()| 0),
            Err(errors) => {
                write_errors(out, &self.file, &errors)?;
                let what = if errors.len() == 1 { "error" } else { "errors" };
                writeln!(out, "{} {what}", errors.len())?;
                Ok(WRONG_INPUT)
            }
        }
    }
}

fn summary(out: &mut impl Write, quiz: &Quiz) -> io::Result<()> {
    let mut categories: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for template in quiz.templates() {
        categories.entry(template.category()).or_default().push(template.name());
    }
    let samples = quiz.draft().sample.get().map_or(0, Vec::len);
    writeln!(out, "{} ({}): ok", quiz.title(), quiz.slug())?;
    for (category, templates) in &categories {
        writeln!(out, "  {category}: {}", templates.join(", "))?;
    }
    let templates = quiz.templates().len();
    let fewest = templates * usize::from(quiz.mastery());
    writeln!(out, "  {templates} templates, mastery {}, {samples} samples passed", quiz.mastery())?;
    writeln!(out, "  finished after {fewest} answers at the earliest")
}
