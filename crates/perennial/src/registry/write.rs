//! What a process does with its own rows.

use crate::{
    process::{
        current::{self, Current},
        state::Process,
    },
    registry::{
        Equivalent, Key, RegistryName,
        by_key::Refused,
        error::{RegisterError, RegistryError},
        options::Keys,
        table::Table,
    },
};
use std::hash::Hash;

impl<K: Key, V: Send + Sync + 'static> RegistryName<K, V> {
    /// Registers the current process under `key`, with a value.
    ///
    /// Others find it as soon as this returns; then the listeners have been told too. With unique keys, one who has
    /// ended, or is to end by a signal that has reached it, does not keep a key from others.
    ///
    /// # Errors
    ///
    /// * [`RegisterError::AlreadyRegistered`]: somebody has the key, which is unique; it may be the current process
    ///   itself, whose old value stays.
    /// * [`RegisterError::NoProc`]: the current process has ended; this is a `Drop` among its last acts.
    /// * [`RegisterError::Registry`]: there is no such registry.
    ///
    /// # Panics
    ///
    /// If called outside of a process.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use perennial::{process, registry::{Options, RegisterError, RegistryName}};
    /// static ROOMS: RegistryName<String, u32> = RegistryName::new("rooms");
    /// ROOMS.start_link(Options::default()).await?;
    /// let (pid, ended) = process::spawn_monitor(|_: process::Inbox<()>| async {
    ///     ROOMS.register("hall".to_owned(), 300).unwrap();
    ///     let me = process::current().unwrap();
    ///     assert_eq!(ROOMS.register("hall".to_owned(), 4), Err(RegisterError::AlreadyRegistered(me)));
    ///     assert_eq!(ROOMS.lookup("hall").unwrap(), [(me, 300)]);
    /// });
    /// assert!(ended.await.reason.is_normal());
    /// assert_eq!(ROOMS.lookup("hall")?, []);
    /// # Ok(()) }
    /// ```
    ///
    /// # OTP
    ///
    /// `Registry.register/3`. Differs: there is no pid of a partition to return.
    #[doc(alias = "Registry.register/3")]
    #[track_caller]
    pub fn register(&self, key: K, value: V) -> Result<(), RegisterError> {
        let register = |me: &dyn Current| {
            let me = me.process();
            self.with_table_on(&me.node, |table| register(self.as_str(), table, me, key, value))?
        };
        current::look_as(register).expect("only a process can register; this code runs in none")
    }

    /// Removes all rows of the current process under `key`. The listeners are told, even if there were none.
    ///
    /// The key may be borrowed, as with a map: `str` where keys are `String`. An owned one is made for listeners only.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if there is no such registry.
    ///
    /// # Panics
    ///
    /// If called outside of a process.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use perennial::{process, registry::{Options, RegistryName}};
    /// static ROOMS: RegistryName<String> = RegistryName::new("rooms");
    /// ROOMS.start_link(Options::default()).await?;
    /// let (_, ended) = process::spawn_monitor(|_: process::Inbox<()>| async {
    ///     ROOMS.register("hall".to_owned(), ()).unwrap();
    ///     ROOMS.unregister("hall").unwrap();
    ///     assert_eq!(ROOMS.lookup("hall").unwrap(), []);
    /// });
    /// assert!(ended.await.reason.is_normal());
    /// # Ok(()) }
    /// ```
    #[doc(alias = "Registry.unregister/2")]
    #[track_caller]
    pub fn unregister<Q>(&self, key: &Q) -> Result<(), RegistryError>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        let unregister = |me: &dyn Current| {
            let me = me.process();
            self.with_table_on(&me.node, |table| table.unregister(key, me))
        };
        current::look_as(unregister).expect("only a process can unregister; this code runs in none")
    }

    /// Removes the rows of the current process under `key` whose values `matches` accepts. The listeners are told if
    /// none is left there, also if there was none before. The key may be borrowed, as with
    /// [`unregister`](Self::unregister).
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if there is no such registry.
    ///
    /// # Panics
    ///
    /// If called outside of a process.
    ///
    /// # OTP
    ///
    /// `Registry.unregister_match/4`. Differs: a closure in place of a pattern and guards.
    #[doc(alias = "Registry.unregister_match/4")]
    #[track_caller]
    pub fn unregister_match<Q>(
        &self,
        key: &Q,
        mut matches: impl FnMut(&V) -> bool,
    ) -> Result<(), RegistryError>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        let me = current::process().expect("only a process can unregister; this code runs in none");
        let me = me.process();
        let table = self.table()?;
        let mut rows = table.at_of(key, me.pid());
        let all = rows.len();
        rows.retain(|row| matches(&row.value));
        table.remove(key, &rows, me);
        if rows.len() == all {
            table.tell_unregistered(key, me.pid());
        }
        Ok(())
    }

    /// Replaces the value of the current process under `key` by what `update` makes of it. Returns the new and the old
    /// one, or none if the current process does not have the key.
    ///
    /// Nobody else can change it meanwhile. The listeners are not told. If `update` panics the value stays.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if there is no such registry.
    ///
    /// # Panics
    ///
    /// If called outside of a process, or if the registry has duplicate keys: then no row is the one that is meant.
    ///
    /// # OTP
    ///
    /// `Registry.update_value/3`.
    #[doc(alias = "Registry.update_value/3")]
    #[track_caller]
    pub fn update_value<Q>(
        &self,
        key: &Q,
        update: impl FnOnce(&V) -> V,
    ) -> Result<Option<(V, V)>, RegistryError>
    where
        Q: Hash + Equivalent<K> + ?Sized,
        V: Clone,
    {
        let me = current::pid().expect("only a process can update its value; this code runs in none");
        let table = self.table()?;
        assert!(
            table.keys == Keys::Unique,
            "registry `{}` has duplicate keys; `update_value` needs unique ones",
            self.as_str()
        );
        let found = table.at_of(key, me);
        let Some(old) = found.first() else { return Ok(None) };
        let value = update(&old.value);
        let new = value.clone();
        Ok(table.replace(key, old, value).then(|| (new, V::clone(&old.value))))
    }
}

/// Registers `me` in the table of a registry of this name.
pub(super) fn register<K: Key, V: Send + Sync + 'static>(
    name: &str,
    table: &Table<K, V>,
    me: &Process,
    key: K,
    value: V,
) -> Result<(), RegisterError> {
    table.register(me, key, value).map_err(|refused| match refused {
        Refused::Taken(pid) => RegisterError::AlreadyRegistered(pid),
        Refused::Ended => RegisterError::NoProc,
        Refused::Closed => RegistryError::Unknown(name.into()).into(),
    })
}
