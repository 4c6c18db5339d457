//! A drill: many students at once, sessions killed at random, and at the end a look whether an acknowledged answer is
//! missing.
//!
//! 1. All students join; from then on each has a live session.
//! 2. A bounded number of drivers take the students through the quiz, one student after the other, each to the end.
//! 3. The tree is stopped in order, the store closed and opened again, and every acknowledged answer looked up.
//!
//! What students and chaos do is a function of the seed; how the processes interleave is not.

pub mod chaos;
pub mod figures;
pub mod student;
pub mod verify;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use self::chaos::Chaos;
use self::figures::{Figures, resident_bytes};
use self::student::{Acks, Patience, Student};
use crate::boundary::env::Env;
use crate::core::email::Email;
use crate::core::quiz::Quiz;
use crate::facade::Mastery;
use crate::facade::sessions::TakeError;
use crate::store::records::RunId;

/// What is drilled.
#[derive(Debug)]
pub struct Plan {
    /// The quiz.
    pub quiz: Quiz,
    /// How many students.
    pub students: usize,
    /// How many drivers.
    pub concurrency: usize,
    /// How likely it is that a session is killed around an answer.
    pub kill: f64,
    /// What everything is drawn with.
    pub seed: u64,
    /// Where acknowledged answers are written as they come.
    pub acks: Option<Arc<student::AckLog>>,
}

/// Told of progress: in which phase, and how many students are through with it.
pub type Progress<'a> = &'a (dyn Fn(Phase, usize) + Sync);

/// The part of the drill that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Students join.
    Joining,
    /// Students answer.
    Answering,
}

/// What the students were told, and what was measured meanwhile.
#[derive(Debug)]
pub struct Outcome {
    /// The figures, but for the number of lost answers.
    pub figures: Figures,
    /// What was acknowledged, for [`verify`].
    pub acks: Vec<Acks>,
}

/// Why a drill cannot go on.
#[derive(Debug, thiserror::Error)]
#[error("the drill failed: {0}")]
pub struct DrillError(pub String);

impl DrillError {
    fn new(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// Runs phases 1 and 2. The processes of the service must be there.
///
/// # Errors
///
/// [`DrillError`]: the service did something that it must not do.
pub async fn run(env: &Arc<Env>, plan: Plan, progress: Progress<'_>) -> Result<Outcome, DrillError> {
    let began = Instant::now();
    let mastery = Mastery::new(env.clone());
    let run = open_run(&mastery, &plan).await?;
    let quiz = Arc::new(plan.quiz.clone());
    let shared = Arc::new(Shared { mastery, run, quiz, chaos: Chaos::new(plan.seed, plan.kill), plan });
    let before = resident_bytes();
    let joining = |done| progress(Phase::Joining, done);
    let joined = in_parallel(&shared, &joining, |shared, number| async move { join(&shared, number).await });
    let joined = Arc::new(joined.await?);
    let resident = resident_bytes().saturating_sub(before);
    let answering = |done| progress(Phase::Answering, done);
    let driven = in_parallel(&shared, &answering, move |shared, number| {
        let joined = joined.clone();
        async move { joined[number].drive(&shared, number).await }
    });
    let driven = driven.await?;
    let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    let mut figures = Figures {
        students: shared.plan.students,
        finished: driven.iter().filter(|driven| driven.is_finished).count(),
        answers: driven.iter().map(|driven| driven.acks.correct.len() as u64).sum(),
        sessions_started: count(&env.counters.sessions_started),
        killed: driven.iter().map(|driven| driven.killed).sum(),
        recovered: count(&env.counters.sessions_recovered),
        bytes_per_session: resident / shared.plan.students.max(1) as u64,
        seconds: began.elapsed().as_secs_f64(),
        ..Figures::default()
    };
    let (latencies, acks): (Vec<_>, Vec<_>) =
        driven.into_iter().map(|driven| (driven.latencies, driven.acks)).unzip();
    figures.set_latencies(latencies.into_iter().flatten().collect());
    Ok(Outcome { figures, acks })
}

/// What drivers share.
#[derive(Debug)]
pub struct Shared {
    mastery: Mastery,
    run: RunId,
    quiz: Arc<Quiz>,
    chaos: Chaos,
    plan: Plan,
}

async fn open_run(mastery: &Mastery, plan: &Plan) -> Result<RunId, DrillError> {
    let slug = match mastery.build_quiz(plan.quiz.draft().clone()).await {
        Ok(built) => built.slug,
        Err(error) => return Err(DrillError::new(error)),
    };
    let now = Timestamp::now();
    let end = now + SignedDuration::from_hours(24);
    Ok(mastery.schedule_quiz(&slug, now, end).await.map_err(DrillError::new)?.id)
}

async fn join(shared: &Shared, number: usize) -> Result<Student, DrillError> {
    let email = Email::parse(&format!("student-{number}@drill.example")).map_err(DrillError::new)?;
    let seed = shared.mastery.env.seed_for(shared.run, &email);
    let mut patience = Patience::default();
    loop {
        match shared.mastery.take_quiz(shared.run, &email).await {
            Ok(taken) => return Ok(Student { session: taken.session, seed }),
            Err(TakeError::Busy) => patience.wait("take_quiz").await?,
            Err(error) => return Err(DrillError::new(error)),
        }
    }
}

/// Does `work` for each student with as many tasks as there are drivers, and returns what came of it, in order.
async fn in_parallel<T, F>(
    shared: &Arc<Shared>,
    progress: &(dyn Fn(usize) + Sync),
    work: impl Fn(Arc<Shared>, usize) -> F + Clone + Send + 'static,
) -> Result<Vec<T>, DrillError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, DrillError>> + Send,
{
    let (next, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let students = shared.plan.students;
    let mut drivers = tokio::task::JoinSet::new();
    for _ in 0..shared.plan.concurrency.clamp(1, students.max(1)) {
        let (shared, next, done, work) = (shared.clone(), next.clone(), done.clone(), work.clone());
        drivers.spawn(async move {
            let mut results = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= students {
                    return Ok(results);
                }
                results.push((number, work(shared.clone(), number).await?));
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    let mut all: Vec<(usize, T)> = Vec::with_capacity(students);
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    loop {
        tokio::select! {
            driver = drivers.join_next() => match driver {
                Some(results) => all.extend(results.map_err(DrillError::new)??),
                None => break,
            },
            _ = tick.tick() => progress(done.load(Ordering::Relaxed)),
        }
    }
    progress(students);
    all.sort_unstable_by_key(|(number, _)| *number);
    Ok(all.into_iter().map(|(_, result)| result).collect())
}
