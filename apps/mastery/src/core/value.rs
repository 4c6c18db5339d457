//! What a variable of a template can hold.

use std::collections::BTreeMap;
use std::fmt;

use rust_decimal::Decimal;
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number or a text, as written in a quiz file, drawn by a generator or computed by an expression.
///
/// Numbers with a fraction are exact decimals: `0.1 + 0.2` is `0.3`, on every machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A whole number.
    Int(i64),
    /// A number with a fraction, without trailing zeros.
    Decimal(Decimal),
    /// A text.
    Text(String),
    /// A row of a table: values by column.
    Row(BTreeMap<String, Value>),
}

/// The values of a question's variables by name; kept with the question.
pub type Bindings = BTreeMap<String, Value>;

impl Value {
    /// The value as a number, if it is one.
    pub fn number(&self) -> Option<Decimal> {
        match self {
            Value::Int(n) => Some(Decimal::from(*n)),
            Value::Decimal(d) => Some(*d),
            Value::Text(_) | Value::Row(_) => None,
        }
    }

    /// Reads `name` or `name.column` from bindings.
    pub fn lookup<'a>(bindings: &'a Bindings, name: &str) -> Option<&'a Value> {
        match name.split_once('.') {
            None => bindings.get(name),
            Some((name, column)) => match bindings.get(name)? {
                Value::Row(row) => row.get(column),
                _ => None,
            },
        }
    }
}

impl From<Decimal> for Value {
    fn from(number: Decimal) -> Self {
        Value::Decimal(number.normalize())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Int(n) => n.fmt(f),
            Value::Decimal(d) => d.fmt(f),
            Value::Text(text) => f.write_str(text),
            Value::Row(row) => {
                let columns: Vec<_> = row.iter().map(|(name, value)| format!("{name}: {value}")).collect();
                f.write_str(&columns.join(", "))
            }
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Int(n) => serializer.serialize_i64(*n),
            // Read back through the shortest text of the same f64, which gives the same decimal for all
            // numbers of at most 15 digits; a quiz file cannot hold others (see `limits::INTEGER`).
            Value::Decimal(d) => match d.to_string().parse() {
                Ok(float) => serializer.serialize_f64(float),
                Err(_) => serializer.collect_str(d),
            },
            Value::Text(text) => serializer.serialize_str(text),
            Value::Row(row) => row.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or a text")
    }

    fn visit_i64<E: Error>(self, n: i64) -> Result<Value, E> {
        Ok(Value::Int(n))
    }

    fn visit_u64<E: Error>(self, n: u64) -> Result<Value, E> {
        i64::try_from(n).map(Value::Int).map_err(|_| E::invalid_value(Unexpected::Unsigned(n), &self))
    }

    fn visit_f64<E: Error>(self, n: f64) -> Result<Value, E> {
        // The shortest text that reads back as `n` is what the author wrote; `Decimal::from_f64` would
        // keep the binary dirt.
        let decimal = n.to_string().parse::<Decimal>();
        decimal.map(Value::from).map_err(|_| E::invalid_value(Unexpected::Float(n), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut row = BTreeMap::new();
        while let Some((column, value)) = map.next_entry::<String, Value>()? {
            if matches!(value, Value::Row(_)) {
                return Err(A::Error::invalid_type(Unexpected::Map, &self));
            }
            row.insert(column, value);
        }
        Ok(Value::Row(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_what_the_author_wrote() {
        for text in ["0.1", "0.3", "-2.5", "123456.789"] {
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(value.to_string(), text);
            assert_eq!(serde_json::to_string(&value).unwrap(), text);
        }
        assert_eq!(serde_json::from_str::<Value>("2.50").unwrap().to_string(), "2.5");
    }

    #[test]
    fn what_is_neither_number_nor_text_is_refused() {
        for text in ["true", "null", "[1]", "1e300", "18446744073709551615", r#"{"a":{"b":1}}"#] {
            assert!(serde_json::from_str::<Value>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lookup_reads_names_and_columns() {
        let bindings: Bindings = serde_json::from_str(r#"{"n": 3, "word": {"de": "Hund"}}"#).unwrap();
        let read = |name| Value::lookup(&bindings, name).map(ToString::to_string);
        assert_eq!(read("n").as_deref(), Some("3"));
        assert_eq!(read("word.de").as_deref(), Some("Hund"));
        assert_eq!(read("word.en"), None);
        assert_eq!(read("n.de"), None);
    }
}
