//! The flags of a supervisor.

use crate::{gen_server::Name, supervisor::Supervisor};
use std::time::Duration;

/// Who is restarted when a child ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Strategy {
    /// That child.
    #[default]
    OneForOne,
    /// All children: the others are stopped, then all are started.
    OneForAll,
    /// That child and those started after it.
    RestForOne,
}

/// Whether a supervisor stops when significant children have ended for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum AutoShutdown {
    /// No child may be significant.
    #[default]
    Never,
    /// When one has.
    AnySignificant,
    /// When the last one has.
    AllSignificant,
}

/// The flags of a [`Supervisor`]. A [`Strategy`] alone will do where these are asked for.
///
/// # OTP
///
/// `supervisor:sup_flags()`, with Elixir's defaults: 3 restarts in 5 s (Erlang: 1).
#[derive(Clone, Debug)]
pub struct Options {
    /// Its name. Default: none.
    pub name: Option<Name<Supervisor>>,
    /// Who is restarted when a child ends. Default: [`Strategy::OneForOne`].
    pub strategy: Strategy,
    /// So many restarts are allowed within [`max_seconds`](Self::max_seconds); one more, and the supervisor stops
    /// its children and ends with `Shutdown`. Default: 3.
    #[doc(alias = "intensity")]
    pub max_restarts: u32,
    /// Default: 5 s. With zero, only restarts at the very same moment are counted together.
    #[doc(alias = "period")]
    pub max_seconds: Duration,
    /// Default: [`AutoShutdown::Never`].
    pub auto_shutdown: AutoShutdown,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: None,
            strategy: Strategy::default(),
            max_restarts: 3,
            max_seconds: Duration::from_secs(5),
            auto_shutdown: AutoShutdown::default(),
        }
    }
}

impl From<Strategy> for Options {
    fn from(strategy: Strategy) -> Self {
        Self { strategy, ..Self::default() }
    }
}
