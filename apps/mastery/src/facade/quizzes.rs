//! Quizzes: building, editing, listing.

use std::sync::Arc;

use perennial::gen_server::Address;
use serde::Serialize;

use super::Mastery;
use crate::boundary::catalog::{Get, List, Put, PutError};
use crate::boundary::names::CATALOG;
use crate::core::draft::{Field, QuizDraft, TemplateDraft};
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
    pub async fn build_quiz(&self, draft: QuizDraft) -> Result<Built, BuildQuizError> {
        // Here, in the time of who asks: a quiz of 200 templates is a lot of work.
        let quiz = Quiz::build(draft).map_err(BuildQuizError::Invalid)?;
        let slug = quiz.slug().clone();
        match CATALOG.call(Put { quiz, replaces: None }).await {
            Ok(Ok(built)) => Ok(built),
            Ok(Err(PutError::Other(_))) => Err(BuildQuizError::TitleTaken(slug)),
            Ok(Err(PutError::Busy)) | Err(_) => Err(BuildQuizError::Busy),
        }
    }

    /// Stores a new version of a quiz. `replaces` is the version that was edited. The slug stays, whatever the draft says.
    ///
    /// # Errors
    ///
    /// [`EditQuizError`].
    pub async fn edit_quiz(
        &self,
        slug: &Slug,
        replaces: u32,
        mut draft: QuizDraft,
    ) -> Result<Built, EditQuizError> {
        draft.slug = Field::Is(slug.as_str().to_owned());
        let quiz = Quiz::build(draft).map_err(EditQuizError::Invalid)?;
        match CATALOG.call(Put { quiz, replaces: Some(replaces) }).await {
            Ok(Ok(built)) => Ok(built),
            Ok(Err(PutError::Other(None))) => Err(EditQuizError::NotFound),
            Ok(Err(PutError::Other(Some(version)))) => Err(EditQuizError::Changed(version)),
            Ok(Err(PutError::Busy)) | Err(_) => Err(EditQuizError::Busy),
        }
    }

    /// Adds a template to the newest version of a quiz, which makes a new one.
    ///
    /// # Errors
    ///
    /// [`AddTemplateError`]; paths are those in the whole quiz.
    pub async fn add_template(
        &self,
        slug: &Slug,
        template: TemplateDraft,
    ) -> Result<Built, AddTemplateError> {
        loop {
            let QuizVersion { version, quiz } = self.quiz(slug, None).await?;
            if template.name.get().is_some_and(|name| quiz.position(name.trim()).is_some()) {
                return Err(AddTemplateError::DuplicateName);
            }
            let mut draft = quiz.draft().clone();
            let mut templates = draft.template.get().cloned().unwrap_or_default();
            templates.push(Field::Is(template.clone()));
            draft.template = Field::Is(templates);
            match self.edit_quiz(slug, version, draft).await {
                Ok(built) => return Ok(built),
                Err(EditQuizError::Invalid(errors)) => return Err(AddTemplateError::Invalid(errors)),
                Err(EditQuizError::NotFound) => return Err(AddTemplateError::NotFound),
                Err(EditQuizError::Busy) => return Err(AddTemplateError::Busy),
                // Somebody was faster: once more, with theirs. Each round somebody succeeds.
                Err(EditQuizError::Changed(_)) => {}
            }
        }
    }

    /// A version of a quiz, or its newest one.
    ///
    /// # Errors
    ///
    /// [`QuizError`].
    pub async fn quiz(&self, slug: &Slug, version: Option<u32>) -> Result<QuizVersion, QuizError> {
        CATALOG.call(Get(slug.clone(), version)).await.unwrap_or(Err(QuizError::Busy))
    }

    /// All quizzes, by slug.
    ///
    /// # Errors
    ///
    /// [`Busy`].
    pub async fn quizzes(&self) -> Result<Vec<QuizSummary>, Busy> {
        CATALOG.call(List).await.unwrap_or(Err(Busy))
    }
}

impl From<QuizError> for AddTemplateError {
    fn from(error: QuizError) -> Self {
        match error {
            QuizError::NotFound => AddTemplateError::NotFound,
            QuizError::Busy => AddTemplateError::Busy,
        }
    }
}
