//! The functions of scenarios, on the value of a registry entry.

use perennial::process;

use super::raise;
use crate::mapping;
use crate::scenario::Function;
use crate::value::Value;

/// Applies a function; one that sleeps does so elsewhere.
pub(crate) fn apply(function: &Function, value: &Value) -> Value {
    match function {
        Function::Get {} | Function::Sleep { .. } => value.clone(),
        Function::Add { n } => value.plus(n).unwrap_or_else(|| raise()),
        Function::Set { value } => value.clone(),
        Function::Push { value: element } => value.pushed(element.clone()).unwrap_or_else(|| raise()),
        Function::Raise {} => raise(),
        Function::Exit { reason } => process::exit_self(mapping::exit_reason(reason)),
    }
}
