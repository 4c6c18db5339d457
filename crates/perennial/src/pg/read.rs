//! What anybody may ask of groups. A scope that does not run has none.

use crate::{
    pg::Scope,
    pid::Pid,
    registry::{Equivalent, Key},
};
use std::hash::Hash;

impl<G: Key> Scope<G> {
    /// The members of a group, each as often as it has joined. In no order.
    ///
    /// Who has ended is not there: it is gone before its `Down`. One that is there may end at any moment. There are
    /// none in a group that nobody knows, nor in a scope that does not run, or has groups of another type.
    ///
    /// # OTP
    ///
    /// `pg:get_members/2`.
    #[doc(alias = "pg:get_members/2")]
    pub fn members<Q>(&self, group: &Q) -> Vec<Pid>
    where
        Q: Hash + Equivalent<G> + ?Sized,
    {
        self.table().map(|table| table.members(group)).unwrap_or_default()
    }

    /// The members of a group that are processes of this node: all of them, as long as nodes do not talk to each other.
    ///
    /// # OTP
    ///
    /// `pg:get_local_members/2`.
    #[doc(alias = "pg:get_local_members/2")]
    pub fn local_members<Q>(&self, group: &Q) -> Vec<Pid>
    where
        Q: Hash + Equivalent<G> + ?Sized,
    {
        self.members(group)
    }

    /// The groups that have members, in no order. Takes time for each.
    ///
    /// # OTP
    ///
    /// `pg:which_groups/1`. Differs: a scope that does not run has none, where OTP 25 raises.
    #[doc(alias = "pg:which_groups/1")]
    pub fn which_groups(&self) -> Vec<G> {
        let all = self.table().map(|table| table.all()).unwrap_or_default();
        all.iter().map(|group| (**group).clone()).collect()
    }
}
