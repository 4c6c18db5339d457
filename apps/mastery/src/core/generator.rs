//! Where the values of a template's variables come from.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::dice::Dice;
use super::expression::Expression;
use super::table::Table;
use super::value::{Bindings, Value};

/// A rule that gives a variable its value for one question.
#[derive(Debug, Clone, PartialEq)]
pub enum Generator {
    /// `int = [from, to]`: a whole number, both ends included.
    Int {
        /// The smallest.
        from: i64,
        /// The largest.
        to: i64,
    },
    /// `decimal = { from, to, step }`: one of `from`, `from + step`, .. up to `to`.
    Decimal {
        /// The smallest.
        from: Decimal,
        /// The distance of two neighbors.
        step: Decimal,
        /// How many steps lead from the smallest to the largest.
        steps: u64,
    },
    /// `choice = [..]`: one of these.
    Choice(Vec<Value>),
    /// `rows = "table"`: a whole row of a table.
    Rows(Arc<Table>),
    /// `expr = ".."`: computed from other variables.
    Expr(Expression),
}

impl Generator {
    /// Draws a value. Only an expression looks at the `others`, and only an expression can fail.
    ///
    /// # Errors
    ///
    /// The sentence of [`Expression::value`].
    pub fn draw(&self, dice: &mut Dice, others: &Bindings) -> Result<Value, String> {
        Ok(match self {
            Generator::Int { from, to } => Value::Int(from + dice.below(from.abs_diff(*to) + 1) as i64),
            Generator::Decimal { from, step, steps } => {
                // The validator has computed `from + steps * step`, the largest of all, without overflow.
                (from + step * Decimal::from(dice.below(steps + 1))).into()
            }
            Generator::Choice(values) => values[dice.index(values.len())].clone(),
            Generator::Rows(table) => Value::Row(table.row(dice.index(table.rows.len()))),
            Generator::Expr(expression) => expression.value(others)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(generator: &Generator) -> Vec<String> {
        let mut all: Vec<_> = (0..200)
            .map(|n| generator.draw(&mut Dice::for_question(1, n), &Bindings::new()).unwrap().to_string())
            .collect();
        all.sort();
        all.dedup();
        all
    }

    #[test]
    fn both_ends_are_drawn_and_nothing_beyond() {
        assert_eq!(drawn(&Generator::Int { from: -1, to: 2 }), ["-1", "0", "1", "2"]);
        assert_eq!(drawn(&Generator::Int { from: 5, to: 5 }), ["5"]);
        let tenths = Generator::Decimal { from: Decimal::new(1, 1), step: Decimal::new(1, 1), steps: 2 };
        assert_eq!(drawn(&tenths), ["0.1", "0.2", "0.3"]);
    }

    #[test]
    fn a_row_is_bound_as_a_whole() {
        let rows = [["Hund", "dog"], ["Katze", "cat"]];
        let rows = rows.map(|row| row.map(|text| Value::Text(text.to_owned())).to_vec()).to_vec();
        let table = Table { columns: vec!["de".to_owned(), "en".to_owned()], rows };
        assert_eq!(drawn(&Generator::Rows(Arc::new(table))), ["de: Hund, en: dog", "de: Katze, en: cat"]);
    }
}
