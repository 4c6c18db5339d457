//! The service as a whole: what is opened, what is started, and in which order it stops.

pub mod outline;

use std::path::Path;
use std::sync::Arc;

use perennial::prelude::*;

use crate::boundary;
use crate::boundary::env::Env;
use crate::core::shipped::SHIPPED;
use crate::facade::Mastery;
use crate::facade::quizzes::{BuildQuizError, Busy};
use crate::store::Store;
use crate::store::error::OpenError;
use crate::store::sqlite::SqliteStore;

/// The root supervisor.
pub const ROOT: Name<Supervisor> = Name::new("mastery");

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

/// Stops a service that was started without an [`Application`](perennial::application::Application), as in tests, and
/// closes the store.
pub async fn stop(env: &Env) {
    if let Err(error) = ROOT.stop(ExitReason::Shutdown).await {
        tracing::warn!(%error, "the service did not stop in order");
    }
    close(env).await;
}

/// Closes the store, when nobody needs it any more.
pub async fn close(env: &Env) {
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
    // Each can be read: there is a test.
    for draft in SHIPPED.iter().filter_map(|shipped| shipped.draft().ok()) {
        match mastery.build_quiz(draft).await {
            Ok(_) | Err(BuildQuizError::TitleTaken(_)) => {}
            Err(BuildQuizError::Busy) => return Err(Busy),
            Err(error @ BuildQuizError::Invalid(_)) => tracing::error!(%error, "a shipped quiz is not valid"),
        }
    }
    Ok(())
}
