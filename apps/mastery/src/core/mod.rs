//! The domain as plain values: no I/O, no clock, no global random generator.
//!
//! ```text
//! draft ──validate──▶ quiz ─▶ template ──draw(dice)──▶ question ──grade──▶ graded
//!                                ▲                                           │
//!                             select ◀──────────── progress ◀────────────────┘
//! ```
//!
//! A [`Session`](session::Session) ties them together for one student. Everything that happens in it is
//! a function of the quiz, the session's seed and the responses so far, which is why a crashed session
//! is rebuilt by replaying what the store has.

pub mod check;
pub mod dice;
pub mod draft;
pub mod email;
pub mod expression;
pub mod field_error;
pub mod file;
pub mod generator;
pub mod limits;
mod lines;
pub mod pattern;
pub mod progress;
pub mod question;
pub mod quiz;
pub mod response;
pub mod select;
pub mod session;
pub mod shipped;
pub mod slug;
pub mod table;
mod validate;
pub mod value;

#[cfg(test)]
pub(crate) mod testing;
