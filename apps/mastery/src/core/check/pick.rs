//! Choices to pick from.

use std::sync::Arc;

use crate::core::dice::Dice;
use crate::core::pattern::Pattern;
use crate::core::table::Table;
use crate::core::value::Bindings;

/// `check.pick`: one of the shown choices is right.
#[derive(Debug, Clone, PartialEq)]
pub struct PickCheck {
    /// The right one.
    pub right: Pattern,
    /// Wrong ones by hand.
    pub wrong: Vec<Pattern>,
    /// Wrong ones drawn from a column of a table.
    pub others: Option<(Arc<Table>, String)>,
    /// How many are shown, with the right one.
    pub choices: usize,
}

/// What decides about a pick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PickKey {
    choices: Vec<String>,
    right: usize,
}

impl PickCheck {
    pub(super) fn key(&self, bindings: &Bindings, dice: &mut Dice) -> Result<PickKey, String> {
        let right = self.right.fill(bindings);
        let mut choices = vec![right.clone()];
        // By hand first: the author's typical mistakes teach more than a random neighbor.
        let mut by_hand: Vec<String> = self.wrong.iter().map(|pattern| pattern.fill(bindings)).collect();
        dice.shuffle(&mut by_hand);
        let mut drawn: Vec<String> = match &self.others {
            Some((table, column)) => table.column(column).map(ToString::to_string).collect(),
            None => Vec::new(),
        };
        dice.shuffle(&mut drawn);
        for wrong in by_hand.into_iter().chain(drawn) {
            // A distractor may be equal to the right answer for some values; it must not be shown then.
            if choices.len() < self.choices && !choices.iter().any(|choice| same(choice, &wrong)) {
                choices.push(wrong);
            }
        }
        if choices.len() < 2 {
            return Err(format!("there is no choice beside {right:?}"));
        }
        dice.shuffle(&mut choices);
        let right = choices.iter().position(|choice| *choice == right).unwrap_or_default();
        Ok(PickKey { choices, right })
    }
}

impl PickKey {
    /// The choices in the order they are shown, no two the same.
    pub fn choices(&self) -> &[String] {
        &self.choices
    }

    pub(super) fn accepts(&self, answer: &str) -> bool {
        same(&self.choices[self.right], answer)
    }

    pub(super) fn right_answer(&self) -> String {
        self.choices[self.right].clone()
    }
}

/// Choices are compared as shown, but for space around them: a form may trim what it sends.
fn same(a: &str, b: &str) -> bool {
    a.trim() == b.trim()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::value::Value;

    fn check(wrong: &[&str], choices: usize) -> PickCheck {
        let rows = ["dog", "cat", "cow", "hen"].map(|text| vec![Value::Text(text.to_owned())]);
        let table = Table { columns: vec!["en".to_owned()], rows: rows.to_vec() };
        PickCheck {
            right: Pattern::parse("dog").unwrap(),
            wrong: wrong.iter().map(|text| Pattern::parse(text).unwrap()).collect(),
            others: Some((Arc::new(table), "en".to_owned())),
            choices,
        }
    }

    #[test]
    fn choices_differ_and_hold_the_right_one_in_any_place() {
        let mut places = [false; 3];
        for n in 0..100 {
            let key = check(&["dag", "dog"], 3).key(&Bindings::new(), &mut Dice::for_question(1, n)).unwrap();
            let mut choices = key.choices().to_vec();
            assert_eq!(choices[key.right], "dog");
            assert!(choices.contains(&"dag".to_owned()), "those by hand come first");
            places[key.right] = true;
            choices.sort();
            choices.dedup();
            assert_eq!(choices.len(), 3);
        }
        assert_eq!(places, [true; 3]);
    }

    #[test]
    fn only_the_right_choice_is_right() {
        let key = check(&[], 4).key(&Bindings::new(), &mut Dice::for_question(1, 1)).unwrap();
        assert!(key.accepts("dog") && key.accepts(" dog ") && key.accepts(&key.right_answer()));
        assert!(!["", "cat", "Dog", "0", "1"].iter().any(|answer| key.accepts(answer)));
    }

    #[test]
    fn a_single_choice_is_no_question() {
        let alone = PickCheck { others: None, ..check(&["dog", " dog"], 3) };
        assert!(alone.key(&Bindings::new(), &mut Dice::for_question(1, 1)).is_err());
    }
}
