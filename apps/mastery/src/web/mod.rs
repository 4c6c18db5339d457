//! The service over HTTP: a JSON API, a plain page, and what watches them.
//!
//! [`child_spec`] is a supervised server. It is to be the last child of the root supervisor: what starts last stops
//! first, so that it stops taking requests before anything it needs is gone.
//!
//! | path | what is there | module |
//! |---|---|---|
//! | `/` | quizzes to take without JavaScript, and the supervision tree | `page` |
//! | `/api` | everything the [facade](crate::facade) can do, as JSON | `api` |
//! | `/api/openapi.json` | its description | `openapi` |
//! | `/livez` `/readyz` `/metrics` | for those who watch | `health`, `metrics` |
//!
//! # Who may do what
//!
//! Anyone may list quizzes and join. After joining, a signed cookie is the authority: an email is not an identity.
//! Whatever builds quizzes, changes runs or shows results asks for the [teacher's token](keys::Keys::teacher_token).
//!
//! # What every request meets
//!
//! In this order: security headers and counting, a net for panics, a time limit, a rate limit for its address. A request
//! is served by a plain task; the processes it talks to do not end with it, and it does not end with them.

mod accept;
mod api;
mod app;
mod cookie;
mod csv;
mod error;
mod fields;
mod guard;
mod health;
mod input;
pub mod keys;
mod metrics;
mod openapi;
mod page;
mod practice;
mod rate;
mod routes;
mod server;
pub(crate) mod tree;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use perennial::child_spec::ChildSpec;

pub use self::accept::Limits as ConnectionLimits;
pub use self::openapi::document as openapi;
pub use self::rate::Rate;
pub use self::routes::listed as routes;
pub use self::server::{Args, BindError, LocalAddress, SERVER, Server};

use self::app::App;
use self::keys::Keys;
use crate::facade::Mastery;

/// What the server is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen. With port 0 the system chooses; [`LocalAddress`] tells.
    pub listen: SocketAddr,
    /// Signs cookies and forms.
    pub keys: Keys,
    /// Who may build quizzes, run them and see results.
    pub teachers: Teachers,
    /// Whether browsers reach the service by HTTPS, so that cookies are to be sent by nothing else.
    pub is_secure: bool,
    /// How often one address may ask. A class often has one address: this is for all of it together.
    pub per_address: Rate,
    /// How often one may ask in a session.
    pub per_session: Rate,
    /// How long a request may take.
    pub patience: Duration,
    /// How long requests may go on when the server is asked to stop.
    pub drain: Duration,
    /// The limits of connections.
    pub connections: ConnectionLimits,
}

/// Who may do what students may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Teachers {
    /// Whoever shows the token, as `Authorization: Bearer ..`.
    WithToken,
    /// Everybody: for tests, and for a machine that only its owner reaches.
    Everybody,
}

impl Options {
    /// The usual limits.
    pub fn new(listen: SocketAddr, keys: Keys) -> Self {
        Self {
            listen,
            keys,
            teachers: Teachers::WithToken,
            is_secure: false,
            per_address: Rate { per_second: 200.0, burst: 1_000 },
            per_session: Rate { per_second: 5.0, burst: 30 },
            patience: Duration::from_secs(30),
            drain: Duration::from_secs(10),
            connections: ConnectionLimits::default(),
        }
    }
}

/// How a supervisor starts the server: a permanent child that listens when its start has succeeded.
///
/// # Errors
///
/// Its start fails with a [`BindError`] as the reason if the address cannot be had.
pub fn child_spec(mastery: Mastery, options: Options) -> ChildSpec {
    let Options { listen, drain, connections, .. } = options;
    let make_app = {
        let mastery = mastery.clone();
        Arc::new(move || routes::router(App::new(mastery.clone(), options.clone())))
    };
    server::child_spec(Args { listen, drain, connections, mastery, make_app })
}
