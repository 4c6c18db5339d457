//! The limit of every input, in one place.
//!
//! Each is far above what a real quiz needs and far below what would hurt a server that holds thousands.
//! Lengths are in characters unless the name says bytes.

/// Size of a quiz file or of a draft sent over HTTP.
pub const FILE_BYTES: usize = 256 * 1024;
/// An answer; longer ones are refused, not cut.
pub const ANSWER: usize = 255;
/// An email address (RFC 5321 leaves 254 for it).
pub const EMAIL: usize = 254;
/// A slug.
pub const SLUG: usize = 64;
/// A title, a template's name, a category.
pub const NAME: usize = 120;
/// A quiz's description and a template's instructions.
pub const PROSE: usize = 2_000;
/// The text of a question.
pub const QUESTION: usize = 2_000;
/// A value of a table, an element of `choice`, a choice to pick, a text that counts as right.
pub const ITEM: usize = 255;
/// Templates in one quiz.
pub const TEMPLATES: usize = 200;
/// Variables in one template.
pub const VARIABLES: usize = 20;
/// Tables in one quiz.
pub const TABLES: usize = 20;
/// Columns in one table.
pub const COLUMNS: usize = 12;
/// Rows in one table.
pub const ROWS: usize = 2_000;
/// Elements of `choice`, `one_of`, `wrong`, `units`, `articles`.
pub const LIST: usize = 200;
/// Choices shown for one question.
pub const CHOICES: usize = 10;
/// Samples in one quiz.
pub const SAMPLES: usize = 500;
/// Right answers in a row that master a template.
pub const MASTERY: i64 = 20;
/// Typing errors that `max_typos` may forgive.
pub const TYPOS: i64 = 3;
/// Steps between `from` and `to` of a `decimal` generator.
pub const STEPS: i64 = 1_000_000;
/// An integer a quiz may name: products of two still fit an `i64`.
pub const INTEGER: i64 = 1_000_000_000;
/// Errors reported for one draft; more would help nobody.
pub const ERRORS: usize = 200;
/// Questions drawn from each template when a quiz is checked.
pub const TRIALS: u32 = 100;
/// The source of one expression.
pub const EXPRESSION: usize = 255;
