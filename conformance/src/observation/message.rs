//! Messages as they are shown in an inbox.

use serde::{Deserialize, Serialize};

use crate::reason::Reason;
use crate::value::Value;

/// A message received and not otherwise used up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub enum Message {
    /// `{"EXIT": [from, reason]}`, to a process that traps exits.
    Exit(String, Reason),
    /// `{"DOWN": [ref, process or name, reason]}`.
    Down {
        /// The name that was given to the monitor; `task` for a task's own.
        monitor: String,
        /// The label of the process, or the name it was monitored by.
        object: String,
        /// Its exit reason.
        reason: Reason,
    },
    /// `{"msg": value}`.
    Msg(Value),
    /// `"timeout"`: the time-out a callback asked for.
    Timeout,
    /// `{"reply": value}`: a task's result, to a server that did not await it.
    Reply(Value),
    /// `{"register": [registry, key, label, value]}`, to a listener.
    Register {
        /// The name of the registry.
        registry: String,
        /// The registered key.
        key: Value,
        /// The process it was registered by.
        label: String,
        /// The value it was registered with.
        value: Value,
    },
    /// `{"unregister": [registry, key, label]}`, to a listener.
    Unregister {
        /// The name of the registry.
        registry: String,
        /// The key that is gone.
        key: Value,
        /// The process it was registered by.
        label: String,
    },
}

impl TryFrom<Value> for Message {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match &value {
            Value::String(text) if text == "timeout" => Some(Self::Timeout),
            Value::Object(entries) if entries.len() == 1 => {
                entries.first_key_value().and_then(|(kind, content)| tagged(kind, content))
            }
            _ => None,
        }
        .ok_or_else(|| format!("{value} is no message"))
    }
}

fn tagged(kind: &str, content: &Value) -> Option<Message> {
    let parts = match content {
        Value::List(parts) => parts.as_slice(),
        _ => &[],
    };
    Some(match (kind, parts) {
        ("msg", _) => Message::Msg(content.clone()),
        ("reply", _) => Message::Reply(content.clone()),
        ("EXIT", [from, reason]) => Message::Exit(text(from)?, reason.clone().into()),
        ("DOWN", [monitor, object, reason]) => {
            Message::Down { monitor: text(monitor)?, object: text(object)?, reason: reason.clone().into() }
        }
        ("register", [registry, key, label, value]) => Message::Register {
            registry: text(registry)?,
            key: key.clone(),
            label: text(label)?,
            value: value.clone(),
        },
        ("unregister", [registry, key, label]) => {
            Message::Unregister { registry: text(registry)?, key: key.clone(), label: text(label)? }
        }
        _ => return None,
    })
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

impl From<Message> for Value {
    fn from(message: Message) -> Self {
        match message {
            Message::Exit(from, reason) => Value::tagged("EXIT", vec![Value::from(from), reason.into()]),
            Message::Down { monitor, object, reason } => {
                Value::tagged("DOWN", vec![Value::from(monitor), object.into(), reason.into()])
            }
            Message::Msg(value) => Value::tagged("msg", value),
            Message::Timeout => "timeout".into(),
            Message::Reply(value) => Value::tagged("reply", value),
            Message::Register { registry, key, label, value } => {
                Value::tagged("register", vec![Value::from(registry), key, label.into(), value])
            }
            Message::Unregister { registry, key, label } => {
                Value::tagged("unregister", vec![Value::from(registry), key, label.into()])
            }
        }
    }
}
