//! From the bytes of a quiz file to a quiz, or to all of its errors with their lines.

use std::fmt;

use super::draft::QuizDraft;
use super::field_error::{Code, FieldError};
use super::limits;
use super::lines::Lines;
use super::quiz::Quiz;

/// How a quiz is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// TOML, for people.
    Toml,
    /// JSON, for programs.
    Json,
}

/// An error in a quiz file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FileError {
    /// The line, counted from 1; where a field is missing, that of the table it is missing in.
    pub line: usize,
    /// The field and what is wrong with it.
    #[serde(flatten)]
    pub error: FieldError,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FieldError { path, code, message } = &self.error;
        let place = if path.is_empty() { "" } else { ": " };
        write!(f, "{}{place}{path}: {message} [{}]", self.line, code.as_str())
    }
}

impl Format {
    /// The format of a file by its name: JSON if it ends in `.json`, else TOML.
    pub fn of(file_name: &str) -> Self {
        if file_name.to_ascii_lowercase().ends_with(".json") { Format::Json } else { Format::Toml }
    }
}

/// Reads a draft from text.
///
/// # Errors
///
/// The one syntax error, or the file is too long; errors in fields are left to [`Quiz::build`].
pub fn read_draft(text: &str, format: Format) -> Result<QuizDraft, FileError> {
    if text.len() > limits::FILE_BYTES {
        let message = format!("a quiz has at most {} KiB", limits::FILE_BYTES / 1024);
        return Err(file_error(1, Code::TooLong, message));
    }
    match format {
        Format::Toml => toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_at(text, span.start));
            file_error(line, Code::Syntax, error.message().to_owned())
        }),
        Format::Json => serde_json::from_str(text).map_err(|error| {
            // serde_json ends its message with the position, which is said elsewhere.
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default().to_owned();
            file_error(error.line().max(1), Code::Syntax, message)
        }),
    }
}

/// Reads and checks a quiz.
///
/// # Errors
///
/// Every error, in field order, each with its line.
pub fn read_quiz(bytes: &[u8], format: Format) -> Result<Quiz, Vec<FileError>> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = 1 + bytes[..error.valid_up_to()].iter().filter(|b| **b == b'\n').count();
        vec![file_error(line, Code::Syntax, "the file is not UTF-8 from here on".to_owned())]
    })?;
    let draft = read_draft(text, format).map_err(|error| vec![error])?;
    Quiz::build(draft).map_err(|errors| {
        let lines = Lines::of(text, format);
        errors.into_iter().map(|error| FileError { line: lines.line(&error.path), error }).collect()
    })
}

fn file_error(line: usize, code: Code, message: String) -> FileError {
    FileError { line, error: FieldError { path: String::new(), code, message } }
}

/// The line of a byte, counted from 1.
pub(super) fn line_at(text: &str, byte: usize) -> usize {
    1 + text.bytes().take(byte).filter(|b| *b == b'\n').count()
}
