//! What the store knows of a session: its state, and the answers to questions that were answered.

use std::sync::Arc;

use crate::boundary::env::Env;
use crate::boundary::run::entry::Entry;
use crate::core::question::right_answer;
use crate::core::quiz::Quiz;
use crate::core::session::Session;
use crate::facade::sessions::RequestId;
use crate::facade::views::{Answered, Next};
use crate::store::error::StoreError;
use crate::store::records::{SessionId, StoredResponse, StoredSession};

use super::LoadError;

/// Rebuilds a session from its stored responses.
///
/// # Errors
///
/// [`LoadError`].
pub async fn load(entry: &Entry, session: SessionId) -> Result<(StoredSession, Session), LoadError> {
    let store = &entry.env.store;
    let stored = store.session(session).await?.ok_or(LoadError::Gone)?;
    let responses = store.responses(session).await?;
    let session = Session::replay(entry.quiz.clone(), stored.seed, history(&responses))?;
    Ok((stored, session))
}

/// What was answered to question `seq`, if it was by this request; `session` is the state now.
///
/// # Errors
///
/// The store did not answer.
pub async fn recall(
    env: &Env,
    session: &Session,
    id: SessionId,
    seq: u32,
    request: &RequestId,
) -> Result<Option<Answered>, StoreError> {
    let responses = env.store.responses(id).await?;
    let Some(place) = responses.iter().position(|response| response.seq == seq) else { return Ok(None) };
    let response = &responses[place];
    if response.request_id != request.as_str() {
        return Ok(None);
    }
    // The question as it was then, for the feedback.
    let then = Session::replay(session.quiz().clone(), session.seed(), history(&responses[..place])).ok();
    let right = then.as_ref().and_then(Session::question).map(right_answer);
    let feedback = right.filter(|_| !response.correct);
    Ok(Some(Answered { correct: response.correct, feedback, next: Next::of(session) }))
}

/// As [`recall`], without a process: also for a run that is over.
///
/// # Errors
///
/// [`LoadError`].
pub async fn stored(
    env: &Env,
    quiz: Arc<Quiz>,
    session: &StoredSession,
    seq: u32,
    request: &RequestId,
) -> Result<Option<Answered>, LoadError> {
    let responses = env.store.responses(session.id).await?;
    let now = Session::replay(quiz, session.seed, history(&responses))?;
    Ok(recall(env, &now, session.id, seq, request).await?)
}

fn history(responses: &[StoredResponse]) -> impl Iterator<Item = (u32, &str, bool)> {
    responses.iter().map(|response| (response.seq, response.template.as_str(), response.correct))
}
