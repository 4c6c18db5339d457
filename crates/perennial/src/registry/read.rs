//! What anybody may ask of a registry, from a process or not.

use crate::{
    pid::Pid,
    registry::{Entries, Equivalent, Key, RegistryError, RegistryName, few::Few, row::Row, value},
};
use std::hash::Hash;

impl<K: Key, V: Send + Sync + 'static> RegistryName<K, V> {
    /// The processes that are registered under `key`, with their values: at most one if keys are unique. Processes
    /// are in no order; the rows of one are together, in the order in which it registered them.
    ///
    /// A process that is known to be ending is left out. One that is there may end at any moment all the same.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if there is no such registry.
    ///
    /// # OTP
    ///
    /// `Registry.lookup/2`; with a `filter` behind it, `Registry.match/4`. Differs: the dead are not shown; [`Entries`]
    /// are a slice.
    #[doc(alias = "Registry.lookup/2")]
    #[doc(alias = "Registry.match/4")]
    pub fn lookup<Q>(&self, key: &Q) -> Result<Entries<V>, RegistryError>
    where
        Q: Hash + Equivalent<K> + ?Sized,
        V: Clone,
    {
        if let Some(none) = value::no_value::<V>() {
            return self.with_table(|table| Entries(table.living_at(key, |pid, _| (pid, none.clone()))));
        }
        let rows = self.with_table(|table| table.living_at(key, |pid, value| (pid, value.clone())))?;
        Ok(Entries(rows.iter().map(|(pid, value)| (*pid, V::clone(value))).collect()))
    }

    /// Calls `send` once with all that are registered under `key`, here and now; not at all if there is nobody.
    ///
    /// With duplicate keys and [`Recipient`](crate::process::Recipient)s as values this is publish and subscribe.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if there is no such registry.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use perennial::{process::{self, Inbox, Recipient}, registry::{Keys, Options, RegistryName}};
    /// static TOPICS: RegistryName<String, Recipient<u32>> = RegistryName::new("topics");
    /// TOPICS.start_link(Options { keys: Keys::Duplicate, ..Options::default() }).await?;
    ///
    /// let (ready, is_ready) = tokio::sync::oneshot::channel();
    /// let (_, ended) = process::spawn_monitor(|mut inbox: Inbox<u32>| async move {
    ///     TOPICS.register("news".to_owned(), inbox.recipient()).unwrap();
    ///     ready.send(()).unwrap();
    ///     assert_eq!(inbox.receive().await, 7);
    /// });
    /// is_ready.await?;
    /// TOPICS.dispatch("news", |subscribers| {
    ///     for (_, subscriber) in subscribers {
    ///         let _ = subscriber.send(7);
    ///     }
    /// })?;
    /// assert!(ended.await.reason.is_normal());
    /// # Ok(()) }
    /// ```
    ///
    /// # OTP
    ///
    /// `Registry.dispatch/4`. Differs: once in all, not once for each partition; never in parallel.
    #[doc(alias = "Registry.dispatch/4")]
    pub fn dispatch<Q>(&self, key: &Q, send: impl FnOnce(&[(Pid, &V)])) -> Result<(), RegistryError>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let rows = self.with_table(|table| table.living_at(key, |pid, value| (pid, value.clone())))?;
        let entries: Few<_> = rows.iter().map(|(pid, value)| (*pid, &**value)).collect();
        if !entries.is_empty() {
            send(&entries);
        }
        Ok(())
    }

    /// The keys of a process, in the order in which it registered them; one that it has several times is there as
    /// often.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if there is no such registry.
    #[doc(alias = "Registry.keys/2")]
    pub fn keys(&self, pid: Pid) -> Result<Vec<K>, RegistryError> {
        Ok(self.table()?.keys_of(pid))
    }

    /// The values of one process under one key, in the order in which it registered them.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if there is no such registry.
    #[doc(alias = "Registry.values/3")]
    pub fn values<Q>(&self, key: &Q, pid: Pid) -> Result<Vec<V>, RegistryError>
    where
        Q: Hash + Equivalent<K> + ?Sized,
        V: Clone,
    {
        Ok(self.table()?.at_of(key, pid).iter().map(|row| V::clone(&row.value)).collect())
    }

    /// How many rows there are. Takes a look at each partition, not at each row.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if there is no such registry.
    #[doc(alias = "Registry.count/1")]
    pub fn count(&self) -> Result<usize, RegistryError> {
        Ok(self.table()?.len())
    }

    /// How many rows under `key` have a value that `matches` accepts.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if there is no such registry.
    #[doc(alias = "Registry.count_match/4")]
    pub fn count_match<Q>(&self, key: &Q, mut matches: impl FnMut(&V) -> bool) -> Result<usize, RegistryError>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        Ok(self.table()?.at(key).iter().filter(|row| matches(&row.value)).count())
    }

    /// What `pick` makes of each row, where it makes something. Takes time for each row, clones each key, and sees each
    /// partition as it is when it comes to it.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if there is no such registry.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use perennial::registry::{Options, RegistryName};
    /// static SESSIONS: RegistryName<(String, u32)> = RegistryName::new("sessions");
    /// SESSIONS.start_link(Options::default()).await?;
    /// let of_algebra = SESSIONS.select(|(title, user), pid, ()| (title == "algebra").then_some((*user, pid)))?;
    /// # assert!(of_algebra.is_empty());
    /// # Ok(()) }
    /// ```
    ///
    /// # OTP
    ///
    /// `Registry.select/2`. Differs: a closure in place of a match specification.
    #[doc(alias = "Registry.select/2")]
    pub fn select<T>(&self, mut pick: impl FnMut(&K, Pid, &V) -> Option<T>) -> Result<Vec<T>, RegistryError> {
        let mut picked = Vec::new();
        let table = self.table()?;
        for (key, rows) in table.rows() {
            picked.extend(rows.iter().filter_map(|row| pick(&key, table.owner(row), &row.value)));
        }
        Ok(picked)
    }

    /// How many rows `matches` accepts; otherwise as [`select`](Self::select).
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if there is no such registry.
    #[doc(alias = "Registry.count_select/2")]
    pub fn count_select(&self, mut matches: impl FnMut(&K, Pid, &V) -> bool) -> Result<usize, RegistryError> {
        let table = self.table()?;
        let accepted = |(key, rows): (K, Few<Row<V>>)| {
            rows.iter().filter(|row| matches(&key, table.owner(row), &row.value)).count()
        };
        Ok(table.rows().map(accepted).sum())
    }
}
