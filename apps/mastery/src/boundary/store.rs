//! The process that writes what comes by the thousand: answers and joins, each kind with a group commit.
//!
//! A commit runs in a process of its own, so that this one keeps taking requests while the disk turns. Reads do not come
//! here: they go to the store itself, beside each other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use perennial::prelude::*;
use perennial::time;

use super::env::{Commits, Env};
use super::group_commit::{GroupCommit, Written};
use super::names::STORE;
use crate::facade::quizzes::Busy;
use crate::store::Io;
use crate::store::error::AppendError;
use crate::store::records::{Appended, Joined, NewResponse, NewSession};

/// How often a commit whose outcome is unknown is tried again, and after which pauses. Together less than the time
/// that callers wait.
const RETRIES: [Duration; 3] =
    [Duration::from_millis(10), Duration::from_millis(100), Duration::from_secs(1)];

/// What became of a response.
pub type AppendOutcome = Result<Appended, AppendError>;

/// Asks for a response to be stored. The answer comes after the commit.
#[derive(Debug)]
pub struct Append(pub NewResponse);

/// Asks for a session: a new one, or the stored one. `None` if there is no such run.
#[derive(Debug)]
pub struct Join(pub NewSession);

/// See the [module](self).
#[derive(Debug)]
pub struct StoreServer {
    env: Arc<Env>,
    appends: GroupCommit<NewResponse, AppendOutcome>,
    joins: GroupCommit<NewSession, Option<Joined>>,
}

struct AppendsWritten(Written<Vec<AppendOutcome>>);
struct JoinsWritten(Written<Vec<Option<Joined>>>);

impl GenServer for StoreServer {
    type Args = Arc<Env>;

    async fn start_link(env: Arc<Env>) -> StartResult {
        gen_server::start_link::<Self>(env, STORE).await
    }

    async fn init(env: Arc<Env>, _: &mut Cx<Self>) -> Result<Self, InitError> {
        let (limit, batch) = (env.limits.waiting_writes, env.limits.batch);
        Ok(Self { env, appends: GroupCommit::new(limit, batch), joins: GroupCommit::new(limit, batch) })
    }
}

impl StoreServer {
    fn write_appends(&mut self, cx: &Cx<Self>) {
        let Some(batch) = self.appends.next_batch() else { return };
        let (env, me) = (self.env.clone(), cx.me().clone());
        // Linked: if it panics, we start again with it, and those who wait learn of it.
        process::spawn_link(move |_: Inbox<()>| async move {
            process::set_label("commit of answers");
            let commits = &env.counters.answer_commits;
            me.send(AppendsWritten(commit(commits, batch.len(), || env.store.append(&batch)).await));
        });
    }

    fn write_joins(&mut self, cx: &Cx<Self>) {
        let Some(batch) = self.joins.next_batch() else { return };
        let (env, me) = (self.env.clone(), cx.me().clone());
        process::spawn_link(move |_: Inbox<()>| async move {
            process::set_label("commit of joins");
            let commits = &env.counters.join_commits;
            me.send(JoinsWritten(commit(commits, batch.len(), || env.store.join_all(&batch)).await));
        });
    }
}

/// Writes, and counts if it succeeds.
async fn commit<'a, T>(commits: &Commits, rows: usize, write: impl Fn() -> Io<'a, T>) -> Written<T> {
    let began = Instant::now();
    let written = again(write).await;
    if written.is_ok() {
        commits.count(rows, began.elapsed());
    }
    written
}

/// Writes until the outcome is known. That may be the second time for what was written the first time and only the reply
/// lost: the request ids tell, and the store answers as if it had been the first.
async fn again<'a, T>(write: impl Fn() -> Io<'a, T>) -> Written<T> {
    for pause in RETRIES {
        match write().await {
            Ok(done) => return Ok(done),
            Err(error) => tracing::warn!(%error, "a commit failed and is tried again"),
        }
        time::sleep(pause).await;
    }
    write().await.map_err(|error| {
        tracing::error!(%error, "a commit failed for good");
        Busy
    })
}

impl HandleCallFrom<Append> for StoreServer {
    type Reply = Written<AppendOutcome>;

    async fn handle_call_from(
        &mut self,
        Append(response): Append,
        from: Caller<Self::Reply>,
        cx: &mut Cx<Self>,
    ) -> NoReply {
        self.appends.push(response, from);
        self.write_appends(cx);
        noreply()
    }
}

impl HandleInfo<AppendsWritten> for StoreServer {
    async fn handle_info(&mut self, AppendsWritten(results): AppendsWritten, cx: &mut Cx<Self>) -> NoReply {
        self.appends.written(results);
        self.write_appends(cx);
        noreply()
    }
}

impl HandleCallFrom<Join> for StoreServer {
    type Reply = Written<Option<Joined>>;

    async fn handle_call_from(
        &mut self,
        Join(new): Join,
        from: Caller<Self::Reply>,
        cx: &mut Cx<Self>,
    ) -> NoReply {
        self.joins.push(new, from);
        self.write_joins(cx);
        noreply()
    }
}

impl HandleInfo<JoinsWritten> for StoreServer {
    async fn handle_info(&mut self, JoinsWritten(results): JoinsWritten, cx: &mut Cx<Self>) -> NoReply {
        self.joins.written(results);
        self.write_joins(cx);
        noreply()
    }
}
