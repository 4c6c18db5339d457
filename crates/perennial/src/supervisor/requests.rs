//! What a supervisor can be asked: the requests and what clients call.

use crate::{
    child_spec::{ChildId, ChildSpec, ChildType},
    exit_reason::CallError,
    gen_server::Address,
    pid::Pid,
    supervisor::{
        ChildState, DeleteChildError, RestartChildError, StartChildError, Supervisor, TerminateChildError,
    },
};

pub(crate) struct StartChild(pub(crate) ChildSpec);
pub(crate) struct TerminateChild(pub(crate) ChildId);
pub(crate) struct RestartChild(pub(crate) ChildId);
pub(crate) struct DeleteChild(pub(crate) ChildId);
pub(crate) struct WhichChildren;
pub(crate) struct WhichChild(pub(crate) ChildId);
pub(crate) struct GetChildSpec(pub(crate) ChildId);
pub(crate) struct CountChildren;

/// One child, as [`Supervisor::which_children`] shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChildInfo {
    /// Its id.
    pub id: ChildId,
    /// Whether it runs.
    pub state: ChildState,
    /// What it is.
    pub kind: ChildType,
}

/// The children of a supervisor, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChildCounts {
    /// All, running or not.
    pub specs: usize,
    /// Those that run.
    pub active: usize,
    /// Those that are supervisors, running or not.
    pub supervisors: usize,
    /// Those that are workers, running or not.
    pub workers: usize,
}

/// What clients call. All wait as long as it takes: a supervisor is busy while it starts and stops children.
impl Supervisor {
    /// Starts another child, as the last in order.
    ///
    /// # Errors
    ///
    /// See [`StartChildError`].
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped the child is started nevertheless, and supervised like any other.
    ///
    /// # OTP
    ///
    /// `supervisor:start_child/2`. Differs: `ignore` is an `Err`; its specification is kept all the same.
    #[doc(alias = "supervisor:start_child/2")]
    pub async fn start_child(
        supervisor: &impl Address<Server = Self>,
        spec: ChildSpec,
    ) -> Result<Pid, StartChildError> {
        supervisor.call_timeout(StartChild(spec), None).await?
    }

    /// Stops a child, as its `shutdown` says. It is not restarted, and no restart is counted. A temporary one
    /// is forgotten, another keeps its specification. `Ok` also if it does not run; a restart that is being tried
    /// again is given up.
    ///
    /// # Errors
    ///
    /// See [`TerminateChildError`].
    #[doc(alias = "supervisor:terminate_child/2")]
    pub async fn terminate_child(
        supervisor: &impl Address<Server = Self>,
        id: impl Into<ChildId>,
    ) -> Result<(), TerminateChildError> {
        supervisor.call_timeout(TerminateChild(id.into()), None).await?
    }

    /// Starts a child that does not run. It is not counted as a restart.
    ///
    /// # Errors
    ///
    /// See [`RestartChildError`].
    #[doc(alias = "supervisor:restart_child/2")]
    pub async fn restart_child(
        supervisor: &impl Address<Server = Self>,
        id: impl Into<ChildId>,
    ) -> Result<Pid, RestartChildError> {
        supervisor.call_timeout(RestartChild(id.into()), None).await?
    }

    /// Forgets a child that does not run.
    ///
    /// # Errors
    ///
    /// See [`DeleteChildError`].
    #[doc(alias = "supervisor:delete_child/2")]
    pub async fn delete_child(
        supervisor: &impl Address<Server = Self>,
        id: impl Into<ChildId>,
    ) -> Result<(), DeleteChildError> {
        supervisor.call_timeout(DeleteChild(id.into()), None).await?
    }

    /// All children, the one started last first.
    ///
    /// # Errors
    ///
    /// If the supervisor could not be asked.
    #[doc(alias = "supervisor:which_children/1")]
    pub async fn which_children(
        supervisor: &impl Address<Server = Self>,
    ) -> Result<Vec<ChildInfo>, CallError> {
        supervisor.call_timeout(WhichChildren, None).await
    }

    /// One child; none if there is no such id.
    ///
    /// # Errors
    ///
    /// If the supervisor could not be asked.
    #[doc(alias = "supervisor:which_child/2")]
    pub async fn which_child(
        supervisor: &impl Address<Server = Self>,
        id: impl Into<ChildId>,
    ) -> Result<Option<ChildInfo>, CallError> {
        supervisor.call_timeout(WhichChild(id.into()), None).await
    }

    /// The specification of a child; none if there is no such id.
    ///
    /// # Errors
    ///
    /// If the supervisor could not be asked.
    #[doc(alias = "supervisor:get_childspec/2")]
    pub async fn childspec(
        supervisor: &impl Address<Server = Self>,
        id: impl Into<ChildId>,
    ) -> Result<Option<ChildSpec>, CallError> {
        supervisor.call_timeout(GetChildSpec(id.into()), None).await
    }

    /// How many children there are.
    ///
    /// # Errors
    ///
    /// If the supervisor could not be asked.
    #[doc(alias = "supervisor:count_children/1")]
    pub async fn count_children(supervisor: &impl Address<Server = Self>) -> Result<ChildCounts, CallError> {
        supervisor.call_timeout(CountChildren, None).await
    }
}
