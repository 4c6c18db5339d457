//! The body of a task: what its action says.

use std::future;

use perennial::exit_reason::ExitReason;
use perennial::pid::Pid;
use perennial::process::{self, Inbox};
use perennial::time::sleep;
use tokio::sync::oneshot;

use super::bare::BareMessage;
use super::lab::{Kind, Lab, Note};
use super::raise;
use crate::mapping;
use crate::observation::Event;
use crate::scenario::{Action, Ending, Wait};
use crate::value::Value;

/// Starts a task that nobody awaits, linked to the current process, and waits until it has begun.
pub(crate) async fn start_link(base: &str, action: &Action, lab: &Lab) -> Pid {
    let (begun, has_begun) = oneshot::channel();
    let (base, action, lab) = (base.to_owned(), action.clone(), lab.clone());
    let pid = process::spawn_link(move |inbox| async move {
        run(inbox, &base, &action, &lab, begun).await;
        ExitReason::Normal
    });
    // An error says that it was killed before; it is a pid all the same.
    let _ = has_begun.await;
    pid
}

async fn run(
    mut inbox: Inbox<BareMessage>,
    base: &str,
    action: &Action,
    lab: &Lab,
    begun: oneshot::Sender<()>,
) -> Value {
    let (label, _) = lab.draw(base, inbox.pid(), Kind::Bare);
    if action.trap_exit {
        inbox.trap_exit(true);
    }
    lab.log(Event::Init(label.clone()));
    // An error says that the starter has ended meanwhile.
    let _ = begun.send(());
    let action = if action.wait { wait(&mut inbox, &label, action, lab).await } else { action };
    work(action).await
}

/// Waits for `go`, or for an exit signal if the action says what to do then; returns what to do.
async fn wait<'a>(inbox: &mut Inbox<BareMessage>, label: &str, action: &'a Action, lab: &Lab) -> &'a Action {
    loop {
        match inbox.receive().await {
            BareMessage::Msg(value) if value == Value::from("go") => return action,
            BareMessage::Msg(value) => lab.note(label, Note::Msg(value)),
            BareMessage::Exit(exit) => {
                lab.note(label, Note::Exit(exit));
                if let Some(on_exit) = &action.on_exit {
                    return on_exit;
                }
            }
            other => lab.trouble(format!("a task does not know the message {other:?}")),
        }
    }
}

/// Sleeps, then ends as the action says.
pub(super) async fn work(action: &Action) -> Value {
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
