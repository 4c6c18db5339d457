//! What the handlers share.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use perennial::node::Node;

use super::metrics::Metrics;
use super::rate::Limiter;
use super::tree::Tree;
use super::{Options, Teachers};
use crate::facade::Mastery;
use crate::web::keys::Keys;

/// The state of the handlers; made anew at each start of the server.
#[derive(Clone, Debug)]
pub(super) struct App(Arc<Shared>);

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) mastery: Mastery,
    pub(super) keys: Keys,
    pub(super) teachers: Teachers,
    pub(super) is_secure: bool,
    pub(super) patience: Duration,
    pub(super) addresses: Limiter,
    pub(super) sessions: Limiter,
    pub(super) metrics: Metrics,
    pub(super) node: Node,
    /// The tree as it was seen last, and when, by the clock of the node: looking takes time for each process.
    pub(super) tree: Mutex<Option<(Duration, Arc<Tree>)>>,
}

impl App {
    pub(super) fn new(mastery: Mastery, options: Options) -> Self {
        Self(Arc::new(Shared {
            mastery,
            keys: options.keys,
            teachers: options.teachers,
            is_secure: options.is_secure,
            patience: options.patience,
            addresses: Limiter::new(options.per_address),
            sessions: Limiter::new(options.per_session),
            metrics: Metrics::default(),
            node: Node::current(),
            tree: Mutex::new(None),
        }))
    }
}

impl std::ops::Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
