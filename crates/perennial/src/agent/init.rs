//! What an agent starts from.

use crate::gen_server::InitError;
use std::{fmt, future::Future, pin::Pin};

type Making<T> = Pin<Box<dyn Future<Output = Result<T, InitError>> + Send>>;

/// What makes the first state of an [`Agent<T>`](super::Agent): any closure that returns a `T` is one, and so is what
/// [`Init::future`] makes of a closure that has to wait, or may fail.
pub struct Init<T>(Box<dyn FnOnce() -> Making<T> + Send>);

impl<T> Init<T> {
    /// A closure that waits for something, or may fail: with `?`, or with [`InitError::Ignore`].
    ///
    /// # Examples
    ///
    /// ```
    /// use perennial::{agent::Init, prelude::*};
    /// # async fn load() -> Result<Vec<u8>, std::io::Error> { Ok(vec![1]) }
    /// # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cache = Agent::start_link(Init::future(|| async { Ok(load().await?) }), ()).await?;
    /// assert_eq!(Agent::get(&cache, Vec::len).await?, 1);
    /// # Ok(()) }
    /// ```
    pub fn future<F, Fut>(make: F) -> Self
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, InitError>> + Send + 'static,
    {
        Self(Box::new(|| Box::pin(make())))
    }

    pub(super) fn make(self) -> Making<T> {
        (self.0)()
    }
}

impl<T: Send + 'static, F: FnOnce() -> T + Send + 'static> From<F> for Init<T> {
    fn from(make: F) -> Self {
        Self::future(|| async { Ok(make()) })
    }
}

impl<T> fmt::Debug for Init<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Init(..)")
    }
}
