//! The row of a registry.

use crate::{
    pid::LocalPid,
    registry::{
        rows::{HasId, Id},
        value::Value,
    },
};
use std::num::NonZeroU64;

/// One registration, but for its key. It lies in the table, and a copy of it with whoever has found it.
pub(super) struct Row<V> {
    /// All owners are of the node of the registry.
    pub(super) owner: LocalPid,
    /// Of the registration; kept when the value is replaced. Numbers rise in each shard, and of the rows that a process has
    /// later ones have greater ones.
    pub(super) number: NonZeroU64,
    pub(super) value: Value<V>,
}

impl<V> HasId for Row<V> {
    type Owner = LocalPid;

    fn id(&self) -> Id<LocalPid> {
        (self.owner, self.number)
    }
}

impl<V> Clone for Row<V> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), ..*self }
    }
}
