//! A state machine that does what a test tells it, and writes down what it sees.

use perennial::{
    gen_state_machine::{
        EnterCx, EventCx, GenStateMachine, HandleCallEvent, HandleEvent, StateMachine, Transition,
        keep_state, next_state,
    },
    prelude::*,
};
use std::sync::{Arc, Mutex};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum S {
    A,
    B,
    C,
}
pub(crate) use S::{A, B, C};

/// What was seen, in order: `enter A B` is the call that enters B from A, `go A` an event in state A.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn add(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    /// All lines since the last time, when nothing moves any more.
    pub(crate) async fn take(&self) -> Vec<String> {
        Node::current().settled().await;
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

type OnEnter = Box<dyn FnOnce(&mut Puppet, &mut EnterCx<'_, Puppet>) -> Result<(), ExitReason> + Send>;
type OnInit = Box<dyn FnOnce(&mut Puppet, &mut EventCx<'_, Puppet>) -> Result<(), InitError> + Send>;

pub(crate) struct Puppet {
    pub(crate) log: Log,
    /// What the next enter call that enters this state does.
    pub(crate) on_enter: Option<(S, OnEnter)>,
    pub(crate) callers: Vec<Caller<&'static str>>,
}

impl Puppet {
    pub(crate) fn on_enter(
        &mut self,
        state: S,
        act: impl FnOnce(&mut Puppet, &mut EnterCx<'_, Puppet>) -> Result<(), ExitReason> + Send + 'static,
    ) {
        self.on_enter = Some((state, Box::new(act)));
    }
}

/// What a puppet is made from.
pub(crate) struct Script {
    log: Log,
    init: OnInit,
}

/// A puppet that starts in A and runs `init`.
pub(crate) fn script(
    init: impl FnOnce(&mut Puppet, &mut EventCx<'_, Puppet>) -> Result<(), InitError> + Send + 'static,
) -> (Script, Log) {
    let log = Log::default();
    (Script { log: log.clone(), init: Box::new(init) }, log)
}

pub(crate) type Machine = ServerRef<StateMachine<Puppet>>;

/// A puppet in A, linked to nobody, that has entered its state; the log is empty.
pub(crate) async fn puppet() -> (Machine, Log) {
    let (machine, log) = puppet_with(|_, _| Ok(())).await;
    assert_eq!(log.take().await, ["enter A A"]);
    (machine, log)
}

/// As [`puppet`], with an `init`; what it does is in the log.
pub(crate) async fn puppet_with(
    init: impl FnOnce(&mut Puppet, &mut EventCx<'_, Puppet>) -> Result<(), InitError> + Send + 'static,
) -> (Machine, Log) {
    let (script, log) = script(init);
    let pid = gen_server::start::<StateMachine<Puppet>>(script, ()).await.expect("it starts");
    (pid.server().expect("it is a puppet"), log)
}

impl GenStateMachine for Puppet {
    type Args = Script;
    type State = S;

    async fn init(script: Script, cx: &mut EventCx<'_, Self>) -> Result<(S, Self), InitError> {
        let mut puppet = Self { log: script.log, on_enter: None, callers: Vec::new() };
        (script.init)(&mut puppet, cx)?;
        Ok((A, puppet))
    }

    async fn enter(&mut self, old: &S, state: &S, cx: &mut EnterCx<'_, Self>) -> Result<(), ExitReason> {
        self.log.add(format!("enter {old:?} {state:?}"));
        match self.on_enter.take() {
            Some((of, act)) if of == *state => act(self, cx),
            other => {
                self.on_enter = other;
                Ok(())
            }
        }
    }

    async fn terminate(
        &mut self,
        reason: &ExitReason,
        state: &S,
        _: &mut Cx<StateMachine<Self>>,
    ) -> Result<(), ExitReason> {
        self.log.add(format!("terminate {reason} {state:?}"));
        Ok(())
    }
}

/// An event that changes nothing.
impl HandleEvent<&'static str> for Puppet {
    async fn handle_event(
        &mut self,
        tag: &'static str,
        state: &S,
        _: &mut EventCx<'_, Self>,
    ) -> Transition<S> {
        self.log.add(format!("{tag} {state:?}"));
        keep_state()
    }
}

type Act = Arc<dyn Fn(&mut Puppet, Do, S, &mut EventCx<'_, Puppet>) -> Transition<S> + Send + Sync>;

/// An event that is handled by the closure.
#[derive(Clone)]
pub(crate) struct Do {
    pub(crate) tag: &'static str,
    act: Act,
}

pub(crate) fn event(
    tag: &'static str,
    act: impl Fn(&mut Puppet, Do, S, &mut EventCx<'_, Puppet>) -> Transition<S> + Send + Sync + 'static,
) -> Do {
    Do { tag, act: Arc::new(act) }
}

/// An event that goes to a state.
pub(crate) fn go(tag: &'static str, to: S) -> Do {
    event(tag, move |_, _, _, _| next_state(to))
}

/// An event that is postponed in these states, and changes nothing in others.
pub(crate) fn postponed_in(states: &'static [S], tag: &'static str) -> Do {
    event(tag, move |_, event, state, cx| {
        if states.contains(&state) {
            cx.postpone(event);
        }
        keep_state()
    })
}

impl HandleEvent<Do> for Puppet {
    async fn handle_event(&mut self, event: Do, state: &S, cx: &mut EventCx<'_, Self>) -> Transition<S> {
        self.log.add(format!("{} {state:?}", event.tag));
        (event.act.clone())(self, event, *state, cx)
    }
}

type Answer = Arc<
    dyn Fn(&mut Puppet, Ask, Caller<&'static str>, S, &mut EventCx<'_, Puppet>) -> Transition<S>
        + Send
        + Sync,
>;

/// A call that is handled by the closure.
pub(crate) struct Ask {
    pub(crate) tag: &'static str,
    act: Answer,
}

pub(crate) fn ask(
    tag: &'static str,
    act: impl Fn(&mut Puppet, Ask, Caller<&'static str>, S, &mut EventCx<'_, Puppet>) -> Transition<S>
    + Send
    + Sync
    + 'static,
) -> Ask {
    Ask { tag, act: Arc::new(act) }
}

impl HandleCallEvent<Ask> for Puppet {
    type Reply = &'static str;

    async fn handle_call_event(
        &mut self,
        ask: Ask,
        from: Caller<&'static str>,
        state: &S,
        cx: &mut EventCx<'_, Self>,
    ) -> Transition<S> {
        self.log.add(format!("{} {state:?}", ask.tag));
        (ask.act.clone())(self, ask, from, *state, cx)
    }
}

impl HandleEvent<Exit> for Puppet {
    async fn handle_event(&mut self, exit: Exit, state: &S, _: &mut EventCx<'_, Self>) -> Transition<S> {
        self.log.add(format!("exit {} {state:?}", exit.reason));
        keep_state()
    }
}

impl HandleEvent<Down> for Puppet {
    async fn handle_event(&mut self, down: Down, state: &S, _: &mut EventCx<'_, Self>) -> Transition<S> {
        self.log.add(format!("down {} {state:?}", down.reason));
        keep_state()
    }
}
