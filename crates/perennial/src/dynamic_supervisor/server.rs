//! The process of a dynamic supervisor. What takes time, a start, a restart, a stop, runs beside its loop.

use crate::{
    child_spec::{Restart, Shutdown, StartError, StartResult},
    dynamic_supervisor::{
        ChildInfo, DynamicSupervisor, Options, StartChildError, TerminateChildError,
        children::{Child, History, Phase},
        requests::{CountChildren, GoOn, StartChild, TerminateChild, WhichChildren},
        shared::{Ended, Over, Shared, Stop},
        starts::{NewChild, Starting},
    },
    exit_reason::ExitReason,
    gen_server::{
        Caller, Cx, GenServer, HandleCall, HandleCallFrom, HandleInfo, InitError, NoReply, Reply, noreply,
        reply, stop,
    },
    pid::Pid,
    process::{
        Exit, budget,
        events::{EventId, EventKind},
        time::Sleep,
    },
    supervisor::{
        ChildCounts,
        intensity::Intensity,
        report::Reporter,
        stop_child::{is_shutdown_error, stop_at_once, stop_child},
    },
};
use futures_util::{
    future::FutureExt,
    stream::{FuturesUnordered, StreamExt},
};
use std::{fmt, sync::Arc, task::Poll, time::Duration};
use tokio::task::coop::unconstrained;

/// Dynamic children have no id to report.
const NO_ID: &&str = &"undefined";

#[derive(Debug)]
pub(crate) struct State {
    options: Options,
    intensity: Intensity,
    shared: Arc<Shared>,
}

/// A `start_child` that waited is over.
pub(crate) struct Started {
    new: NewChild,
    result: StartResult,
    from: Caller<Result<Pid, StartChildError>>,
}

/// A restart that waited is over.
pub(crate) struct Restarted {
    starting: Starting,
    result: StartResult,
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
        let shared = Arc::new(Shared::new(options.max_children));
        // Nobody else sets it.
        let _ = cx.own().rare().public.set(shared.clone());
        Ok(Self(State {
            intensity: Intensity::new(options.max_restarts, options.max_seconds),
            options,
            shared,
        }))
    }

    /// Stops all children at once and waits for them; those being started are killed.
    async fn terminate(&mut self, _: &ExitReason, cx: &mut Cx<Self>) -> Result<(), ExitReason> {
        let (process, me) = (cx.process(), cx.pid());
        let mut stops = FuturesUnordered::new();
        for (pid, child) in self.0.shared.close() {
            budget::unit().await;
            let child = match child.phase {
                Phase::Stranger | Phase::Restarting => continue,
                Phase::Starting => None,
                Phase::Running | Phase::Stopping => Some(child),
            };
            let shutdown = child.as_ref().map_or(Shutdown::BrutalKill, |child| child.shutdown());
            if let Some(reason) = stop_at_once(process.process(), pid, shutdown) {
                report_stopped(me, pid, child, &reason);
                continue;
            }
            // Unconstrained: once the budget of the task is spent all that are polled would wake themselves.
            let mut stop = Box::pin(unconstrained(stop_child(pid, shutdown)));
            match stop.as_mut().now_or_never() {
                Some(reason) => report_stopped(me, pid, child, &reason),
                None => stops.push(async move { (pid, child, stop.await) }),
            }
        }
        while let Some((pid, child, reason)) = stops.next().await {
            report_stopped(me, pid, child, &reason);
        }
        Ok(())
    }

    /// The children themselves are too many for a report.
    fn format_status(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamicSupervisor")
            .field("children", &self.0.shared.counts().specs)
            .field("starting", &self.0.shared.starting())
            .finish()
    }
}

impl Drop for State {
    fn drop(&mut self) {
        // One that is killed has not done so: what is started from now on ends.
        drop(self.shared.close());
    }
}

fn reporter(cx: &Cx<DynamicSupervisor>) -> Reporter {
    Reporter { supervisor: cx.pid() }
}

/// A child that was told to stop has ended.
pub(crate) fn report_stopped(supervisor: Pid, pid: Pid, child: Option<Child>, reason: &ExitReason) {
    if child.is_some_and(|child| is_shutdown_error(child.shutdown(), child.restart, reason)) {
        Reporter { supervisor }.shutdown_error(NO_ID, Some(pid), reason);
    }
}

impl State {
    /// A process has ended that is linked to the supervisor.
    fn ended(&mut self, exit: &Exit, cx: &mut Cx<DynamicSupervisor>) -> NoReply {
        let pid = exit.from;
        let (restart, again) = match self.shared.ended(exit) {
            Ended::Ignored => return noreply(),
            Ended::Forgotten(child) => (child.restart, false),
            Ended::Restart(restart) => (restart, true),
        };
        if !exit.reason.is_clean() || restart == Restart::Permanent {
            reporter(cx).child_terminated(NO_ID, Some(pid), &exit.reason);
        }
        if again { self.restart(pid, exit.cause(), cx) } else { noreply() }
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
            true => self.with_history(old, now, |history| history.intensity.add(now)).unwrap_or_default(),
        };
        if !allowed {
            reporter(cx).shutdown(NO_ID, Some(old));
            drop(self.shared.remove(old));
            let give_up = me.node.events.emit(|| now, cause, me.pid(), || EventKind::GiveUp { child: old });
            if self.options.intensity_per_child {
                return noreply();
            }
            me.set_cause(Some(give_up));
            return stop(ExitReason::Shutdown);
        }
        let restart = me.node.events.emit(
            || now,
            cause,
            me.pid(),
            || EventKind::Restart { child: old, id: String::new() },
        );
        let pause = self.pause(old, now).map(|pause| Sleep::new(me.node.clock.clone(), pause));
        let Some(start) = self.shared.start_of(old) else { return noreply() };
        let cause = Some(restart);
        let mut starting = Starting::new(start, cause);
        if pause.is_none()
            && let Poll::Ready(result) = starting.try_now()
        {
            return self.restarted(Restarted { starting, result, old, cause }, cx);
        }
        cx.run_beside(async move {
            if let Some(pause) = pause {
                pause.await;
            }
            let result = (&mut starting).await;
            Restarted { starting, result, old, cause }
        });
        noreply()
    }

    fn restarted(&mut self, restarted: Restarted, cx: &mut Cx<DynamicSupervisor>) -> NoReply {
        let Restarted { starting, result, old, cause } = restarted;
        let over = self.shared.restarted(&starting.spawned.borrow(), old, result.as_ref().ok().copied());
        match (over, result) {
            (Over::Child(Some(exit)), _) => return self.ended(&exit, cx),
            (Over::Unwanted, Ok(pid)) => Self::stop_beside(pid, Shutdown::BrutalKill, None, cx),
            (_, Err(StartError::Ignore)) => drop(self.shared.remove(old)),
            (_, Err(error)) => {
                reporter(cx).start_error(NO_ID, Some(old), &error);
                cx.me().recipient().send(TryAgain { old, cause }).ok();
            }
            (_, Ok(_)) => {}
        }
        noreply()
    }

    fn with_history<R>(&self, pid: Pid, now: Duration, change: impl FnOnce(&mut History) -> R) -> Option<R> {
        let Options { max_restarts, max_seconds, .. } = self.options;
        let new =
            || History { intensity: Intensity::new(max_restarts, max_seconds), failures: 0, started: now };
        self.shared.with_history(pid, new, change)
    }

    /// How long to wait before this restart.
    fn pause(&self, pid: Pid, now: Duration) -> Option<Duration> {
        let backoff = self.options.backoff?;
        self.with_history(pid, now, |history| {
            if history.failures > 0 && now.saturating_sub(history.started) >= backoff.reset_after {
                history.failures = 0;
            }
            let pause = backoff.pause(history.failures);
            history.failures = history.failures.saturating_add(1);
            history.started = now + pause;
            pause
        })
    }

    /// Stops a child; beside the loop, if that takes time.
    fn stop_beside(
        pid: Pid,
        shutdown: Shutdown,
        from: Option<Caller<Result<(), TerminateChildError>>>,
        cx: &mut Cx<DynamicSupervisor>,
    ) {
        cx.run_beside(async move { Stopped { pid, reason: stop_child(pid, shutdown).await, from } });
    }

    /// Goes on with a start beside the loop.
    fn start_beside(
        mut new: Box<NewChild>,
        from: Caller<Result<Pid, StartChildError>>,
        cx: &mut Cx<DynamicSupervisor>,
    ) {
        cx.run_beside(async move {
            let result = (&mut new.starting).await;
            Started { new: *new, result, from }
        });
    }

    fn started(&self, started: Started, cx: &Cx<DynamicSupervisor>) {
        let Started { new, result, from } = started;
        // Else the supervisor is stopping, and its end tells who asked.
        if let Ok(result) = new.over(result, &self.shared, cx.me()) {
            from.reply(result);
        }
    }
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
        if self.0.shared.admit().is_err() {
            from.reply(Err(StartChildError::MaxChildren));
            return noreply();
        }
        let mut new = NewChild::new(spec);
        match new.starting.try_now() {
            Poll::Ready(result) => self.0.started(Started { new, result, from }, cx),
            Poll::Pending => State::start_beside(Box::new(new), from, cx),
        }
        noreply()
    }
}

#[diagnostic::do_not_recommend]
impl HandleCallFrom<GoOn> for DynamicSupervisor {
    type Reply = Result<Pid, StartChildError>;

    async fn handle_call_from(
        &mut self,
        GoOn(new): GoOn,
        from: Caller<Self::Reply>,
        cx: &mut Cx<Self>,
    ) -> NoReply {
        State::start_beside(new, from, cx);
        noreply()
    }
}

#[diagnostic::do_not_recommend]
impl HandleInfo<Started> for DynamicSupervisor {
    async fn handle_info(&mut self, started: Started, cx: &mut Cx<Self>) -> NoReply {
        self.0.started(started, cx);
        noreply()
    }
}

#[diagnostic::do_not_recommend]
impl HandleInfo<Restarted> for DynamicSupervisor {
    async fn handle_info(&mut self, restarted: Restarted, cx: &mut Cx<Self>) -> NoReply {
        self.0.restarted(restarted, cx)
    }
}

#[diagnostic::do_not_recommend]
impl HandleInfo<TryAgain> for DynamicSupervisor {
    async fn handle_info(&mut self, TryAgain { old, cause }: TryAgain, cx: &mut Cx<Self>) -> NoReply {
        // Race: it may have been terminated meanwhile.
        match self.0.shared.start_of(old) {
            Some(_) => self.0.restart(old, cause, cx),
            None => noreply(),
        }
    }
}

#[diagnostic::do_not_recommend]
impl HandleInfo<Exit> for DynamicSupervisor {
    /// The end of a child. One who is neither child nor parent is ignored.
    async fn handle_info(&mut self, exit: Exit, cx: &mut Cx<Self>) -> NoReply {
        self.0.ended(&exit, cx)
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
        match self.0.shared.begin_stop(pid) {
            Stop::NotFound => from.reply(Err(TerminateChildError::NotFound)),
            Stop::Forgotten(child) => {
                drop(child);
                from.reply(Ok(()));
            }
            Stop::By(shutdown) => State::stop_beside(pid, shutdown, Some(from), cx),
        }
        noreply()
    }
}

#[diagnostic::do_not_recommend]
impl HandleInfo<Stopped> for DynamicSupervisor {
    async fn handle_info(&mut self, Stopped { pid, reason, from }: Stopped, cx: &mut Cx<Self>) -> NoReply {
        report_stopped(cx.pid(), pid, self.0.shared.remove(pid), &reason);
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
        reply(self.0.shared.children())
    }
}

#[diagnostic::do_not_recommend]
impl HandleCall<CountChildren> for DynamicSupervisor {
    type Reply = ChildCounts;

    async fn handle_call(&mut self, _: CountChildren, _: &mut Cx<Self>) -> Reply<ChildCounts> {
        reply(self.0.shared.counts())
    }
}
