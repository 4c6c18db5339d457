//! Names that know who answers, and how a server gets one.

use crate::{
    exit_reason::{CallError, ExitReason},
    gen_server::{Address, GenServer, ServerRef, start},
    pid::Pid,
    process::{RegisterError, block::ProcRef, names::Text, node::Node},
};
use std::{fmt, marker::PhantomData};

/// A local name that remembers which type of server answers under it.
///
/// Resolved at each send, on the current node. A server has at most one.
///
/// ```
/// # use perennial::prelude::*;
/// # struct QuizManager;
/// # impl GenServer for QuizManager {
/// #     type Args = ();
/// #     async fn init(_: (), _: &mut Cx<Self>) -> Result<Self, InitError> { Ok(Self) }
/// # }
/// const MANAGER: Name<QuizManager> = Name::new("quiz_manager");
/// let made_at_run_time: Name<QuizManager> = Name::from(format!("{}_manager", "quiz"));
/// assert_eq!(MANAGER, made_at_run_time);
/// ```
pub struct Name<S> {
    text: Text,
    _server: PhantomData<fn() -> S>,
}

impl<S> Name<S> {
    /// A name for a `const`.
    pub const fn new(name: &'static str) -> Self {
        Self { text: Text::Static(name), _server: PhantomData }
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }

    pub(crate) fn text(&self) -> &Text {
        &self.text
    }
}

impl<S> From<&str> for Name<S> {
    fn from(name: &str) -> Self {
        Self { text: Text::Shared(name.into()), _server: PhantomData }
    }
}

impl<S> From<String> for Name<S> {
    fn from(name: String) -> Self {
        Self { text: Text::Shared(name.into()), _server: PhantomData }
    }
}

impl<S> Clone for Name<S> {
    fn clone(&self) -> Self {
        Self { text: self.text.clone(), _server: PhantomData }
    }
}

impl<S> PartialEq for Name<S> {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl<S> Eq for Name<S> {}

impl<S> fmt::Debug for Name<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<S: GenServer> Address for Name<S> {
    type Server = S;

    fn resolve(&self) -> Result<ServerRef<S>, CallError> {
        let process = Node::current().0.names.get(self.as_str()).ok_or(CallError::NoProc)?;
        start::server_at(process).ok_or(CallError::WrongServer)
    }
}

/// How a server gets its name before its `init` runs: a [`Name`], a [`Via`](crate::registry::Via), or `()` for none.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no name for the server `{S}`",
    label = "not a name for `{S}`",
    note = "`()` is no name at all; a name is a `Name<{S}>`, or a key of a registry: `REGISTRY.via::<{S}>(key)`"
)]
pub trait Register<S: GenServer>: Send + Sync + 'static {
    /// Registers `server`. Runs in the process of the server.
    fn register(&self, server: &ServerRef<S>) -> Registered;

    /// As [`register`](Self::register), by one who does not need the name any more: it need not be cloned.
    fn register_last(self, server: &ServerRef<S>) -> Registered
    where
        Self: Sized,
    {
        self.register(server)
    }

    /// Who has the name now, so that a start can fail without making a process.
    fn holder(&self) -> Option<Pid>;
}

/// What became of [`Register::register`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registered {
    /// The server has the name.
    Yes,
    /// Somebody else has it.
    Taken(Pid),
    /// It could not be registered at all: the start fails with this reason.
    Failed(ExitReason),
}

impl<S: GenServer> Register<S> for () {
    fn register(&self, _: &ServerRef<S>) -> Registered {
        Registered::Yes
    }
    fn holder(&self) -> Option<Pid> {
        None
    }
}

impl<S: GenServer> Register<S> for Name<S> {
    fn register(&self, server: &ServerRef<S>) -> Registered {
        let process: ProcRef = server.0.clone();
        match server.0.process.node.names.register(self.text.to_shared(), &process) {
            Ok(()) => Registered::Yes,
            Err(RegisterError::Taken(pid)) => Registered::Taken(pid),
            Err(error) => Registered::Failed(ExitReason::from(error)),
        }
    }
    fn holder(&self) -> Option<Pid> {
        Node::current().0.names.get(self.as_str()).map(|process| process.process().pid())
    }
}

impl<S: GenServer, R: Register<S>> Register<S> for Option<R> {
    fn register(&self, server: &ServerRef<S>) -> Registered {
        self.as_ref().map_or(Registered::Yes, |name| name.register(server))
    }
    fn register_last(self, server: &ServerRef<S>) -> Registered {
        self.map_or(Registered::Yes, |name| name.register_last(server))
    }
    fn holder(&self) -> Option<Pid> {
        self.as_ref().and_then(Register::holder)
    }
}
