//! The quizzes that come with the program.

use super::draft::QuizDraft;
use super::file::{FileError, Format, read_draft};

/// A quiz that comes with the program.
#[derive(Debug, Clone, Copy)]
pub struct Shipped {
    /// Its slug, so that nobody has to read the file to know it.
    pub slug: &'static str,
    text: &'static str,
}

/// All of them.
pub const SHIPPED: [Shipped; 2] = [
    Shipped { slug: "arithmetic", text: include_str!("../../../../quizzes/arithmetic.toml") },
    Shipped { slug: "german-vocabulary", text: include_str!("../../../../quizzes/vocabulary.toml") },
];

impl Shipped {
    /// What is in its file.
    ///
    /// # Errors
    ///
    /// As [`read_draft`]; a test makes sure that there is none.
    pub fn draft(&self) -> Result<QuizDraft, FileError> {
        read_draft(self.text, Format::Toml)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::quiz::Quiz;

    #[test]
    fn shipped_quizzes_are_valid_and_have_their_slugs() {
        for shipped in SHIPPED {
            let quiz = Quiz::build(shipped.draft().unwrap()).unwrap();
            assert_eq!(quiz.slug().as_str(), shipped.slug);
        }
    }
}
