//! Conditions: any answer for which an expression holds.

use super::number::number_value;
use crate::core::expression::Expression;
use crate::core::value::{Bindings, Value};

/// The variable in which `accept` finds the answer as a text.
pub const ANSWER: &str = "answer";
/// The variable in which `accept` finds the answer as a number.
pub const NUMBER: &str = "number";

/// `check.expr`: the answer satisfies a condition.
#[derive(Debug, Clone, PartialEq)]
pub struct ExprCheck {
    /// The condition on [`ANSWER`] and [`NUMBER`].
    pub accept: Expression,
    /// Gives an answer that satisfies it.
    pub example: Expression,
}

/// What decides about an answer: the condition with the question's values.
#[derive(Debug, Clone, PartialEq)]
pub struct ExprKey {
    accept: Expression,
    bindings: Bindings,
    example: String,
}

impl ExprCheck {
    pub(super) fn key(&self, bindings: &Bindings) -> Result<ExprKey, String> {
        let example = self.example.value(bindings)?.to_string();
        let key = ExprKey { accept: self.accept.clone(), bindings: bindings.clone(), example };
        if key.accepts(&key.example) {
            Ok(key)
        } else {
            Err(format!("its own example {:?} is not accepted", key.example))
        }
    }
}

impl ExprKey {
    pub(super) fn accepts(&self, answer: &str) -> bool {
        let answer = answer.trim();
        let mut bindings = self.bindings.clone();
        // What is not a number is bound to a text, so that comparing it is false and computing with it fails;
        // either way the answer is wrong. Failing is no fault of the quiz: any answer may come.
        let number = number_value(answer).unwrap_or_else(|| Value::Text(String::new()));
        bindings.insert(NUMBER.to_owned(), number);
        bindings.insert(ANSWER.to_owned(), Value::Text(answer.to_owned()));
        self.accept.holds(&bindings).unwrap_or(false)
    }

    pub(super) fn right_answer(&self) -> String {
        self.example.clone()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> ExprKey {
        let mut names: Bindings = serde_json::from_str(r#"{"n": 6}"#).unwrap();
        let bindings = names.clone();
        let example = Expression::parse("n * 2", &names).unwrap();
        names.insert(ANSWER.to_owned(), Value::Text(String::new()));
        names.insert(NUMBER.to_owned(), Value::Int(0));
        let accept = Expression::parse("number % n == 0 && number > n && answer != \"60\"", &names).unwrap();
        ExprCheck { accept, example }.key(&bindings).unwrap()
    }

    #[test]
    fn the_condition_decides() {
        let key = key();
        assert!(
            key.accepts("12")
                && key.accepts(" 18.0 ")
                && key.accepts("72/3")
                && key.accepts(&key.right_answer())
        );
        assert!(!["", "6", "13", "dog", "60", "12.5"].iter().any(|answer| key.accepts(answer)));
    }

    proptest! {
        #[test]
        fn any_answer_is_judged(answer in "\\PC*") {
            key().accepts(&answer);
        }
    }
}
