//! One question, as it is put to a student.

use std::sync::Arc;

use super::check::Key;
use super::value::Bindings;

/// What kind of input a question wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A number.
    Number,
    /// A text.
    Text,
    /// One of the choices.
    Pick,
    /// Whatever satisfies the condition in the question.
    Expr,
}

/// A template with a value drawn for each variable. It keeps them, and what decides about its answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The name of the template it was drawn from.
    pub template: Arc<str>,
    /// The template's place in its quiz.
    pub index: usize,
    /// What to do, if that is not obvious.
    pub instructions: Option<Arc<str>>,
    /// The text with the values put in.
    pub text: String,
    /// The drawn values.
    pub substitutions: Bindings,
    /// What decides about answers.
    pub key: Key,
}

impl Question {
    /// What kind of input the question wants.
    pub fn kind(&self) -> Kind {
        match self.key {
            Key::Number(_) => Kind::Number,
            Key::Text(_) => Kind::Text,
            Key::Pick(_) => Kind::Pick,
            Key::Expr(_) => Kind::Expr,
        }
    }

    /// The choices in the order they are shown; empty if the question has none.
    pub fn choices(&self) -> &[String] {
        match &self.key {
            Key::Pick(key) => key.choices(),
            _ => &[],
        }
    }

    /// Whether the answer is right. Never panics, whatever the answer is.
    pub fn accepts(&self, answer: &str) -> bool {
        self.key.accepts(answer)
    }
}

/// An answer that is right, as one would write it: shown after a wrong one, and typed by simulated students.
pub fn right_answer(question: &Question) -> String {
    question.key.right_answer()
}
