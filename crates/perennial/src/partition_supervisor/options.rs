//! How a partition supervisor is started.

use crate::supervisor::Strategy;
use std::{thread, time::Duration};

/// How a partition supervisor is started.
///
/// ```
/// use perennial::partition_supervisor::Options;
/// let options = Options { partitions: 4, ..Options::default() };
/// ```
///
/// # OTP
///
/// The options of `PartitionSupervisor.start_link/1`. Differs: there is no `:auto_shutdown`, which could only be
/// `:never`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How many partitions there are; at least one. Default: one for each core.
    pub partitions: usize,
    /// Who is restarted when a partition ends. Default: [`Strategy::OneForOne`].
    pub strategy: Strategy,
    /// So many restarts, of all partitions together, are allowed within [`max_seconds`](Self::max_seconds). Default: 3.
    #[doc(alias = "intensity")]
    pub max_restarts: u32,
    /// Default: 5 s.
    #[doc(alias = "period")]
    pub max_seconds: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            partitions: thread::available_parallelism().map_or(1, usize::from),
            strategy: Strategy::default(),
            max_restarts: 3,
            max_seconds: Duration::from_secs(5),
        }
    }
}
