//! Starts and stops that are run by whoever asks for them, on its own stack, in the name of the supervisor.
//!
//! So they do not wait for each other, and who starts children on two cores starts them on both. It is done where nobody
//! can tell the difference: the supervisor is idle and has handled all that was sent to it before, so the request would
//! have been next; nothing is recorded of it; and code here may run processes of its node.

use crate::{
    child_spec::ChildSpec,
    dynamic_supervisor::{
        DynamicSupervisor, StartChildError, TerminateChildError,
        server::report_stopped,
        shared::{Refused, Shared, Stop},
        starts::{Closed, NewChild},
    },
    gen_server::ServerRef,
    pid::Pid,
    process::{block::ProcRef, current, inline},
    supervisor::stop_child::stop_at_once,
};
use std::{any::Any, task::Poll};

type Supervisor = ServerRef<DynamicSupervisor>;

/// What became of a start.
pub(crate) enum Start {
    Done(Result<Pid, StartChildError>),
    /// With a reference, which is else not made: all who start children would write its count.
    NotDone(Supervisor, Left),
}

/// What the supervisor is still to do of a start.
pub(crate) enum Left {
    All(ChildSpec),
    /// The start waits: to go on with it.
    Waits(Box<NewChild>),
    /// It has taken what was started with it, or will.
    Nothing,
}

/// What became of a stop.
pub(crate) enum Stopped {
    Done(Result<(), TerminateChildError>),
    /// It is the supervisor's to do.
    NotHere(Supervisor),
}

/// What is shared with the supervisor, if one who asks for something may do that here and now.
fn shared(supervisor: &Supervisor) -> Option<&Shared> {
    let process = &supervisor.0.process;
    let may_act = !current::waits_for(process)
        && inline::may_run(&process.node)
        && !process.is_watched()
        && process.is_alive()
        && supervisor.0.turns.is_idle();
    // None yet, if it is in its `init`.
    let public: &dyn Any = &**process.public().filter(|_| may_act)?;
    public.downcast_ref()
}

/// If the start function has handed on what it has started, that is put into `handed`.
pub(crate) fn start(supervisor: &Supervisor, spec: ChildSpec, handed: &mut Option<ProcRef>) -> Start {
    let not_done = |left| Start::NotDone(supervisor.clone(), left);
    let Some(shared) = shared(supervisor) else { return not_done(Left::All(spec)) };
    match shared.admit() {
        Ok(()) => {}
        Err(Refused::MaxChildren) => return Start::Done(Err(StartChildError::MaxChildren)),
        // It tells why when it has ended.
        Err(Refused::Closed) => return not_done(Left::All(spec)),
    }
    let mut new = NewChild::new(spec);
    match current::with(&supervisor.0, || new.starting.try_now()) {
        Poll::Ready(result) => {
            *handed = new.starting.spawned.get_mut().take_handed();
            match new.over(result, shared, supervisor) {
                Ok(result) => Start::Done(result),
                Err(Closed) => not_done(Left::Nothing),
            }
        }
        Poll::Pending => not_done(Left::Waits(Box::new(new))),
    }
}

pub(crate) fn terminate(supervisor: &Supervisor, pid: Pid) -> Stopped {
    let Some(shared) = shared(supervisor) else { return Stopped::NotHere(supervisor.clone()) };
    let shutdown = match shared.begin_stop(pid) {
        Stop::NotFound => return Stopped::Done(Err(TerminateChildError::NotFound)),
        Stop::Forgotten(child) => {
            drop(child);
            return Stopped::Done(Ok(()));
        }
        Stop::By(shutdown) => shutdown,
    };
    let stop = || stop_at_once(&supervisor.0.process, pid, shutdown);
    let Some(reason) = current::with(&supervisor.0, stop) else {
        return Stopped::NotHere(supervisor.clone());
    };
    report_stopped(supervisor.pid(), pid, shared.remove(pid), &reason);
    Stopped::Done(Ok(()))
}
