//! Metadata: what a registry knows besides its rows.

use crate::registry::{Key, RegistryError, RegistryName};
use std::{
    any::Any,
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

type Value = Arc<dyn Any + Send + Sync>;

/// The metadata of a registry: a value of any type for each key.
///
/// ```
/// use perennial::registry::{Meta, Options};
/// let options: Options<String> = Options { meta: Meta::default().with("limit", 100_u32), ..Options::default() };
/// ```
pub struct Meta(RwLock<Option<HashMap<String, Value>>>);

impl Meta {
    /// With another value.
    #[must_use]
    pub fn with<T: Send + Sync + 'static>(self, key: impl Into<String>, value: T) -> Self {
        self.put(key.into(), Some(Arc::new(value)));
        self
    }

    fn get(&self, key: &str) -> Option<Value> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).as_ref()?.get(key).cloned()
    }

    fn put(&self, key: String, value: Option<Value>) {
        let old = {
            let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
            match (&mut *all, value) {
                (Some(all), Some(value)) => all.insert(key, value),
                (Some(all), None) => all.remove(&key),
                // Too late for a new one.
                (None, value) => value,
            }
        };
        // A user's value, so without the lock.
        drop(old);
    }

    /// Takes everything out and lets nothing in any more.
    pub(super) fn close(&self) -> impl Sized + use<> {
        self.0.write().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Default for Meta {
    fn default() -> Self {
        Self(RwLock::new(Some(HashMap::new())))
    }
}

impl Clone for Meta {
    fn clone(&self) -> Self {
        Self(RwLock::new(self.0.read().unwrap_or_else(PoisonError::into_inner).clone()))
    }
}

impl fmt::Debug for Meta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        f.debug_set().entries(all.iter().flat_map(HashMap::keys)).finish()
    }
}

impl<K: Key, V: Send + Sync + 'static> RegistryName<K, V> {
    /// The metadata under `key`; none if there is none, or if it is of another type.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if there is no such registry.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use perennial::registry::{Options, RegistryName};
    /// static SESSIONS: RegistryName<String> = RegistryName::new("sessions");
    /// SESSIONS.start_link(Options::default()).await?;
    /// SESSIONS.put_meta("limit", 100_u32)?;
    /// assert_eq!(SESSIONS.meta::<u32>("limit")?, Some(100));
    /// SESSIONS.delete_meta("limit")?;
    /// assert_eq!(SESSIONS.meta::<u32>("limit")?, None);
    /// # Ok(()) }
    /// ```
    ///
    /// # OTP
    ///
    /// `Registry.meta/2`. Differs: a key is a text.
    #[doc(alias = "Registry.meta/2")]
    pub fn meta<T: Clone + Send + Sync + 'static>(&self, key: &str) -> Result<Option<T>, RegistryError> {
        let value = self.table()?.meta.get(key);
        Ok(value.and_then(|value| value.downcast_ref::<T>().cloned()))
    }

    /// Sets the metadata under `key`, of whatever type it was before.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if there is no such registry.
    #[doc(alias = "Registry.put_meta/3")]
    pub fn put_meta<T: Send + Sync + 'static>(
        &self,
        key: impl Into<String>,
        value: T,
    ) -> Result<(), RegistryError> {
        self.table()?.meta.put(key.into(), Some(Arc::new(value)));
        Ok(())
    }

    /// Removes the metadata under `key`, if there is any.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if there is no such registry.
    #[doc(alias = "Registry.delete_meta/2")]
    pub fn delete_meta(&self, key: &str) -> Result<(), RegistryError> {
        self.table()?.meta.put(key.to_owned(), None);
        Ok(())
    }
}
