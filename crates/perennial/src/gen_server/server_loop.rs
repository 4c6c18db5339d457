//! The life of a server: init, then one message after the other, then `terminate`.
//!
//! An idle server holds no future. A handler's future has borrowed the server and its context while it runs; so has one
//! that waits for more than messages, such as a time-out; so has `terminate`.

use crate::{
    child_spec::StartError,
    exit_reason::ExitReason,
    gen_server::{
        Cx, GenServer, InitError, NoReply, Register, Registered, ServerRef, message::Handling, shown::shown,
        system::System,
    },
    process::{
        block::{Crash, ProcRef, Started},
        panics::{self, CatchUnwind},
        run::Run,
    },
};
use perennial_cell::{Lending, Lent, PooledFuture};
use pin_project_lite::pin_project;
use std::{
    any::{Any, type_name},
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// A server and its context.
pub(super) type Server<S> = (S, Cx<S>);

pin_project! {
    /// What the process of a server runs.
    pub(crate) struct Serving<S: GenServer> {
        #[pin]
        phase: Phase<S>,
    }
}

pin_project! {
    #[project = Now]
    enum Phase<S: GenServer> {
        Starting {
            start: PooledFuture<'static, Result<Server<S>, ExitReason>>,
        },
        Running {
            #[pin]
            server: Lent<Server<S>, NoReply>,
            // It has stopped: `terminate` runs.
            ends: bool,
        },
    }
}

impl<S: GenServer> Serving<S> {
    /// Begins with its `init`, before which it takes its name.
    pub(crate) fn new(
        me: ServerRef<S>,
        args: S::Args,
        name: impl Register<S>,
        system: Option<Box<System<S>>>,
    ) -> Self {
        let start = async move {
            let mut cx = Cx::new(me, system);
            let server = init(args, name, &mut cx).await?;
            Ok((server, cx))
        };
        Self { phase: Phase::Starting { start: PooledFuture::new(start) } }
    }

    /// The server, if it does nothing and waits for nothing but messages.
    pub(super) fn idle(self: Pin<&mut Self>) -> Option<Pin<&mut Lent<Server<S>, NoReply>>> {
        match self.project().phase.project() {
            Now::Running { mut server, .. } => {
                let is_idle = !server.is_lent()
                    && server.as_mut().lend(|(_, cx)| Lending::Done(cx.is_idle())) == Some(true);
                is_idle.then_some(server)
            }
            Now::Starting { .. } => None,
        }
    }

    /// Whether it is to be polled though no message has come.
    pub(super) fn asks_for_more(self: Pin<&mut Self>) -> bool {
        match self.project().phase.project() {
            Now::Running { server, .. } => {
                server.is_lent()
                    || server.lend(|(_, cx)| Lending::Done(!cx.has_only_messages())) == Some(true)
            }
            Now::Starting { .. } => true,
        }
    }

    /// It has stopped: it is to run `terminate` when it is polled.
    pub(super) fn stop(self: Pin<&mut Self>, reason: ExitReason) {
        if let Now::Running { server, ends } = self.project().phase.project() {
            *ends = true;
            let _lent = server.lend::<()>(|(server, cx)| Lending::Waits(terminate(server, cx, reason)));
        }
    }
}

impl<S: GenServer> Run for Serving<S> {
    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<ExitReason> {
        loop {
            match self.as_mut().project().phase.project() {
                Now::Starting { start } => {
                    let server = match ready!(Pin::new(start).poll(task)) {
                        Ok(server) => server,
                        Err(reason) => return Poll::Ready(reason),
                    };
                    let process = server.1.process().clone();
                    self.as_mut()
                        .project()
                        .phase
                        .set(Phase::Running { server: Lent::new(server), ends: false });
                    acknowledge(&process);
                    process.process().settle_dropped_callers();
                }
                Now::Running { server, ends } => match ready!(poll_server(server, task)) {
                    Ok(()) => {}
                    Err(reason) if *ends => return Poll::Ready(reason),
                    Err(reason) => self.as_mut().stop(reason),
                },
            }
        }
    }

    fn as_any(self: Pin<&mut Self>) -> Pin<&mut dyn Any> {
        self
    }
}

/// Goes on with what the server does, or else handles the next message. An error is why it stops; a panic is one.
fn poll_server<S: GenServer>(
    mut server: Pin<&mut Lent<Server<S>, NoReply>>,
    task: &mut Context<'_>,
) -> Poll<NoReply> {
    let handled = if server.is_lent() {
        match panics::catch(|| server.as_mut().poll(task)) {
            Ok(poll) => ready!(poll),
            Err(reason) => {
                panics::call_quietly(|| server.as_mut().take_back());
                Err(reason)
            }
        }
    } else {
        match panics::catch(|| server.as_mut().lend(|(server, cx)| next(server, cx, task))) {
            Ok(Some(poll)) => ready!(poll),
            // A future has the server from now on, and was polled.
            Ok(None) => return Poll::Pending,
            Err(reason) => Err(reason),
        }
    };
    if handled.is_ok() {
        server.lend(|(_, cx)| Lending::Done(cx.process().process().settle_dropped_callers()));
    }
    Poll::Ready(handled)
}

/// Begins to handle the next message.
fn next<'a, S: GenServer>(
    server: &'a mut S,
    cx: &'a mut Cx<S>,
    task: &mut Context<'_>,
) -> Lending<'a, Poll<NoReply>, NoReply> {
    if cx.has_only_messages() {
        return match cx.poll_message(task) {
            Poll::Pending => Lending::Done(Poll::Pending),
            Poll::Ready(mut letter) => match letter.handle_now(server, cx, task) {
                Lending::Done(done) => Lending::Done(Poll::Ready(done)),
                Lending::Waits(handling) => Lending::Waits(handling),
            },
        };
    }
    let mut handling = PooledFuture::new(async move { cx.next().await.deliver(server, cx).await });
    match panics::catch(|| Pin::new(&mut handling).poll(task)) {
        Ok(Poll::Ready(done)) => Lending::Done(Poll::Ready(done)),
        Ok(Poll::Pending) => Lending::Waits(handling),
        Err(reason) => Lending::Done(Poll::Ready(Err(reason))),
    }
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

/// Runs the server's `terminate`. It is always an error: the reason with which the server ends.
fn terminate<'a, S: GenServer>(server: &'a mut S, cx: &'a mut Cx<S>, reason: ExitReason) -> Handling<'a> {
    PooledFuture::new(async move {
        cx.forget_requests();
        leave_for_report(server, &reason, cx);
        match CatchUnwind::new(server.terminate(&reason, cx)).await {
            Ok(Ok(())) => Err(reason),
            Ok(Err(other)) | Err(other) => {
                if reason.is_clean() {
                    leave_for_report(server, &other, cx);
                }
                Err(other)
            }
        }
    })
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
