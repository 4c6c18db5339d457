//! The processes around the domain.
//!
//! ```text
//! mastery
//!   store         persistence, group commit                                permanent
//!   catalog       the quizzes                                              permanent
//!   registries    sessions: unique by (run, student); runs: duplicate keys
//!   proctor       opens and closes runs at their time                      permanent
//!   runs          DynamicSupervisor
//!     run:<id>    Supervisor, rest_for_one
//!       run       open/closed, roster, live board                          transient
//!       sessions  DynamicSupervisor of QuizSession                         temporary
//! ```

pub mod env;
