//! Guards of match patterns: comparisons of variables and values.

use std::cmp::Ordering;

use serde::Deserialize;

use crate::pattern::{Bindings, Variable};
use crate::value::{Numbers, Value, term_order};

/// A comparison such as `[">", "$1", 1]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "(Comparison, Operand, Operand)")]
pub struct Guard {
    comparison: Comparison,
    left: Operand,
    right: Operand,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum Comparison {
    #[serde(rename = "<")]
    Less,
    #[serde(rename = "=<")]
    AtMost,
    #[serde(rename = ">")]
    Greater,
    #[serde(rename = ">=")]
    AtLeast,
    #[serde(rename = "==")]
    Equal,
    #[serde(rename = "/=")]
    Unequal,
    #[serde(rename = "=:=")]
    Same,
    #[serde(rename = "=/=")]
    NotSame,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Value")]
enum Operand {
    Variable(Variable),
    Value(Value),
}

impl Guard {
    /// Says whether the comparison holds; it does not if a variable is not bound.
    pub fn holds(&self, bindings: &Bindings) -> bool {
        let (Some(left), Some(right)) = (self.left.value(bindings), self.right.value(bindings)) else {
            return false;
        };
        let order = term_order(left, right, Numbers::ByValue);
        match self.comparison {
            Comparison::Less => order == Ordering::Less,
            Comparison::AtMost => order != Ordering::Greater,
            Comparison::Greater => order == Ordering::Greater,
            Comparison::AtLeast => order != Ordering::Less,
            Comparison::Equal => order == Ordering::Equal,
            Comparison::Unequal => order != Ordering::Equal,
            Comparison::Same => left == right,
            Comparison::NotSame => left != right,
        }
    }
}

impl Operand {
    fn value<'a>(&'a self, bindings: &'a Bindings) -> Option<&'a Value> {
        match self {
            Self::Variable(variable) => bindings.get(variable),
            Self::Value(value) => Some(value),
        }
    }
}

impl TryFrom<Value> for Operand {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match value {
            Value::String(text) if text.starts_with('$') => text.try_into().map(Self::Variable),
            value => Ok(Self::Value(value)),
        }
    }
}

impl From<(Comparison, Operand, Operand)> for Guard {
    fn from((comparison, left, right): (Comparison, Operand, Operand)) -> Self {
        Self { comparison, left, right }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::Pattern;

    #[test]
    fn guards_compare_in_erlangs_order_of_terms() {
        let table = [
            (r#"[">","$1",1]"#, "2", true),
            (r#"[">","$1",1]"#, "1", false),
            (r#"[">","$1",1]"#, "1.5", true),
            (r#"[">","$1",1]"#, r#""a""#, true),
            (r#"["<","$1",2]"#, "null", false),
            (r#"["=<","$1",2]"#, "2.0", true),
            (r#"["==","$1",2]"#, "2.0", true),
            (r#"["=:=","$1",2]"#, "2.0", false),
            (r#"["/=","$1","$1"]"#, "2", false),
            (r#"["<","$2",2]"#, "1", false),
        ];
        for (guard, value, expected) in table {
            let guard: Guard = serde_json::from_str(guard).unwrap();
            let mut bindings = Bindings::new();
            let variable: Pattern = serde_json::from_str(r#""$1""#).unwrap();
            assert!(variable.matches(&serde_json::from_str(value).unwrap(), &mut bindings));
            assert_eq!(guard.holds(&bindings), expected, "{guard:?} of {value}");
        }
    }
}
