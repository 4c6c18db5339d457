//! Bare processes: no server, but they run operations, obey a few commands and note every other message.

use perennial::exit_reason::ExitReason;
use perennial::pid::Pid;
use perennial::process::{self, Down, Exit, Inbox};
use tokio::sync::oneshot;

use super::exec::Exec;
use super::lab::{Kind, Lab, Note};
use super::raise;
use crate::mapping;
use crate::observation::Event;
use crate::scenario::{BareSpec, Command};
use crate::value::Value;

/// What a bare process can be sent.
#[derive(Debug)]
pub(crate) enum BareMessage {
    /// An operation to run.
    Exec(Exec),
    /// A command.
    Command(Command),
    /// A plain message.
    Msg(Value),
    /// An exit signal, if it traps.
    Exit(Exit),
    /// The end of a monitored process.
    Down(Down),
}

impl From<Exit> for BareMessage {
    fn from(exit: Exit) -> Self {
        Self::Exit(exit)
    }
}

impl From<Down> for BareMessage {
    fn from(down: Down) -> Self {
        Self::Down(down)
    }
}

/// Starts a bare process, linked to the current one or not, and waits until it runs.
pub(crate) async fn start(spec: &BareSpec, link: bool, lab: &Lab) -> Pid {
    let (up, is_up) = oneshot::channel();
    let (spec, lab) = (spec.clone(), lab.clone());
    let body = move |inbox| run(inbox, spec, lab, up);
    let pid = if link { process::spawn_link(body) } else { process::spawn(body) };
    // An error says that it was killed before; it is a pid all the same.
    let _ = is_up.await;
    pid
}

async fn run(mut inbox: Inbox<BareMessage>, spec: BareSpec, lab: Lab, up: oneshot::Sender<()>) -> ExitReason {
    let (label, _) = lab.draw(&spec.label, inbox.pid(), Kind::Bare);
    if spec.trap_exit {
        inbox.trap_exit(true);
    }
    lab.log(Event::Init(label.clone()));
    // An error says that the starter has ended meanwhile.
    let _ = up.send(());
    loop {
        let note = match inbox.receive().await {
            BareMessage::Exec(exec) => {
                exec.run(&mut inbox, &lab).await;
                continue;
            }
            BareMessage::Command(Command::Return {}) => return ExitReason::Normal,
            BareMessage::Command(Command::Exit { reason }) => {
                process::exit_self(mapping::exit_reason(&reason))
            }
            BareMessage::Command(Command::Raise {}) => raise(),
            BareMessage::Command(other) => {
                lab.trouble(format!("a bare process does not know the command {other:?}"));
                continue;
            }
            BareMessage::Msg(value) => Note::Msg(value),
            BareMessage::Exit(exit) => Note::Exit(exit),
            BareMessage::Down(down) => Note::Down(down),
        };
        lab.note(&label, note);
    }
}
