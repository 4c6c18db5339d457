//! What is wrong with one field of a draft, and what would be right.

use serde::Serialize;

/// One error in a quiz draft. A draft is refused with all of its errors at once, in field order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Where: `template[1].check.number.equals`, counted from 0; empty for the document as a whole.
    pub path: String,
    /// What kind of error, for programs.
    pub code: Code,
    /// What would be right, for people.
    pub message: String,
}

/// The kinds of field errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Code {
    /// The document is not TOML or not JSON at all.
    Syntax,
    /// A field that must be there is not.
    Missing,
    /// A field nobody reads; most often a spelling mistake.
    UnknownKey,
    /// A text where a number belongs, and the like.
    WrongType,
    /// A text that is empty or only spaces.
    Blank,
    /// A text, list or file beyond its limit.
    TooLong,
    /// A number outside its range, or a range whose end is before its start.
    OutOfRange,
    /// A text of the wrong shape: a slug with spaces, a variable called `2x`.
    BadFormat,
    /// Two templates, columns or choices of one name.
    DuplicateName,
    /// A name that is not defined: a placeholder, a table, a column, a template.
    UnknownName,
    /// None, or more than one, of the keys of which exactly one belongs here.
    NotOne,
    /// An expression that cannot be read, or that fails for values the template draws.
    BadExpression,
    /// A sample whose outcome is not the stated one.
    SampleFailed,
}

impl Code {
    /// The code as programs see it, the same as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::Syntax => "syntax",
            Code::Missing => "missing",
            Code::UnknownKey => "unknown_key",
            Code::WrongType => "wrong_type",
            Code::Blank => "blank",
            Code::TooLong => "too_long",
            Code::OutOfRange => "out_of_range",
            Code::BadFormat => "bad_format",
            Code::DuplicateName => "duplicate_name",
            Code::UnknownName => "unknown_name",
            Code::NotOne => "not_one",
            Code::BadExpression => "bad_expression",
            Code::SampleFailed => "sample_failed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_reads_the_same_in_json_and_in_print() {
        for code in [Code::Syntax, Code::UnknownKey, Code::NotOne, Code::SampleFailed, Code::DuplicateName] {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }
}
