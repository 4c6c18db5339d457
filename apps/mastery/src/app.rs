//! The service as a whole: what is opened, what is started, and in which order it stops.

pub mod outline;

use std::path::Path;
use std::sync::Arc;

use perennial::prelude::*;

use crate::boundary;
use crate::boundary::env::Env;
use crate::core::draft::QuizDraft;
use crate::core::file::{Format, read_draft};
use crate::facade::Mastery;
use crate::facade::quizzes::{BuildQuizError, Busy};
use crate::store::Store;
use crate::store::error::OpenError;
use crate::store::sqlite::SqliteStore;

/// The root supervisor.
pub const ROOT: Name<Supervisor> = Name::new("mastery");

/// The quizzes that come with the program.
const SHIPPED: [&str; 2] =
    [include_str!("../../../quizzes/arithmetic.toml"), include_str!("../../../quizzes/vocabulary.toml")];

/// Opens the store in a data directory.
///
/// # Errors
///
/// [`OpenError`]: a sentence that says what to do; nothing was touched.
pub async fn open(dir: &Path) -> Result<Arc<Env>, OpenError> {
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(dir).await?);
    Ok(Arc::new(Env::new(store)))
}

/// Starts the root supervisor. `web` comes last, so that it stops first: no request is taken any more when that which
/// would serve it stops.
///
/// # Errors
///
/// As [`Supervisor::start_link`]; nothing is left running.
pub async fn start(env: &Arc<Env>, web: impl IntoIterator<Item = ChildSpec>) -> StartResult {
    let children = boundary::children(env).into_iter().chain(web);
    Supervisor::start_link_as(ROOT, children, Strategy::OneForOne).await
}

/// Stops the service in order, then closes the store.
pub async fn stop(env: &Env) {
    if let Err(error) = ROOT.stop(ExitReason::Shutdown).await {
        tracing::warn!(%error, "the service did not stop in order");
    }
    if let Err(error) = env.store.close().await {
        tracing::warn!(%error, "the store was not closed");
    }
}

/// Puts the shipped quizzes into an empty catalog. Who has quizzes already, or has deleted them, gets none.
///
/// # Errors
///
/// [`Busy`].
pub async fn ship(mastery: &Mastery) -> Result<(), Busy> {
    if !mastery.quizzes().await?.is_empty() {
        return Ok(());
    }
    for draft in shipped() {
        match mastery.build_quiz(draft).await {
            Ok(_) | Err(BuildQuizError::TitleTaken(_)) => {}
            Err(BuildQuizError::Busy) => return Err(Busy),
            Err(error @ BuildQuizError::Invalid(_)) => tracing::error!(%error, "a shipped quiz is not valid"),
        }
    }
    Ok(())
}

fn shipped() -> impl Iterator<Item = QuizDraft> {
    SHIPPED.into_iter().filter_map(|text| read_draft(text, Format::Toml).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::quiz::Quiz;

    #[test]
    fn the_shipped_quizzes_are_valid() {
        let slugs: Vec<_> =
            shipped().map(|draft| Quiz::build(draft).unwrap().slug().as_str().to_owned()).collect();
        assert_eq!(slugs, ["arithmetic", "german-vocabulary"]);
    }
}
