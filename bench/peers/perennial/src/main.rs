//! Perennial, through its public API and with its default options: what is here, a user writes.
//!
//! A server is a `GenServer`, its address a `ServerRef`; calls have their time-out of 5 s. The registry is a
//! `Registry` with a pair of strings as its key. The supervisor is a `DynamicSupervisor` whose children are registered
//! via that registry, and for `restart` a `Supervisor` with one permanent child.

mod extended;

use benchkit::measure::{Elapsed, Stopwatch};
use benchkit::{Alive, Births, Key, Peer, Rt};
use perennial::prelude::*;
use perennial::registry::Equivalent;
use perennial::{dynamic_supervisor, supervisor};
use std::future::Future;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

type RegistryKey = (String, String);

static REGISTRY: RegistryName<RegistryKey> = RegistryName::new("bench");

fn registry_key(key: &Key) -> RegistryKey {
    (key.title.clone(), key.email.clone())
}

/// The server of most workloads: it keeps a sum.
struct Adder {
    sum: u64,
    _alive: Alive,
}

struct Add(u64);
struct AddAndGet(u64);
struct Crash;

impl GenServer for Adder {
    type Args = ();
    async fn init((): (), _: &mut Cx<Self>) -> Result<Self, InitError> {
        Ok(Self { sum: 0, _alive: Alive::new() })
    }
}
impl HandleCast<Add> for Adder {
    async fn handle_cast(&mut self, Add(value): Add, _: &mut Cx<Self>) -> NoReply {
        self.sum += value;
        noreply()
    }
}
impl HandleCall<AddAndGet> for Adder {
    type Reply = u64;
    async fn handle_call(&mut self, AddAndGet(value): AddAndGet, _: &mut Cx<Self>) -> Reply<u64> {
        self.sum += value;
        reply(self.sum)
    }
}
impl HandleCast<Crash> for Adder {
    async fn handle_cast(&mut self, _: Crash, _: &mut Cx<Self>) -> NoReply {
        panic!("crash on demand")
    }
}

/// A child that is registered under its key.
fn registered_child(key: RegistryKey) -> ChildSpec {
    let start = |key: RegistryKey| gen_server::start_link::<Adder>((), REGISTRY.via::<Adder>(key));
    ChildSpec { restart: Restart::Temporary, ..ChildSpec::worker(start, key) }
}

fn plain_child() -> ChildSpec {
    ChildSpec { restart: Restart::Temporary, ..Adder::child_spec(()) }
}

/// One actor of the ring.
struct Hop {
    next: Option<ServerRef<Hop>>,
    done: Option<oneshot::Sender<()>>,
}

struct Token(u64);
struct Next(ServerRef<Hop>);

impl GenServer for Hop {
    type Args = Option<oneshot::Sender<()>>;
    async fn init(done: Self::Args, _: &mut Cx<Self>) -> Result<Self, InitError> {
        Ok(Self { next: None, done })
    }
}
impl HandleCast<Next> for Hop {
    async fn handle_cast(&mut self, Next(next): Next, _: &mut Cx<Self>) -> NoReply {
        self.next = Some(next);
        noreply()
    }
}
impl HandleCast<Token> for Hop {
    async fn handle_cast(&mut self, Token(left): Token, _: &mut Cx<Self>) -> NoReply {
        if left == 0 {
            let _ = self.done.take().expect("ends at the last actor").send(());
        } else if let Some(next) = &self.next {
            let _ = next.cast(Token(left - 1));
        }
        noreply()
    }
}

/// The child of `restart`: tells of each of its incarnations.
fn reporting_child(births: Births<ServerRef<Adder>>) -> ChildSpec {
    let start = |births: Births<ServerRef<Adder>>| async move {
        let pid = Adder::start_link(()).await?;
        let _ = births.send(pid.server::<Adder>().expect("it has just started"));
        Ok(pid)
    };
    ChildSpec::worker(start, births)
}

struct Perennial;

impl Peer for Perennial {
    const NAME: &'static str = "perennial";
    type Handle = ServerRef<Adder>;
    type Sup = ServerRef<DynamicSupervisor>;

    fn run<F: Future<Output = ()> + Send + 'static>(rt: Rt, main: F) {
        let runtime = match rt {
            Rt::Multi => Builder::new_multi_thread().worker_threads(2).enable_all().build(),
            Rt::Current => Builder::new_current_thread().enable_all().build(),
        };
        runtime.unwrap().block_on(async {
            REGISTRY.start_link(Default::default()).await.unwrap();
            let (_, end) = process::spawn_monitor(|_: Inbox<()>| main);
            assert!(end.await.reason.is_normal());
        });
    }

    fn client<F: Future<Output = ()> + Send + 'static>(_: usize, work: F) -> impl Future<Output = ()> + Send {
        let (_, end) = process::spawn_monitor(|_: Inbox<()>| work);
        async move { assert!(end.await.reason.is_normal()) }
    }

    async fn start(_: usize) -> Self::Handle {
        gen_server::start_ref::<Adder>((), ()).await.unwrap()
    }

    async fn call(server: &Self::Handle, value: u64) -> u64 {
        server.call(AddAndGet(value)).await.unwrap()
    }

    async fn cast(server: &Self::Handle, value: u64) {
        let _ = server.cast(Add(value));
    }

    async fn stop(server: &Self::Handle) {
        process::exit(server.pid(), ExitReason::Shutdown);
    }

    async fn ring(actors: usize, hops: u64) -> Elapsed {
        let (done_tx, done) = oneshot::channel();
        let start = |done| async { gen_server::start::<Hop>(done, ()).await.unwrap().server::<Hop>().unwrap() };
        let last = start(Some(done_tx)).await;
        let mut first = last.clone();
        for _ in 1..actors {
            let hop = start(None).await;
            let _ = hop.cast(Next(first));
            first = hop;
        }
        let _ = last.cast(Next(first.clone()));
        let t = Stopwatch::start();
        let _ = first.cast(Token(benchkit::ring_hops(actors, hops)));
        done.await.unwrap();
        t.read()
    }

    async fn start_registered(_: usize, key: &Key) -> Self::Handle {
        let name = REGISTRY.via::<Adder>(registry_key(key));
        gen_server::start_ref::<Adder>((), name).await.unwrap()
    }

    async fn lookup(key: &Key) -> bool {
        // The key is borrowed: a pair of `&str` finds a pair of `String`.
        let found = REGISTRY.lookup(&Borrowed(&key.title, &key.email)).unwrap();
        !std::hint::black_box(found).is_empty()
    }

    async fn churn(key: &Key, _: &Self::Handle) {
        // Only a process can register itself, as in Elixir: the caller does.
        let key = registry_key(key);
        REGISTRY.register(key.clone(), ()).unwrap();
        REGISTRY.unregister(&key).unwrap();
    }

    async fn sup_start() -> Self::Sup {
        let options = dynamic_supervisor::Options::default();
        DynamicSupervisor::start_link(options).await.unwrap().server().unwrap()
    }

    async fn sup_child(sup: &Self::Sup, _: usize, key: Option<&Key>) -> Self::Handle {
        let spec = key.map_or_else(plain_child, |key| registered_child(registry_key(key)));
        DynamicSupervisor::start_child_ref(sup, spec).await.unwrap()
    }

    async fn sup_terminate(sup: &Self::Sup, _: &Key, child: &Self::Handle) {
        DynamicSupervisor::terminate_child(sup, child.pid()).await.unwrap();
    }

    async fn sup_shutdown(sup: &Self::Sup) {
        sup.stop(ExitReason::Normal).await.unwrap();
    }

    async fn restartable(births: Births<Self::Handle>) -> Self::Sup {
        let options = supervisor::Options { max_restarts: u32::MAX, ..Default::default() };
        Supervisor::start_link([reporting_child(births)], options).await.unwrap();
        Self::sup_start().await
    }

    async fn crash(server: &Self::Handle) {
        let _ = server.cast(Crash);
    }
}

/// A pair of strings that are looked up without being copied.
#[derive(Hash)]
struct Borrowed<'a>(&'a str, &'a str);

impl Equivalent<RegistryKey> for Borrowed<'_> {
    fn equivalent(&self, (title, email): &RegistryKey) -> bool {
        self.0 == title && self.1 == email
    }
}

fn main() {
    benchkit::main_extended::<Perennial>();
}
