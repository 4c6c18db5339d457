//! A server that runs what it is given, and a caller that can be seen.

use perennial::{
    gen_server::Options,
    node::{Node, Time},
    prelude::*,
};
use std::{
    cell::Cell,
    future::{Future, poll_fn},
    pin::pin,
    time::Duration,
};
use tokio::runtime::Runtime;

/// A server whose messages are futures.
#[derive(Clone, GenServer)]
pub(crate) struct Runner;

/// Runs the future that the closure makes, and replies with what it returns.
pub(crate) struct Run<F>(pub(crate) F);

impl<F, T, R> HandleCall<Run<F>> for Runner
where
    F: FnOnce() -> T + Send + 'static,
    T: Future<Output = R> + Send + 'static,
    R: Send + 'static,
{
    type Reply = R;
    async fn handle_call(&mut self, Run(make): Run<F>, _: &mut Cx<Self>) -> Reply<R> {
        reply(make().await)
    }
}

impl<F, T> HandleCast<Run<F>> for Runner
where
    F: FnOnce() -> T + Send + 'static,
    T: Future<Output = ()> + Send + 'static,
{
    async fn handle_cast(&mut self, Run(make): Run<F>, _: &mut Cx<Self>) -> NoReply {
        make().await;
        noreply()
    }
}

/// A server that is linked to nobody, and idle. It is never taken for slow: a thread of a busy machine may be interrupted
/// for long.
pub(crate) async fn runner() -> ServerRef<Runner> {
    runner_with(Options::default().inline(Some(Duration::MAX))).await
}

/// As [`runner`], with options.
pub(crate) async fn runner_with(options: Options) -> ServerRef<Runner> {
    let pid = gen_server::start_unlinked_with::<Runner>(Runner, (), options).await.expect("it starts");
    // On a paused clock: until it waits for its first message.
    Node::current().settled().await;
    pid.server().expect("it is a runner")
}

thread_local! {
    static CALLING: Cell<bool> = const { Cell::new(false) };
}

/// Polls a call; what runs inside of that, on its stack, [sees](is_inside) it.
pub(crate) async fn watched<F: Future>(call: F) -> F::Output {
    let mut call = pin!(call);
    poll_fn(|cx| inside(|| call.as_mut().poll(cx))).await
}

/// Runs `f`; what runs inside of it [sees](is_inside) it.
pub(crate) fn inside<R>(f: impl FnOnce() -> R) -> R {
    CALLING.set(true);
    let result = f();
    CALLING.set(false);
    result
}

/// Whether this runs on the stack of a [watched] caller.
pub(crate) fn is_inside() -> bool {
    CALLING.get()
}

/// Whether it is handled on the caller's stack.
pub(crate) async fn is_run_by_its_caller(server: &ServerRef<Runner>) -> bool {
    watched(server.call(Run(|| async { is_inside() }))).await.expect("it lives")
}

/// As [`runner`], on a real clock: idle when it is returned.
pub(crate) async fn idle_runner() -> ServerRef<Runner> {
    let server = runner().await;
    // One that was run by its caller is idle afterwards.
    while !is_run_by_its_caller(&server).await {}
    server
}

pub(crate) fn node_on(runtime: &Runtime) -> Node {
    let _guard = runtime.enter();
    let node = Node::new(Time::Real);
    node.bind_to_runtime();
    node
}
