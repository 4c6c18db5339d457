//! Opens and closes runs at their time, and whenever somebody asks for it: all changes of runs come through here, one
//! after the other, so that the end of a run and a late attempt to open it cannot cross.
//!
//! Its schedule is what the store has, read again after a restart. There is one timer, to the next moment at which
//! something is due, but never further than an hour: then it looks at the clock again, which may have been set. What fails is
//! tried again; nothing in a schedule ends this process.

pub mod schedule;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use perennial::dynamic_supervisor::StartChildError;
use perennial::prelude::*;
use perennial::process::Timer;

use self::schedule::{Due, code, due, until};
use super::env::Env;
use super::names::{self, PROCTOR, RUNS};
use super::run::{self, Changed};
use crate::core::slug::Slug;
use crate::facade::quizzes::Busy;
use crate::facade::runs::ChangeRunError;
use crate::store::records::{NewRun, Run, RunChange, RunId, RunState};

/// The longest time between two looks at the clock.
const LOOK: Duration = Duration::from_secs(3600);
/// When something failed, the next look comes after this.
const RETRY: Duration = Duration::from_millis(500);
/// How often another code is tried for a new run. A collision is one in a hundred million.
const CODES: usize = 8;

/// Asks for a run.
#[derive(Debug)]
pub struct Schedule {
    /// The quiz.
    pub slug: Slug,
    /// Its version.
    pub version: u32,
    /// When it opens.
    pub start_at: Timestamp,
    /// When it closes.
    pub end_at: Timestamp,
}

/// Asks for the process of a run that should have one.
#[derive(Debug)]
pub struct Open(pub RunId);

/// Why a run has no process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenError {
    /// There is no such run.
    NotFound,
    /// It opens then.
    NotOpenYet(Timestamp),
    /// It is over.
    Closed,
    /// The store did not answer, or the run did not start.
    Busy,
}

/// Asks for a change of a run.
#[derive(Debug)]
pub struct Change(pub RunId, pub What);

/// What to change.
#[derive(Debug, Clone, Copy)]
pub enum What {
    /// Stop taking answers.
    Pause,
    /// Take answers again.
    Resume,
    /// Move the end.
    EndAt(Timestamp),
    /// End it now.
    End,
}

/// Time to look at the clock.
struct Look;

/// See the [module](self).
#[derive(Debug)]
pub struct Proctor {
    env: Arc<Env>,
    /// All runs that have not ended; none as long as it could not be read.
    schedule: Option<BTreeMap<RunId, Run>>,
    timer: Option<Timer>,
}

impl GenServer for Proctor {
    type Args = Arc<Env>;

    async fn start_link(env: Arc<Env>) -> StartResult {
        gen_server::start_link::<Self>(env, PROCTOR).await
    }

    async fn init(env: Arc<Env>, cx: &mut Cx<Self>) -> Result<Self, InitError> {
        // By a message, after the supervisor has started those that come after us, whom we need.
        let timer = Some(cx.send_after(Duration::ZERO, Look));
        Ok(Self { env, schedule: None, timer })
    }
}

impl Proctor {
    /// Does what is due and sets the timer.
    async fn look(&mut self, cx: &Cx<Self>) {
        let wait = self.work().await.unwrap_or(RETRY).min(LOOK);
        if let Some(timer) = self.timer.take() {
            timer.cancel();
        }
        self.timer = Some(cx.send_after(wait, Look));
    }

    /// Does what is due; returns how long there is nothing to do.
    async fn work(&mut self) -> Result<Duration, Busy> {
        if self.schedule.is_none() {
            let runs = self.env.store.runs().await.map_err(|_| Busy)?;
            let open: BTreeMap<_, _> = runs.into_iter().map(|run| (run.id, run)).collect();
            for run in open.values().filter(|run| run.state != RunState::Ended) {
                if due(run, self.env.clock.now()) == Due::At(run.end_at) {
                    self.start(run.id).await?;
                }
            }
            self.schedule = Some(open);
        }
        let mut failed = false;
        for run in self.schedule.clone().unwrap_or_default().into_values() {
            let done = match due(&run, self.env.clock.now()) {
                Due::Open => self.open(&run).await.map(drop),
                Due::End => self.end(&run).await.map(drop),
                Due::At(_) | Due::Never => Ok(()),
            };
            // The others are not to wait for this one.
            failed |= done.is_err();
        }
        let schedule = self.schedule.get_or_insert_default();
        schedule.retain(|_, run| run.state != RunState::Ended);
        let now = self.env.clock.now();
        let waits = schedule.values().filter_map(|run| match due(run, now) {
            Due::At(at) => Some(until(now, at)),
            Due::Open | Due::End => Some(Duration::ZERO),
            Due::Never => None,
        });
        if failed { Err(Busy) } else { Ok(waits.min().unwrap_or(LOOK)) }
    }

    async fn change(&mut self, run: RunId, change: RunChange) -> Result<Run, Busy> {
        // There was one when we looked, and runs are never deleted.
        let run = self.env.store.change_run(run, &change).await.ok().flatten().ok_or(Busy)?;
        if let Some(schedule) = &mut self.schedule {
            schedule.insert(run.id, run.clone());
        }
        // Without a process there is nobody to tell; it reads the store when it starts.
        let _ = names::run(run.id).call(Changed(run.clone())).await;
        Ok(run)
    }

    async fn open(&mut self, run: &Run) -> Result<Run, Busy> {
        let run =
            self.change(run.id, RunChange { state: Some(RunState::Open), ..RunChange::default() }).await?;
        self.start(run.id).await?;
        Ok(run)
    }

    /// Starts the processes of a run, if they are not there.
    async fn start(&self, run: RunId) -> Result<(), Busy> {
        match DynamicSupervisor::start_child(&RUNS, run::tree(&self.env, run)).await {
            Ok(_) => Ok(()),
            Err(StartChildError::Start(StartError::AlreadyStarted(_))) => Ok(()),
            Err(error) => {
                tracing::warn!(%run, %error, "a run did not start and is tried again");
                Err(Busy)
            }
        }
    }

    /// Ends a run: first in the store, so that nobody opens it again, then all of its processes at once. One that ends by
    /// itself meanwhile is nobody's business.
    async fn end(&mut self, run: &Run) -> Result<Run, Busy> {
        let run =
            self.change(run.id, RunChange { state: Some(RunState::Ended), ..RunChange::default() }).await?;
        if let Some(pid) = names::run_supervisor(run.id).pid_now() {
            // It may have ended since.
            let _ = DynamicSupervisor::terminate_child(&RUNS, pid).await;
        }
        Ok(run)
    }

    async fn create(&self, new: Schedule) -> Result<Run, Busy> {
        let Schedule { slug, version, start_at, end_at } = new;
        let at = self.env.clock.now();
        for _ in 0..CODES {
            let run = NewRun { slug: slug.clone(), version, code: code(), start_at, end_at, at };
            if let Some(run) = self.env.store.create_run(&run).await.map_err(|_| Busy)? {
                return Ok(run);
            }
        }
        Err(Busy)
    }

    async fn open_now(&mut self, run: RunId) -> Result<(), OpenError> {
        let run = self.env.store.run(run).await.map_err(|_| OpenError::Busy)?.ok_or(OpenError::NotFound)?;
        match due(&run, self.env.clock.now()) {
            Due::Open => self.open(&run).await.map(drop).map_err(|_| OpenError::Busy),
            Due::At(at) if run.state == RunState::Scheduled => Err(OpenError::NotOpenYet(at)),
            Due::At(_) => self.start(run.id).await.map_err(|_| OpenError::Busy),
            // The next look ends it.
            Due::End | Due::Never => Err(OpenError::Closed),
        }
    }

    async fn change_now(&mut self, run: RunId, what: What) -> Result<Run, ChangeRunError> {
        let run = self.env.store.run(run).await.map_err(|_| ChangeRunError::Busy)?;
        let run = run.ok_or(ChangeRunError::NotFound)?;
        let change = match what {
            What::End if run.state == RunState::Ended => return Ok(run),
            What::End => return self.end(&run).await.map_err(|_| ChangeRunError::Busy),
            _ if run.state == RunState::Ended => return Err(ChangeRunError::Ended),
            What::EndAt(end_at) => {
                let errors = schedule::check(run.start_at, end_at, self.env.clock.now());
                if !errors.is_empty() {
                    return Err(ChangeRunError::Invalid(errors));
                }
                RunChange { end_at: Some(end_at), ..RunChange::default() }
            }
            // Before its time there is nothing to pause.
            What::Pause | What::Resume if run.state == RunState::Scheduled => return Ok(run),
            What::Pause => RunChange { state: Some(RunState::Paused), ..RunChange::default() },
            What::Resume => RunChange { state: Some(RunState::Open), ..RunChange::default() },
        };
        self.change(run.id, change).await.map_err(|_| ChangeRunError::Busy)
    }
}

impl HandleInfo<Look> for Proctor {
    async fn handle_info(&mut self, _: Look, cx: &mut Cx<Self>) -> NoReply {
        self.look(cx).await;
        noreply()
    }
}

impl HandleCall<Schedule> for Proctor {
    type Reply = Result<Run, Busy>;

    async fn handle_call(&mut self, new: Schedule, cx: &mut Cx<Self>) -> Reply<Self::Reply> {
        let run = self.create(new).await;
        if let Ok(run) = &run
            && let Some(schedule) = &mut self.schedule
        {
            schedule.insert(run.id, run.clone());
        }
        self.look(cx).await;
        // It may be open by now.
        let known = |run: Run| self.schedule.as_ref().and_then(|it| it.get(&run.id).cloned()).unwrap_or(run);
        reply(run.map(known))
    }
}

impl HandleCall<Open> for Proctor {
    type Reply = Result<(), OpenError>;

    async fn handle_call(&mut self, Open(run): Open, _: &mut Cx<Self>) -> Reply<Self::Reply> {
        reply(self.open_now(run).await)
    }
}

impl HandleCall<Change> for Proctor {
    type Reply = Result<Run, ChangeRunError>;

    async fn handle_call(&mut self, Change(run, what): Change, cx: &mut Cx<Self>) -> Reply<Self::Reply> {
        let changed = self.change_now(run, what).await;
        self.look(cx).await;
        reply(changed)
    }
}
