//! What an agent can be asked: closures as messages, and what clients call.

use crate::{
    agent::Agent,
    exit_reason::CallError,
    gen_server::{
        Address, CALL_TIMEOUT, CastError, Cx, HandleCall, HandleCast, NoReply, Reply, noreply, reply,
    },
};
use std::{future::Future, pin::Pin, time::Duration};

/// What a closure that waits returns.
type Working<'a, R> = Pin<Box<dyn Future<Output = R> + Send + 'a>>;

/// A closure to run on the state; the reply is what it returns.
pub(super) struct Apply<F>(F);

/// As [`Apply`], for one that waits.
pub(super) struct ApplyAsync<F>(F);

/// What clients call.
///
/// Each takes any [`Address`] of an agent. A name is resolved when the future is made, the closure is sent when that
/// is first polled. The future borrows nothing: it can be joined with others, and spawned.
impl<T: Send + 'static> Agent<T> {
    /// Runs `look` on the state, in the agent, and returns what that returned. Waits for 5 s.
    ///
    /// # Errors
    ///
    /// As [`Address::call`]. A closure that panics ends the agent: [`CallError::Exit`] with that reason.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is first polled, it does nothing. After that the closure runs, and its result is dropped.
    ///
    /// # Examples
    ///
    /// See the [module](super).
    ///
    /// # OTP
    ///
    /// `Agent.get/3`. Differs: what exits there is an `Err` here.
    #[doc(alias = "Agent.get/3")]
    pub fn get<A, F, R>(
        agent: &A,
        look: F,
    ) -> impl Future<Output = Result<R, CallError>> + Send + use<T, A, F, R>
    where
        A: Address<Server = Self>,
        F: FnOnce(&T) -> R + Send + 'static,
        R: Send + 'static,
    {
        Self::get_timeout(agent, look, Some(CALL_TIMEOUT))
    }

    /// As [`get`](Self::get), with another limit, or with none. When the time is over the closure may still run.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    #[doc(alias = "Agent.get/3")]
    pub fn get_timeout<A, F, R>(
        agent: &A,
        look: F,
        timeout: Option<Duration>,
    ) -> impl Future<Output = Result<R, CallError>> + Send + use<T, A, F, R>
    where
        A: Address<Server = Self>,
        F: FnOnce(&T) -> R + Send + 'static,
        R: Send + 'static,
    {
        Self::get_and_update_timeout(agent, |state| look(state), timeout)
    }

    /// Runs `change` on the state, in the agent. Waits for 5 s.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    ///
    /// # Cancel safety
    ///
    /// As [`get`](Self::get).
    ///
    /// # OTP
    ///
    /// `Agent.update/3`. Differs: the closure changes the state in place.
    #[doc(alias = "Agent.update/3")]
    pub fn update<A, F>(
        agent: &A,
        change: F,
    ) -> impl Future<Output = Result<(), CallError>> + Send + use<T, A, F>
    where
        A: Address<Server = Self>,
        F: FnOnce(&mut T) + Send + 'static,
    {
        Self::get_and_update(agent, change)
    }

    /// As [`update`](Self::update), with another limit, or with none. When the time is over the closure may still run.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    #[doc(alias = "Agent.update/3")]
    pub fn update_timeout<A, F>(
        agent: &A,
        change: F,
        timeout: Option<Duration>,
    ) -> impl Future<Output = Result<(), CallError>> + Send + use<T, A, F>
    where
        A: Address<Server = Self>,
        F: FnOnce(&mut T) + Send + 'static,
    {
        Self::get_and_update_timeout(agent, change, timeout)
    }

    /// Runs `change` on the state, in the agent, and returns what that returned. Waits for 5 s.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    ///
    /// # Cancel safety
    ///
    /// As [`get`](Self::get).
    ///
    /// # Examples
    ///
    /// ```
    /// # use perennial::prelude::*;
    /// # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let jobs = Agent::start_link(|| vec!["first", "second"], ()).await?;
    /// assert_eq!(Agent::get_and_update(&jobs, Vec::pop).await?, Some("second"));
    /// # Ok(()) }
    /// ```
    ///
    /// # OTP
    ///
    /// `Agent.get_and_update/3`. Differs: the closure changes the state in place and returns only the reply.
    #[doc(alias = "Agent.get_and_update/3")]
    pub fn get_and_update<A, F, R>(
        agent: &A,
        change: F,
    ) -> impl Future<Output = Result<R, CallError>> + Send + use<T, A, F, R>
    where
        A: Address<Server = Self>,
        F: FnOnce(&mut T) -> R + Send + 'static,
        R: Send + 'static,
    {
        Self::get_and_update_timeout(agent, change, Some(CALL_TIMEOUT))
    }

    /// As [`get_and_update`](Self::get_and_update), with another limit, or with none. When the time is over the
    /// closure may still run.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    #[doc(alias = "Agent.get_and_update/3")]
    pub fn get_and_update_timeout<A, F, R>(
        agent: &A,
        change: F,
        timeout: Option<Duration>,
    ) -> impl Future<Output = Result<R, CallError>> + Send + use<T, A, F, R>
    where
        A: Address<Server = Self>,
        F: FnOnce(&mut T) -> R + Send + 'static,
        R: Send + 'static,
    {
        agent.call_timeout(Apply(change), timeout)
    }

    /// As [`get_and_update_timeout`](Self::get_and_update_timeout), for a closure that waits. The agent waits with it,
    /// and runs nothing else meanwhile.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    ///
    /// # Examples
    ///
    /// ```
    /// # use perennial::prelude::*;
    /// # async fn fetch(page: u32) -> String { format!("page {page}") }
    /// # #[perennial::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let pages = Agent::start_link(Vec::new, ()).await?;
    /// Agent::get_and_update_async(&pages, |pages| Box::pin(async { pages.push(fetch(1).await) }), None).await?;
    /// assert_eq!(Agent::get(&pages, |pages| pages[0].clone()).await?, "page 1");
    /// # Ok(()) }
    /// ```
    pub fn get_and_update_async<A, F, R>(
        agent: &A,
        change: F,
        timeout: Option<Duration>,
    ) -> impl Future<Output = Result<R, CallError>> + Send + use<T, A, F, R>
    where
        A: Address<Server = Self>,
        F: FnOnce(&mut T) -> Working<'_, R> + Send + 'static,
        R: Send + 'static,
    {
        agent.call_timeout(ApplyAsync(change), timeout)
    }

    /// Runs `change` on the state, in the agent, and does not wait for it. Nobody is told if there is no such agent.
    ///
    /// # Errors
    ///
    /// [`CastError::Full`] only if the agent has a bounded [mailbox](crate::gen_server::Options::mailbox); gives the
    /// closure back.
    ///
    /// # OTP
    ///
    /// `Agent.cast/2`. Differs: the closure changes the state in place.
    #[doc(alias = "Agent.cast/2")]
    pub fn cast<F>(agent: &impl Address<Server = Self>, change: F) -> Result<(), CastError<F>>
    where
        F: FnOnce(&mut T) + Send + 'static,
    {
        agent.cast(Apply(change)).map_err(|CastError::Full(Apply(change))| CastError::Full(change))
    }
}

#[diagnostic::do_not_recommend]
impl<T, F, R> HandleCall<Apply<F>> for Agent<T>
where
    T: Send + 'static,
    F: FnOnce(&mut T) -> R + Send + 'static,
    R: Send + 'static,
{
    type Reply = R;

    async fn handle_call(&mut self, Apply(change): Apply<F>, _: &mut Cx<Self>) -> Reply<R> {
        reply(change(&mut self.0))
    }
}

#[diagnostic::do_not_recommend]
impl<T, F, R> HandleCall<ApplyAsync<F>> for Agent<T>
where
    T: Send + 'static,
    F: FnOnce(&mut T) -> Working<'_, R> + Send + 'static,
    R: Send + 'static,
{
    type Reply = R;

    async fn handle_call(&mut self, ApplyAsync(change): ApplyAsync<F>, _: &mut Cx<Self>) -> Reply<R> {
        reply(change(&mut self.0).await)
    }
}

#[diagnostic::do_not_recommend]
impl<T, F> HandleCast<Apply<F>> for Agent<T>
where
    T: Send + 'static,
    F: FnOnce(&mut T) + Send + 'static,
{
    async fn handle_cast(&mut self, Apply(change): Apply<F>, _: &mut Cx<Self>) -> NoReply {
        change(&mut self.0);
        noreply()
    }
}
