//! How answers are judged. One file per kind, each with the same two steps:
//!
//! * the *check* belongs to the template; with the drawn values it makes a key, once per question;
//! * the *key* belongs to the question; it judges any number of answers, can say a right one, and cannot fail.

pub mod expr;
pub mod number;
pub mod pick;
pub mod text;

use self::expr::{ExprCheck, ExprKey};
use self::number::{NumberCheck, NumberKey};
use self::pick::{PickCheck, PickKey};
use self::text::{TextCheck, TextKey};
use super::dice::Dice;
use super::value::Bindings;

/// How the answers to a template's questions are judged.
#[derive(Debug, Clone, PartialEq)]
pub enum Check {
    /// The answer is a number.
    Number(NumberCheck),
    /// The answer is one of some texts.
    Text(TextCheck),
    /// The answer is picked from choices.
    Pick(PickCheck),
    /// The answer satisfies a condition.
    Expr(ExprCheck),
}

/// What decides about the answers to one question.
#[derive(Debug, Clone, PartialEq)]
pub enum Key {
    /// See [`NumberKey`].
    Number(NumberKey),
    /// See [`TextKey`].
    Text(TextKey),
    /// See [`PickKey`].
    Pick(PickKey),
    /// See [`ExprKey`].
    Expr(ExprKey),
}

impl Check {
    /// Makes the key for a question with these values.
    ///
    /// # Errors
    ///
    /// A sentence, if an expression fails for these values or fewer than two choices are left.
    pub fn key(&self, bindings: &Bindings, dice: &mut Dice) -> Result<Key, String> {
        Ok(match self {
            Check::Number(check) => Key::Number(check.key(bindings)?),
            Check::Text(check) => Key::Text(check.key(bindings)),
            Check::Pick(check) => Key::Pick(check.key(bindings, dice)?),
            Check::Expr(check) => Key::Expr(check.key(bindings)?),
        })
    }
}

impl Key {
    /// Whether the answer is right. Never panics, whatever the answer is.
    pub fn accepts(&self, answer: &str) -> bool {
        match self {
            Key::Number(key) => key.accepts(answer),
            Key::Text(key) => key.accepts(answer),
            Key::Pick(key) => key.accepts(answer),
            Key::Expr(key) => key.accepts(answer),
        }
    }

    /// An answer that is right, as one would write it.
    pub fn right_answer(&self) -> String {
        match self {
            Key::Number(key) => key.right_answer(),
            Key::Text(key) => key.right_answer(),
            Key::Pick(key) => key.right_answer(),
            Key::Expr(key) => key.right_answer(),
        }
    }
}
