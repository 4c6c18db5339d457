//! Mastery: a quiz service, and the reference application of Perennial.
//!
//! A student repeats questions drawn from templates until each template has been answered right
//! `mastery` times in a row. The crate has these layers, and each knows only those before it:
//!
//! | module | what lives there |
//! |---|---|
//! | [`core`] | plain values and pure functions: quiz files, questions, progress |
//! | [`store`] | what outlives a process: quizzes, runs, students, responses |
//! | [`boundary`] | the processes: store, catalog, proctor, runs, sessions |
//! | [`facade`] | what the service can do, as functions with typed results |
//! | [`web`] | the same over HTTP: a JSON API, a plain page, health and metrics |
//! | [`app`] | the service as a whole |
//! | [`drill`] | many simulated students, and chaos |
//! | [`commands`] | what the `mastery` program does when it is called by name |
#![forbid(unsafe_code)]

pub mod app;
pub mod boundary;
pub mod commands;
pub mod core;
pub mod drill;
pub mod facade;
pub mod store;
pub mod web;
