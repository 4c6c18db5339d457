//! Child specifications: how a supervisor starts a child, when it restarts it and how it stops it. Plain data.

mod start;

pub(crate) use start::Running;
pub use start::Start;

use crate::{
    exit_reason::ExitReason,
    pid::Pid,
    process::{self, Inbox, IntoExitReason},
};
use std::{
    any::{Any, type_name},
    error::Error,
    fmt::{self, Debug, Display},
    future::Future,
    hash::{Hash, Hasher},
    sync::Arc,
    time::Duration,
};

/// When a child is started again.
///
/// | | ended normally, or by shutdown | ended otherwise |
/// |---|---|---|
/// | [`Permanent`](Self::Permanent) | restarted | restarted |
/// | [`Transient`](Self::Transient) | not restarted | restarted |
/// | [`Temporary`](Self::Temporary) | not restarted | not restarted |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Restart {
    /// Always.
    #[default]
    Permanent,
    /// If it ended with a reason that is not [clean](ExitReason::is_clean).
    Transient,
    /// Never.
    Temporary,
}

impl Restart {
    /// Whether a child that ended with `reason` is started again.
    pub fn applies(self, reason: &ExitReason) -> bool {
        match self {
            Self::Permanent => true,
            Self::Transient => !reason.is_clean(),
            Self::Temporary => false,
        }
    }
}

/// How a child is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shutdown {
    /// By [`kill`](process::kill): its `terminate` does not run.
    BrutalKill,
    /// By the exit signal `Shutdown`; if it has not ended after this time, by `kill`.
    Timeout(Duration),
    /// By the exit signal `Shutdown`, however long it takes. The default for supervisors, whose children need time.
    Infinity,
}

impl Shutdown {
    /// The default for workers.
    pub(crate) const WORKER: Self = Self::Timeout(Duration::from_secs(5));
}

/// What a child is, for counts and for the default of [`ChildSpec::shutdown`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum ChildType {
    /// Anything that is no supervisor.
    #[default]
    Worker,
    /// A supervisor.
    Supervisor,
}

/// The id of a child among its siblings: any value that can be compared, hashed and shown.
#[derive(Clone)]
pub struct ChildId(Repr);

#[derive(Clone)]
enum Repr {
    Value(Arc<dyn Id>),
    /// The name of a start function: so most specifications need no memory for an id.
    Label(&'static str),
}

impl ChildId {
    /// Any value as an id.
    pub fn new(value: impl Debug + Eq + Hash + Send + Sync + 'static) -> Self {
        Self(Repr::Value(Arc::new(value)))
    }

    fn label(text: &'static str) -> Self {
        Self(Repr::Label(text))
    }

    /// `{Module, Key}`: the type of a server and a key that need not be owned.
    pub fn of<M>(key: &impl Debug) -> Self {
        Self::new(OfType { name: type_name::<M>(), key: format!("{key:?}") })
    }

    /// The value, if it is a `T`. Texts are kept as `String`, the name of a start function, which is the id of a worker
    /// that is given no other, as `&'static str`.
    pub fn downcast_ref<T: 'static>(&self) -> Option<&T> {
        self.as_any().downcast_ref()
    }

    fn as_any(&self) -> &dyn Any {
        match &self.0 {
            Repr::Value(value) => value.as_any(),
            Repr::Label(label) => label,
        }
    }
}

#[derive(PartialEq, Eq, Hash)]
struct OfType {
    name: &'static str,
    key: String,
}

impl Debug for OfType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}, {}}}", self.name, self.key)
    }
}

impl From<&str> for ChildId {
    fn from(id: &str) -> Self {
        Self::new(id.to_owned())
    }
}

impl From<&Self> for ChildId {
    fn from(id: &Self) -> Self {
        id.clone()
    }
}

impl From<String> for ChildId {
    fn from(id: String) -> Self {
        Self::new(id)
    }
}

impl PartialEq for ChildId {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Repr::Value(one), Repr::Value(other)) => one.equals(other.as_any()),
            (Repr::Label(one), Repr::Label(other)) => one == other,
            (Repr::Value(value), Repr::Label(label)) | (Repr::Label(label), Repr::Value(value)) => {
                value.as_any().downcast_ref::<String>().is_some_and(|text| text == label)
            }
        }
    }
}

impl Eq for ChildId {}

impl Hash for ChildId {
    fn hash<H: Hasher>(&self, mut state: &mut H) {
        match &self.0 {
            Repr::Value(value) => value.hash_into(&mut state),
            // As the `String` that it is equal to.
            Repr::Label(label) => label.hash(&mut state),
        }
    }
}

impl Debug for ChildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Value(value) => value.fmt(f),
            Repr::Label(label) => Debug::fmt(label, f),
        }
    }
}

trait Id: Debug + Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn equals(&self, other: &dyn Any) -> bool;
    fn hash_into(&self, state: &mut dyn Hasher);
}

impl<T: Debug + Eq + Hash + Send + Sync + 'static> Id for T {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn equals(&self, other: &dyn Any) -> bool {
        other.downcast_ref().is_some_and(|other| self == other)
    }
    fn hash_into(&self, mut state: &mut dyn Hasher) {
        self.hash(&mut state);
    }
}

/// What a start function returns.
pub type StartResult = Result<Pid, StartError>;

/// Why a process did not start.
///
/// # OTP
///
/// `ignore` and `{error, Reason}` of `gen_server:start_link/3`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartError {
    /// Its name is taken by this process, which may have ended meanwhile: who wants "get or start" must loop.
    AlreadyStarted(Pid),
    /// Its `init` asked not to run. Under a supervisor that is no failure.
    Ignore,
    /// Its `init` took too long; it was killed.
    Timeout,
    /// It ended before it was up.
    Exit(ExitReason),
}

impl Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyStarted(pid) => write!(f, "already started: {pid}"),
            Self::Ignore => f.write_str("it asked not to run"),
            Self::Timeout => f.write_str("its init took too long"),
            Self::Exit(reason) => write!(f, "it ended before it was up: {reason}"),
        }
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Exit(ExitReason::Error(error)) => Some(&**error),
            _ => None,
        }
    }
}

/// For a start function: `something().or_exit()?`.
impl From<ExitReason> for StartError {
    fn from(reason: ExitReason) -> Self {
        Self::Exit(reason)
    }
}

/// How to start, restart and stop a child.
///
/// Fields are public; what differs from the default is written with struct update:
///
/// ```
/// use perennial::child_spec::{ChildSpec, Restart};
/// let spec = ChildSpec { restart: Restart::Transient, ..ChildSpec::task("metrics", || async {}) };
/// assert_eq!(spec.id, "metrics".into());
/// ```
///
/// # OTP
///
/// The map of `supervisor:child_spec()`. Differs: no `modules`; `type` is [`kind`](Self::kind).
#[derive(Clone, Debug)]
#[doc(alias = "supervisor:child_spec/0")]
pub struct ChildSpec {
    /// Unique among the children of a supervisor; not looked at by a dynamic one.
    pub id: ChildId,
    /// How it is started.
    pub start: Start,
    /// When it is started again. Default: [`Restart::Permanent`].
    pub restart: Restart,
    /// How it is stopped. Default: 5 s for workers, [`Shutdown::Infinity`] for supervisors.
    pub shutdown: Shutdown,
    /// What it is. Default: [`ChildType::Worker`].
    #[doc(alias = "type")]
    pub kind: ChildType,
    /// Whether its end counts for the supervisor's `auto_shutdown`. Default: no.
    pub significant: bool,
}

impl ChildSpec {
    /// A worker that `function` starts from `args`; its id is the name of the function.
    pub fn worker<A, F, Fut>(function: F, args: A) -> Self
    where
        A: Clone + Send + Sync + 'static,
        F: Fn(A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = StartResult> + Send + 'static,
    {
        let start = Start::new(function, args);
        Self {
            id: ChildId::label(start.label),
            start,
            restart: Restart::Permanent,
            shutdown: Shutdown::WORKER,
            kind: ChildType::Worker,
            significant: false,
        }
    }

    /// As [`worker`](Self::worker), for a supervisor: its shutdown is [`Shutdown::Infinity`].
    pub fn supervisor<A, F, Fut>(function: F, args: A) -> Self
    where
        A: Clone + Send + Sync + 'static,
        F: Fn(A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = StartResult> + Send + 'static,
    {
        Self { shutdown: Shutdown::Infinity, kind: ChildType::Supervisor, ..Self::worker(function, args) }
    }

    /// A temporary child that is started once, from arguments that cannot be cloned, such as a `TcpStream`. A
    /// supervisor refuses it with any other [`restart`](Self::restart).
    pub fn once<F, Fut>(id: impl Into<ChildId>, function: F) -> Self
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = StartResult> + Send + 'static,
    {
        Self {
            id: id.into(),
            start: Start::once(function),
            restart: Restart::Temporary,
            shutdown: Shutdown::WORKER,
            kind: ChildType::Worker,
            significant: false,
        }
    }

    /// Any future as a child. What it returns is the reason of its end: nothing is `Normal`, an `Err` a crash.
    ///
    /// It is permanent, as every worker is by default; for work that is done once, set another
    /// [`restart`](Self::restart), or use [`Task::child_spec`](crate::task::Task::child_spec), which is temporary. A
    /// [`Task`](crate::task::Task) is for those who wait for what it returns.
    pub fn task<F, Fut>(id: impl Into<ChildId>, function: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output: IntoExitReason> + Send + 'static,
    {
        let function = Arc::new(function);
        let start = move |()| {
            let function = function.clone();
            async move { Ok(process::spawn_link(|_: Inbox<()>| async move { function().await })) }
        };
        Self { id: id.into(), ..Self::worker(start, ()) }
    }

    /// A bare process as a child: as [`task`](Self::task), with an inbox. One that traps exits can clean up when its
    /// supervisor stops it:
    ///
    /// ```
    /// use perennial::prelude::*;
    /// let spec = ChildSpec::process("listener", |mut inbox: Inbox<Exit>| async move {
    ///     inbox.trap_exit(true);
    ///     let asked_to_end = inbox.receive().await;
    ///     asked_to_end.reason
    /// });
    /// ```
    pub fn process<M, F, Fut>(id: impl Into<ChildId>, function: F) -> Self
    where
        M: Send + 'static,
        F: Fn(Inbox<M>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: IntoExitReason> + Send + 'static,
    {
        let function = Arc::new(function);
        let start = move |()| {
            let function = function.clone();
            async move { Ok(process::spawn_link(|inbox: Inbox<M>| function(inbox))) }
        };
        Self { id: id.into(), ..Self::worker(start, ()) }
    }

    /// What is wrong with this specification by itself.
    pub(crate) fn check(&self) -> Result<(), SpecError> {
        if self.start.is_once() && self.restart != Restart::Temporary {
            return Err(SpecError::OnceNotTemporary(self.id.clone()));
        }
        Ok(())
    }
}

/// What is wrong with a child specification, or with a list of them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpecError {
    /// Two children have this id.
    DuplicateId(ChildId),
    /// It is significant, and the supervisor's `auto_shutdown` is `Never`.
    SignificantWithoutAutoShutdown(ChildId),
    /// It is significant and permanent, so it would never end for good.
    SignificantPermanent(ChildId),
    /// It can be started once, and is not temporary.
    OnceNotTemporary(ChildId),
}

impl Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuplicateId(id) => write!(f, "id: two children have the id {id:?}; give each its own"),
            Self::SignificantWithoutAutoShutdown(id) => {
                write!(
                    f,
                    "significant: child {id:?} is, but the supervisor's auto_shutdown is Never; set one of them"
                )
            }
            Self::SignificantPermanent(id) => {
                write!(
                    f,
                    "restart: child {id:?} is significant and permanent; make it transient or temporary"
                )
            }
            Self::OnceNotTemporary(id) => {
                write!(f, "restart: child {id:?} can be started only once; make it temporary")
            }
        }
    }
}

impl Error for SpecError {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_transient_child_is_restarted_unless_normal_or_shutdown() {
        let reasons = [
            (ExitReason::Normal, [true, false, false]),
            (ExitReason::Shutdown, [true, false, false]),
            (ExitReason::shutdown_with(1), [true, false, false]),
            (ExitReason::Killed, [true, true, false]),
            (ExitReason::other("boom"), [true, true, false]),
        ];
        for (reason, expected) in reasons {
            let kinds = [Restart::Permanent, Restart::Transient, Restart::Temporary];
            assert_eq!(kinds.map(|restart| restart.applies(&reason)), expected, "{reason:?}");
        }
    }

    #[test]
    fn ids_of_any_type_compare_by_type_and_value() {
        assert_eq!(ChildId::from("a"), ChildId::from(String::from("a")));
        assert_ne!(ChildId::new(1_u8), ChildId::new(1_u16));
        assert_eq!(ChildId::of::<u8>(&("x", 1)), ChildId::of::<u8>(&("x", 1)));
        assert_ne!(ChildId::of::<u8>(&1), ChildId::of::<u16>(&1));
        assert_eq!(format!("{:?}", ChildId::of::<u8>(&1)), "{u8, 1}");
        let (label, text) = (ChildId::label("a"), ChildId::from("a"));
        assert_eq!(label, text);
        assert_eq!(text, label);
        assert_ne!(label, ChildId::from("b"));
        assert_eq!(format!("{label:?}"), format!("{text:?}"));
        assert!(HashSet::from([label]).contains(&text));
    }

    #[test]
    fn a_child_that_starts_once_is_temporary() {
        let spec = || ChildSpec::once("a", || async { Err(StartError::Ignore) });
        assert_eq!(spec().check(), Ok(()));
        let wrong = ChildSpec { restart: Restart::Permanent, ..spec() };
        assert_eq!(wrong.check(), Err(SpecError::OnceNotTemporary("a".into())));
    }
}
