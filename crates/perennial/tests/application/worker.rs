//! A server that tells the test when it starts and when it terminates.

use perennial::{
    prelude::*,
    supervisor::{Strategy, Supervisor},
};
use tokio::sync::mpsc;

/// What happens to whom.
#[derive(Debug, PartialEq)]
pub(crate) enum Seen {
    Init(&'static str),
    Terminate(&'static str, ExitReason),
}

/// How a worker behaves.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Good,
    /// Its `init` fails.
    Fails,
    /// Its `terminate` never ends.
    Stuck,
}

pub(crate) struct Worker {
    args: Args,
}

#[derive(Clone)]
pub(crate) struct Args {
    name: &'static str,
    kind: Kind,
    seen: mpsc::UnboundedSender<Seen>,
}

impl GenServer for Worker {
    type Args = Args;

    fn child_spec(args: Args) -> ChildSpec {
        ChildSpec {
            id: args.name.into(),
            shutdown: Shutdown::Infinity,
            ..ChildSpec::worker(Self::start_link, args)
        }
    }

    async fn init(args: Args, cx: &mut Cx<Self>) -> Result<Self, InitError> {
        cx.trap_exit();
        if args.kind == Kind::Fails {
            return Err(InitError::Stop(ExitReason::other("no luck")));
        }
        args.seen.send(Seen::Init(args.name)).expect("the test looks");
        Ok(Self { args })
    }

    async fn terminate(&mut self, reason: &ExitReason, _: &mut Cx<Self>) -> Result<(), ExitReason> {
        // An error says that the test looks no more.
        let _ = self.args.seen.send(Seen::Terminate(self.args.name, reason.clone()));
        if self.args.kind == Kind::Stuck {
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}

impl HandleInfo<Exit> for Worker {
    async fn handle_info(&mut self, _: Exit, _: &mut Cx<Self>) -> NoReply {
        noreply()
    }
}

/// The log of a tree, and what starts the tree: a supervisor with these workers.
pub(crate) struct Tree {
    workers: Vec<Args>,
    seen: mpsc::UnboundedReceiver<Seen>,
}

impl Tree {
    pub(crate) fn of(workers: &[(&'static str, Kind)]) -> Self {
        let (tell, seen) = mpsc::unbounded_channel();
        let args = |&(name, kind): &(&'static str, Kind)| Args { name, kind, seen: tell.clone() };
        Self { workers: workers.iter().map(args).collect(), seen }
    }

    /// What starts the tree.
    pub(crate) fn start(&mut self) -> impl Future<Output = StartResult> + Send + use<> {
        let children = self.workers.drain(..).map(Worker::child_spec).collect::<Vec<_>>();
        Supervisor::start_link(children, Strategy::OneForOne)
    }

    pub(crate) async fn next(&mut self) -> Seen {
        self.seen.recv().await.expect("the tree lives")
    }

    /// Looks at everything until the tree is gone.
    pub(crate) async fn for_each(mut self, look: impl Fn(Seen)) {
        while let Some(seen) = self.seen.recv().await {
            look(seen);
        }
    }

    /// What has happened and was not looked at.
    pub(crate) fn rest(&mut self) -> Vec<Seen> {
        std::iter::from_fn(|| self.seen.try_recv().ok()).collect()
    }
}
