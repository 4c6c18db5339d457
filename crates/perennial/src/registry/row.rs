//! The row of a registry.

use crate::{
    pid::Pid,
    process::holdings::Holder,
    registry::{
        rows::{HasId, Id},
        value::Value,
    },
};
use std::{num::NonZeroU64, sync::Arc};

/// One registration, but for its key. It lies in the table, and a copy of it with whoever has found it.
pub(super) struct Row<V> {
    pub(super) owner: Arc<Holder>,
    /// Of the registration; kept when the value is replaced. Numbers rise in each shard, and of the rows that a process has
    /// later ones have greater ones.
    pub(super) number: NonZeroU64,
    pub(super) value: Value<V>,
}

impl<V> Row<V> {
    pub(super) fn pid(&self) -> Pid {
        self.owner.pid
    }

    /// Whether its owner is alive: not ending, and no deadly signal has arrived.
    pub(super) fn is_alive(&self) -> bool {
        self.owner.is_alive()
    }
}

impl<V> HasId for Row<V> {
    fn id(&self) -> Id {
        (self.pid(), self.number)
    }
}

impl<V> Clone for Row<V> {
    fn clone(&self) -> Self {
        Self { owner: self.owner.clone(), number: self.number, value: self.value.clone() }
    }
}
