//! How a registry is started.

use crate::registry::{listener::Listener, meta::Meta};
use std::{fmt, thread};

/// Whether a key has one row at most, or any number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Keys {
    /// A key has one row at most: it names a process, and [`via`](super::RegistryName::via) works. The default.
    #[default]
    Unique,
    /// A key has any number of rows, also of one process: what [`dispatch`](super::RegistryName::dispatch) needs.
    ///
    /// # OTP
    ///
    /// `:duplicate`. Differs: there is no choice between `{:duplicate, :pid}` and `{:duplicate, :key}`. Rows are found by
    /// key and by process, so a look at a key goes to one partition, as with the latter, and the end of a process
    /// takes time for its own rows only, as with the former, however many others have its keys.
    Duplicate,
}

/// How a registry is started; the default is unique keys.
///
/// ```
/// use perennial::registry::{Keys, Options, RegistryName};
/// static TOPICS: RegistryName<String> = RegistryName::new("topics");
/// let spec = TOPICS.child_spec_with(Options { keys: Keys::Duplicate, ..Options::default() });
/// assert_eq!(spec.id, "topics".into());
/// ```
///
/// # OTP
///
/// The options of `Registry.start_link/1`. Differs: nothing is compressed.
pub struct Options<K, V = ()> {
    /// Whether keys are unique.
    pub keys: Keys,
    /// Into how many parts the table is divided, each with a lock of its own; 0 counts as 1. Nothing else depends on
    /// it. Default: some for each core.
    ///
    /// # OTP
    ///
    /// Differs: a partition has no process, so there is no reason to ask for few.
    pub partitions: usize,
    /// Who is told of registrations.
    pub listeners: Vec<Listener<K, V>>,
    /// The metadata it begins with.
    pub meta: Meta,
}

impl<K, V> Default for Options<K, V> {
    fn default() -> Self {
        // More than elsewhere: a part whose table grows keeps its lock for that long.
        let partitions = 4 * partitions();
        Self { keys: Keys::Unique, partitions, listeners: Vec::new(), meta: Meta::default() }
    }
}

/// So many that two cores seldom meet.
pub(crate) fn partitions() -> usize {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    (4 * cores).next_power_of_two().clamp(8, 128)
}

impl<K, V> Clone for Options<K, V> {
    fn clone(&self) -> Self {
        Self {
            keys: self.keys,
            partitions: self.partitions,
            listeners: self.listeners.clone(),
            meta: self.meta.clone(),
        }
    }
}

impl<K, V> fmt::Debug for Options<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("keys", &self.keys)
            .field("partitions", &self.partitions)
            .field("listeners", &self.listeners.len())
            .field("meta", &self.meta)
            .finish()
    }
}
