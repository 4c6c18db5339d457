//! What the sessions of a run share with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use perennial::gen_server::ServerRef;

use super::RunServer;
use crate::boundary::env::Env;
use crate::core::quiz::Quiz;
use crate::store::records::{RunId, RunState};

/// What a session needs of its run, without asking it for each answer.
#[derive(Debug)]
pub struct Entry {
    /// The environment.
    pub env: Arc<Env>,
    /// The run.
    pub run: RunId,
    /// The quiz, in the version of the run.
    pub quiz: Arc<Quiz>,
    /// Whether answers are taken.
    pub gate: Gate,
    /// The run's server, which is told of answers.
    pub server: ServerRef<RunServer>,
}

/// Whether a run takes answers: set by the run, looked at by its sessions.
#[derive(Debug)]
pub struct Gate(AtomicBool);

impl Gate {
    /// The gate of a run in this state.
    pub fn new(state: RunState) -> Self {
        Self(AtomicBool::new(state == RunState::Open))
    }

    /// The run has changed.
    pub fn set(&self, state: RunState) {
        // Relaxed: an answer that arrives in the moment of the change may be taken or refused.
        self.0.store(state == RunState::Open, Ordering::Relaxed);
    }

    /// Whether answers are taken.
    pub fn is_open(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
