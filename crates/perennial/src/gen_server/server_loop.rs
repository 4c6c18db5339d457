//! The life of a server: init, then one message after the other, then `terminate`.

use crate::{
    child_spec::StartError,
    exit_reason::ExitReason,
    gen_server::{Cx, GenServer, InitError, Register, Registered, ServerRef},
    process::{
        block::{ProcRef, Started},
        panics::CatchUnwind,
    },
};

/// What the process of a server runs. Returns the state too, for the last acts to drop.
pub(crate) async fn run<S: GenServer>(
    me: ServerRef<S>,
    args: S::Args,
    name: impl Register<S>,
) -> (ExitReason, Option<(S, Cx<S>)>) {
    let mut cx = Cx::new(me);
    let mut server = match init(args, name, &mut cx).await {
        Ok(server) => server,
        Err(reason) => return (reason, None),
    };
    acknowledge(cx.process());
    let reason = serve(&mut server, &mut cx).await;
    cx.forget_requests();
    let terminated = CatchUnwind::new(server.terminate(&reason, &mut cx)).await;
    let reason = match terminated {
        Ok(Ok(())) => reason,
        Ok(Err(other)) | Err(other) => other,
    };
    (reason, Some((server, cx)))
}

/// Takes the name and makes the first state. An error is the reason of the end; the starter is told what it means.
async fn init<S: GenServer>(args: S::Args, name: impl Register<S>, cx: &mut Cx<S>) -> Result<S, ExitReason> {
    match name.register(cx.me()) {
        Registered::Yes => {}
        Registered::Taken(holder) => {
            on_end(cx.process(), Started::AlreadyStarted(holder));
            return Err(ExitReason::Normal);
        }
        Registered::Failed(reason) => return Err(reason),
    }
    // The name is only needed above; what it holds, such as a key, is not to live as long as the server.
    drop(name);
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
        let letter = cx.next().await;
        match CatchUnwind::new(letter.deliver(server, cx)).await {
            Ok(Ok(())) => cx.process().process().settle_dropped_callers(),
            Ok(Err(reason)) | Err(reason) => return reason,
        }
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
