//! The body of a task: what its action says.

use std::future;
use std::pin::pin;
use std::sync::Arc;

use futures_util::future::select;
use perennial::exit_reason::ExitReason;
use perennial::pid::Pid;
use perennial::process::{self, Inbox};
use perennial::time::sleep;
use tokio::sync::Notify;

use super::bare::BareMessage;
use super::lab::{Kind, Lab, Note};
use super::raise;
use crate::mapping;
use crate::observation::Event;
use crate::scenario::{Action, Ending, Wait};
use crate::value::Value;

/// The work of a task that has a label.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    base: String,
    action: Action,
    lab: Lab,
    begun: Arc<Notify>,
    /// What a task supervisor shows of it.
    modules: Option<Value>,
}

impl Job {
    pub(crate) fn new(base: &str, action: &Action, lab: &Lab) -> Self {
        let (base, action, lab) = (base.to_owned(), action.clone(), lab.clone());
        Self { base, action, lab, begun: Arc::default(), modules: None }
    }

    /// Of a child of a task supervisor.
    pub(crate) fn supervised(base: &str, action: &Action, lab: &Lab) -> Self {
        let modules = Value::List(vec!["Elixir.Task.Supervised".into()]);
        Self { modules: Some(modules), ..Self::new(base, action, lab) }
    }

    /// Waits until the task has begun, or has ended before.
    pub(crate) async fn has_begun(&self, pid: Pid) {
        select(pin!(self.begun.notified()), process::monitor(pid)).await;
    }

    /// Runs it, as the task that has the inbox.
    pub(crate) async fn run(self, mut inbox: Inbox<BareMessage>) -> Value {
        let Self { base, action, lab, begun, modules } = self;
        let (label, _) = lab.draw(&base, inbox.pid(), Kind::Bare);
        if let Some(modules) = modules {
            lab.keep(inbox.pid(), |extra| extra.modules = modules);
        }
        if action.trap_exit {
            inbox.trap_exit(true);
        }
        lab.log(Event::Init(label.clone()));
        begun.notify_one();
        if action.wait {
            wait(&mut inbox, &label, &action, &lab).await;
        }
        work(&action).await
    }

    /// As [`run`](Self::run), for one whose value nobody wants.
    pub(crate) async fn run_child(self, inbox: Inbox<BareMessage>) -> ExitReason {
        self.run(inbox).await;
        ExitReason::Normal
    }
}

/// Starts a task that nobody awaits, linked to the current process, and waits until it has begun.
pub(crate) async fn start_link(base: &str, action: &Action, lab: &Lab) -> Pid {
    let job = Job::new(base, action, lab);
    let body = job.clone();
    let pid = process::spawn_link(|inbox| body.run_child(inbox));
    job.has_begun(pid).await;
    pid
}

/// Waits for `go`, or for an exit signal if the action says what to do then, and does that. If it returns, what it
/// returns is dropped.
async fn wait(inbox: &mut Inbox<BareMessage>, label: &str, action: &Action, lab: &Lab) {
    loop {
        match inbox.receive().await {
            BareMessage::Msg(value) if value == Value::from("go") => return,
            BareMessage::Msg(value) => lab.note(label, Note::Msg(value)),
            BareMessage::Exit(exit) => {
                lab.note(label, Note::Exit(exit));
                if let Some(on_exit) = &action.on_exit {
                    work(on_exit).await;
                    return;
                }
            }
            other => lab.trouble(format!("a task does not know the message {other:?}")),
        }
    }
}

/// Sleeps, then ends as the action says.
pub(crate) async fn work(action: &Action) -> Value {
    match action.sleep {
        None => {}
        Some(Wait::For(time)) => sleep(time).await,
        Some(Wait::Infinity) => future::pending().await,
    }
    match &action.ending {
        Ending::Return(value) => value.clone(),
        Ending::Exit(reason) => process::exit_self(mapping::exit_reason(reason)),
        Ending::Raise | Ending::Throw(_) => raise(),
    }
}
