//! What the test server does at each command.

use futures_util::future::BoxFuture;
use perennial::exit_reason::ExitReason;
use perennial::gen_server::{Caller, Cx, NoReply, noreply};
use perennial::process;
use perennial::time::sleep;

use super::{Go, Probe};
use crate::executor::raise;
use crate::mapping;
use crate::reason::Reason;
use crate::scenario::Command;
use crate::value::Value;

/// A command that is called and answered when it is done.
#[derive(Debug)]
pub(crate) struct Request(pub(crate) Command);

/// A command that is called and does something with its caller.
#[derive(Debug)]
pub(crate) struct WithCaller(pub(crate) Command);

impl Probe {
    /// Does a command that answers when it is done; returns the reply.
    pub(super) async fn obey(&mut self, command: Command, cx: &mut Cx<Self>) -> Result<Value, ExitReason> {
        let ok = || Ok(Value::from("ok"));
        match command {
            Command::Get {} => Ok(self.state.clone()),
            Command::Put { value } => {
                self.state = value;
                ok()
            }
            Command::Add { n } => {
                self.state = self.state.plus(&n).unwrap_or_else(|| raise());
                Ok(self.state.clone())
            }
            Command::Push { value } => {
                let list = match &self.state {
                    Value::Null => &Value::List(Vec::new()),
                    list => list,
                };
                self.state = list.pushed(value).unwrap_or_else(|| raise());
                ok()
            }
            Command::Echo { value } => Ok(value),
            Command::Me {} => Ok(self.label.clone().into()),
            Command::Stop { reason, .. } => Err(mapping::exit_reason(&reason)),
            Command::Raise {} => raise(),
            Command::Exit { reason } => process::exit_self(mapping::exit_reason(&reason)),
            Command::BadReturn {} => Err(mapping::exit_reason(&Reason::bad_return_value())),
            Command::Release { key, value } => match self.deferred.remove(&key).flatten() {
                Some(caller) => {
                    caller.reply(value);
                    ok()
                }
                None => raise(),
            },
            Command::Continue { then } => {
                cx.continue_with(Go(then));
                ok()
            }
            Command::Timeout { ms } => {
                cx.timeout(ms);
                ok()
            }
            Command::Sleep { ms } => {
                sleep(ms).await;
                ok()
            }
            Command::Noreply {} | Command::Defer { .. } | Command::ReplyThen { .. } | Command::Return {} => {
                unreachable!("{command:?} does not answer when it is done")
            }
        }
    }

    /// Does a command that does something with its caller, who is not there if it was cast.
    pub(super) fn obey_caller<'a>(
        &'a mut self,
        command: Command,
        from: Option<Caller<Value>>,
        cx: &'a mut Cx<Self>,
    ) -> BoxFuture<'a, NoReply> {
        Box::pin(async move {
            match command {
                Command::Defer { key } => {
                    self.deferred.insert(key, from);
                    noreply()
                }
                Command::ReplyThen { value, then } => {
                    from.unwrap_or_else(|| raise()).reply(value);
                    self.obey_cast(*then, cx).await
                }
                _ => {
                    self.ignored.extend(from);
                    noreply()
                }
            }
        })
    }

    /// Does a command to which nobody expects an answer.
    pub(super) async fn obey_cast(&mut self, command: Command, cx: &mut Cx<Self>) -> NoReply {
        if uses_caller(&command) {
            return self.obey_caller(command, None, cx).await;
        }
        self.obey(command, cx).await.map(drop)
    }

    /// Does a command, if there is one.
    pub(super) async fn obey_if(&mut self, command: Option<Command>, cx: &mut Cx<Self>) -> NoReply {
        match command {
            Some(command) => self.obey_cast(command, cx).await,
            None => noreply(),
        }
    }
}

/// Whether a command is sent as [`WithCaller`].
pub(crate) fn uses_caller(command: &Command) -> bool {
    matches!(
        command,
        Command::Noreply {} | Command::Defer { .. } | Command::ReplyThen { .. } | Command::Return {}
    )
}
