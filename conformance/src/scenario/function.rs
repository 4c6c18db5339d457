//! Functions on the state of an agent or on the value of a registry entry.

use std::time::Duration;

use serde::Deserialize;

use super::millis;
use crate::reason::Reason;
use crate::value::Value;

/// A function of one value.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "f", rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs, reason = "the fields are those of the list in the README")]
pub enum Function {
    /// The value itself.
    Get {},
    /// The value and `n`, added.
    Add { n: Value },
    /// Another value, whatever there was.
    Set { value: Value },
    /// The list with one more element.
    Push { value: Value },
    /// Raises.
    Raise {},
    /// Exits.
    Exit { reason: Reason },
    /// The value itself, after sleeping.
    Sleep {
        #[serde(deserialize_with = "millis")]
        ms: Duration,
    },
}
