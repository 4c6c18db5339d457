//! The life of a server: init, then one message after the other, then `terminate`.

use crate::{
    child_spec::StartError,
    exit_reason::ExitReason,
    gen_server::{Cx, GenServer, InitError, Register, Registered, ServerRef, shown::shown, system::System},
    process::{
        block::{Crash, ProcRef, Started},
        panics::CatchUnwind,
    },
};
use std::any::type_name;

/// What the process of a server runs. Returns the state too, for the last acts to drop.
pub(crate) async fn run<S: GenServer>(
    me: ServerRef<S>,
    args: S::Args,
    name: impl Register<S>,
    system: Option<Box<System<S>>>,
) -> (ExitReason, Option<(S, Cx<S>)>) {
    let mut cx = Cx::new(me, system);
    let mut server = match init(args, name, &mut cx).await {
        Ok(server) => server,
        Err(reason) => return (reason, None),
    };
    acknowledge(cx.process());
    let reason = serve(&mut server, &mut cx).await;
    cx.forget_requests();
    leave_for_report(&server, &reason, &mut cx);
    let terminated = CatchUnwind::new(server.terminate(&reason, &mut cx)).await;
    let reason = match terminated {
        Ok(Ok(())) => reason,
        Ok(Err(other)) | Err(other) => {
            if reason.is_clean() {
                leave_for_report(&server, &other, &mut cx);
            }
            other
        }
    };
    (reason, Some((server, cx)))
}

/// Takes the name and makes the first state. An error is the reason of the end; the starter is told what it means.
async fn init<S: GenServer>(args: S::Args, name: impl Register<S>, cx: &mut Cx<S>) -> Result<S, ExitReason> {
    // The name is needed no more after this; what it holds, such as a key, is not to live as long as the server.
    match name.register_last(cx.me()) {
        Registered::Yes => {}
        Registered::Taken(holder) => {
            on_end(cx.process(), Started::AlreadyStarted(holder));
            return Err(ExitReason::Normal);
        }
        Registered::Failed(reason) => return Err(reason),
    }
    match CatchUnwind::new(S::init(args, cx)).await {
        Ok(Ok(server)) => Ok(server),
        Ok(Err(InitError::Ignore)) => {
            on_end(cx.process(), Started::Ignore);
            Err(ExitReason::Normal)
        }
        Ok(Err(InitError::Error(reason))) => {
            on_end(cx.process(), Started::Exit(reason));
            Err(ExitReason::Normal)
        }
        Ok(Err(InitError::Stop(reason))) | Err(reason) => Err(reason),
    }
}

/// Handles messages until a callback stops the server.
async fn serve<S: GenServer>(server: &mut S, cx: &mut Cx<S>) -> ExitReason {
    cx.process().process().settle_dropped_callers();
    loop {
        let handling = cx.next().await.deliver(server, cx);
        match CatchUnwind::new(handling).await {
            Ok(Ok(())) => cx.process().process().settle_dropped_callers(),
            Ok(Err(reason)) | Err(reason) => return reason,
        }
    }
}

/// Leaves what the report of a crash is to say of the server, if this is one.
fn leave_for_report<S: GenServer>(server: &S, reason: &ExitReason, cx: &mut Cx<S>) {
    if reason.is_clean() {
        return;
    }
    // What is shown of a state as long as nobody says how: the type, which is in the report anyway.
    let state = Some(shown(server)).filter(|state| state != type_name::<S>());
    let log: Vec<_> = cx.logged().iter().map(ToString::to_string).collect();
    let crash = Crash { state, log: (!log.is_empty()).then(|| log.join("; ")) };
    if crash != Crash::default() {
        cx.process().process().lock().bonds().crash = Some(Box::new(crash));
    }
}

/// The start has succeeded: whoever waits for it goes on.
fn acknowledge(process: &ProcRef) {
    let starter = process.process().lock().starter.take();
    if let Some(starter) = starter {
        starter(Started::Running);
    }
}

/// The start has failed: whoever waits for it is told how, once the process is gone.
fn on_end(process: &ProcRef, outcome: Started) {
    let mut state = process.process().lock();
    if let Some(starter) = state.starter.take() {
        state.starter = Some(Box::new(move |_| starter(outcome)));
    }
}

impl From<Started> for Result<(), StartError> {
    fn from(started: Started) -> Self {
        match started {
            Started::Running => Ok(()),
            Started::AlreadyStarted(pid) => Err(StartError::AlreadyStarted(pid)),
            Started::Ignore => Err(StartError::Ignore),
            Started::Exit(reason) => Err(StartError::Exit(reason)),
        }
    }
}
