//! The rows of groups: memberships and watches.

use crate::{
    pid::Pid,
    process::{
        block::ProcRef,
        holdings::{Held, HeldId, Mark, Place, Tied, address_of},
    },
    registry::{
        key_hash::KeyHash,
        rows::{HasId, Id},
    },
};
use std::{num::NonZeroU64, sync::Arc};

/// A membership, or a watch. Made once and shared by the groups that it is in and the process that holds it, for which it is
/// a place of its own: it knows where it is.
pub(super) struct Row<V, T> {
    pub(super) hash: KeyHash,
    pub(super) number: NonZeroU64,
    pub(super) owner: ProcRef,
    /// The table that it is in.
    pub(super) table: Arc<T>,
    pub(super) value: V,
}

/// A table that has rows.
pub(super) trait Home<V>: Send + Sync + Sized + 'static {
    /// Takes out a row whose owner ends, if it is there, and drops what nobody else has.
    fn row_ends(&self, row: &Row<V, Self>);
}

impl<V, T> Row<V, T> {
    pub(super) fn pid(&self) -> Pid {
        self.owner.process().pid()
    }

    /// As its owner knows it.
    pub(super) fn held_id(&self) -> HeldId {
        HeldId::new(&*self.table, self.number)
    }

    /// Has its owner hold it; false if that has ended. To be called under the lock of the place where it is.
    pub(super) fn hold(self: &Arc<Self>) -> bool
    where
        V: Send + Sync + 'static,
        T: Home<V>,
    {
        self.owner.process().hold(Held::new(self.clone(), self.number))
    }

    /// Its owner does not hold it any more. To be dropped without a lock.
    pub(super) fn let_go(&self) -> Option<Held> {
        self.owner.process().let_go(self.held_id())
    }
}

impl<V, T> HasId for Row<V, T> {
    type Owner = Pid;

    fn id(&self) -> Id<Pid> {
        (self.pid(), self.number)
    }
}

impl<V, T> Place for Row<V, T>
where
    V: Send + Sync + 'static,
    T: Home<V>,
{
    fn address(&self) -> usize {
        address_of(&*self.table)
    }

    fn release(&self, _: Pid, _: Mark) -> Option<Tied> {
        self.table.row_ends(self);
        None
    }
}
