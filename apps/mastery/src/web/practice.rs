//! Practice: a run that is always open for each quiz that comes with the program.
//!
//! A process of its own, so that of two requests that find none only one makes it.

use std::collections::HashMap;

use jiff::Timestamp;
use perennial::child_spec::StartResult;
use perennial::gen_server::{self, Address, Cx, GenServer, HandleCall, InitError, Name, Reply, reply};

use crate::core::slug::Slug;
use crate::facade::Mastery;
use crate::facade::quizzes::QuizError;
use crate::store::records::{RunId, RunState};

/// The quizzes that everybody may practice: those that come with the program.
pub const PRACTICED: [&str; 2] = ["arithmetic", "german-vocabulary"];

/// Practice ends then. No teacher schedules so far ahead, so this also tells practice from other runs.
const NEVER: &str = "9999-12-30T00:00:00Z";

const PRACTICE: Name<Practice> = Name::new("practice");

/// Knows the open run of each of those quizzes.
#[derive(Debug)]
pub(super) struct Practice {
    mastery: Mastery,
    /// By slug, with the version of the quiz.
    runs: HashMap<Slug, (u32, RunId)>,
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

/// Whether everybody may practice this quiz.
pub(super) fn is_practiced(slug: &Slug) -> bool {
    PRACTICED.contains(&slug.as_str())
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
        if let Some((known, run)) = self.runs.get(&slug)
            && *known == version
        {
            return Ok(*run);
        }
        let run = self.find_or_schedule(&slug, version).await?;
        self.runs.insert(slug, (version, run));
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
        let never: Timestamp = NEVER.parse().expect("this is a time");
        let runs = self.mastery.runs().await.map_err(|_| PracticeError::Busy)?;
        let is_ours = |run: &&crate::store::records::Run| {
            run.end_at == never && run.state != RunState::Ended && run.slug == *slug && run.version == version
        };
        if let Some(run) = runs.iter().find(is_ours) {
            return Ok(run.id);
        }
        let start = Timestamp::UNIX_EPOCH;
        let run = self.mastery.schedule_quiz(slug, start, never).await.map_err(|_| PracticeError::Busy)?;
        Ok(run.id)
    }
}
