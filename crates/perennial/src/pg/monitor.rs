//! Who is told of joins and leaves.

use crate::{
    pg::{Scope, ScopeError, groups::Closed},
    pid::Pid,
    process::{Recipient, block::ProcRef, node},
    registry::{Key, rows::Id},
};
use std::{collections::HashMap, fmt, sync::Arc};

/// What a monitor of groups is told.
///
/// # OTP
///
/// `{Ref, join | leave, Group, Pids}`.
#[derive(Debug)]
pub enum GroupEvent<G> {
    /// Processes have joined a group.
    Join {
        /// Which monitor this is from.
        monitor: MonitorRef,
        /// The group.
        group: Arc<G>,
        /// Who joined, each as often as it did.
        pids: Vec<Pid>,
    },
    /// Processes have left a group, because somebody had them leave, or because they ended.
    Leave {
        /// Which monitor this is from.
        monitor: MonitorRef,
        /// The group.
        group: Arc<G>,
        /// Who left, each as often as it did.
        pids: Vec<Pid>,
    },
}

/// A monitor of groups: of [`Scope::monitor`] or [`Scope::monitor_scope`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MonitorRef(pub(super) Id<Pid>);

impl<G: Key> Scope<G> {
    /// Has a process told of all joins and leaves of a group from now on, and says who is in it now.
    ///
    /// Nothing comes in between: who takes the members that this returns, and follows the messages, always comes to know
    /// who is in the group. One who ends has left before its `Down`. Several monitors of one process are independent.
    ///
    /// The monitor goes with the process that is told, and, without a word, with the scope.
    ///
    /// # Errors
    ///
    /// [`ScopeError`] if there is no such scope.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use perennial::{pg::{GroupEvent, Scope}, process::{self, Inbox}};
    /// static ROOMS: Scope<String> = Scope::new("rooms");
    /// ROOMS.start_link().await?;
    /// let (ready, is_ready) = tokio::sync::oneshot::channel();
    /// let (_, ended) = process::spawn_monitor(|mut inbox: Inbox<GroupEvent<String>>| async move {
    ///     let (monitor, members) = ROOMS.monitor("hall".to_owned(), &inbox.recipient()).unwrap();
    ///     ready.send(members).unwrap();
    ///     let GroupEvent::Join { monitor: from, group, .. } = inbox.receive().await else { panic!() };
    ///     assert_eq!((from, group.as_str()), (monitor, "hall"));
    /// });
    /// assert_eq!(is_ready.await?, []);
    /// let guest = process::spawn(|_: Inbox<()>| std::future::pending::<()>());
    /// ROOMS.join("hall".to_owned(), guest)?;
    /// assert!(ended.await.reason.is_normal());
    /// # Ok(()) }
    /// ```
    ///
    /// # OTP
    ///
    /// `pg:monitor/2`. Differs: another process than the current one may be told.
    #[doc(alias = "pg:monitor/2")]
    pub fn monitor(
        &self,
        group: G,
        to: &Recipient<GroupEvent<G>>,
    ) -> Result<(MonitorRef, Vec<Pid>), ScopeError> {
        let table = self.table()?;
        match watcher(to) {
            Some(owner) => table.watch(group, owner, to.clone()).map_err(|Closed| self.closed()),
            // Nobody is there to be told.
            None => Ok((table.unused(to.pid()), table.members(&group))),
        }
    }

    /// As [`monitor`](Self::monitor), for all groups, also those that come later. Returns the groups that have members,
    /// each as it was at one moment.
    ///
    /// # Errors
    ///
    /// [`ScopeError`] if there is no such scope.
    ///
    /// # OTP
    ///
    /// `pg:monitor_scope/1`. Differs: the groups are not all of the same moment; what happens in one while the others are
    /// looked at is told by a message, so it makes no difference to who follows those.
    #[doc(alias = "pg:monitor_scope/1")]
    pub fn monitor_scope(
        &self,
        to: &Recipient<GroupEvent<G>>,
    ) -> Result<(MonitorRef, HashMap<G, Vec<Pid>>), ScopeError> {
        let table = self.table()?;
        let Some(owner) = watcher(to) else {
            // Nobody is there to be told.
            let all = table.all().into_iter().map(|group| ((*group).clone(), table.members(&*group)));
            return Ok((table.unused(to.pid()), all.collect()));
        };
        let (monitor, all) = table.watch_all(owner, to.clone()).map_err(|Closed| self.closed())?;
        Ok((monitor, all.into_iter().map(|(group, pids)| ((*group).clone(), pids)).collect()))
    }

    /// Ends a monitor. False if it has gone already, with its process or with the scope, or is of another scope. What lies
    /// in the mailbox already stays there.
    ///
    /// # OTP
    ///
    /// `pg:demonitor/2`. Differs: no flush; an event says which monitor it is from.
    #[doc(alias = "pg:demonitor/2")]
    pub fn demonitor(&self, monitor: MonitorRef) -> bool {
        self.table().is_ok_and(|table| table.unwatch(monitor))
    }

    pub(super) fn closed(&self) -> ScopeError {
        ScopeError::Unknown(self.as_str().into())
    }
}

/// The process of a recipient, if it is there.
fn watcher<G: Send + Sync + 'static>(to: &Recipient<GroupEvent<G>>) -> Option<ProcRef> {
    node::find(to.pid())
}

impl<G> Clone for GroupEvent<G> {
    fn clone(&self) -> Self {
        match self {
            Self::Join { monitor, group, pids } => {
                Self::Join { monitor: *monitor, group: group.clone(), pids: pids.clone() }
            }
            Self::Leave { monitor, group, pids } => {
                Self::Leave { monitor: *monitor, group: group.clone(), pids: pids.clone() }
            }
        }
    }
}

impl fmt::Debug for MonitorRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MonitorRef((pid, number)) = self;
        write!(f, "MonitorRef({pid}, {number})")
    }
}
