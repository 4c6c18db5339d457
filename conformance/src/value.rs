//! Values of the scenario files: states, replies, messages, registry keys.
//!
//! Two values are equal only if type and all parts are: `1` is neither `"1"` nor `1.0`, a list is not a tuple.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

pub use float::Float;

mod float;
mod json;
mod order;

pub(crate) use order::{Numbers, term_order};

/// A value as the scenarios write it; equality is `===`, the order is Erlang's order of terms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "serde_json::Value", into = "serde_json::Value")]
pub enum Value {
    /// `null`, which is the atom `nil`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number written without a fraction.
    Int(i64),
    /// A number written with a fraction or an exponent.
    Float(Float),
    /// A string; also how atoms, names and labels of processes are written.
    String(String),
    /// A list.
    List(Vec<Value>),
    /// A map with strings for keys.
    Object(BTreeMap<String, Value>),
    /// A tuple, written `{"t": [..]}`.
    Tuple(Vec<Value>),
}

impl Value {
    /// Makes an object with one entry: the form of tagged results such as `{"ok": x}`.
    pub fn tagged(tag: &str, value: impl Into<Value>) -> Self {
        Self::Object(BTreeMap::from([(tag.to_owned(), value.into())]))
    }

    /// Returns the value under `tag` if this is an object with that entry and no other.
    pub fn under(&self, tag: &str) -> Option<&Value> {
        match self {
            Self::Object(entries) if entries.len() == 1 => entries.get(tag),
            _ => None,
        }
    }

    /// Adds two numbers, as Elixir's `+`; `None` where that raises.
    pub fn plus(&self, other: &Value) -> Option<Value> {
        Some(match (self, other) {
            (Self::Int(a), Self::Int(b)) => Self::Int(a.checked_add(*b)?),
            (Self::Int(a), Self::Float(b)) => Self::Float(Float::new(*a as f64 + b.get())),
            (Self::Float(a), Self::Int(b)) => Self::Float(Float::new(a.get() + *b as f64)),
            (Self::Float(a), Self::Float(b)) => Self::Float(Float::new(a.get() + b.get())),
            _ => return None,
        })
    }

    /// Appends an element to a list, as Elixir's `++ [x]`; `None` where that raises.
    pub fn pushed(&self, element: Value) -> Option<Value> {
        let Self::List(elements) = self else { return None };
        Some(Self::List(elements.iter().cloned().chain([element]).collect()))
    }
}

impl fmt::Display for Value {
    /// Writes the value as one line of JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        serde_json::Value::from(self.clone()).fmt(f)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Self {
        Self::Int(n)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(elements: Vec<T>) -> Self {
        Self::List(elements.into_iter().map(Into::into).collect())
    }
}
