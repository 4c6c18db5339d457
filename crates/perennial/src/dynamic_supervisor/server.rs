//! The process of a dynamic supervisor. What takes time, a start, a restart, a stop, runs beside its loop.

use crate::{
    child_spec::{ChildSpec, Restart, Shutdown, StartError},
    dynamic_supervisor::{
        ChildInfo, DynamicSupervisor, Options, StartChildError, TerminateChildError,
        children::{Child, Children, History, Phase},
        requests::{CountChildren, StartChild, TerminateChild, WhichChildren},
        starts::{Finished, Starts},
    },
    exit_reason::ExitReason,
    gen_server::{
        Caller, Cx, GenServer, HandleCall, HandleCallFrom, HandleInfo, InitError, NoReply, Reply, noreply,
        reply, stop,
    },
    pid::Pid,
    process::{
        Exit,
        events::{EventId, EventKind},
        time::Sleep,
    },
    supervisor::{
        ChildCounts, ChildState,
        intensity::Intensity,
        report::Reporter,
        stop_child::{is_shutdown_error, stop_child},
    },
};
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::{fmt, time::Duration};
use tokio::task::coop::unconstrained;

/// Dynamic children have no id to report.
const NO_ID: &&str = &"undefined";

#[derive(Debug)]
pub(crate) struct State {
    options: Options,
    intensity: Intensity,
    children: Children,
    starts: Starts,
    /// How many `start_child` are under way.
    starting: usize,
}

/// A `start_child` is over.
pub(crate) struct Started {
    finished: Finished,
    spec: ChildSpec,
    from: Caller<Result<Pid, StartChildError>>,
}

/// A restart is over.
pub(crate) struct Restarted {
    finished: Finished,
    old: Pid,
    cause: Option<EventId>,
}

/// A restart that failed is tried again by this message, so that other requests are served in between.
pub(crate) struct TryAgain {
    old: Pid,
    cause: Option<EventId>,
}

/// A child that was told to stop has ended.
pub(crate) struct Stopped {
    pid: Pid,
    reason: ExitReason,
    from: Option<Caller<Result<(), TerminateChildError>>>,
}

impl GenServer for DynamicSupervisor {
    type Args = Options;

    async fn init(options: Options, cx: &mut Cx<Self>) -> Result<Self, InitError> {
        cx.trap_exit();
        Ok(Self(State {
            intensity: Intensity::new(options.max_restarts, options.max_seconds),
            options,
            children: Children::default(),
            starts: Starts::default(),
            starting: 0,
        }))
    }

    /// Stops all children at once and waits for them; those being started are killed.
    async fn terminate(&mut self, _: &ExitReason, cx: &mut Cx<Self>) -> Result<(), ExitReason> {
        let State { children, starts, .. } = &self.0;
        let starting = starts.pids().into_iter().map(|pid| (pid, Shutdown::BrutalKill, None));
        let running = children.iter().filter(|(_, child)| child.phase != Phase::Restarting);
        let running = running.map(|(pid, child)| (pid, child.shutdown, Some(child.restart)));
        let mut stops: FuturesUnordered<_> = starting
            .chain(running)
            .map(|(pid, shutdown, restart)| {
                // Unconstrained: once the budget of the task is spent all that are polled would wake themselves.
                unconstrained(async move { (pid, shutdown, restart, stop_child(pid, shutdown).await) })
            })
            .collect();
        while let Some((pid, shutdown, restart, reason)) = stops.next().await {
            if restart.is_some_and(|restart| is_shutdown_error(shutdown, restart, &reason)) {
                reporter(cx).shutdown_error(NO_ID, Some(pid), &reason);
            }
        }
        Ok(())
    }

    /// The children themselves are too many for a report.
    fn format_status(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamicSupervisor")
            .field("children", &self.0.children.len())
            .field("starting", &self.0.starting)
            .finish()
    }
}

fn reporter(cx: &Cx<DynamicSupervisor>) -> Reporter {
    Reporter { supervisor: cx.pid() }
}

impl State {
    /// A child has ended by itself.
    fn child_ended(&mut self, exit: &Exit, cx: &mut Cx<DynamicSupervisor>) -> NoReply {
        let pid = exit.from;
        let Some(child) = self.children.get(pid) else { return noreply() };
        if child.phase != Phase::Running {
            // Being stopped: whoever stops it waits for it.
            return noreply();
        }
        if !exit.reason.is_clean() || child.restart == Restart::Permanent {
            reporter(cx).child_terminated(NO_ID, Some(pid), &exit.reason);
        }
        if child.restart.applies(&exit.reason) {
            return self.restart(pid, exit.cause(), cx);
        }
        self.children.remove(pid);
        noreply()
    }

    /// Begins the restart of the child that was `old`, if that is not one restart too many.
    ///
    /// # Errors
    ///
    /// The reason with which the supervisor is to stop.
    fn restart(&mut self, old: Pid, cause: Option<EventId>, cx: &mut Cx<DynamicSupervisor>) -> NoReply {
        let process = cx.process();
        let me = process.process();
        let now = me.now();
        let allowed = match self.options.intensity_per_child {
            false => self.intensity.add(now),
            true => self.history(old, now).is_some_and(|history| history.intensity.add(now)),
        };
        if !allowed {
            reporter(cx).shutdown(NO_ID, Some(old));
            self.children.remove(old);
            let give_up = me.node.events.emit(|| now, cause, me.pid, || EventKind::GiveUp { child: old });
            if self.options.intensity_per_child {
                return noreply();
            }
            me.set_cause(Some(give_up));
            return stop(ExitReason::Shutdown);
        }
        let restart = me.node.events.emit(
            || now,
            cause,
            me.pid,
            || EventKind::Restart { child: old, id: String::new() },
        );
        let pause = self.pause(old, now).map(|pause| Sleep::new(me.node.clock.clone(), pause));
        self.children.set_phase(old, Phase::Restarting);
        let Some(start) = self.children.get(old).and_then(|child| child.start.clone()) else {
            return noreply();
        };
        let run = self.starts.run(&start, pause);
        let cause = Some(restart);
        cx.run_beside(with_cause(cause, async move { Restarted { finished: run.await, old, cause } }));
        noreply()
    }

    fn history(&mut self, pid: Pid, now: Duration) -> Option<&mut History> {
        let Options { max_restarts, max_seconds, .. } = self.options;
        let new =
            || History { intensity: Intensity::new(max_restarts, max_seconds), failures: 0, started: now };
        self.children.history(pid, new)
    }

    /// How long to wait before this restart.
    fn pause(&mut self, pid: Pid, now: Duration) -> Option<Duration> {
        let backoff = self.options.backoff?;
        let history = self.history(pid, now)?;
        if history.failures > 0 && now.saturating_sub(history.started) >= backoff.reset_after {
            history.failures = 0;
        }
        let pause = backoff.pause(history.failures);
        history.failures = history.failures.saturating_add(1);
        history.started = now + pause;
        Some(pause)
    }

    /// Stops a child beside the loop.
    fn stop_beside(
        pid: Pid,
        shutdown: Shutdown,
        from: Option<Caller<Result<(), TerminateChildError>>>,
        cx: &mut Cx<DynamicSupervisor>,
    ) {
        cx.run_beside(async move { Stopped { pid, reason: stop_child(pid, shutdown).await, from } });
    }
}

/// Polls a future as the process that acts because of `cause`.
fn with_cause<F: Future>(cause: Option<EventId>, future: F) -> impl Future<Output = F::Output> {
    let mut future = Box::pin(future);
    std::future::poll_fn(move |cx| {
        let me = crate::process::current::process();
        let before = me.as_ref().map(|me| me.process().cause());
        if let Some(me) = &me {
            me.process().set_cause(cause);
        }
        let poll = future.as_mut().poll(cx);
        if let (Some(me), Some(before)) = (&me, before) {
            me.process().set_cause(before);
        }
        poll
    })
}

#[diagnostic::do_not_recommend]
impl HandleCallFrom<StartChild> for DynamicSupervisor {
    type Reply = Result<Pid, StartChildError>;

    async fn handle_call_from(
        &mut self,
        StartChild(spec): StartChild,
        from: Caller<Self::Reply>,
        cx: &mut Cx<Self>,
    ) -> NoReply {
        let state = &mut self.0;
        if state.options.max_children.is_some_and(|max| state.children.len() + state.starting >= max) {
            from.reply(Err(StartChildError::MaxChildren));
            return noreply();
        }
        state.starting += 1;
        let run = state.starts.run(&spec.start, None);
        cx.run_beside(async move { Started { finished: run.await, spec, from } });
        noreply()
    }
}

#[diagnostic::do_not_recommend]
impl HandleInfo<Started> for DynamicSupervisor {
    async fn handle_info(&mut self, started: Started, cx: &mut Cx<Self>) -> NoReply {
        let Started { finished, spec, from } = started;
        self.0.starting -= 1;
        let early = self.0.starts.finish(&finished);
        match finished.result {
            Ok(pid) => {
                self.0.children.insert(pid, Child::new(spec));
                from.reply(Ok(pid));
            }
            Err(error) => {
                if !matches!(error, StartError::Ignore | StartError::AlreadyStarted(_)) {
                    reporter(cx).start_error(&spec.id, None, &error);
                }
                from.reply(Err(StartChildError::Start(error)));
            }
        }
        match early {
            Some(exit) => self.0.child_ended(&exit, cx),
            None => noreply(),
        }
    }
}

#[diagnostic::do_not_recommend]
impl HandleInfo<Restarted> for DynamicSupervisor {
    async fn handle_info(
        &mut self,
        Restarted { finished, old, cause }: Restarted,
        cx: &mut Cx<Self>,
    ) -> NoReply {
        let early = self.0.starts.finish(&finished);
        let children = &mut self.0.children;
        match finished.result {
            Ok(pid) => match children.remove(old) {
                Some(child) => children.insert(pid, Child { phase: Phase::Running, ..child }),
                // Race: it was terminated while it was being restarted, so nobody wants this one.
                None => {
                    State::stop_beside(pid, Shutdown::BrutalKill, None, cx);
                    return noreply();
                }
            },
            Err(StartError::Ignore) => drop(children.remove(old)),
            Err(error) => {
                reporter(cx).start_error(NO_ID, Some(old), &error);
                cx.me().recipient().send(TryAgain { old, cause }).ok();
            }
        }
        match early {
            Some(exit) => self.0.child_ended(&exit, cx),
            None => noreply(),
        }
    }
}

#[diagnostic::do_not_recommend]
impl HandleInfo<TryAgain> for DynamicSupervisor {
    async fn handle_info(&mut self, TryAgain { old, cause }: TryAgain, cx: &mut Cx<Self>) -> NoReply {
        // Race: it may have been terminated meanwhile.
        match self.0.children.get(old).map(|child| child.phase) {
            Some(Phase::Restarting) => self.0.restart(old, cause, cx),
            _ => noreply(),
        }
    }
}

#[diagnostic::do_not_recommend]
impl HandleInfo<Exit> for DynamicSupervisor {
    /// The end of a child. One who is neither child nor parent is ignored.
    async fn handle_info(&mut self, exit: Exit, cx: &mut Cx<Self>) -> NoReply {
        match self.0.starts.keep(exit) {
            Some(exit) => self.0.child_ended(&exit, cx),
            None => noreply(),
        }
    }
}

#[diagnostic::do_not_recommend]
impl HandleCallFrom<TerminateChild> for DynamicSupervisor {
    type Reply = Result<(), TerminateChildError>;

    async fn handle_call_from(
        &mut self,
        TerminateChild(pid): TerminateChild,
        from: Caller<Self::Reply>,
        cx: &mut Cx<Self>,
    ) -> NoReply {
        let children = &mut self.0.children;
        match children.get(pid).map(|child| (child.phase, child.shutdown)) {
            None => from.reply(Err(TerminateChildError::NotFound)),
            Some((Phase::Restarting, _)) => {
                children.remove(pid);
                from.reply(Ok(()));
            }
            Some((_, shutdown)) => {
                children.set_phase(pid, Phase::Stopping);
                State::stop_beside(pid, shutdown, Some(from), cx);
            }
        }
        noreply()
    }
}

#[diagnostic::do_not_recommend]
impl HandleInfo<Stopped> for DynamicSupervisor {
    async fn handle_info(&mut self, Stopped { pid, reason, from }: Stopped, cx: &mut Cx<Self>) -> NoReply {
        if let Some(child) = self.0.children.remove(pid)
            && is_shutdown_error(child.shutdown, child.restart, &reason)
        {
            reporter(cx).shutdown_error(NO_ID, Some(pid), &reason);
        }
        if let Some(from) = from {
            from.reply(Ok(()));
        }
        noreply()
    }
}

#[diagnostic::do_not_recommend]
impl HandleCall<WhichChildren> for DynamicSupervisor {
    type Reply = Vec<ChildInfo>;

    async fn handle_call(&mut self, _: WhichChildren, _: &mut Cx<Self>) -> Reply<Self::Reply> {
        let state = |pid, child: &Child| match child.phase {
            Phase::Restarting => ChildState::Restarting,
            Phase::Running | Phase::Stopping => ChildState::Running(pid),
        };
        let info = |(pid, child): (Pid, &Child)| ChildInfo { state: state(pid, child), kind: child.kind };
        reply(self.0.children.iter().map(info).collect())
    }
}

#[diagnostic::do_not_recommend]
impl HandleCall<CountChildren> for DynamicSupervisor {
    type Reply = ChildCounts;

    async fn handle_call(&mut self, _: CountChildren, _: &mut Cx<Self>) -> Reply<ChildCounts> {
        reply(self.0.children.counts())
    }
}
