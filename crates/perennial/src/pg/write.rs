//! Joining and leaving.

use crate::{
    pg::{JoinError, LeaveError, Scope, groups::Closed},
    pid::Pid,
    process::{block::ProcRef, node::Node},
    registry::{Equivalent, Key},
};
use std::hash::Hash;

impl<G: Key> Scope<G> {
    /// Has a process join a group, which need not exist.
    ///
    /// It is a member when this returns, and those who monitor the group have been told. Joins count: who joined twice
    /// is there twice, and has to leave twice. Anybody may have any process of the node join. One that has ended does not
    /// join, and that is no error: it would have left at once.
    ///
    /// # Errors
    ///
    /// * [`JoinError::NotLocal`]: the process is of another node.
    /// * [`JoinError::Scope`]: there is no such scope.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use perennial::{pg::{LeaveError, Scope}, process::{self, Inbox}};
    /// static ROOMS: Scope<&str> = Scope::new("rooms");
    /// ROOMS.start_link().await?;
    /// let guest = process::spawn(|_: Inbox<()>| std::future::pending::<()>());
    /// ROOMS.join("hall", guest)?;
    /// ROOMS.join("hall", guest)?;
    /// assert_eq!(ROOMS.members(&"hall"), [guest, guest]);
    /// ROOMS.leave(&"hall", guest)?;
    /// ROOMS.leave(&"hall", guest)?;
    /// assert_eq!(ROOMS.leave(&"hall", guest), Err(LeaveError::NotJoined));
    /// # Ok(()) }
    /// ```
    ///
    /// # OTP
    ///
    /// `pg:join/3`.
    #[doc(alias = "pg:join/3")]
    pub fn join(&self, group: G, pid: Pid) -> Result<(), JoinError> {
        self.join_all(group, [pid])
    }

    /// As [`join`](Self::join), of several processes at one moment; one that is there twice joins twice. Monitors are told
    /// in one message.
    ///
    /// # Errors
    ///
    /// As [`join`](Self::join): if one is of another node, nobody joins.
    #[doc(alias = "pg:join/3")]
    pub fn join_all(&self, group: G, pids: impl IntoIterator<Item = Pid>) -> Result<(), JoinError> {
        let node = Node::current();
        let table = self.table()?;
        let mut owners: Vec<ProcRef> = Vec::new();
        for pid in pids {
            if pid.node != node.0.id {
                return Err(JoinError::NotLocal(pid));
            }
            owners.extend(node.process(pid));
        }
        table.join(group, owners).map_err(|Closed| self.closed().into())
    }

    /// Has a process leave a group, once.
    ///
    /// # Errors
    ///
    /// * [`LeaveError::NotJoined`]: it is not in the group.
    /// * [`LeaveError::Scope`]: there is no such scope.
    #[doc(alias = "pg:leave/3")]
    pub fn leave<Q>(&self, group: &Q, pid: Pid) -> Result<(), LeaveError>
    where
        Q: Hash + Equivalent<G> + ?Sized,
    {
        self.leave_all(group, [pid])
    }

    /// As [`leave`](Self::leave), of several processes at one moment; one that is there twice leaves twice. Those that are
    /// not in the group are passed over.
    ///
    /// # Errors
    ///
    /// As [`leave`](Self::leave); [`LeaveError::NotJoined`] only if nobody left.
    ///
    /// # OTP
    ///
    /// `pg:leave/3` with a list. Differs: monitors are told who left, and not what the list was.
    #[doc(alias = "pg:leave/3")]
    pub fn leave_all<Q>(&self, group: &Q, pids: impl IntoIterator<Item = Pid>) -> Result<(), LeaveError>
    where
        Q: Hash + Equivalent<G> + ?Sized,
    {
        let pids: Vec<Pid> = pids.into_iter().collect();
        match self.table()?.leave(group, &pids) {
            0 => Err(LeaveError::NotJoined),
            _ => Ok(()),
        }
    }
}
