//! A server that does what a test tells it, and tells the test what it sees.

use perennial::{prelude::*, process};
use tokio::sync::{mpsc, oneshot};

/// What a puppet has seen.
#[derive(Debug, PartialEq)]
pub(crate) enum Seen {
    Cast(u32),
    Info(u32),
    Continue(u32),
    Timeout,
    Exit(Pid, ExitReason),
    Down(Down),
    Terminate(ExitReason),
}

type Sender = mpsc::UnboundedSender<Seen>;
type OnInit = Box<dyn FnOnce(&mut Cx<Puppet>) -> Result<(), InitError> + Send>;
type OnTerminate = Box<dyn FnOnce(&mut Cx<Puppet>) -> Result<(), ExitReason> + Send>;

pub(crate) struct Puppet {
    pub(crate) seen: Sender,
    /// Callers that are answered later, or never.
    pub(crate) callers: Vec<Caller<u32>>,
    pub(crate) on_terminate: OnTerminate,
}

/// What a puppet is made from.
pub(crate) struct Script {
    seen: Sender,
    init: OnInit,
}

impl GenServer for Puppet {
    type Args = Script;

    async fn init(script: Script, cx: &mut Cx<Self>) -> Result<Self, InitError> {
        let Script { seen, init } = script;
        init(cx)?;
        Ok(Self { seen, callers: Vec::new(), on_terminate: Box::new(|_| Ok(())) })
    }

    async fn terminate(&mut self, reason: &ExitReason, cx: &mut Cx<Self>) -> Result<(), ExitReason> {
        self.sees(Seen::Terminate(reason.clone()));
        std::mem::replace(&mut self.on_terminate, Box::new(|_| Ok(())))(cx)
    }
}

impl Puppet {
    pub(crate) fn sees(&self, seen: Seen) {
        // An error says that the test looks no more.
        let _ = self.seen.send(seen);
    }
}

/// What the puppet has seen, in order.
#[derive(Debug)]
pub(crate) struct Log(mpsc::UnboundedReceiver<Seen>);

impl Log {
    pub(crate) async fn next(&mut self) -> Seen {
        self.0.recv().await.expect("the puppet lives")
    }

    /// All that was seen until the puppet was dropped.
    pub(crate) async fn rest(mut self) -> Vec<Seen> {
        let mut rest = Vec::new();
        while let Some(seen) = self.0.recv().await {
            rest.push(seen);
        }
        rest
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A script whose `init` runs `init`.
pub(crate) fn script(
    init: impl FnOnce(&mut Cx<Puppet>) -> Result<(), InitError> + Send + 'static,
) -> (Script, Log) {
    let (seen, log) = mpsc::unbounded_channel();
    (Script { seen, init: Box::new(init) }, Log(log))
}

/// A puppet that is linked to nobody.
pub(crate) async fn puppet() -> (ServerRef<Puppet>, Log) {
    puppet_with(|_| Ok(())).await
}

/// As [`puppet`], with an `init`.
pub(crate) async fn puppet_with(
    init: impl FnOnce(&mut Cx<Puppet>) -> Result<(), InitError> + Send + 'static,
) -> (ServerRef<Puppet>, Log) {
    let (script, log) = script(init);
    let pid = gen_server::start::<Puppet>(script, ()).await.expect("it starts");
    (pid.server().expect("it is a puppet"), log)
}

/// A parent that traps exits and waits to be told how to end, and its puppet, which traps exits if it is to.
pub(crate) async fn parent_and_puppet(trap: bool) -> (Recipient<Told>, ServerRef<Puppet>, Log) {
    let (tell, told) = oneshot::channel();
    let (script, log) = script(move |cx| {
        cx.set_trap_exit(trap);
        Ok(())
    });
    let parent = process::spawn_receiver(|mut inbox: Inbox<Told>| async move {
        inbox.trap_exit(true);
        let pid = Puppet::start_link(script).await.expect("it starts");
        tell.send(pid).expect("the test waits");
        loop {
            match inbox.receive().await {
                Told::End(reason) => return reason,
                Told::Send(reason) => process::exit(pid, reason),
                // The child's end is the test's; anything else is the end of the test.
                Told::Exit(exit) if exit.from == pid => {}
                Told::Exit(exit) => return exit.reason,
            }
        }
    });
    let pid = told.await.expect("the parent lives");
    (parent, pid.server().expect("it is a puppet"), log)
}

/// What the parent of [`parent_and_puppet`] is told.
pub(crate) enum Told {
    /// To end.
    End(ExitReason),
    /// To send its child an exit signal.
    Send(ExitReason),
    /// An exit signal came.
    Exit(Exit),
}

impl From<Exit> for Told {
    fn from(exit: Exit) -> Self {
        Self::Exit(exit)
    }
}

/// A call whose handler is the closure.
pub(crate) struct Ask<F>(pub(crate) F);

impl<F, R> HandleCall<Ask<F>> for Puppet
where
    F: FnOnce(&mut Puppet, &mut Cx<Puppet>) -> Reply<R> + Send + 'static,
    R: Send + 'static,
{
    type Reply = R;
    async fn handle_call(&mut self, Ask(act): Ask<F>, cx: &mut Cx<Self>) -> Reply<R> {
        act(self, cx)
    }
}

/// A call whose handler is the closure, and gets the caller.
pub(crate) struct AskFrom<F>(pub(crate) F);

impl<F> HandleCallFrom<AskFrom<F>> for Puppet
where
    F: FnOnce(&mut Puppet, Caller<u32>, &mut Cx<Puppet>) -> NoReply + Send + 'static,
{
    type Reply = u32;
    async fn handle_call_from(
        &mut self,
        AskFrom(act): AskFrom<F>,
        from: Caller<u32>,
        cx: &mut Cx<Self>,
    ) -> NoReply {
        act(self, from, cx)
    }
}

/// A call that is kept, and answered when the test says so.
pub(crate) fn keep()
-> AskFrom<impl FnOnce(&mut Puppet, Caller<u32>, &mut Cx<Puppet>) -> NoReply + Send + 'static> {
    AskFrom(|puppet: &mut Puppet, from, _: &mut Cx<Puppet>| {
        puppet.callers.push(from);
        noreply()
    })
}

/// A cast whose handler is the closure.
pub(crate) struct Tell<F>(pub(crate) F);

impl<F> HandleCast<Tell<F>> for Puppet
where
    F: FnOnce(&mut Puppet, &mut Cx<Puppet>) -> NoReply + Send + 'static,
{
    async fn handle_cast(&mut self, Tell(act): Tell<F>, cx: &mut Cx<Self>) -> NoReply {
        act(self, cx)
    }
}

/// Keeps the server in its handler until the test lets go, and tells the test when it is there.
pub(crate) struct Hold {
    pub(crate) held: oneshot::Sender<()>,
    pub(crate) until: oneshot::Receiver<()>,
}

impl HandleCast<Hold> for Puppet {
    async fn handle_cast(&mut self, hold: Hold, _: &mut Cx<Self>) -> NoReply {
        hold.held.send(()).expect("the test waits");
        // An error says that the test has let go.
        let _ = hold.until.await;
        noreply()
    }
}

/// Holds the server; it goes on when what is returned is dropped.
pub(crate) async fn hold(server: &ServerRef<Puppet>) -> oneshot::Sender<()> {
    let (held, is_held) = oneshot::channel();
    let (let_go, until) = oneshot::channel();
    server.cast(Hold { held, until }).expect("unbounded");
    is_held.await.expect("the server is held");
    let_go
}

/// Waits until the server has handled everything that was sent before.
pub(crate) async fn barrier(server: &ServerRef<Puppet>) {
    server.call(Ask(|_: &mut Puppet, _: &mut Cx<Puppet>| reply(()))).await.expect("it lives");
}

/// How `pid` ends.
pub(crate) async fn reason_of(pid: Pid) -> ExitReason {
    process::monitor(pid).await.reason
}

impl HandleCast<u32> for Puppet {
    async fn handle_cast(&mut self, n: u32, _: &mut Cx<Self>) -> NoReply {
        self.sees(Seen::Cast(n));
        noreply()
    }
}

impl HandleInfo<u32> for Puppet {
    async fn handle_info(&mut self, n: u32, _: &mut Cx<Self>) -> NoReply {
        self.sees(Seen::Info(n));
        noreply()
    }
}

/// Continues with 0 stop the server.
impl HandleContinue<u32> for Puppet {
    async fn handle_continue(&mut self, n: u32, _: &mut Cx<Self>) -> NoReply {
        self.sees(Seen::Continue(n));
        if n == 0 { stop(ExitReason::Shutdown) } else { noreply() }
    }
}

impl HandleInfo<Timeout> for Puppet {
    async fn handle_info(&mut self, _: Timeout, _: &mut Cx<Self>) -> NoReply {
        self.sees(Seen::Timeout);
        noreply()
    }
}

impl HandleInfo<Exit> for Puppet {
    async fn handle_info(&mut self, exit: Exit, _: &mut Cx<Self>) -> NoReply {
        self.sees(Seen::Exit(exit.from, exit.reason));
        noreply()
    }
}

impl HandleInfo<Down> for Puppet {
    async fn handle_info(&mut self, down: Down, _: &mut Cx<Self>) -> NoReply {
        self.sees(Seen::Down(down));
        noreply()
    }
}
