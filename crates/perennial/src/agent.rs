//! Agents: processes that keep a value, and run closures on it.
//!
//! An [`Agent<T>`](Agent) has a state of type `T`, made by a closure when it starts. Whoever can reach it sends it
//! closures, which it runs one after the other: [`get`](Agent::get) looks at the state, [`update`](Agent::update) and
//! [`get_and_update`](Agent::get_and_update) change it, [`cast`](Agent::cast) changes it and does not wait.
//!
//! ```
//! use perennial::prelude::*;
//!
//! const HITS: Name<Agent<u64>> = Name::new("hits");
//!
//! # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! Agent::start_link(|| 0, HITS).await?;
//! Agent::update(&HITS, |n| *n += 1).await?;
//! Agent::cast(&HITS, |n| *n += 1)?;
//! assert_eq!(Agent::get(&HITS, |n| *n).await?, 2);
//! HITS.stop(ExitReason::Normal).await?;
//! # Ok(()) }
//! ```
//!
//! # Under a supervisor
//!
//! [`Agent::child_spec(|| 0, HITS)`](Agent::child_spec). After a restart the state is what the closure makes: what was
//! there is gone.
//!
//! # What runs where
//!
//! A closure is moved to the agent and runs there. While it runs, others wait: what takes long is better done by who
//! asks, on a copy of the state.
//!
//! ```
//! # use perennial::prelude::*;
//! # fn summary(words: &[String]) -> usize { words.len() }
//! # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let words = Agent::start_link(|| vec![String::from("a")], ()).await?;
//! let in_the_agent = Agent::get(&words, |words| summary(words)).await?;
//! let here = summary(&Agent::get(&words, Vec::clone).await?);
//! # assert_eq!(in_the_agent, here);
//! # Ok(()) }
//! ```
//!
//! A closure that panics, or calls [`exit_self`](crate::process::exit_self), ends the agent with that reason, and its
//! caller gets [`CallError::Exit`](crate::exit_reason::CallError::Exit) with it.
//!
//! # When not to use it
//!
//! * For a state with rules of its own: those of a [`GenServer`] are in one place, an agent's are wherever it is used.
//! * For a state that only one process needs: that is a variable.
//!
//! # OTP
//!
//! Elixir's `Agent`. Differs: a closure changes the state in place, and what it returns is the reply, so there is no
//! wrong shape to return; there is no form with module, function and arguments.

mod init;
mod requests;

pub use init::Init;

use crate::{
    child_spec::{ChildId, ChildSpec, StartError},
    gen_server::{Cx, GenServer, InitError, Options, Register, ServerRef, start},
};
use std::fmt;

/// A process that keeps a `T` and runs closures on it. See the [module](self).
#[doc(alias = "Agent.stop/3")]
pub struct Agent<T>(T);

impl<T: Send + 'static> Agent<T> {
    /// Starts an agent that is linked to the current process, if there is one. Its state is what `init`, a closure or
    /// an [`Init`], makes; it runs in the agent.
    ///
    /// Returns when `init` has run. `name` is `()`, a [`Name`](crate::gen_server::Name) or a
    /// [`Via`](crate::registry::Via).
    ///
    /// # Errors
    ///
    /// As [`gen_server::start_link`](crate::gen_server::start_link); a panic in `init` is [`StartError::Exit`].
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped the agent is started nevertheless.
    ///
    /// # OTP
    ///
    /// `Agent.start_link/2`. Differs: returns the agent, whose type is known, in place of its pid.
    #[doc(alias = "Agent.start_link/2")]
    pub async fn start_link(
        init: impl Into<Init<T>>,
        name: impl Register<Self>,
    ) -> Result<ServerRef<Self>, StartError> {
        Self::start_link_with(init, name, Options::default()).await
    }

    /// As [`start_link`](Self::start_link), with options.
    ///
    /// # Errors
    ///
    /// As [`start_link`](Self::start_link), and [`StartError::Timeout`].
    pub async fn start_link_with(
        init: impl Into<Init<T>>,
        name: impl Register<Self>,
        options: Options,
    ) -> Result<ServerRef<Self>, StartError> {
        start::start_with(init.into(), name, true, &options).await
    }

    /// Starts an agent that is linked to nobody and has no parent.
    ///
    /// # Errors
    ///
    /// As [`start_link`](Self::start_link).
    ///
    /// # OTP
    ///
    /// `Agent.start/2`. Differs as [`start_link`](Self::start_link).
    #[doc(alias = "Agent.start/2")]
    pub async fn start(
        init: impl Into<Init<T>>,
        name: impl Register<Self>,
    ) -> Result<ServerRef<Self>, StartError> {
        Self::start_unlinked_with(init, name, Options::default()).await
    }

    /// As [`start`](Self::start), with options.
    ///
    /// # Errors
    ///
    /// As [`start_link`](Self::start_link), and [`StartError::Timeout`].
    pub async fn start_unlinked_with(
        init: impl Into<Init<T>>,
        name: impl Register<Self>,
        options: Options,
    ) -> Result<ServerRef<Self>, StartError> {
        start::start_with(init.into(), name, false, &options).await
    }

    /// How a supervisor starts an agent: a permanent worker. The id is the type of the agent and its name; two of one
    /// type without a name need an id each.
    ///
    /// # Examples
    ///
    /// ```
    /// use perennial::prelude::*;
    /// const HITS: Name<Agent<u64>> = Name::new("hits");
    /// # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let misses = ChildSpec { id: "misses".into(), ..Agent::child_spec(|| 0_u64, ()) };
    /// Supervisor::start_link([Agent::child_spec(|| 0, HITS), misses], Strategy::OneForOne).await?;
    /// assert_eq!(Agent::get(&HITS, |n| *n).await?, 0);
    /// # Ok(()) }
    /// ```
    ///
    /// # OTP
    ///
    /// `Agent.child_spec/1`. Differs: the id has the name in it.
    #[doc(alias = "Agent.child_spec/1")]
    pub fn child_spec<F, N>(init: F, name: N) -> ChildSpec
    where
        F: Fn() -> T + Clone + Send + Sync + 'static,
        N: Register<Self> + Clone + fmt::Debug,
    {
        let id = ChildId::of::<Self>(&name);
        let start = |(init, name): (F, N)| async { Ok(Self::start_link(init, name).await?.pid()) };
        ChildSpec { id, ..ChildSpec::worker(start, (init, name)) }
    }
}

impl<T: Send + 'static> GenServer for Agent<T> {
    type Args = Init<T>;

    async fn init(init: Init<T>, _: &mut Cx<Self>) -> Result<Self, InitError> {
        init.make().await.map(Self)
    }
}

impl<T> fmt::Debug for Agent<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Agent")
    }
}
