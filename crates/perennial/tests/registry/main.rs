//! Registries. A test is named after its rule, and the row of the table of rules is in brackets.
//!
//! Those in `rows`, `unique`, `duplicate` and `ending` run with one shard and with eight, and with unique and with
//! duplicate keys where that is the same.

#[macro_use]
mod support;

mod duplicate;
mod ending;
mod listeners;
mod lock;
mod races;
mod rows;
mod unique;
mod unknown;
mod user_code;
mod via;
