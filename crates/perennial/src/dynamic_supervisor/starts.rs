//! A start that is under way, and how it ends.

use crate::{
    child_spec::{ChildId, ChildSpec, Running, Start, StartError, StartResult},
    dynamic_supervisor::{
        DynamicSupervisor, StartChildError,
        children::Child,
        shared::{Over, Shared},
    },
    gen_server::{Address, ServerRef},
    pid::Pid,
    process::{
        current::{self, Spawned},
        events::EventId,
    },
    supervisor::report::Reporter,
};
use std::{
    cell::RefCell,
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};

/// A start function that runs in the name of the current process, which is the supervisor.
///
/// It is polled once at once, by whoever begins it, which most starts need; one that waits is polled on beside the
/// supervisor's loop.
pub(crate) struct Starting {
    step: Step,
    pub(crate) spawned: RefCell<Spawned>,
    cause: Option<EventId>,
}

enum Step {
    Begin(Option<Start>),
    Go(Running),
}

impl Starting {
    pub(crate) fn new(start: Start, cause: Option<EventId>) -> Self {
        Self { step: Step::Begin(Some(start)), spawned: RefCell::default(), cause }
    }

    /// Polls it, for one who will poll it again if it waits.
    pub(crate) fn try_now(&mut self) -> Poll<StartResult> {
        Pin::new(self).poll(&mut Context::from_waker(Waker::noop()))
    }
}

impl Future for Starting {
    type Output = StartResult;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<StartResult> {
        let this = &mut *self;
        current::start_beside(this.cause, &this.spawned, || {
            if let Step::Begin(start) = &mut this.step {
                let start = start.take().expect("it begins once");
                this.step = Step::Go(start.run_last());
            }
            match &mut this.step {
                Step::Go(running) => Pin::new(running).poll(cx),
                Step::Begin(_) => unreachable!("it has begun"),
            }
        })
    }
}

/// The start of a new child, which was let in.
pub(crate) struct NewChild {
    pub(crate) starting: Starting,
    id: ChildId,
    child: Child,
}

/// The supervisor is stopping, or has ended: who asked for a start is told why.
pub(crate) struct Closed;

impl NewChild {
    pub(crate) fn new(spec: ChildSpec) -> Self {
        let child = Child::new(&spec);
        Self { starting: Starting::new(spec.start, None), id: spec.id, child }
    }

    /// It is over: what who asked for it is told.
    pub(crate) fn over(
        self,
        result: StartResult,
        shared: &Shared,
        supervisor: &ServerRef<DynamicSupervisor>,
    ) -> Result<Result<Pid, StartChildError>, Closed> {
        let Self { starting, id, child } = self;
        let started = result.as_ref().ok().map(|pid| (*pid, child));
        match shared.started(&starting.spawned.borrow(), started) {
            Over::Closed => return Err(Closed),
            // Handled by the supervisor, as if it came now.
            Over::Child(Some(exit)) => Address::send(supervisor, exit),
            Over::Child(None) | Over::Nothing | Over::Unwanted => {}
        }
        if let Err(error) = &result
            && !matches!(error, StartError::Ignore | StartError::AlreadyStarted(_))
        {
            Reporter { supervisor: supervisor.pid() }.start_error(&id, None, error);
        }
        Ok(result.map_err(StartChildError::Start))
    }
}
