//! What each test is made of: a tree, those who act on it at the same time, and what has to be so at the end.

use perennial::{
    prelude::*,
    process::Monitor,
    runtime::{TestOptions, run_test},
};
use shuttle::{
    Config, Runner,
    scheduler::{PctScheduler, RandomScheduler},
};
use std::{env, future::Future, sync::Arc, time::Duration};

/// In how many orders of each kind.
fn orders() -> usize {
    env::var("PERENNIAL_ORDERS").map_or(1000, |orders| orders.parse().expect("PERENNIAL_ORDERS is a number"))
}

/// How often at most the scheduler of the second kind prefers another process.
const CHANGES: usize = 4;

/// Runs `body` in many orders. At the end of each nothing may be left, and no time may have passed: the clock is paused
/// and nobody sleeps, so it moves only if somebody waits for what does not come, until a time-out.
pub(crate) fn in_many_orders<F: Future<Output = ()>>(body: impl Fn() -> F + Send + Sync + 'static) {
    let body = Arc::new(body);
    let run = move || {
        let node = run_test(TestOptions::default().paused(), async {
            body().await;
            Node::current()
        });
        assert_eq!(node.count_processes(), 0);
        assert!(node.registered().is_empty());
        assert_eq!(node.now(), Duration::ZERO, "somebody has waited in vain");
    };
    let mut config = Config::new();
    config.stack_size = 1 << 18;
    Runner::new(RandomScheduler::new_from_seed(1, orders()), config.clone()).run(run.clone());
    Runner::new(PctScheduler::new_from_seed(1, CHANGES, orders()), config).run(run);
}

/// One who acts while others do: a process of its own. Its end says that it is done.
pub(crate) fn meanwhile<F: Future<Output = ()> + Send + 'static>(act: F) -> Monitor {
    process::spawn_monitor(|_: Inbox<()>| act).1
}

/// Waits until those who act have done so.
pub(crate) async fn all(actors: impl IntoIterator<Item = Monitor>) {
    for actor in actors {
        let down = actor.await;
        assert!(down.reason.is_normal(), "{}", down.reason);
    }
}

/// A server that does what it is told.
pub(crate) struct Worker;

/// Called, it answers with the same number.
pub(crate) struct Echo(pub(crate) u32);
/// Cast to it, it fails.
pub(crate) struct Fail;

impl GenServer for Worker {
    type Args = Option<Name<Self>>;

    async fn start_link(name: Self::Args) -> StartResult {
        match name {
            Some(name) => gen_server::start_link::<Self>(None, name).await,
            None => gen_server::start_link::<Self>(None, ()).await,
        }
    }

    async fn init(_: Self::Args, _: &mut Cx<Self>) -> Result<Self, InitError> {
        Ok(Self)
    }
}

impl HandleCall<Echo> for Worker {
    type Reply = u32;
    async fn handle_call(&mut self, Echo(number): Echo, _: &mut Cx<Self>) -> Reply<u32> {
        reply(number)
    }
}

impl HandleCast<Fail> for Worker {
    async fn handle_cast(&mut self, _: Fail, _: &mut Cx<Self>) -> NoReply {
        stop(ExitReason::other("fail"))
    }
}

pub(crate) const A: Name<Worker> = Name::new("a");
pub(crate) const B: Name<Worker> = Name::new("b");

/// A child with a name, by which it is found again.
pub(crate) fn child(name: Name<Worker>, restart: Restart) -> ChildSpec {
    ChildSpec { id: name.as_str().into(), restart, ..Worker::child_spec(Some(name)) }
}
