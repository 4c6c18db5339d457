//! A run that has a process: who may answer, who is there, how it goes.
//!
//! ```text
//! run:<id>    Supervisor, rest_for_one       temporary: it is started again when somebody asks
//!   run       this server                    transient
//!   sessions  DynamicSupervisor
//! ```
//!
//! `rest_for_one`, because sessions hold the [`Entry`] they got from this server: after a restart there is another one.

pub mod entry;
pub mod tally;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use perennial::dynamic_supervisor;
use perennial::prelude::*;
use tokio::sync::watch;

use self::entry::{Entry, Gate};
use self::tally::{Answer, Tally};
use super::catalog::Get;
use super::env::Env;
use super::names::{self, CATALOG, LIVE_RUNS};
use crate::core::email::Email;
use crate::facade::sessions::SessionRef;
use crate::facade::views::{ActiveSession, Board};
use crate::store::records::{Run, RunId, RunState, StudentId};

/// How often those who watch a board are told of changes.
const PUBLISH: Duration = Duration::from_millis(250);

/// Asks for what a session needs.
#[derive(Debug)]
pub struct Enter;

/// A student has joined, or is back.
#[derive(Debug)]
pub struct Joined(pub SessionRef, pub Email);

/// The run was changed in the store.
#[derive(Debug)]
pub struct Changed(pub Run);

/// Asks for the board.
#[derive(Debug)]
pub struct ReadBoard;

/// Asks for the board as it changes.
#[derive(Debug)]
pub struct WatchBoard;

/// Asks who these students are.
#[derive(Debug)]
pub struct Seats(pub Vec<StudentId>);

/// Asks for the session of a student.
#[derive(Debug)]
pub struct Find(pub Email);

/// Time to tell those who watch.
struct Publish;

/// See the [module](self).
#[derive(Debug)]
pub struct RunServer {
    run: Run,
    entry: Arc<Entry>,
    tally: Tally,
    board: watch::Sender<Arc<Board>>,
    publishes: bool,
}

/// How `runs` starts the subtree of a run. Its supervisor is registered under a name of the run, so there is one.
pub fn tree(env: &Arc<Env>, run: RunId) -> ChildSpec {
    let start = |(env, run): (Arc<Env>, RunId)| async move {
        let limits = env.limits;
        let sessions = dynamic_supervisor::Options {
            max_children: Some(limits.sessions_per_run),
            ..dynamic_supervisor::Options::from(names::sessions(run))
        };
        let server = ChildSpec {
            id: "run".into(),
            restart: Restart::Transient,
            ..ChildSpec::worker(|(env, run)| RunServer::start_link((env, run)), (env, run))
        };
        let sessions = ChildSpec { id: "sessions".into(), ..DynamicSupervisor::child_spec(sessions) };
        Supervisor::start_link_as(names::run_supervisor(run), [server, sessions], Strategy::RestForOne).await
    };
    ChildSpec {
        id: format!("run:{run}").into(),
        restart: Restart::Temporary,
        ..ChildSpec::supervisor(start, (env.clone(), run))
    }
}

impl GenServer for RunServer {
    type Args = (Arc<Env>, RunId);

    async fn start_link((env, run): Self::Args) -> StartResult {
        gen_server::start_link::<Self>((env, run), names::run(run)).await
    }

    async fn init((env, id): Self::Args, cx: &mut Cx<Self>) -> Result<Self, InitError> {
        process::set_label(format!("run {id}"));
        let run = env.store.run(id).await?;
        // Between the decision to start us and now it may have ended; and a restart must not open a run again.
        let is_open = |run: &Run| matches!(run.state, RunState::Open | RunState::Paused);
        let Some(run) = run.filter(is_open) else {
            return Err(InitError::Stop(ExitReason::shutdown_with("the run is not open")));
        };
        let quiz = CATALOG.call(Get(run.slug.clone(), Some(run.version))).await??;
        let mut tally = Tally::new(&quiz.quiz);
        tally.restore(&env.store.sessions(id).await?, &env.store.report(id).await?);
        LIVE_RUNS.register(run.slug.clone(), id)?;
        let gate = Gate::new(run.state);
        let entry = Arc::new(Entry { env, run: id, quiz: quiz.quiz, gate, server: cx.me().clone() });
        let board = watch::Sender::new(Arc::new(tally.board(&run, 0)));
        Ok(Self { run, entry, tally, board, publishes: false })
    }
}

impl RunServer {
    async fn read_board(&self) -> Arc<Board> {
        // The supervisor is started after us and may be starting again.
        let counts = DynamicSupervisor::count_children(&names::sessions(self.run.id)).await;
        Arc::new(self.tally.board(&self.run, counts.map_or(0, |counts| counts.active)))
    }

    /// Something has changed: those who watch are told soon, and of many changes at once.
    fn changed(&mut self, cx: &Cx<Self>) {
        if !self.publishes && self.board.receiver_count() > 0 {
            self.publishes = true;
            cx.send_after(PUBLISH, Publish);
        }
    }
}

impl HandleCall<Enter> for RunServer {
    type Reply = Arc<Entry>;

    async fn handle_call(&mut self, _: Enter, _: &mut Cx<Self>) -> Reply<Arc<Entry>> {
        reply(self.entry.clone())
    }
}

impl HandleCast<Joined> for RunServer {
    async fn handle_cast(&mut self, Joined(session, email): Joined, cx: &mut Cx<Self>) -> NoReply {
        self.tally.joined(session, email);
        self.changed(cx);
        noreply()
    }
}

impl HandleCast<Answer> for RunServer {
    async fn handle_cast(&mut self, answer: Answer, cx: &mut Cx<Self>) -> NoReply {
        self.tally.answered(&answer);
        self.changed(cx);
        noreply()
    }
}

impl HandleCall<Changed> for RunServer {
    type Reply = ();

    async fn handle_call(&mut self, Changed(run): Changed, cx: &mut Cx<Self>) -> Reply<()> {
        self.entry.gate.set(run.state);
        self.run = run;
        self.changed(cx);
        reply(())
    }
}

impl HandleCall<ReadBoard> for RunServer {
    type Reply = Arc<Board>;

    async fn handle_call(&mut self, _: ReadBoard, _: &mut Cx<Self>) -> Reply<Arc<Board>> {
        reply(self.read_board().await)
    }
}

impl HandleCall<WatchBoard> for RunServer {
    type Reply = watch::Receiver<Arc<Board>>;

    async fn handle_call(&mut self, _: WatchBoard, _: &mut Cx<Self>) -> Reply<Self::Reply> {
        // While nobody watched it grew old.
        self.board.send_replace(self.read_board().await);
        reply(self.board.subscribe())
    }
}

impl HandleInfo<Publish> for RunServer {
    async fn handle_info(&mut self, _: Publish, _: &mut Cx<Self>) -> NoReply {
        self.publishes = false;
        self.board.send_replace(self.read_board().await);
        noreply()
    }
}

impl HandleCall<Seats> for RunServer {
    type Reply = Vec<ActiveSession>;

    async fn handle_call(&mut self, Seats(students): Seats, _: &mut Cx<Self>) -> Reply<Self::Reply> {
        reply(students.into_iter().filter_map(|student| self.tally.seat(student)).collect())
    }
}

impl HandleCall<Find> for RunServer {
    type Reply = Option<SessionRef>;

    async fn handle_call(&mut self, Find(email): Find, cx: &mut Cx<Self>) -> Reply<Self::Reply> {
        let found = self.tally.remove(&email).map(|(student, session)| SessionRef {
            session,
            run: self.run.id,
            student,
        });
        self.changed(cx);
        reply(found)
    }
}

/// Counts the start of a session's process.
pub(super) fn count_start(env: &Env, is_recovery: bool) {
    env.counters.sessions_started.fetch_add(1, Ordering::Relaxed);
    if is_recovery {
        env.counters.sessions_recovered.fetch_add(1, Ordering::Relaxed);
    }
}
