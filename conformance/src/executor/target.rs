//! Whom an operation is for.

use perennial::exit_reason::CallError;
use perennial::gen_server::{Address, GenServer, Name, ServerRef};
use perennial::pid::Pid;
use perennial::process;

use super::lab::{Kind, Lab, TEST};
use crate::scenario::Target;

/// Returns the process at `target`, dead or alive, and what it is; none if nobody is there.
pub(crate) fn find(target: &Target, lab: &Lab) -> Option<(Pid, Kind)> {
    match target {
        Target::Test => lab.find(TEST),
        Target::Label(label) => lab.find(label),
        Target::Base(base) => lab.latest(base),
        Target::Name(name) => {
            let pid = process::whereis(name)?;
            lab.find(&lab.label(pid)?)
        }
        Target::Via { .. } | Target::Partition { .. } => {
            lab.trouble(format!("not supported yet: the target {target:?}"));
            None
        }
    }
}

/// The process at `target`, dead or alive.
pub(crate) fn pid(target: &Target, lab: &Lab) -> Option<Pid> {
    find(target, lab).map(|(pid, _)| pid)
}

/// A server of type `S` as a target says where it is: a name is resolved at each use, a label is a process.
#[derive(Debug)]
pub(crate) enum At<S: GenServer> {
    /// By a local name.
    Name(Name<S>),
    /// By its label; none if it has ended, or was never there.
    Process(Option<ServerRef<S>>),
}

impl<S: GenServer> At<S> {
    pub(crate) fn new(target: &Target, lab: &Lab) -> Self {
        match target {
            Target::Name(name) => Self::Name(Name::from(name.clone())),
            target => Self::Process(pid(target, lab).and_then(Pid::server)),
        }
    }
}

impl<S: GenServer> Address for At<S> {
    type Server = S;

    fn resolve(&self) -> Result<ServerRef<S>, CallError> {
        match self {
            Self::Name(name) => name.resolve(),
            Self::Process(server) => server.clone().ok_or(CallError::NoProc),
        }
    }
}
