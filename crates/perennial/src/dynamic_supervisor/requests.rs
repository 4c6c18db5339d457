//! What a dynamic supervisor can be asked: the requests and what clients call.

use crate::{
    child_spec::{ChildSpec, ChildType, SpecError},
    dynamic_supervisor::{DynamicSupervisor, StartChildError, TerminateChildError, here, starts::NewChild},
    exit_reason::CallError,
    gen_server::{Address, GenServer, ServerRef, start::server_at},
    pid::Pid,
    process::{self, block::ProcRef, budget},
    supervisor::{ChildCounts, ChildState},
};
use std::{future::Future, pin::Pin};

pub(crate) struct StartChild(pub(crate) ChildSpec);
/// A start that waits.
pub(crate) struct GoOn(pub(crate) Box<NewChild>);
pub(crate) struct TerminateChild(pub(crate) Pid);
pub(crate) struct WhichChildren;
pub(crate) struct CountChildren;

/// One child, as [`DynamicSupervisor::which_children`] shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChildInfo {
    /// Whether it runs: never `NotRunning`, since one that does not is forgotten.
    pub state: ChildState,
    /// What it is.
    pub kind: ChildType,
}

/// What clients call. All wait as long as it takes.
impl DynamicSupervisor {
    /// Starts the child described by `spec` under `supervisor`.
    ///
    /// The start runs beside the supervisor, in its name: a slow `init` delays nobody else, and may call the
    /// supervisor. The child is linked before it first runs and counts toward `max_children` from now on. Its `id` is
    /// not looked at: two children may share one. On success the spec is kept for restarts, except for
    /// [`Restart::Temporary`](crate::child_spec::Restart::Temporary), whose arguments are dropped.
    ///
    /// # Errors
    ///
    /// * [`StartChildError::Start`]: the child's name is taken, its `init` asked not to run, stopped or panicked.
    ///   Nothing is supervised.
    /// * [`StartChildError::MaxChildren`]: the limit is reached; nothing was started.
    /// * [`StartChildError::Spec`]: the specification is wrong; the supervisor was not asked.
    /// * [`StartChildError::Call`]: no such supervisor, or it has stopped meanwhile, and the child with it.
    ///
    /// # Panics
    ///
    /// Never.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe in one respect: if the future is dropped after the request was sent, the child is still
    /// started. It is then supervised like any other and is visible in `which_children`.
    ///
    /// # OTP
    ///
    /// `DynamicSupervisor.start_child/2`, `supervisor:start_child/2`. Differs: `ignore` is an `Err`; there is no
    /// `{ok, Pid, Info}`; starts do not wait for each other.
    #[doc(alias = "supervisor:start_child/2")]
    pub async fn start_child(
        supervisor: &impl Address<Server = Self>,
        spec: ChildSpec,
    ) -> Result<Pid, StartChildError> {
        check(&spec)?;
        // One who starts many lets others run in between. Before the start: one that waits for that would be handed over.
        budget::unit().await;
        match supervisor.with_server(|supervisor| here::start(supervisor, spec, &mut None))? {
            here::Start::Done(result) => result,
            here::Start::NotDone(supervisor, left) => go_on(supervisor, left).await,
        }
    }

    /// As [`start_child`](Self::start_child); returns the server itself.
    ///
    /// # Errors
    ///
    /// As [`start_child`](Self::start_child), and [`StartChildError::WrongServer`] if it is a server of another type,
    /// which then runs.
    pub async fn start_child_ref<S: GenServer>(
        supervisor: &impl Address<Server = Self>,
        spec: ChildSpec,
    ) -> Result<ServerRef<S>, StartChildError> {
        check(&spec)?;
        budget::unit().await;
        let mut handed = None;
        match supervisor.with_server(|supervisor| here::start(supervisor, spec, &mut handed))? {
            here::Start::Done(result) => server_of(result?, handed),
            here::Start::NotDone(supervisor, left) => server_of(go_on(supervisor, left).await?, None),
        }
    }

    /// Starts a child, or finds the process that has its name: "get or start".
    ///
    /// Tries again as long as the name belongs to a process that is ending, so that the pid it returns was alive.
    ///
    /// # Errors
    ///
    /// As [`start_child`](Self::start_child), but never `AlreadyStarted`.
    pub async fn start_child_or_lookup(
        supervisor: &impl Address<Server = Self>,
        spec: ChildSpec,
    ) -> Result<Pid, StartChildError> {
        loop {
            match Self::start_child(supervisor, spec.clone()).await {
                Err(error) if let Some(pid) = error.already_started() => {
                    if process::is_alive(pid) {
                        return Ok(pid);
                    }
                    // When it has ended its name is free.
                    process::monitor(pid).await;
                }
                other => return other,
            }
        }
    }

    /// Stops a child, as its `shutdown` says, and forgets it. The pid may be that of a child that has ended and is
    /// being restarted: then that is given up.
    ///
    /// # Errors
    ///
    /// [`TerminateChildError::NotFound`] if it is no child, or not any more.
    ///
    /// # OTP
    ///
    /// `DynamicSupervisor.terminate_child/2`. Differs: other requests do not wait for it.
    #[doc(alias = "supervisor:terminate_child/2")]
    pub async fn terminate_child(
        supervisor: &impl Address<Server = Self>,
        pid: Pid,
    ) -> Result<(), TerminateChildError> {
        budget::unit().await;
        match supervisor.with_server(|supervisor| here::terminate(supervisor, pid))? {
            here::Stopped::Done(result) => result,
            here::Stopped::NotHere(supervisor) => {
                Box::pin(supervisor.call_timeout(TerminateChild(pid), None)).await?
            }
        }
    }

    /// All children, in no order. Those being started are not among them.
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

    /// How many children there are. Takes the same time for one and for a million.
    ///
    /// # Errors
    ///
    /// If the supervisor could not be asked.
    #[doc(alias = "supervisor:count_children/1")]
    pub async fn count_children(supervisor: &impl Address<Server = Self>) -> Result<ChildCounts, CallError> {
        supervisor.call_timeout(CountChildren, None).await
    }
}

fn check(spec: &ChildSpec) -> Result<(), StartChildError> {
    spec.check().map_err(StartChildError::Spec)?;
    if spec.significant {
        return Err(StartChildError::Spec(SpecError::SignificantWithoutAutoShutdown(spec.id.clone())));
    }
    Ok(())
}

/// The child with this pid, which may have been `handed` on.
fn server_of<S: GenServer>(pid: Pid, handed: Option<ProcRef>) -> Result<ServerRef<S>, StartChildError> {
    let handed = handed.filter(|it| it.process().pid() == pid && it.process().is_alive());
    match handed.map_or_else(|| pid.server(), server_at) {
        Some(server) => Ok(server),
        // Of another type, or it has ended already.
        None if process::is_alive(pid) => Err(StartChildError::WrongServer(pid)),
        None => Err(StartChildError::Call(CallError::NoProc)),
    }
}

/// A start that is the supervisor's to do, or to end. Boxed, which is seldom needed, so that the future of a start is small.
fn go_on(
    supervisor: ServerRef<DynamicSupervisor>,
    left: here::Left,
) -> Pin<Box<impl Future<Output = Result<Pid, StartChildError>>>> {
    Box::pin(async move {
        match left {
            here::Left::All(spec) => supervisor.call_timeout(StartChild(spec), None).await?,
            here::Left::Waits(new) => match supervisor.call_timeout(GoOn(new), None).await {
                // Race: it has ended since.
                Err(CallError::NoProc) => Err(end_of(&supervisor).await.into()),
                other => other?,
            },
            here::Left::Nothing => Err(end_of(&supervisor).await.into()),
        }
    })
}

/// Waits for the end of a supervisor, which has answered no more.
async fn end_of(supervisor: &ServerRef<DynamicSupervisor>) -> CallError {
    let down = process::monitor(supervisor.pid()).await;
    // Race: it was gone already.
    CallError::Exit(supervisor.0.process.reason().unwrap_or(down.reason))
}
