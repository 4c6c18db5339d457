//! A server whose life is written down.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part")]

use perennial::prelude::*;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

/// What happened, in order: `+a` started, `-a shutdown` ran its `terminate`.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub fn add(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    /// All lines since the last time.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// How a [`Probe`] behaves, by start: entry n for the n-th start, the last one from then on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    Run,
    Fail,
    Ignore,
    /// `init` takes so many seconds.
    Slow(u64),
}

#[derive(Clone)]
pub struct Probe {
    pub id: &'static str,
    pub log: Log,
    plan: &'static [Plan],
    starts: Arc<Mutex<usize>>,
    /// How long `terminate` takes.
    pub stop_for: Duration,
}

impl Probe {
    pub fn new(id: &'static str, log: &Log) -> Self {
        Self { id, log: log.clone(), plan: &[Plan::Run], starts: Arc::default(), stop_for: Duration::ZERO }
    }

    pub fn plan(mut self, plan: &'static [Plan]) -> Self {
        self.plan = plan;
        self
    }

    pub fn stop_for(mut self, time: Duration) -> Self {
        self.stop_for = time;
        self
    }

    pub fn spec(self) -> ChildSpec {
        ChildSpec { id: self.id.into(), ..Self::child_spec(self) }
    }

    pub fn with(self, restart: Restart) -> ChildSpec {
        ChildSpec { restart, ..self.spec() }
    }

    fn next_plan(&self) -> Plan {
        let mut starts = self.starts.lock().unwrap();
        *starts += 1;
        self.plan[(*starts - 1).min(self.plan.len() - 1)]
    }
}

/// Stops with a reason.
pub struct End(pub ExitReason);

impl GenServer for Probe {
    type Args = Self;

    async fn start_link(probe: Self) -> StartResult {
        let name: Name<Self> = Name::from(probe.id.to_owned());
        gen_server::start_link(probe, name).await
    }

    async fn init(probe: Self, cx: &mut Cx<Self>) -> Result<Self, InitError> {
        cx.trap_exit();
        match probe.next_plan() {
            Plan::Run => {}
            Plan::Slow(seconds) => perennial::time::sleep(Duration::from_secs(seconds)).await,
            Plan::Ignore => return Err(InitError::Ignore),
            Plan::Fail => {
                probe.log.add(format!("!{}", probe.id));
                return Err(ExitReason::other("no").into());
            }
        }
        probe.log.add(format!("+{}", probe.id));
        Ok(probe)
    }

    async fn terminate(&mut self, reason: &ExitReason, _: &mut Cx<Self>) -> Result<(), ExitReason> {
        if !self.stop_for.is_zero() {
            perennial::time::sleep(self.stop_for).await;
        }
        self.log.add(format!("-{} {reason}", self.id));
        Ok(())
    }
}

impl HandleCast<End> for Probe {
    async fn handle_cast(&mut self, End(reason): End, _: &mut Cx<Self>) -> NoReply {
        stop(reason)
    }
}

impl HandleInfo<Exit> for Probe {
    async fn handle_info(&mut self, _: Exit, _: &mut Cx<Self>) -> NoReply {
        noreply()
    }
}

/// Ends the probe with a reason and waits until all that follows from it has happened.
pub async fn end(id: &str, reason: ExitReason) {
    let name: Name<Probe> = Name::from(id.to_owned());
    name.cast(End(reason)).unwrap();
    settle().await;
}

/// Kills whoever has the name and waits until all that follows from it has happened.
pub async fn kill(id: &str) {
    process::kill(process::whereis(id).expect("it runs"));
    settle().await;
}

pub async fn settle() {
    Node::current().settled().await;
}

pub fn boom() -> ExitReason {
    ExitReason::other("boom")
}
