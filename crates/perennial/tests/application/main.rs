//! The rules of the application: rows AP of `SEMANTICS.md`.

mod ends;
#[cfg(all(unix, feature = "signal"))]
mod signals;
mod starts;
mod stops;
mod worker;
