//! Practice: a run that is always open for each quiz that comes with the program.
//!
//! A process of its own, so that of two requests that find none only one makes it.

use std::collections::HashMap;

use jiff::Timestamp;
use perennial::child_spec::StartResult;
use perennial::gen_server::{self, Address, Cx, GenServer, HandleCall, InitError, Name, Reply, reply};

use crate::core::shipped::SHIPPED;
use crate::core::slug::Slug;
use crate::facade::Mastery;
use crate::facade::quizzes::QuizError;
use crate::facade::runs::RunError;
use crate::store::records::{Run, RunId, RunState};

/// Practice ends then. No teacher schedules so far ahead, so this also tells practice from other runs.
const NEVER: &str = "9999-12-30T00:00:00Z";

const PRACTICE: Name<Practice> = Name::new("practice");

/// Knows the open run of each of those quizzes.
#[derive(Debug)]
pub(super) struct Practice {
    mastery: Mastery,
    runs: HashMap<Slug, RunId>,
}

/// Asks for the practice run of a quiz.
struct RunOf(Slug);

/// There is no practice run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PracticeError {
    /// The quiz is not one of those.
    NotFound,
    /// Not now.
    Busy,
}

/// The practice run of a quiz.
///
/// # Errors
///
/// [`PracticeError`].
pub(super) async fn run_of(slug: &Slug) -> Result<RunId, PracticeError> {
    if !is_practiced(slug) {
        return Err(PracticeError::NotFound);
    }
    PRACTICE.call(RunOf(slug.clone())).await.unwrap_or(Err(PracticeError::Busy))
}

/// Whether everybody may practice this quiz: those that come with the program.
pub(super) fn is_practiced(slug: &Slug) -> bool {
    SHIPPED.iter().any(|shipped| shipped.slug == slug.as_str())
}

impl GenServer for Practice {
    type Args = Mastery;

    async fn start_link(mastery: Mastery) -> StartResult {
        gen_server::start_link::<Self>(mastery, PRACTICE).await
    }

    async fn init(mastery: Mastery, _: &mut Cx<Self>) -> Result<Self, InitError> {
        Ok(Self { mastery, runs: HashMap::new() })
    }
}

impl HandleCall<RunOf> for Practice {
    type Reply = Result<RunId, PracticeError>;

    async fn handle_call(&mut self, RunOf(slug): RunOf, _: &mut Cx<Self>) -> Reply<Self::Reply> {
        reply(self.find(slug).await)
    }
}

impl Practice {
    async fn find(&mut self, slug: Slug) -> Result<RunId, PracticeError> {
        let version = self.version(&slug).await?;
        if let Some(run) = self.runs.get(&slug) {
            // What was good last time need not be now: a teacher may have ended it.
            match self.mastery.run(*run).await {
                Ok(run) if is_practice(&run, &slug, version) => return Ok(run.id),
                Ok(_) | Err(RunError::NotFound) => {}
                Err(RunError::Busy) => return Err(PracticeError::Busy),
            }
        }
        let run = self.find_or_schedule(&slug, version).await?;
        self.runs.insert(slug, run);
        Ok(run)
    }

    /// The newest version of the quiz.
    async fn version(&self, slug: &Slug) -> Result<u32, PracticeError> {
        match self.mastery.quiz(slug, None).await {
            Ok(quiz) => Ok(quiz.version),
            Err(QuizError::Busy) => Err(PracticeError::Busy),
            Err(QuizError::NotFound) => Err(PracticeError::NotFound),
        }
    }

    async fn find_or_schedule(&self, slug: &Slug, version: u32) -> Result<RunId, PracticeError> {
        let runs = self.mastery.runs().await.map_err(|_| PracticeError::Busy)?;
        if let Some(run) = runs.iter().find(|run| is_practice(run, slug, version)) {
            return Ok(run.id);
        }
        let start = Timestamp::UNIX_EPOCH;
        let run = self.mastery.schedule_quiz(slug, start, never()).await.map_err(|_| PracticeError::Busy)?;
        Ok(run.id)
    }
}

/// Whether this run is there for practicing this version of the quiz.
fn is_practice(run: &Run, slug: &Slug, version: u32) -> bool {
    run.end_at == never() && run.state != RunState::Ended && run.slug == *slug && run.version == version
}

fn never() -> Timestamp {
    NEVER.parse().expect("this is a time")
}
