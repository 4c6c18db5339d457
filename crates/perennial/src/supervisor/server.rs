//! The process of a supervisor: receives, asks [`Children`] and [`Intensity`], acts.

use crate::{
    child_spec::{ChildId, ChildSpec, ChildType, SpecError, StartError},
    exit_reason::ExitReason,
    gen_server::{
        Address, Cx, GenServer, HandleCall, HandleCast, HandleInfo, InitError, NoReply, Reply, noreply,
        reply, stop,
    },
    pid::Pid,
    process::{
        self, Exit, budget,
        events::{EventId, EventKind},
    },
    supervisor::{
        AutoShutdown, ChildCounts, ChildInfo, ChildState, DeleteChildError, FailedToStartChild, Options,
        RestartChildError, StartChildError, Strategy, Supervisor, TerminateChildError, check,
        children::{AfterExit, Child, Children, Key},
        intensity::Intensity,
        report::Reporter,
        requests::{
            CountChildren, DeleteChild, GetChildSpec, RestartChild, StartChild, TerminateChild, WhichChild,
            WhichChildren,
        },
        stop_child::{is_shutdown_error, stop_child},
    },
};
use std::fmt;

/// A restart that failed is tried again by this message, so that other requests are served in between.
pub(crate) struct TryAgain {
    id: ChildId,
    cause: Option<EventId>,
}

/// What a supervisor knows.
#[derive(Debug)]
pub(crate) struct State {
    strategy: Strategy,
    auto_shutdown: AutoShutdown,
    intensity: Intensity,
    children: Children,
}

impl GenServer for Supervisor {
    type Args = (Vec<ChildSpec>, Options);

    /// Starts the children in order, each when the one before is up. If one does not start, those before it are
    /// stopped in reverse order.
    async fn init((specs, options): Self::Args, cx: &mut Cx<Self>) -> Result<Self, InitError> {
        cx.trap_exit();
        let mut this = Self(State {
            strategy: options.strategy,
            auto_shutdown: options.auto_shutdown,
            intensity: Intensity::new(options.max_restarts, options.max_seconds),
            children: Children::default(),
        });
        for spec in specs {
            this.0.check(&spec)?;
            this.0.children.add(spec);
        }
        let keys = this.0.children.keys();
        if let Err((key, error)) = this.0.start_all(&keys, cx).await {
            let id = this.0.children.get(key).map_or_else(|| "".into(), |child| child.spec.id.clone());
            reporter(cx).start_error(&id, None, &error);
            this.0.stop_all(&keys, cx).await;
            return Err(InitError::Stop(ExitReason::shutdown_with(FailedToStartChild { id, error })));
        }
        Ok(this)
    }

    /// Stops the children one after the other, the one started last first.
    async fn terminate(&mut self, _: &ExitReason, cx: &mut Cx<Self>) -> Result<(), ExitReason> {
        let keys = self.0.children.keys();
        self.0.stop_all(&keys, cx).await;
        Ok(())
    }

    /// The children themselves are too many for a report.
    fn format_status(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Supervisor")
            .field("strategy", &self.0.strategy)
            .field("children", &self.0.children.iter().count())
            .finish()
    }
}

fn reporter(cx: &Cx<Supervisor>) -> Reporter {
    Reporter { supervisor: cx.pid() }
}

impl State {
    /// What is wrong with a child here.
    fn check(&self, spec: &ChildSpec) -> Result<(), SpecError> {
        spec.check()?;
        if self.children.key_of(&spec.id).is_some() {
            return Err(SpecError::DuplicateId(spec.id.clone()));
        }
        check::significant(spec, self.auto_shutdown)
    }

    /// Starts one child. One that asks not to run is down, which is no failure.
    async fn start(&mut self, key: Key, cx: &Cx<Supervisor>) -> Result<Option<Pid>, StartError> {
        let Some(Child { spec, .. }) = self.children.get(key) else { return Ok(None) };
        let id = spec.id.clone();
        match spec.start.run().await {
            Ok(pid) => {
                self.children.set(key, ChildState::Running(pid));
                reporter(cx).progress(&id, pid);
                Ok(Some(pid))
            }
            Err(StartError::Ignore) => {
                self.children.down(key);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Starts children in this order, up to the first that fails.
    async fn start_all(&mut self, keys: &[Key], cx: &Cx<Supervisor>) -> Result<(), (Key, StartError)> {
        for (nth, key) in keys.iter().enumerate() {
            // One who starts many lets others run in between. What asks for one is a message, and has done so.
            if nth > 0 {
                budget::unit().await;
            }
            self.start(*key, cx).await.map_err(|error| (*key, error))?;
        }
        Ok(())
    }

    /// Stops one child, if it runs; then it is down.
    async fn stop(&mut self, key: Key, cx: &Cx<Supervisor>) {
        let Some(Child { spec, state }) = self.children.get(key) else { return };
        if let ChildState::Running(pid) = *state {
            let (id, shutdown, restart) = (spec.id.clone(), spec.shutdown, spec.restart);
            let reason = stop_child(pid, shutdown).await;
            if is_shutdown_error(shutdown, restart, &reason) {
                reporter(cx).shutdown_error(&id, Some(pid), &reason);
            }
        }
        self.children.down(key);
    }

    /// Stops children, the last of this order first.
    async fn stop_all(&mut self, keys: &[Key], cx: &Cx<Supervisor>) {
        for key in keys.iter().rev() {
            self.stop(*key, cx).await;
        }
    }

    /// Restarts a child, and those that go with it, if that is not one restart too many.
    ///
    /// # Errors
    ///
    /// The reason with which the supervisor is to stop.
    async fn restart(
        &mut self,
        key: Key,
        old: Option<Pid>,
        cause: Option<EventId>,
        cx: &Cx<Supervisor>,
    ) -> NoReply {
        let me = cx.own();
        let node = &me.node;
        let Some(id) = self.children.get(key).map(|child| child.spec.id.clone()) else { return noreply() };
        let child = old.unwrap_or_else(|| node.outside());
        if !self.intensity.add(me.now()) {
            reporter(cx).shutdown(&id, old);
            self.children.remove(key);
            let give_up = node.events.emit(|| me.now(), cause, me.pid(), || EventKind::GiveUp { child });
            me.set_cause(Some(give_up));
            return stop(ExitReason::Shutdown);
        }
        let restart = node.events.emit(
            || me.now(),
            cause,
            me.pid(),
            || EventKind::Restart { child, id: format!("{id:?}") },
        );
        me.set_cause(Some(restart));
        self.children.set(key, ChildState::NotRunning);
        let group = self.children.group(self.strategy, key);
        self.stop_all(&group, cx).await;
        let started = self.start_all(&group, cx).await;
        me.set_cause(None);
        if let Err((failed, error)) = started
            && let Some(id) = self.children.get(failed).map(|child| child.spec.id.clone())
        {
            reporter(cx).start_error(&id, old, &error);
            self.children.set(failed, ChildState::Restarting);
            // Never refused: a supervisor's mailbox is not bounded.
            let _ = cx.me().cast(TryAgain { id, cause: Some(restart) });
        }
        noreply()
    }

    fn info(child: &Child) -> ChildInfo {
        ChildInfo { id: child.spec.id.clone(), state: child.state, kind: child.spec.kind }
    }
}

#[diagnostic::do_not_recommend]
impl HandleInfo<Exit> for Supervisor {
    /// The end of a child. One who is neither child nor parent is ignored.
    async fn handle_info(&mut self, exit: Exit, cx: &mut Cx<Self>) -> NoReply {
        let State { children, auto_shutdown, .. } = &mut self.0;
        let Some(key) = children.key_of_pid(exit.from) else { return noreply() };
        if let Some(child) = children.get(key)
            && (!exit.reason.is_clean() || child.spec.restart == crate::child_spec::Restart::Permanent)
        {
            reporter(cx).child_terminated(&child.spec.id, Some(exit.from), &exit.reason);
        }
        match children.after_exit(key, &exit.reason, *auto_shutdown) {
            AfterExit::GoOn => noreply(),
            AfterExit::AutoShutdown => {
                cx.process().process().set_cause(exit.cause());
                stop(ExitReason::Shutdown)
            }
            AfterExit::Restart(key) => self.0.restart(key, Some(exit.from), exit.cause(), cx).await,
        }
    }
}

#[diagnostic::do_not_recommend]
impl HandleCast<TryAgain> for Supervisor {
    async fn handle_cast(&mut self, TryAgain { id, cause }: TryAgain, cx: &mut Cx<Self>) -> NoReply {
        // Race: it may have been terminated, deleted or restarted with others meanwhile.
        let Some(key) = self.0.children.key_of(&id) else { return noreply() };
        match self.0.children.get(key).map(|child| child.state) {
            Some(ChildState::Restarting) => self.0.restart(key, None, cause, cx).await,
            _ => noreply(),
        }
    }
}

#[diagnostic::do_not_recommend]
impl HandleCall<StartChild> for Supervisor {
    type Reply = Result<Pid, StartChildError>;

    async fn handle_call(&mut self, StartChild(spec): StartChild, cx: &mut Cx<Self>) -> Reply<Self::Reply> {
        let checked = spec.check().and_then(|()| check::significant(&spec, self.0.auto_shutdown));
        if let Err(error) = checked {
            return reply(Err(StartChildError::Spec(error)));
        }
        let known = self.0.children.key_of(&spec.id).and_then(|key| self.0.children.get(key));
        match known.map(|child| child.state) {
            Some(ChildState::Running(pid)) => return reply(Err(StartChildError::IdRunning(pid))),
            Some(_) => return reply(Err(StartChildError::AlreadyPresent)),
            None => {}
        }
        let key = self.0.children.add(spec);
        reply(match self.0.start(key, cx).await {
            Ok(Some(pid)) => Ok(pid),
            Ok(None) => Err(StartChildError::Start(StartError::Ignore)),
            Err(error) => {
                self.0.children.remove(key);
                Err(StartChildError::Start(error))
            }
        })
    }
}

#[diagnostic::do_not_recommend]
impl HandleCall<TerminateChild> for Supervisor {
    type Reply = Result<(), TerminateChildError>;

    async fn handle_call(
        &mut self,
        TerminateChild(id): TerminateChild,
        cx: &mut Cx<Self>,
    ) -> Reply<Self::Reply> {
        let Some(key) = self.0.children.key_of(&id) else { return reply(Err(TerminateChildError::NotFound)) };
        self.0.stop(key, cx).await;
        reply(Ok(()))
    }
}

#[diagnostic::do_not_recommend]
impl HandleCall<RestartChild> for Supervisor {
    type Reply = Result<Pid, RestartChildError>;

    async fn handle_call(&mut self, RestartChild(id): RestartChild, cx: &mut Cx<Self>) -> Reply<Self::Reply> {
        let Some(key) = self.0.children.key_of(&id) else { return reply(Err(RestartChildError::NotFound)) };
        reply(match self.0.children.get(key).map(|child| child.state) {
            Some(ChildState::Running(_)) => Err(RestartChildError::Running),
            Some(ChildState::Restarting) => Err(RestartChildError::Restarting),
            _ => match self.0.start(key, cx).await {
                Ok(Some(pid)) => Ok(pid),
                Ok(None) => Err(RestartChildError::Start(StartError::Ignore)),
                Err(error) => Err(RestartChildError::Start(error)),
            },
        })
    }
}

#[diagnostic::do_not_recommend]
impl HandleCall<DeleteChild> for Supervisor {
    type Reply = Result<(), DeleteChildError>;

    async fn handle_call(&mut self, DeleteChild(id): DeleteChild, _: &mut Cx<Self>) -> Reply<Self::Reply> {
        let Some(key) = self.0.children.key_of(&id) else { return reply(Err(DeleteChildError::NotFound)) };
        reply(match self.0.children.get(key).map(|child| child.state) {
            Some(ChildState::Running(_)) => Err(DeleteChildError::Running),
            Some(ChildState::Restarting) => Err(DeleteChildError::Restarting),
            _ => {
                self.0.children.remove(key);
                Ok(())
            }
        })
    }
}

#[diagnostic::do_not_recommend]
impl HandleCall<WhichChildren> for Supervisor {
    type Reply = Vec<ChildInfo>;

    async fn handle_call(&mut self, _: WhichChildren, _: &mut Cx<Self>) -> Reply<Self::Reply> {
        reply(self.0.children.iter().rev().map(State::info).collect())
    }
}

#[diagnostic::do_not_recommend]
impl HandleCall<WhichChild> for Supervisor {
    type Reply = Option<ChildInfo>;

    async fn handle_call(&mut self, WhichChild(id): WhichChild, _: &mut Cx<Self>) -> Reply<Self::Reply> {
        reply(self.0.children.key_of(&id).and_then(|key| self.0.children.get(key)).map(State::info))
    }
}

#[diagnostic::do_not_recommend]
impl HandleCall<GetChildSpec> for Supervisor {
    type Reply = Option<ChildSpec>;

    async fn handle_call(&mut self, GetChildSpec(id): GetChildSpec, _: &mut Cx<Self>) -> Reply<Self::Reply> {
        reply(
            self.0
                .children
                .key_of(&id)
                .and_then(|key| self.0.children.get(key))
                .map(|child| child.spec.clone()),
        )
    }
}

#[diagnostic::do_not_recommend]
impl HandleCall<CountChildren> for Supervisor {
    type Reply = ChildCounts;

    async fn handle_call(&mut self, _: CountChildren, _: &mut Cx<Self>) -> Reply<ChildCounts> {
        let mut counts = ChildCounts::default();
        for child in self.0.children.iter() {
            counts.specs += 1;
            counts.active +=
                usize::from(matches!(child.state, ChildState::Running(pid) if process::is_alive(pid)));
            match child.spec.kind {
                ChildType::Supervisor => counts.supervisors += 1,
                ChildType::Worker => counts.workers += 1,
            }
        }
        reply(counts)
    }
}
