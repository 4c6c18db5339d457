//! The quizzes: the book's QuizManager.
//!
//! Drafts are checked by those who send them, in their own time; here only quizzes that are known to be good arrive, so no
//! draft can end or delay this process. What it holds is a cache of the store.

use std::collections::HashMap;
use std::sync::Arc;

use perennial::prelude::*;

use super::env::Env;
use super::names::CATALOG;
use crate::core::file::{Format, read_draft};
use crate::core::quiz::Quiz;
use crate::core::slug::Slug;
use crate::facade::quizzes::{Built, Busy, QuizError, QuizSummary, QuizVersion};
use crate::store::records::{NewQuiz, StoredQuiz};

/// Quizzes that are kept in memory; beyond that all are read anew. A quiz of 200 templates has some hundred kilobytes.
const CACHED: usize = 1_000;

/// Asks for a version of a quiz, or its newest one.
#[derive(Debug)]
pub struct Get(pub Slug, pub Option<u32>);

/// Asks for a quiz to be stored under `slug`.
#[derive(Debug)]
pub struct Put {
    /// The quiz.
    pub quiz: Quiz,
    /// The version it replaces; none if it is a new quiz.
    pub replaces: Option<u32>,
}

/// Asks for all quizzes, by slug.
#[derive(Debug)]
pub struct List;

/// Why a quiz was not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutError {
    /// Another version is the newest one: this, or none.
    Other(Option<u32>),
    /// The store did not answer.
    Busy,
}

/// See the [module](self).
#[derive(Debug)]
pub struct Catalog {
    env: Arc<Env>,
    cache: HashMap<(Slug, u32), Arc<Quiz>>,
}

impl GenServer for Catalog {
    type Args = Arc<Env>;

    async fn start_link(env: Arc<Env>) -> StartResult {
        gen_server::start_link::<Self>(env, CATALOG).await
    }

    async fn init(env: Arc<Env>, _: &mut Cx<Self>) -> Result<Self, InitError> {
        Ok(Self { env, cache: HashMap::new() })
    }
}

impl Catalog {
    async fn get(&mut self, slug: &Slug, version: Option<u32>) -> Result<QuizVersion, QuizError> {
        if let Some(version) = version
            && let Some(quiz) = self.cache.get(&(slug.clone(), version))
        {
            return Ok(QuizVersion { version, quiz: quiz.clone() });
        }
        let stored = self.env.store.quiz(slug, version).await.map_err(|_| QuizError::Busy)?;
        self.read(&stored.ok_or(QuizError::NotFound)?).ok_or(QuizError::NotFound)
    }

    async fn put(&mut self, quiz: Quiz, replaces: Option<u32>) -> Result<Built, PutError> {
        let body = serde_json::to_string(quiz.draft()).map_err(|error| {
            tracing::error!(%error, "a quiz cannot be written as JSON");
            PutError::Busy
        })?;
        let (slug, title, at) = (quiz.slug().clone(), quiz.title().to_owned(), self.env.clock.now());
        let new = NewQuiz { slug: slug.clone(), title, body, at };
        let put = self.env.store.put_quiz(&new, replaces).await.map_err(|_| PutError::Busy)?;
        let version = match put {
            Some(version) => version,
            None => {
                let newest = self.env.store.quiz(&slug, None).await.map_err(|_| PutError::Busy)?;
                // What we are to write is there: somebody asks again who did not get the answer.
                let is_ours =
                    |it: &StoredQuiz| it.body == new.body && it.version == replaces.unwrap_or(0) + 1;
                match newest {
                    Some(newest) if is_ours(&newest) => newest.version,
                    newest => return Err(PutError::Other(newest.map(|newest| newest.version))),
                }
            }
        };
        self.remember(&slug, version, Arc::new(quiz));
        Ok(Built { slug, version })
    }

    /// A stored quiz, from the cache if it is there. None if it cannot be read, which only a release with stricter checks
    /// can bring about.
    fn read(&mut self, stored: &StoredQuiz) -> Option<QuizVersion> {
        let StoredQuiz { slug, version, body, .. } = stored;
        if let Some(quiz) = self.cache.get(&(slug.clone(), *version)) {
            return Some(QuizVersion { version: *version, quiz: quiz.clone() });
        }
        let draft = read_draft(body, Format::Json).ok();
        let Some(quiz) = draft.and_then(|draft| Quiz::build(draft).ok()) else {
            tracing::error!(%slug, version, "a stored quiz cannot be read by this release");
            return None;
        };
        let quiz = Arc::new(quiz);
        self.remember(slug, *version, quiz.clone());
        Some(QuizVersion { version: *version, quiz })
    }

    fn remember(&mut self, slug: &Slug, version: u32, quiz: Arc<Quiz>) {
        if self.cache.len() >= CACHED {
            self.cache.clear();
        }
        self.cache.insert((slug.clone(), version), quiz);
    }
}

impl HandleCall<Get> for Catalog {
    type Reply = Result<QuizVersion, QuizError>;

    async fn handle_call(&mut self, Get(slug, version): Get, _: &mut Cx<Self>) -> Reply<Self::Reply> {
        reply(self.get(&slug, version).await)
    }
}

impl HandleCall<Put> for Catalog {
    type Reply = Result<Built, PutError>;

    async fn handle_call(&mut self, Put { quiz, replaces }: Put, _: &mut Cx<Self>) -> Reply<Self::Reply> {
        reply(self.put(quiz, replaces).await)
    }
}

impl HandleCall<List> for Catalog {
    type Reply = Result<Vec<QuizSummary>, Busy>;

    async fn handle_call(&mut self, _: List, _: &mut Cx<Self>) -> Reply<Self::Reply> {
        let Ok(stored) = self.env.store.quizzes().await else { return reply(Err(Busy)) };
        let quizzes = stored.iter().filter_map(|stored| self.read(stored));
        let summaries = quizzes.map(|QuizVersion { version, quiz }| QuizSummary {
            slug: quiz.slug().clone(),
            version,
            title: quiz.title().to_owned(),
            description: quiz.description().to_owned(),
            mastery: quiz.mastery(),
            templates: quiz.templates().len(),
        });
        reply(Ok(summaries.collect()))
    }
}
