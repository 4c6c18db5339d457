//! JSON as the files write it, to a [`Value`] and back.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::{Float, Value};

impl TryFrom<Json> for Value {
    type Error = String;

    fn try_from(json: Json) -> Result<Self, String> {
        Ok(match json {
            Json::Null => Self::Null,
            Json::Bool(b) => Self::Bool(b),
            Json::Number(n) => match (n.as_i64(), n.as_f64()) {
                (Some(int), _) => Self::Int(int),
                (None, Some(float)) if n.is_f64() => Self::Float(Float::new(float)),
                _ => return Err(format!("the number {n} does not fit")),
            },
            Json::String(text) => Self::String(text),
            Json::Array(elements) => Self::List(list(elements)?),
            Json::Object(mut entries) => {
                let alone = entries.len() == 1;
                match entries.get_mut("t") {
                    Some(Json::Array(parts)) if alone => Self::Tuple(list(std::mem::take(parts))?),
                    _ => Self::Object(object(entries)?),
                }
            }
        })
    }
}

fn list(elements: Vec<Json>) -> Result<Vec<Value>, String> {
    elements.into_iter().map(Value::try_from).collect()
}

fn object(entries: Map<String, Json>) -> Result<BTreeMap<String, Value>, String> {
    entries.into_iter().map(|(key, json)| Ok((key, Value::try_from(json)?))).collect()
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(b) => b.into(),
            Value::Int(n) => n.into(),
            Value::Float(n) => n.get().into(),
            Value::String(text) => text.into(),
            Value::List(elements) => elements.into_iter().map(Self::from).collect(),
            Value::Object(entries) => {
                entries.into_iter().map(|(key, value)| (key, Self::from(value))).collect()
            }
            Value::Tuple(parts) => json!({ "t": parts.into_iter().map(Self::from).collect::<Vec<_>>() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_written_again() {
        for json in ["null", "[1,1.5,true]", r#"{"t":[{"t":[]},"x"]}"#, r#"{"t":1}"#, r#"{"t":[1],"u":2}"#] {
            let value: Value = serde_json::from_str(json).unwrap();
            assert_eq!(value.to_string(), json);
        }
    }

    #[test]
    fn a_float_is_read_to_the_last_digit() {
        let json = "6.666666666666668e71";
        let value: Value = serde_json::from_str(json).unwrap();
        assert_eq!(value, Value::Float(Float::new(6.666_666_666_666_668e71)));
        assert_eq!(serde_json::from_str::<Value>(&value.to_string()).unwrap(), value);
    }

    #[test]
    fn an_object_is_a_tuple_only_if_t_alone_holds_a_list() {
        let read = |json: &str| serde_json::from_str::<Value>(json).unwrap();
        assert_eq!(read(r#"{"t":[1]}"#), Value::Tuple(vec![Value::Int(1)]));
        assert!(matches!(read(r#"{"t":1}"#), Value::Object(_)));
        assert!(matches!(read(r#"{"t":[1],"u":2}"#), Value::Object(_)));
    }

    #[test]
    fn a_number_beyond_64_bits_is_refused() {
        assert!(serde_json::from_str::<Value>("18446744073709551615").is_err());
    }
}
