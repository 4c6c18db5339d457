//! The flags of a dynamic supervisor.

use crate::{
    dynamic_supervisor::{Backoff, DynamicSupervisor},
    gen_server::Name,
};
use std::time::Duration;

/// The flags of a [`DynamicSupervisor`].
#[derive(Clone, Debug)]
pub struct Options {
    /// Its name. Default: none.
    pub name: Option<Name<DynamicSupervisor>>,
    /// How many children it may have, those being started or restarted included. Default: any number.
    pub max_children: Option<usize>,
    /// So many restarts are allowed within [`max_seconds`](Self::max_seconds); one more, and the supervisor stops
    /// its children and ends with `Shutdown`. Default: 3.
    #[doc(alias = "intensity")]
    pub max_restarts: u32,
    /// Default: 5 s.
    #[doc(alias = "period")]
    pub max_seconds: Duration,
    /// Whether [`max_restarts`](Self::max_restarts) is counted for each child on its own: then one restart too many
    /// ends only that child for good. Default: no, as in OTP.
    pub intensity_per_child: bool,
    /// A pause before each restart. Default: none, as in OTP.
    pub backoff: Option<Backoff>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: None,
            max_children: None,
            max_restarts: 3,
            max_seconds: Duration::from_secs(5),
            intensity_per_child: false,
            backoff: None,
        }
    }
}

impl From<Name<DynamicSupervisor>> for Options {
    fn from(name: Name<DynamicSupervisor>) -> Self {
        Self { name: Some(name), ..Self::default() }
    }
}
