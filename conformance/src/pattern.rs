//! Match patterns of registries: values with holes.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::value::Value;

/// A value in which `"_"` matches anything and `"$1"`, `"$2"`, … match anything, the same thing at each place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Value")]
pub enum Pattern {
    /// `"_"`.
    #[default]
    Any,
    /// `"$1"`.
    Variable(Variable),
    /// A value without parts, matched by an equal one.
    Literal(Value),
    /// A list, matched part by part.
    List(Vec<Pattern>),
    /// A tuple, matched part by part.
    Tuple(Vec<Pattern>),
    /// An object, matched by objects that have at least its entries.
    Object(BTreeMap<String, Pattern>),
}

/// The number of a variable: 1 for `"$1"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Variable(u32);

/// What the variables of a pattern have matched.
pub type Bindings = BTreeMap<Variable, Value>;

impl Pattern {
    /// Says whether `value` matches, with what `bindings` hold already, and adds to them.
    ///
    /// After `false` the bindings hold what was bound until the first mismatch and are of no further use.
    pub fn matches(&self, value: &Value, bindings: &mut Bindings) -> bool {
        match (self, value) {
            (Self::Any, _) => true,
            (Self::Variable(variable), _) => {
                bindings.entry(*variable).or_insert_with(|| value.clone()) == value
            }
            (Self::Literal(literal), _) => literal == value,
            (Self::List(patterns), Value::List(values)) | (Self::Tuple(patterns), Value::Tuple(values)) => {
                patterns.len() == values.len()
                    && patterns.iter().zip(values).all(|(pattern, value)| pattern.matches(value, bindings))
            }
            (Self::Object(patterns), Value::Object(values)) => patterns
                .iter()
                .all(|(key, pattern)| values.get(key).is_some_and(|value| pattern.matches(value, bindings))),
            (Self::List(_) | Self::Tuple(_) | Self::Object(_), _) => false,
        }
    }
}

impl TryFrom<Value> for Pattern {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let each = |values: Vec<Value>| values.into_iter().map(Self::try_from).collect::<Result<_, _>>();
        Ok(match value {
            Value::String(text) if text == "_" => Self::Any,
            Value::String(text) if text.starts_with('$') => Self::Variable(text.try_into()?),
            Value::List(values) => Self::List(each(values)?),
            Value::Tuple(values) => Self::Tuple(each(values)?),
            Value::Object(entries) => Self::Object(
                entries
                    .into_iter()
                    .map(|(key, value)| Ok((key, Self::try_from(value)?)))
                    .collect::<Result<_, String>>()?,
            ),
            literal => Self::Literal(literal),
        })
    }
}

impl TryFrom<String> for Variable {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits = text.strip_prefix('$').and_then(|digits| digits.parse().ok());
        digits.map(Self).ok_or_else(|| format!("`{text}` is no variable: `$` and a number are"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_as_the_reference_does() {
        let table = [
            (r#""_""#, "[1]", true),
            ("1", "1", true),
            ("1", "1.0", false),
            (r#"{"t":["_",2]}"#, r#"{"t":["x",2]}"#, true),
            (r#"{"t":["_",2]}"#, r#"["x",2]"#, false),
            (r#"{"t":["_"]}"#, r#"{"t":[1,2]}"#, false),
            (r#"{"t":["$1","_","$1"]}"#, r#"{"t":[1,2,1]}"#, true),
            (r#"{"t":["$1","_","$1"]}"#, r#"{"t":[1,2,3]}"#, false),
            (r#"{"b":"y"}"#, r#"{"a":"x","b":"y"}"#, true),
            (r#"{"b":"z"}"#, r#"{"a":"x","b":"y"}"#, false),
            (r#"{"c":"_"}"#, r#"{"a":"x"}"#, false),
            (r#"{"a":"$1","b":"$1"}"#, r#"{"a":1,"b":1,"c":2}"#, true),
            ("{}", "1", false),
        ];
        for (pattern, value, expected) in table {
            let pattern: Pattern = serde_json::from_str(pattern).unwrap();
            let value: Value = serde_json::from_str(value).unwrap();
            assert_eq!(pattern.matches(&value, &mut Bindings::new()), expected, "{pattern:?} on {value}");
        }
    }

    #[test]
    fn variables_hold_from_one_pattern_to_the_next() {
        let first: Pattern = serde_json::from_str(r#""$1""#).unwrap();
        let mut bindings = Bindings::new();
        assert!(first.matches(&Value::Int(1), &mut bindings));
        assert!(first.matches(&Value::Int(1), &mut bindings));
        assert!(!first.matches(&Value::Int(2), &mut bindings));
    }

    #[test]
    fn a_dollar_without_a_number_is_refused() {
        let error = serde_json::from_str::<Pattern>(r#"["$one"]"#).unwrap_err().to_string();
        assert!(error.contains("$one"), "{error}");
    }
}
