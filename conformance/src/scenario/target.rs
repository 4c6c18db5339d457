//! Whom an operation is for.

use serde::Deserialize;
use serde_json::Value as Json;

use crate::value::Value;

/// A process, by label or by name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Json")]
pub enum Target {
    /// `"test"`.
    Test,
    /// `"a#2"`: that process, dead or alive.
    Label(String),
    /// `"a"`: the latest label of the base.
    Base(String),
    /// `{"name": n}`: whoever has the local name.
    Name(String),
    /// `{"via": [registry, key]}`: whoever is registered there.
    Via {
        /// The name of the registry.
        registry: String,
        /// The key.
        key: Value,
    },
    /// `{"partition": [name, key]}`: the child of a partition supervisor that serves the key.
    Partition {
        /// The name of the partition supervisor.
        supervisor: String,
        /// The key.
        key: Value,
    },
}

/// A name to start a process under.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Json")]
pub enum Name {
    /// A local name.
    Local(String),
    /// A key of a registry, with a value.
    Via {
        /// The name of the registry.
        registry: String,
        /// The key.
        key: Value,
        /// The value of the entry; null if none is given.
        value: Value,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Address {
    Name(String),
    Via(Vec<Value>),
    Partition(String, Value),
}

impl TryFrom<Json> for Target {
    type Error = String;

    fn try_from(json: Json) -> Result<Self, String> {
        if let Json::String(text) = json {
            return Ok(match text.as_str() {
                "test" => Self::Test,
                _ if text.contains('#') => Self::Label(text),
                _ => Self::Base(text),
            });
        }
        Ok(match address(json)? {
            Address::Name(name) => Self::Name(name),
            Address::Via(parts) => match Name::via(parts)? {
                Name::Via { registry, key, .. } => Self::Via { registry, key },
                Name::Local(name) => Self::Name(name),
            },
            Address::Partition(supervisor, key) => Self::Partition { supervisor, key },
        })
    }
}

impl Name {
    fn via(parts: Vec<Value>) -> Result<Self, String> {
        let mut parts = parts.into_iter();
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Value::String(registry)), Some(key), value, None) => {
                Ok(Self::Via { registry, key, value: value.unwrap_or_default() })
            }
            _ => Err("`via` holds a registry, a key and possibly a value".into()),
        }
    }
}

impl TryFrom<Json> for Name {
    type Error = String;

    fn try_from(json: Json) -> Result<Self, String> {
        if let Json::String(name) = json {
            return Ok(Self::Local(name));
        }
        let text = json.to_string();
        match address(json)? {
            Address::Via(parts) => Self::via(parts),
            _ => Err(format!("{text} is no name: a string or `via` is")),
        }
    }
}

fn address(json: Json) -> Result<Address, String> {
    let text = json.to_string();
    serde_json::from_value(json).map_err(|e| format!("{text} is no address: {e}"))
}
