//! Numbers: `3`, `-0,5`, `1/2`, `12 cm`.

use rust_decimal::Decimal;

use crate::core::expression::Expression;
use crate::core::value::{Bindings, Value};

/// `check.number`: the answer equals an expression.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberCheck {
    /// What it equals.
    pub equals: Expression,
    /// By how much it may differ.
    pub tolerance: Decimal,
    /// Which units may follow it.
    pub units: Vec<String>,
    /// Whether one of them must.
    pub unit_required: bool,
}

/// What decides about a number.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberKey {
    equals: Decimal,
    tolerance: Decimal,
    units: Vec<String>,
    unit_required: bool,
}

impl NumberCheck {
    pub(super) fn key(&self, bindings: &Bindings) -> Result<NumberKey, String> {
        let value = self.equals.value(bindings)?;
        let equals = value.number().ok_or_else(|| format!("it gives the text {value:?}, not a number"))?;
        Ok(NumberKey {
            equals: equals.normalize(),
            tolerance: self.tolerance,
            units: self.units.clone(),
            unit_required: self.unit_required,
        })
    }
}

impl NumberKey {
    pub(super) fn accepts(&self, answer: &str) -> bool {
        let answer = answer.trim();
        let (number, has_unit) = match self.units.iter().find_map(|unit| strip_unit(answer, unit)) {
            Some(number) => (number, true),
            None => (answer, false),
        };
        // A third has no last digit: both sides are rounded, the author's and the student's.
        let slack = self.tolerance.max(Decimal::new(1, 12));
        let near = |number: Decimal| self.equals.checked_sub(number).is_some_and(|gap| gap.abs() <= slack);
        (has_unit || !self.unit_required) && parse_number(number).is_some_and(near)
    }

    pub(super) fn right_answer(&self) -> String {
        match self.units.first() {
            Some(unit) => format!("{} {unit}", self.equals),
            None => self.equals.to_string(),
        }
    }
}

fn strip_unit<'a>(answer: &'a str, unit: &str) -> Option<&'a str> {
    let start = answer.char_indices().rev().nth(unit.chars().count().checked_sub(1)?)?.0;
    let (number, end) = answer.split_at(start);
    (end.to_lowercase() == unit.to_lowercase()).then(|| number.trim_end())
}

/// Reads a number the way people write it, or nothing.
///
/// A comma is a decimal comma, a point a decimal point; only where both occur is the first kind a separator of
/// thousands. Spaces and apostrophes between digits separate thousands too. `a/b` is a fraction.
pub fn parse_number(text: &str) -> Option<Decimal> {
    if let Some((over, under)) = text.split_once('/') {
        return parse_plain(over)?.checked_div(parse_plain(under)?);
    }
    parse_plain(text)
}

/// The value of an answer as an expression sees it: whole where it can be.
pub(super) fn number_value(text: &str) -> Option<Value> {
    let number = parse_number(text)?.normalize();
    let whole = if number.is_integer() { i64::try_from(number).ok() } else { None };
    Some(whole.map_or_else(|| number.into(), Value::Int))
}

fn parse_plain(text: &str) -> Option<Decimal> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix(['-', '−', '–']) {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let thousands = match (digits.find(','), digits.find('.')) {
        (Some(comma), Some(point)) => Some(if comma < point { ',' } else { '.' }),
        _ => None,
    };
    let mut plain = String::from(if negative { "-" } else { "" });
    for c in digits.chars() {
        match c {
            c if Some(c) == thousands => {}
            ' ' | '\u{a0}' | '\u{202f}' | '\'' | '’' => {}
            ',' | '.' => plain.push('.'),
            c if c.is_ascii_digit() => plain.push(c),
            // Not a digit, so not left to the parser, which would take `1_0` and `1e9`.
            _ => return None,
        }
    }
    // The parser refuses a second point and the empty text, but takes a point without a digit on one side.
    digits.contains(|c: char| c.is_ascii_digit()).then(|| plain.parse().ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(source: &str, tolerance: &str, units: &[&str], unit_required: bool) -> NumberKey {
        let check = NumberCheck {
            equals: Expression::parse(source, &Bindings::new()).unwrap(),
            tolerance: tolerance.parse().unwrap(),
            units: units.iter().map(|unit| (*unit).to_owned()).collect(),
            unit_required,
        };
        check.key(&Bindings::new()).unwrap()
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, number) in [
            ("3", "3"),
            (" 3 ", "3"),
            ("+3", "3"),
            ("-3", "-3"),
            ("−3", "-3"),
            ("007", "7"),
            ("0,5", "0.5"),
            ("0.5", "0.5"),
            (".5", "0.5"),
            ("5.", "5"),
            ("1/2", "0.5"),
            ("-1 / 4", "-0.25"),
            ("1 000", "1000"),
            ("1'000", "1000"),
            ("1,234.5", "1234.5"),
            ("1.234,5", "1234.5"),
        ] {
            assert_eq!(
                parse_number(text).map(|n| n.normalize().to_string()).as_deref(),
                Some(number),
                "{text:?}"
            );
        }
        for text in [
            "", " ", "-", ".", ",", "abc", "1e9", "1_0", "1/0", "1/2/3", "/2", "1/", "٣", "--1", "1.2.3",
            "NaN",
        ] {
            assert_eq!(parse_number(text), None, "{text:?}");
        }
    }

    #[test]
    fn tolerance_and_units_are_honored() {
        let table = [
            (key("7", "0", &[], false), vec!["7", "7.0", "14/2"], vec!["", "6", "7 cm", "seven"]),
            (key("1.0 / 3", "0", &[], false), vec!["1/3"], vec!["0.33"]),
            (key("1.0 / 3", "0.01", &[], false), vec!["1/3", "0.33", "0,34"], vec!["0.3"]),
            (key("5", "0", &["cm", "°"], false), vec!["5", "5cm", "5 CM", "5°"], vec!["5 m", "cm"]),
            (key("5", "0", &["cm"], true), vec!["5cm", "5 cm"], vec!["5", "cm", "5 cm cm"]),
        ];
        for (key, right, wrong) in table {
            right.iter().for_each(|answer| assert!(key.accepts(answer), "{key:?} {answer}"));
            wrong.iter().for_each(|answer| assert!(!key.accepts(answer), "{key:?} {answer}"));
            assert!(key.accepts(&key.right_answer()), "{key:?}");
        }
    }

    proptest! {
        #[test]
        fn any_answer_is_judged(answer in "\\PC*", digits in "[-0-9/., ]{0,60}") {
            let key = key("5", "79228162514264337593543950335", &["cm", "ß"], true);
            key.accepts(&answer);
            key.accepts(&digits);
            number_value(&digits);
        }
    }
}
