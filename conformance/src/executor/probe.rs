//! The test server: it does what its specification and the commands sent to it say.

use std::collections::HashMap;
use std::future;
use std::sync::Arc;

use perennial::exit_reason::ExitReason;
use perennial::gen_server::{
    Caller, Cx, GenServer, HandleCall, HandleCallFrom, HandleCast, HandleContinue, HandleInfo, InitError,
    NoReply, Reply, noreply, reply, stop_reply,
};
use perennial::process::{self, Down, Exit, Timeout};
use perennial::registry::RegistryEvent;
use perennial::time::sleep;

use super::exec::Exec;
use super::lab::{Kind, Lab, Note, TEST};
use super::raise;
use super::target::registry_named;
use crate::mapping;
use crate::observation::Event;
use crate::reason::Reason;
use crate::scenario::{Command, InitAction, OnTerminate, Plan, ServerSpec, Wait};
use crate::value::Value;

pub(crate) use command::{Request, WithCaller, uses_caller};

mod command;

/// What a test server is started with.
#[derive(Clone, Debug)]
pub(crate) struct ProbeArgs {
    /// The base of its label; none for `test`.
    base: Option<String>,
    spec: Arc<ServerSpec>,
    lab: Lab,
}

/// The test server, and `test` itself.
pub(crate) struct Probe {
    label: String,
    spec: Arc<ServerSpec>,
    lab: Lab,
    state: Value,
    /// Callers kept under a key; none if it was a cast that kept nobody.
    deferred: HashMap<Value, Option<Caller<Value>>>,
    /// Callers that will never be answered. Dropping them would tell them so.
    ignored: Vec<Caller<Value>>,
}

/// A plain message.
#[derive(Clone, Debug)]
pub(crate) struct Msg(pub(crate) Value);

/// What `handle_continue` is to do.
pub(crate) struct Go(Option<Box<Command>>);

impl ProbeArgs {
    pub(crate) fn new(base: &str, spec: &ServerSpec, lab: &Lab) -> Self {
        Self { base: Some(base.to_owned()), spec: Arc::new(spec.clone()), lab: lab.clone() }
    }

    /// The arguments of `test`.
    pub(crate) fn test(trap_exit: bool, lab: &Lab) -> Self {
        let spec = ServerSpec {
            state: Value::Null,
            trap_exit,
            init: Plan::default(),
            registers: Vec::new(),
            on_terminate: None,
            on_timeout: None,
            on_exit: None,
        };
        Self { base: None, spec: Arc::new(spec), lab: lab.clone() }
    }
}

impl GenServer for Probe {
    type Args = ProbeArgs;

    async fn init(ProbeArgs { base, spec, lab }: ProbeArgs, cx: &mut Cx<Self>) -> Result<Self, InitError> {
        let (label, number) = match &base {
            Some(base) => lab.draw(base, cx.pid(), Kind::Probe),
            None => {
                lab.adopt_test(cx.pid());
                (TEST.to_owned(), 1)
            }
        };
        if spec.trap_exit {
            cx.trap_exit();
        }
        if base.is_some() {
            lab.log(Event::Init(label.clone()));
        }
        for (registry, key, value) in &spec.registers {
            registry_named(registry).register(key.clone(), value.clone()).unwrap_or_else(|_| raise());
        }
        let plan = spec.init.nth(number).clone();
        if !plan.sleep.is_zero() {
            sleep(plan.sleep).await;
        }
        match plan.action {
            InitAction::Ok => {}
            InitAction::Ignore => return Err(InitError::Ignore),
            InitAction::Raise => raise(),
            InitAction::BadReturn => Err(mapping::exit_reason(&Reason::bad_return_value()))?,
            InitAction::Stop(reason) => Err(mapping::exit_reason(&reason))?,
            InitAction::Exit(reason) => process::exit_self(mapping::exit_reason(&reason)),
            InitAction::Continue(command) => cx.continue_with(Go(Some(Box::new(command)))),
            InitAction::Timeout(after) => cx.timeout(after),
        }
        let state = spec.state.clone();
        Ok(Self { label, spec, lab, state, deferred: HashMap::new(), ignored: Vec::new() })
    }

    async fn terminate(&mut self, reason: &ExitReason, _: &mut Cx<Self>) -> Result<(), ExitReason> {
        if self.label != TEST {
            let reason = mapping::reason(reason, &self.lab);
            self.lab.log(Event::Terminate(self.label.clone(), reason));
        }
        match &self.spec.on_terminate {
            None | Some(OnTerminate::Throw(_)) => {}
            Some(OnTerminate::Sleep(Wait::For(time))) => sleep(*time).await,
            Some(OnTerminate::Sleep(Wait::Infinity)) => future::pending().await,
            Some(OnTerminate::Exit(reason)) => process::exit_self(mapping::exit_reason(reason)),
            Some(OnTerminate::Raise) => raise(),
        }
        Ok(())
    }
}

impl HandleCall<Request> for Probe {
    type Reply = Value;

    async fn handle_call(&mut self, Request(command): Request, cx: &mut Cx<Self>) -> Reply<Value> {
        if let Command::Stop { reason, reply: Some(value) } = command {
            return stop_reply(mapping::exit_reason(&reason), value);
        }
        reply(self.obey(command, cx).await?)
    }
}

impl HandleCallFrom<WithCaller> for Probe {
    type Reply = Value;

    async fn handle_call_from(
        &mut self,
        WithCaller(command): WithCaller,
        from: Caller<Value>,
        cx: &mut Cx<Self>,
    ) -> NoReply {
        self.obey_caller(command, Some(from), cx).await
    }
}

impl HandleCast<Command> for Probe {
    async fn handle_cast(&mut self, command: Command, cx: &mut Cx<Self>) -> NoReply {
        self.obey_cast(command, cx).await
    }
}

impl HandleInfo<Command> for Probe {
    async fn handle_info(&mut self, command: Command, cx: &mut Cx<Self>) -> NoReply {
        self.obey_cast(command, cx).await
    }
}

impl HandleContinue<Go> for Probe {
    async fn handle_continue(&mut self, Go(command): Go, cx: &mut Cx<Self>) -> NoReply {
        self.lab.log(Event::Continue(self.label.clone()));
        match command {
            Some(command) => self.obey_cast(*command, cx).await,
            None => noreply(),
        }
    }
}

impl HandleInfo<Exec> for Probe {
    async fn handle_info(&mut self, exec: Exec, cx: &mut Cx<Self>) -> NoReply {
        exec.run(cx, &self.lab).await;
        noreply()
    }
}

impl HandleInfo<Msg> for Probe {
    async fn handle_info(&mut self, Msg(value): Msg, _: &mut Cx<Self>) -> NoReply {
        self.lab.note(&self.label, Note::Msg(value));
        noreply()
    }
}

impl HandleInfo<Down> for Probe {
    async fn handle_info(&mut self, down: Down, _: &mut Cx<Self>) -> NoReply {
        self.lab.note(&self.label, Note::Down(down));
        noreply()
    }
}

impl HandleInfo<RegistryEvent<Value, Value>> for Probe {
    async fn handle_info(&mut self, event: RegistryEvent<Value, Value>, _: &mut Cx<Self>) -> NoReply {
        self.lab.note(&self.label, Note::Registry(event));
        noreply()
    }
}

impl HandleInfo<Exit> for Probe {
    async fn handle_info(&mut self, exit: Exit, cx: &mut Cx<Self>) -> NoReply {
        self.lab.note(&self.label, Note::Exit(exit));
        self.obey_if(self.spec.on_exit.clone(), cx).await
    }
}

impl HandleInfo<Timeout> for Probe {
    async fn handle_info(&mut self, _: Timeout, cx: &mut Cx<Self>) -> NoReply {
        self.lab.note(&self.label, Note::Timeout);
        self.obey_if(self.spec.on_timeout.clone(), cx).await
    }
}
