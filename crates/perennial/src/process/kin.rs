//! The children of a process that has very many, as it is linked to them.
//!
//! The lock of the process would be fought over by all who start children for it, on whatever core, and each change of it
//! would take from them what else lies beside it and is read at each start. So what runs in it keeps these links, in shards,
//! with what else it knows of its children: a start finds the place of a child once for both.
//!
//! # Invariants
//!
//! 1. A link with a child is here or among the other links of the process, if it was made by that one's birth or later.
//! 2. The locks of it are taken last: no other one is taken under them.
//! 3. The end closes it, under the lock of the process, when that tells its links. What was here before is told; what comes
//!    later is refused.

use crate::pid::Pid;

/// See the [module](self).
pub(crate) trait Kin {
    /// Links the process with a new child, which has not run; false if it is closed. `by_start` says whether a start in the
    /// name of the process, beside its loop, has made the child.
    fn adopt(&self, child: Pid, by_start: bool) -> bool;
    /// Removes a link; false if it was not there.
    fn unlink(&self, child: Pid) -> bool;
    fn is_linked(&self, child: Pid) -> bool;
    fn linked(&self) -> Vec<Pid>;
    /// Takes all links, and lets none in any more.
    fn end(&self) -> Vec<Pid>;
    /// Gives back what is in reserve.
    fn shrink(&self);
}
