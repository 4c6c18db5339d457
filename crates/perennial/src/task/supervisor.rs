//! Tasks under a supervisor.

use crate::{
    child_spec::{ChildId, ChildSpec, Restart, Shutdown, StartError, StartResult},
    dynamic_supervisor::{DynamicSupervisor, Options, StartChildError, TerminateChildError},
    exit_reason::CallError,
    gen_server::{Address, Name, Register},
    pid::Pid,
    process::{Inbox, IntoExitReason, inbox, spawn::Spawn},
    supervisor::ChildState,
    task::{
        body::{self, Ties},
        handle::Task,
        shutdown::KillOnDrop,
        stream::{AsyncStream, StreamOptions},
    },
};
use std::{future::Future, sync::Arc};
use tokio::sync::oneshot;

/// Tasks that are started on demand under a supervisor: it stops them when it stops, and they take nobody along.
///
/// It is a [`DynamicSupervisor`] and has its name, its options, and its requests, such as
/// [`count_children`](DynamicSupervisor::count_children). What is here are ways to use one. Any dynamic supervisor will
/// do.
///
/// ```
/// # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use perennial::{prelude::*, task::{AwaitError, TaskSupervisor}};
///
/// const JOBS: Name<DynamicSupervisor> = Name::new("jobs");
///
/// Supervisor::start_link([TaskSupervisor::named(JOBS)], Strategy::OneForOne).await?;
/// let job = TaskSupervisor::spawn_nolink(&JOBS, async { "thirty".parse::<u32>() }).await?;
/// assert!(job.await?.is_err());
/// let job = TaskSupervisor::spawn_nolink(&JOBS, async { process::exit_self(ExitReason::other("lost")) }).await?;
/// let lost: Result<(), _> = job.await;
/// assert_eq!(lost, Err(AwaitError::Exit(ExitReason::other("lost"))));
/// # Ok(()) }
/// ```
///
/// | | linked to the caller | result | restarted |
/// |---|---|---|---|
/// | [`spawn`](Self::spawn) | yes | to the caller | no |
/// | [`spawn_nolink`](Self::spawn_nolink) | no | to the caller | no |
/// | [`start_child`](Self::start_child) | no | none | no |
/// | [`start_child_with`](Self::start_child_with) | no | none | as its options say |
///
/// # OTP
///
/// `Task.Supervisor`, which is a `DynamicSupervisor` too. Differs: tasks are started beside each other, and a limit
/// that is reached is an `Err`.
#[derive(Debug)]
pub struct TaskSupervisor(());

/// How a task is spawned under a supervisor: [`TaskSupervisor::spawn_with`].
#[derive(Clone, Copy, Debug)]
pub struct SpawnOptions {
    /// Whether it is linked to the caller, if that is a process. Default: yes.
    pub link: bool,
    /// How the supervisor stops it. Default: 5 s.
    pub shutdown: Shutdown,
}

impl Default for SpawnOptions {
    fn default() -> Self {
        Self { link: true, shutdown: Shutdown::WORKER }
    }
}

/// How a task without a result is supervised: [`TaskSupervisor::start_child_with`].
#[derive(Clone, Copy, Debug)]
pub struct ChildOptions {
    /// When it is started again. Default: never.
    pub restart: Restart,
    /// How the supervisor stops it. Default: 5 s.
    pub shutdown: Shutdown,
}

impl Default for ChildOptions {
    fn default() -> Self {
        Self { restart: Restart::Temporary, shutdown: Shutdown::WORKER }
    }
}

/// Nobody looks at the ids of a dynamic supervisor's children, but reports show them.
const ID: &str = "task";

impl TaskSupervisor {
    /// Starts a supervisor of tasks, linked to the current process. `options` are
    /// [`Options`] or a [`Name`].
    ///
    /// # Errors
    ///
    /// [`StartError::AlreadyStarted`] if the name is taken.
    #[doc(alias = "Task.Supervisor.start_link/1")]
    pub async fn start_link(options: impl Into<Options>) -> StartResult {
        DynamicSupervisor::start_link(options).await
    }

    /// As [`start_link`](Self::start_link), under any name, for example one in a registry. [`Options::name`] is not
    /// looked at.
    ///
    /// # Errors
    ///
    /// As [`start_link`](Self::start_link).
    pub async fn start_link_as(
        name: impl Register<DynamicSupervisor>,
        options: impl Into<Options>,
    ) -> StartResult {
        DynamicSupervisor::start_link_as(name, options).await
    }

    /// How a supervisor starts one. The id is its name, or `TaskSupervisor`.
    pub fn child_spec(options: impl Into<Options>) -> ChildSpec {
        let options = options.into();
        let id: ChildId = options.name.as_ref().map_or("TaskSupervisor", Name::as_str).into();
        ChildSpec { id, ..DynamicSupervisor::child_spec(options) }
    }

    /// How a supervisor starts one with a name and no other options.
    pub fn named(name: Name<DynamicSupervisor>) -> ChildSpec {
        Self::child_spec(name)
    }

    /// Spawns a task under `supervisor`, linked to it and to the current process, if there is one, before it first
    /// runs.
    ///
    /// # Errors
    ///
    /// * [`StartChildError::MaxChildren`]: the limit is reached; nothing was started.
    /// * [`StartChildError::Call`]: no such supervisor, or it has stopped meanwhile.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the task is not started, or is killed.
    ///
    /// # OTP
    ///
    /// `Task.Supervisor.async/2`. Differs: at the limit it raises there. A caller that ends before the task begins ends
    /// it with a shutdown, as there.
    #[doc(alias = "Task.Supervisor.async/2")]
    pub async fn spawn<T: Send + 'static>(
        supervisor: &impl Address<Server = DynamicSupervisor>,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Result<Task<T>, StartChildError> {
        Self::spawn_with(supervisor, SpawnOptions::default(), |_: Inbox<()>| future).await
    }

    /// As [`spawn`](Self::spawn), linked to the supervisor only: if the task fails, that is the `Err` of its result and
    /// nothing else, and it outlives the caller.
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn).
    #[doc(alias = "Task.Supervisor.async_nolink/2")]
    pub async fn spawn_nolink<T: Send + 'static>(
        supervisor: &impl Address<Server = DynamicSupervisor>,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Result<Task<T>, StartChildError> {
        let options = SpawnOptions { link: false, ..SpawnOptions::default() };
        Self::spawn_with(supervisor, options, |_: Inbox<()>| future).await
    }

    /// As [`spawn`](Self::spawn), with options, and an inbox.
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn).
    #[doc(alias = "Task.Supervisor.async/3")]
    #[doc(alias = "Task.Supervisor.async_nolink/3")]
    pub async fn spawn_with<M, F>(
        supervisor: &impl Address<Server = DynamicSupervisor>,
        options: SpawnOptions,
        body: impl FnOnce(Inbox<M>) -> F + Send + 'static,
    ) -> Result<Task<F::Output>, StartChildError>
    where
        M: Send + 'static,
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let ties = if options.link { Ties::linked() } else { Ties::unlinked() };
        Ok(spawn(supervisor, ties, options.shutdown, body).await?.release())
    }

    /// Starts a task whose result nobody wants, linked to `supervisor` only, and started once.
    ///
    /// What it returns is the reason of its end, as for [`process::spawn`](crate::process::spawn).
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn).
    #[doc(alias = "Task.Supervisor.start_child/2")]
    pub async fn start_child<F>(
        supervisor: &impl Address<Server = DynamicSupervisor>,
        future: F,
    ) -> Result<Pid, StartChildError>
    where
        F: Future<Output: IntoExitReason> + Send + 'static,
    {
        let ties = Ties::unlinked();
        let start = move || async move { Ok(child(ties, |_: Inbox<()>| future)) };
        DynamicSupervisor::start_child(supervisor, ChildSpec::once(ID, start)).await
    }

    /// As [`start_child`](Self::start_child), with options, and an inbox. `body` is called at each start.
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn).
    #[doc(alias = "Task.Supervisor.start_child/3")]
    pub async fn start_child_with<M, F, B>(
        supervisor: &impl Address<Server = DynamicSupervisor>,
        options: ChildOptions,
        body: B,
    ) -> Result<Pid, StartChildError>
    where
        B: Fn(Inbox<M>) -> F + Send + Sync + 'static,
        M: Send + 'static,
        F: Future<Output: IntoExitReason> + Send + 'static,
    {
        let args = (Ties::unlinked(), Arc::new(body));
        let start = |(ties, body): (Ties, Arc<B>)| async move { Ok(child(ties, |inbox| body(inbox))) };
        let ChildOptions { restart, shutdown } = options;
        let spec = ChildSpec { id: ID.into(), restart, shutdown, ..ChildSpec::worker(start, args) };
        DynamicSupervisor::start_child(supervisor, spec).await
    }

    /// The tasks that run, in no order. One that is being restarted is not among them.
    ///
    /// # Errors
    ///
    /// If the supervisor could not be asked.
    #[doc(alias = "Task.Supervisor.children/1")]
    pub async fn children(
        supervisor: &impl Address<Server = DynamicSupervisor>,
    ) -> Result<Vec<Pid>, CallError> {
        let children = DynamicSupervisor::which_children(supervisor).await?;
        let running = |state| if let ChildState::Running(pid) = state { Some(pid) } else { None };
        Ok(children.into_iter().filter_map(|child| running(child.state)).collect())
    }

    /// Stops a task, as its `shutdown` says.
    ///
    /// # Errors
    ///
    /// [`TerminateChildError::NotFound`] if it is none of `supervisor`, or not any more.
    #[doc(alias = "Task.Supervisor.terminate_child/2")]
    pub async fn terminate_child(
        supervisor: &impl Address<Server = DynamicSupervisor>,
        pid: Pid,
    ) -> Result<(), TerminateChildError> {
        DynamicSupervisor::terminate_child(supervisor, pid).await
    }

    /// As [`task::async_stream`](super::async_stream), with tasks under `supervisor`.
    ///
    /// If the supervisor starts no more, because of its limit or because it is gone, the stream ends with
    /// [`StreamError::Start`](super::StreamError::Start). Its limit should not be below `max_concurrency`.
    ///
    /// # Panics
    ///
    /// If `max_concurrency` is zero.
    #[doc(alias = "Task.Supervisor.async_stream/4")]
    #[track_caller]
    pub fn async_stream<I, F, Fut>(
        supervisor: &(impl Address<Server = DynamicSupervisor> + Clone + Send + 'static),
        items: I,
        f: F,
        options: StreamOptions,
    ) -> AsyncStream<I::IntoIter, Fut::Output>
    where
        I: IntoIterator<Item: Send + 'static>,
        F: Fn(I::Item) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Send + 'static> + Send + 'static,
    {
        AsyncStream::supervised(supervisor.clone(), true, items.into_iter(), f, options)
    }

    /// As [`async_stream`](Self::async_stream), with tasks that are not linked to the one who reads the stream: if one
    /// fails, that is an item and nothing else.
    ///
    /// They end with the stream all the same.
    ///
    /// # Panics
    ///
    /// If `max_concurrency` is zero.
    #[doc(alias = "Task.Supervisor.async_stream_nolink/4")]
    #[track_caller]
    pub fn async_stream_nolink<I, F, Fut>(
        supervisor: &(impl Address<Server = DynamicSupervisor> + Clone + Send + 'static),
        items: I,
        f: F,
        options: StreamOptions,
    ) -> AsyncStream<I::IntoIter, Fut::Output>
    where
        I: IntoIterator<Item: Send + 'static>,
        F: Fn(I::Item) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Send + 'static> + Send + 'static,
    {
        AsyncStream::supervised(supervisor.clone(), false, items.into_iter(), f, options)
    }
}

/// Has `supervisor` spawn a task. If nobody takes it, it is killed.
pub(crate) async fn spawn<M, F>(
    supervisor: &impl Address<Server = DynamicSupervisor>,
    ties: Ties,
    shutdown: Shutdown,
    body: impl FnOnce(Inbox<M>) -> F + Send + 'static,
) -> Result<KillOnDrop<F::Output>, StartChildError>
where
    M: Send + 'static,
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let (hand_over, mut handed_over) = oneshot::channel();
    let start = move || async move {
        // Who asked for it has gone away before it began.
        if hand_over.is_closed() {
            return Err(StartError::Ignore);
        }
        let task = body::spawn_child(ties, body);
        let pid = task.pid().expect("it is not born completed");
        // Race: who asked may have gone since. Then the task comes back in the error, and is killed.
        drop(hand_over.send(KillOnDrop::new(task)));
        Ok(pid)
    };
    let spec = ChildSpec { shutdown, ..ChildSpec::once(ID, start) };
    DynamicSupervisor::start_child(supervisor, spec).await?;
    Ok(handed_over.try_recv().expect("it is handed over before its start is over"))
}

/// Starts a task without a result, linked to the current process, which is the supervisor.
fn child<M, F>(ties: Ties, body: impl FnOnce(Inbox<M>) -> F) -> Pid
where
    M: Send + 'static,
    F: Future<Output: IntoExitReason> + Send + 'static,
{
    inbox::start_with(Spawn { link: true, callers: ties.callers, ..Spawn::default() }, body).pid()
}
