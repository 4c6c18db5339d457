//! The test server, agents and tasks: what they do when told.

use super::Outside;
use super::world::{Body, Id, Known, World};
use crate::observation::{Event, Message};
use crate::reason::Reason;
use crate::scenario::{Command, Ending, Function, OnTerminate};
use crate::value::Value;

/// What the caller of a server hears.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    Reply(Value),
    /// The server has ended without an answer.
    Ended,
    /// Nothing, and it lives.
    Nothing,
}

impl World {
    /// A server ends with its terminate callback; what that does decides the reason at last.
    pub(super) fn terminate(&mut self, id: Id, reason: Reason) -> Known<()> {
        let Body::Server { spec, .. } = &self.processes[id].body else {
            return self.die(id, reason);
        };
        let on_terminate = spec.on_terminate.clone();
        let label = self.label(id)?;
        self.log(Event::Terminate(label, reason.clone()));
        match on_terminate {
            // A value thrown is a value returned.
            None | Some(OnTerminate::Throw(_)) => self.die(id, reason),
            Some(OnTerminate::Exit(other)) => self.die(id, other),
            Some(OnTerminate::Raise) => self.die(id, Reason::Crash),
            Some(OnTerminate::Sleep(_)) => Err(Outside("a terminate that takes time".into())),
        }
    }

    /// A server does a command; `called` says whether somebody waits for the answer.
    pub(super) fn obey(&mut self, id: Id, command: &Command, called: bool) -> Known<Answer> {
        let ok = || Ok(Answer::Reply("ok".into()));
        let Body::Server { state, .. } = &mut self.processes[id].body else {
            return Err(Outside("a command to something else than a test server".into()));
        };
        match command {
            Command::Get {} => Ok(Answer::Reply(state.clone())),
            Command::Echo { value } => Ok(Answer::Reply(value.clone())),
            Command::Put { value } => {
                *state = value.clone();
                ok()
            }
            Command::Add { n } => match state.plus(n) {
                Some(sum) => {
                    *state = sum.clone();
                    Ok(Answer::Reply(sum))
                }
                None => self.ended(id, Reason::Crash),
            },
            Command::Push { value } => {
                let list = if *state == Value::Null { Value::List(Vec::new()) } else { state.clone() };
                match list.pushed(value.clone()) {
                    Some(list) => {
                        *state = list;
                        ok()
                    }
                    None => self.ended(id, Reason::Crash),
                }
            }
            Command::Stop { reason, reply: Some(reply) } if called => {
                // The callback runs first, then the caller hears, whatever became of it.
                self.terminate(id, reason.clone())?;
                Ok(Answer::Reply(reply.clone()))
            }
            Command::Stop { reason, .. } | Command::Exit { reason } => self.ended(id, reason.clone()),
            Command::Raise {} => self.ended(id, Reason::Crash),
            Command::BadReturn {} => self.ended(id, Reason::bad_return_value()),
            Command::Continue { then } => {
                self.run_continue(id, then.as_deref())?;
                ok()
            }
            Command::ReplyThen { value, then } if called => {
                self.obey(id, then, false)?;
                Ok(Answer::Reply(value.clone()))
            }
            Command::Noreply {} if !called => Ok(Answer::Nothing),
            other => Err(Outside::of(other)),
        }
    }

    /// `handle_continue`: before any message, after the caller has heard.
    pub(super) fn run_continue(&mut self, id: Id, then: Option<&Command>) -> Known<()> {
        let label = self.label(id)?;
        self.log(Event::Continue(label));
        then.map_or(Ok(()), |then| self.obey(id, then, false).map(drop))
    }

    fn ended(&mut self, id: Id, reason: Reason) -> Known<Answer> {
        self.terminate(id, reason)?;
        Ok(Answer::Ended)
    }

    /// A plain message.
    pub(super) fn take_message(&mut self, id: Id, value: &Value) -> Known<()> {
        match self.processes[id].body.clone() {
            Body::Task(action) if *value == Value::from("go") => {
                if action.sleep.is_some() {
                    return Err(Outside("a task that takes time".into()));
                }
                self.die(
                    id,
                    match action.ending {
                        Ending::Return(_) => Reason::Normal,
                        Ending::Exit(reason) => reason,
                        Ending::Raise | Ending::Throw(_) => Reason::Crash,
                    },
                )
            }
            Body::Test | Body::Server { .. } | Body::Bare | Body::Task(_) => {
                self.note(id, Message::Msg(value.clone()))
            }
            _ => Err(Outside("a message to something else than a server or bare process".into())),
        }
    }

    /// A command that was sent as a message.
    pub(super) fn take_command(&mut self, id: Id, command: &Command) -> Known<()> {
        match (&self.processes[id].body, command) {
            (Body::Bare, Command::Return {}) => self.die(id, Reason::Normal),
            (Body::Bare, Command::Exit { reason }) => self.die(id, reason.clone()),
            (Body::Bare, Command::Raise {}) => self.die(id, Reason::Crash),
            _ => self.obey(id, command, false).map(drop),
        }
    }

    /// An agent applies a function to its state; the result, or none if it has ended of it.
    pub(super) fn apply(&mut self, id: Id, function: &Function) -> Known<Option<Value>> {
        let Body::Agent(state) = &self.processes[id].body else {
            return Err(Outside("an operation of agents on something else".into()));
        };
        let result = match function {
            Function::Get {} => Ok(state.clone()),
            Function::Add { n } => state.plus(n).ok_or(Reason::Crash),
            Function::Set { value } => Ok(value.clone()),
            Function::Push { value } => state.pushed(value.clone()).ok_or(Reason::Crash),
            Function::Raise {} => Err(Reason::Crash),
            Function::Exit { reason } => Err(reason.clone()),
            Function::Sleep { .. } => return Err(Outside("a function that takes time".into())),
        };
        match result {
            Ok(value) => Ok(Some(value)),
            Err(reason) => self.die(id, reason).map(|()| None),
        }
    }
}
