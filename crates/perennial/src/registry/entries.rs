//! What a look at a key finds.

use crate::{
    pid::Pid,
    registry::few::{self, Few},
};
use std::{
    fmt,
    ops::{Deref, DerefMut},
    slice,
};

/// The processes that were found under a key, with their values: what [`lookup`](super::RegistryName::lookup) returns.
///
/// A slice of pairs, and an iterator over them. One entry, as a unique key has at most, takes no memory of its own.
///
/// ```
/// # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use perennial::{process::{self, Inbox}, registry::RegistryName};
/// static ROOMS: RegistryName<&str, u32> = RegistryName::new("rooms");
/// ROOMS.start_link(Default::default()).await?;
/// let (_, ended) = process::spawn_monitor(|_: Inbox<()>| async {
///     ROOMS.register("hall", 300).unwrap();
///     let found = ROOMS.lookup("hall").unwrap();
///     assert_eq!(found.len(), 1);
///     for (pid, seats) in found {
///         assert_eq!((Some(pid), seats), (process::current(), 300));
///     }
/// });
/// assert!(ended.await.reason.is_normal());
/// assert!(ROOMS.lookup("hall")?.is_empty());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Entries<V = ()>(pub(super) Few<(Pid, V)>);

impl<V> Deref for Entries<V> {
    type Target = [(Pid, V)];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<V> DerefMut for Entries<V> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<V> IntoIterator for Entries<V> {
    type Item = (Pid, V);
    type IntoIter = IntoIter<V>;

    fn into_iter(self) -> IntoIter<V> {
        IntoIter(self.0.into_iter())
    }
}

impl<'a, V> IntoIterator for &'a Entries<V> {
    type Item = &'a (Pid, V);
    type IntoIter = slice::Iter<'a, (Pid, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<V> From<Entries<V>> for Vec<(Pid, V)> {
    fn from(entries: Entries<V>) -> Self {
        entries.0.into_iter().collect()
    }
}

impl<V> Default for Entries<V> {
    fn default() -> Self {
        Self(Few::None)
    }
}

impl<V: PartialEq> PartialEq for Entries<V> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<V: Eq> Eq for Entries<V> {}

impl<V: PartialEq, const N: usize> PartialEq<[(Pid, V); N]> for Entries<V> {
    fn eq(&self, other: &[(Pid, V); N]) -> bool {
        **self == *other
    }
}

impl<V: PartialEq> PartialEq<Vec<(Pid, V)>> for Entries<V> {
    fn eq(&self, other: &Vec<(Pid, V)>) -> bool {
        **self == **other
    }
}

impl<V: fmt::Debug> fmt::Debug for Entries<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// Iterator over [`Entries`].
#[derive(Debug)]
pub struct IntoIter<V>(few::IntoIter<(Pid, V)>);

impl<V> Iterator for IntoIter<V> {
    type Item = (Pid, V);

    fn next(&mut self) -> Option<(Pid, V)> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}
