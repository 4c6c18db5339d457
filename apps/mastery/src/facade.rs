//! What the service can do, as functions with typed results. The pages, the HTTP API and the drill stand on this.
//!
//! | part | functions |
//! |---|---|
//! | [`quizzes`] | build, edit and list quizzes |
//! | [`runs`] | schedule, watch, pause, extend and end runs; their results |
//! | [`sessions`] | take a quiz: join, read the question, answer it |
//!
//! All of them are safe to repeat. `Busy` means that the store did not answer or too many wait for it: what was asked
//! may or may not have happened, and asking again (with the same request id) tells.

pub mod quizzes;
pub mod runs;
pub mod sessions;
pub mod views;

use std::sync::Arc;

use crate::boundary::env::Env;

/// The service, as its users see it. Cheap to clone; works in every task of the node that the processes run on.
#[derive(Debug, Clone)]
pub struct Mastery {
    pub(crate) env: Arc<Env>,
}

impl Mastery {
    /// The service with this environment, whose processes [`children`](crate::boundary::children) starts.
    pub fn new(env: Arc<Env>) -> Self {
        Self { env }
    }
}
