//! Quizzes: building, editing, listing.

use std::sync::Arc;

use serde::Serialize;

use super::Mastery;
use crate::core::draft::{QuizDraft, TemplateDraft};
use crate::core::field_error::FieldError;
use crate::core::quiz::Quiz;
use crate::core::slug::Slug;

/// A quiz that was stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Built {
    /// Its name in addresses.
    pub slug: Slug,
    /// Its version, counted from 1.
    pub version: u32,
}

/// A version of a quiz.
#[derive(Debug, Clone, PartialEq)]
pub struct QuizVersion {
    /// The version, counted from 1.
    pub version: u32,
    /// The quiz.
    pub quiz: Arc<Quiz>,
}

/// A quiz in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QuizSummary {
    /// Its name in addresses.
    pub slug: Slug,
    /// The newest version.
    pub version: u32,
    /// The title.
    pub title: String,
    /// What it is about.
    pub description: String,
    /// How many right answers in a row master a template.
    pub mastery: u8,
    /// How many templates it has.
    pub templates: usize,
}

/// Why [`Mastery::build_quiz`] failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildQuizError {
    /// The draft has these errors, in field order.
    #[error("the quiz has {} errors", .0.len())]
    Invalid(Vec<FieldError>),
    /// There is a quiz of this name.
    #[error("there is a quiz {0} already")]
    TitleTaken(Slug),
    /// The store did not answer; ask again.
    #[error("the store is busy: try again")]
    Busy,
}

/// Why [`Mastery::edit_quiz`] failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditQuizError {
    /// There is no such quiz.
    #[error("there is no such quiz")]
    NotFound,
    /// The draft has these errors, in field order.
    #[error("the quiz has {} errors", .0.len())]
    Invalid(Vec<FieldError>),
    /// Somebody else has stored this version meanwhile.
    #[error("somebody else has changed the quiz: version {0} is there now")]
    Changed(u32),
    /// The store did not answer; ask again.
    #[error("the store is busy: try again")]
    Busy,
}

/// Why [`Mastery::add_template`] failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddTemplateError {
    /// There is no such quiz.
    #[error("there is no such quiz")]
    NotFound,
    /// With the template the quiz has these errors, in field order.
    #[error("the template has {} errors", .0.len())]
    Invalid(Vec<FieldError>),
    /// The quiz has a template of this name.
    #[error("the quiz has a template of this name")]
    DuplicateName,
    /// The store did not answer; ask again.
    #[error("the store is busy: try again")]
    Busy,
}

/// Why a quiz was not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuizError {
    /// There is no such quiz, or no such version of it.
    #[error("there is no such quiz")]
    NotFound,
    /// The store did not answer; ask again.
    #[error("the store is busy: try again")]
    Busy,
}

/// The store did not answer, or too many wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store is busy: try again")]
pub struct Busy;

impl Mastery {
    /// Checks a draft and stores it as a new quiz.
    ///
    /// # Errors
    ///
    /// [`BuildQuizError`].
    pub async fn build_quiz(&self, _draft: QuizDraft) -> Result<Built, BuildQuizError> {
        Err(BuildQuizError::Busy)
    }

    /// Stores a new version of a quiz. `replaces` is the version that was edited. The slug stays, whatever the draft says.
    ///
    /// # Errors
    ///
    /// [`EditQuizError`].
    pub async fn edit_quiz(
        &self,
        _slug: &Slug,
        _replaces: u32,
        _draft: QuizDraft,
    ) -> Result<Built, EditQuizError> {
        Err(EditQuizError::Busy)
    }

    /// Adds a template to the newest version of a quiz, which makes a new one.
    ///
    /// # Errors
    ///
    /// [`AddTemplateError`]; paths are those in the whole quiz.
    pub async fn add_template(
        &self,
        _slug: &Slug,
        _template: TemplateDraft,
    ) -> Result<Built, AddTemplateError> {
        Err(AddTemplateError::Busy)
    }

    /// A version of a quiz, or its newest one.
    ///
    /// # Errors
    ///
    /// [`QuizError`].
    pub async fn quiz(&self, _slug: &Slug, _version: Option<u32>) -> Result<QuizVersion, QuizError> {
        Err(QuizError::Busy)
    }

    /// All quizzes, by slug.
    ///
    /// # Errors
    ///
    /// [`Busy`].
    pub async fn quizzes(&self) -> Result<Vec<QuizSummary>, Busy> {
        Err(Busy)
    }
}
