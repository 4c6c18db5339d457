//! Locks: who holds a key runs alone.

use crate::{
    registry::{Key, RegistryError, RegistryName},
    sync::{Mutex, MutexGuard},
};
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError},
};
use tokio::sync::{Mutex as Queue, OwnedMutexGuard};

/// The locks of a registry that somebody holds or waits for.
pub(super) struct Locks<K>(Mutex<HashMap<K, Wanted>>);

/// One who wants a lock is counted, so that the last one removes it.
struct Wanted {
    count: usize,
    queue: Arc<Queue<()>>,
}

/// A lock of a registry, held until this is dropped: [`RegistryName::lock`].
#[must_use = "the lock is held while this lives"]
pub struct Locked<K: Key> {
    // Dropped in this order: the lock is free before it is forgotten.
    _held: OwnedMutexGuard<()>,
    _want: Want<K>,
}

/// A claim on the entry of a key, from before the waiting until after the holding.
struct Want<K: Key> {
    key: K,
    locks: Arc<Locks<K>>,
}

impl<K: Key, V: Send + Sync + 'static> RegistryName<K, V> {
    /// Waits until nobody else holds the lock `key`, and holds it.
    ///
    /// Those who wait get it in the order in which they began to. The keys of locks have nothing to do with those of
    /// rows. It is free again when the guard is dropped, which is also so when the holder panics, is killed or returns.
    /// Not re-entrant: who waits for a lock that it holds waits forever. Anybody may lock, in a process or not.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if there is no such registry. A registry that is started again knows nothing of locks that
    /// were held before.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped, its place in the queue is given up.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use perennial::registry::{Options, RegistryName};
    /// static SESSIONS: RegistryName<String> = RegistryName::new("sessions");
    /// SESSIONS.start_link(Options::default()).await?;
    /// let locked = SESSIONS.lock("imports".to_owned()).await?;
    /// // Nobody else imports.
    /// drop(locked);
    /// # Ok(()) }
    /// ```
    ///
    /// # OTP
    ///
    /// `Registry.lock/3`. Differs: a guard in place of a function; no time-out, which `time::timeout` adds; and one who
    /// gives up leaves the queue, where OTP hands it the lock later.
    #[doc(alias = "Registry.lock/3")]
    pub async fn lock(&self, key: K) -> Result<Locked<K>, RegistryError> {
        let locks = self.table()?.locks.clone();
        let queue = locks.queue(&key);
        let want = Want { key, locks };
        let held = queue.lock_owned().await;
        Ok(Locked { _held: held, _want: want })
    }
}

impl<K: Key> Locks<K> {
    fn queue(&self, key: &K) -> Arc<Queue<()>> {
        // Before the lock is taken, and dropped after it: a user's value.
        let mut new = Some(key.clone());
        let mut all = self.all();
        if let Some(wanted) = all.get_mut(key) {
            wanted.count += 1;
            return wanted.queue.clone();
        }
        let queue = Arc::<Queue<()>>::default();
        if let Some(key) = new.take() {
            all.insert(key, Wanted { count: 1, queue: queue.clone() });
        }
        queue
    }

    fn all(&self) -> MutexGuard<'_, HashMap<K, Wanted>> {
        // A `Hash` or `Eq` that panics does so before anything is changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Key> Drop for Want<K> {
    fn drop(&mut self) {
        let forgotten = {
            let mut all = self.locks.all();
            match all.get_mut(&self.key) {
                Some(wanted) if wanted.count > 1 => {
                    wanted.count -= 1;
                    None
                }
                _ => all.remove_entry(&self.key),
            }
        };
        drop(forgotten);
    }
}

impl<K> Default for Locks<K> {
    fn default() -> Self {
        Self(Mutex::new(HashMap::new()))
    }
}

impl<K: Key> fmt::Debug for Locked<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Locked").finish_non_exhaustive()
    }
}
