//! The hot paths: each does its one thing `n` times, with the public API.

use perennial::{
    prelude::*,
    process::{self, Inbox},
    registry::{Options, RegistryName},
};
use std::{future::Future, hint::black_box, pin::Pin, time::Duration};
use tokio::task::yield_now;

pub struct Path {
    pub name: &'static str,
    pub what: &'static str,
    pub run: fn(u64) -> Pin<Box<dyn Future<Output = ()>>>,
}

macro_rules! paths {
    ($($name:ident: $what:literal,)*) => {
        pub static PATHS: &[Path] =
            &[$(Path { name: stringify!($name), what: $what, run: |n| Box::pin($name(n)) },)*];
    };
}

paths! {
    cast: "cast to a server that is busy, handled in one batch",
    cast_idle: "cast to a server that sleeps, which is woken",
    call: "call from a plain future",
    call_from_process: "call from a process",
    call_queued: "call from a process to a server that its callers never run",
    call_awaits: "call from a process, whose handler lets others run before it answers",
    call_name: "call by a name",
    call_via: "call by a key of a registry",
    spawn: "spawn of a process, which ends at once",
    start: "start of a server",
    start_child: "start_child under a DynamicSupervisor, registered under a key",
    start_and_stop_child: "the same, and terminate_child",
    whereis: "the server that is under a key of a registry",
    lookup: "the rows that are under a key of a registry",
}

/// How many at a time, where one must let others run: that is then a fiftieth of a thing. So many are surely pooled.
const BATCH: u64 = 50;

const COUNTER: Name<Counter> = Name::new("counter");
const COUNTERS: Name<DynamicSupervisor> = Name::new("counters");
static REGISTRY: RegistryName<Key> = RegistryName::new("registry");

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key(u64, &'static str);

impl Key {
    fn new(number: u64) -> Self {
        Self(number, "counter")
    }
}

struct Counter(u64);
struct Add(u64);
struct Get;
struct GetLater;

impl GenServer for Counter {
    type Args = Option<u64>;

    async fn start_link(number: Option<u64>) -> StartResult {
        let name = number.map(|number| REGISTRY.via::<Self>(Key::new(number)));
        gen_server::start_link_with(number, name, options()).await
    }
    async fn init(number: Option<u64>, _: &mut Cx<Self>) -> Result<Self, InitError> {
        Ok(Self(number.unwrap_or_default()))
    }
}

impl HandleCast<Add> for Counter {
    async fn handle_cast(&mut self, Add(n): Add, _: &mut Cx<Self>) -> NoReply {
        self.0 += n;
        noreply()
    }
}

impl HandleCall<Get> for Counter {
    type Reply = u64;
    async fn handle_call(&mut self, _: Get, _: &mut Cx<Self>) -> Reply<u64> {
        reply(self.0)
    }
}

impl HandleCall<GetLater> for Counter {
    type Reply = u64;
    async fn handle_call(&mut self, _: GetLater, _: &mut Cx<Self>) -> Reply<u64> {
        yield_now().await;
        reply(self.0)
    }
}

/// Under callgrind all takes so long that every server would be taken for a slow one, which its callers do not run.
fn options() -> gen_server::Options {
    gen_server::Options::default().inline(Some(Duration::MAX))
}

async fn counter() -> ServerRef<Counter> {
    counter_with(options()).await
}

async fn counter_with(options: gen_server::Options) -> ServerRef<Counter> {
    let pid = gen_server::start_unlinked_with::<Counter>(None, (), options).await.expect("it starts");
    pid.server().expect("it runs")
}

async fn cast(n: u64) {
    let counter = counter().await;
    for _ in 0..n / BATCH {
        for _ in 0..BATCH {
            counter.cast(Add(1)).expect("it has room");
        }
        yield_now().await;
    }
    assert_eq!(counter.call(Get).await, Ok(n));
}

async fn cast_idle(n: u64) {
    let mut counters = Vec::new();
    for _ in 0..BATCH {
        counters.push(counter().await);
    }
    for _ in 0..n / BATCH {
        for counter in &counters {
            counter.cast(Add(1)).expect("it has room");
        }
        yield_now().await;
    }
    for counter in counters {
        assert_eq!(counter.call(Get).await, Ok(n / BATCH));
    }
}

async fn call(n: u64) {
    let counter = counter().await;
    for _ in 0..n {
        assert_eq!(counter.call(Get).await, Ok(0));
    }
}

async fn call_from_process(n: u64) {
    in_process(move |_| call(n)).await;
}

async fn call_queued(n: u64) {
    in_process(move |_| async move {
        let counter = counter_with(options().inline(None)).await;
        for _ in 0..n {
            assert_eq!(counter.call(Get).await, Ok(0));
        }
    })
    .await;
}

async fn call_awaits(n: u64) {
    in_process(move |_| async move {
        let counter = counter().await;
        for _ in 0..n {
            assert_eq!(counter.call(GetLater).await, Ok(0));
        }
    })
    .await;
}

async fn in_process<F: Future<Output = ()> + Send + 'static>(run: impl FnOnce(Inbox<()>) -> F + Send + 'static) {
    let (_, ended) = process::spawn_monitor(run);
    assert!(ended.await.reason.is_normal());
}

async fn call_name(n: u64) {
    gen_server::start_unlinked_with::<Counter>(None, COUNTER, options()).await.expect("it starts");
    for _ in 0..n {
        assert_eq!(COUNTER.call(Get).await, Ok(0));
    }
}

async fn call_via(n: u64) {
    supervisor().await;
    start_children(0, BATCH).await;
    for number in 0..n {
        let number = number % BATCH;
        assert_eq!(REGISTRY.via::<Counter>(Key::new(number)).call(Get).await, Ok(number));
    }
}

async fn spawn(n: u64) {
    for _ in 0..n / BATCH {
        for _ in 1..BATCH {
            process::spawn(|_: Inbox<()>| async {});
        }
        // They run in this order.
        process::spawn_monitor(|_: Inbox<()>| async {}).1.await;
    }
}

async fn start(n: u64) {
    for _ in 0..n {
        black_box(counter().await);
    }
}

async fn start_child(n: u64) {
    supervisor().await;
    start_children(0, n).await;
}

async fn start_and_stop_child(n: u64) {
    supervisor().await;
    for number in 0..n {
        let child = start_one(number).await;
        DynamicSupervisor::terminate_child(&COUNTERS, child).await.expect("it is there");
    }
}

async fn whereis(n: u64) {
    supervisor().await;
    start_children(0, BATCH).await;
    for number in 0..n {
        assert!(REGISTRY.via::<Counter>(Key::new(number % BATCH)).whereis().is_some());
    }
}

async fn lookup(n: u64) {
    supervisor().await;
    start_children(0, BATCH).await;
    for number in 0..n {
        assert_eq!(REGISTRY.lookup(&Key::new(number % BATCH)).map(|rows| rows.len()), Ok(1));
    }
}

async fn supervisor() {
    let children = [REGISTRY.child_spec_with(Options::default()), DynamicSupervisor::named(COUNTERS)];
    Supervisor::start_link(children, Strategy::RestForOne).await.expect("it starts");
}

async fn start_children(from: u64, to: u64) {
    for number in from..to {
        start_one(number).await;
    }
}

async fn start_one(number: u64) -> Pid {
    let spec = ChildSpec { restart: Restart::Temporary, ..Counter::child_spec(Some(number)) };
    DynamicSupervisor::start_child(&COUNTERS, spec).await.expect("it starts")
}
