//! The process of an application: it traps exits, and is the parent of the top process.

use crate::{
    application::{
        Outcome,
        signals::{Signal, Signals},
        stop::{Stopped, stop_tree},
    },
    child_spec::{StartError, StartResult},
    exit_reason::ExitReason,
    gen_server::{Cx, GenServer, HandleInfo, InitError, NoReply, noreply, stop},
    pid::Pid,
    process::{self, Exit, panics::CatchUnwind},
};
use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, OnceLock},
    time::Duration,
};

/// What an application is to do.
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) start: Pin<Box<dyn Future<Output = StartResult> + Send>>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) signals: Signals,
    /// Set before the process ends.
    pub(crate) outcome: Arc<OnceLock<Outcome>>,
}

/// A running application.
pub(crate) struct Master {
    name: String,
    top: Option<Pid>,
    deadline: Option<Duration>,
    signals: Signals,
    outcome: Arc<OnceLock<Outcome>>,
}

impl GenServer for Master {
    type Args = Plan;

    async fn init(plan: Plan, cx: &mut Cx<Self>) -> Result<Self, InitError> {
        let Plan { name, start, deadline, signals, outcome } = plan;
        cx.trap_exit();
        process::set_label(name.clone());
        tracing::info!(target: "perennial", application = name, "application starting");
        let began = tokio::select! {
            started = CatchUnwind::new(start) => match started {
                Ok(started) => started.and_then(|top| check(top, cx.pid())).map_err(Outcome::NotStarted),
                Err(panic) => Err(Outcome::NotStarted(StartError::Exit(panic))),
            },
            signal = signals.clone().more_than(0) => {
                report_signal(&name, signal);
                Err(Outcome::Stopped)
            }
        };
        let mut this = Self { name, top: None, deadline, signals, outcome };
        match began {
            Ok(top) => {
                tracing::info!(target: "perennial", application = this.name, %top, "application started");
                this.top = Some(top);
                cx.run_beside(this.signals.clone().more_than(0));
                Ok(this)
            }
            Err(outcome) => {
                this.stop(outcome, cx).await;
                // The outcome says more.
                Err(InitError::Error(ExitReason::Shutdown))
            }
        }
    }

    async fn terminate(&mut self, _: &ExitReason, cx: &mut Cx<Self>) -> Result<(), ExitReason> {
        self.stop(Outcome::Stopped, cx).await;
        Ok(())
    }
}

impl Master {
    /// Stops all that was started. `outcome` is that of the application, unless it has one already, or
    /// something had to be killed.
    async fn stop(&mut self, outcome: Outcome, cx: &Cx<Self>) {
        let so_far = self.signals.count();
        tracing::info!(target: "perennial", application = self.name, "application stopping");
        let me = cx.process();
        let stopped = tokio::select! {
            stopped = stop_tree(me.process(), self.top, self.deadline) => stopped,
            signal = self.signals.clone().more_than(so_far) => exit_at_once(&self.name, signal),
        };
        let outcome = match (outcome, stopped) {
            (Outcome::Stopped, Stopped::Killed) => Outcome::Killed,
            (outcome, _) => outcome,
        };
        // One that has ended by itself has its outcome already.
        let outcome = self.outcome.get_or_init(|| outcome);
        if outcome.is_success() {
            tracing::info!(target: "perennial", application = self.name, %outcome, "application ended");
        } else {
            tracing::error!(target: "perennial", application = self.name, %outcome, "application ended");
        }
    }
}

impl HandleInfo<Signal> for Master {
    async fn handle_info(&mut self, signal: Signal, _: &mut Cx<Self>) -> NoReply {
        report_signal(&self.name, signal);
        stop(ExitReason::Shutdown)
    }
}

impl HandleInfo<Exit> for Master {
    async fn handle_info(&mut self, exit: Exit, _: &mut Cx<Self>) -> NoReply {
        if Some(exit.from) == self.top {
            // The first outcome stays.
            let _ = self.outcome.set(Outcome::Ended(exit.reason));
            return stop(ExitReason::Shutdown);
        }
        // Of a child that is not supervised, or a signal of somebody who has no right to it.
        tracing::debug!(target: "perennial", application = self.name, from = %exit.from, reason = %exit.reason, "exit ignored");
        noreply()
    }
}

/// A top process that is no child could not be told to stop by its parent.
fn check(top: Pid, me: Pid) -> StartResult {
    match process::info(top) {
        Some(info) if info.parent != Some(me) => Err(StartError::Exit(ExitReason::other(
            "the top process of an application must be started with a link, by its start function",
        ))),
        // One that has ended already says so by an exit.
        _ => Ok(top),
    }
}

fn report_signal(application: &str, signal: Signal) {
    tracing::info!(target: "perennial", application, signal = signal.name, "asked to stop");
}

/// Whoever asks twice does not want to wait.
fn exit_at_once(application: &str, signal: Signal) -> ! {
    tracing::error!(target: "perennial", application, signal = signal.name, "asked again: ends at once");
    std::process::exit(signal.status)
}
