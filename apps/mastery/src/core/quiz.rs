//! Quizzes and their templates, validated.

use std::sync::Arc;

use super::check::{Check, Key};
use super::dice::Dice;
use super::draft::QuizDraft;
use super::field_error::FieldError;
use super::generator::Generator;
use super::pattern::Pattern;
use super::question::Question;
use super::slug::Slug;
use super::validate;
use super::value::Bindings;

/// A quiz that can be taken. It is only made from a draft without errors, so nothing in it can fail.
#[derive(Debug, Clone, PartialEq)]
pub struct Quiz {
    pub(super) slug: Slug,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) mastery: u8,
    pub(super) select: Select,
    pub(super) templates: Vec<Template>,
    pub(super) draft: QuizDraft,
}

/// How the next template is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Select {
    /// First a category, each equally likely, then a template of it: rare categories come as often as rich ones.
    #[default]
    Category,
    /// Every template equally likely.
    Template,
}

impl Quiz {
    /// Checks a draft. No templates are no error here: they may be added later, and scheduling looks again.
    ///
    /// # Errors
    ///
    /// Every error of the draft, in field order.
    pub fn build(draft: QuizDraft) -> Result<Self, Vec<FieldError>> {
        validate::quiz(draft)
    }

    /// The name in addresses.
    pub fn slug(&self) -> &Slug {
        &self.slug
    }

    /// The title for people.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What the quiz is about; may be empty.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// How many right answers in a row master a template.
    pub fn mastery(&self) -> u8 {
        self.mastery
    }

    /// How the next template is chosen.
    pub fn select(&self) -> Select {
        self.select
    }

    /// The templates in the author's order; no two have one name.
    pub fn templates(&self) -> &[Template] {
        &self.templates
    }

    /// The place of the template with this name.
    pub fn position(&self, template: &str) -> Option<usize> {
        self.templates.iter().position(|t| &*t.name == template)
    }

    /// The draft the quiz was built from, with which it is stored and edited.
    pub fn draft(&self) -> &QuizDraft {
        &self.draft
    }
}

/// A pattern of questions.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    pub(super) name: Arc<str>,
    pub(super) category: Arc<str>,
    pub(super) instructions: Option<Arc<str>>,
    pub(super) question: Pattern,
    pub(super) recipe: Recipe,
    /// Values for which the recipe is known to work.
    pub(super) witness: Drawn,
}

/// What is drawn for a question.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Recipe {
    /// In an order in which each expression comes after the variables it uses.
    pub(super) variables: Vec<(String, Generator)>,
    pub(super) check: Check,
}

/// The values of a question and what decides about the answers to it.
pub(super) type Drawn = (Bindings, Key);

/// How often other values are drawn after an expression failed for the first ones.
const ATTEMPTS: u32 = 100;

impl Template {
    /// The name, unique in its quiz.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The category.
    pub fn category(&self) -> &str {
        &self.category
    }

    /// Draws a question; `index` is the template's place in its quiz.
    ///
    /// The validator has drawn a hundred without a failure, so a failing draw is rare, and is repeated. The witness at
    /// the end makes the function total: a student never meets a template that cannot be asked.
    pub(super) fn ask(&self, index: usize, dice: &mut Dice) -> Question {
        let drawn = (0..ATTEMPTS).find_map(|_| self.recipe.draw(dice).ok());
        self.question(index, drawn.unwrap_or_else(|| self.witness.clone()))
    }

    /// The question with these values.
    pub(super) fn question(&self, index: usize, (substitutions, key): Drawn) -> Question {
        Question {
            template: self.name.clone(),
            index,
            instructions: self.instructions.clone(),
            text: self.question.fill(&substitutions),
            substitutions,
            key,
        }
    }
}

/// Why a recipe failed for the drawn values.
#[derive(Debug)]
pub(super) struct DrawError {
    /// The computed variable that failed; the check if there is none.
    pub(super) variable: Option<String>,
    /// A sentence.
    pub(super) why: String,
    /// The values it failed for.
    pub(super) bindings: Bindings,
}

impl Recipe {
    /// Draws a value for each variable and makes the key for them.
    ///
    /// # Errors
    ///
    /// [`DrawError`], if an expression fails for the drawn values.
    pub(super) fn draw(&self, dice: &mut Dice) -> Result<Drawn, DrawError> {
        let mut bindings = Bindings::new();
        for (name, generator) in &self.variables {
            match generator.draw(dice, &bindings) {
                Ok(value) => bindings.insert(name.clone(), value),
                Err(why) => return Err(DrawError { variable: Some(name.clone()), why, bindings }),
            };
        }
        match self.check.key(&bindings, dice) {
            Ok(key) => Ok((bindings, key)),
            Err(why) => Err(DrawError { variable: None, why, bindings }),
        }
    }
}
