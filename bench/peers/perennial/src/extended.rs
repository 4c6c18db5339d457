//! What else is measured of Perennial.

use crate::{Add, AddAndGet, Adder, Perennial, REGISTRY, RegistryKey, registry_key};
use benchkit::measure::{Stopwatch, compute};
use benchkit::{Alive, Extended, InitDelay, Key, SetAndFired};
use perennial::{gen_server::Options, prelude::*};
use tokio::sync::oneshot;
use tokio::task::yield_now;

const ADDER: Name<Adder> = Name::new("adder");

struct AddLater(u64);
struct Compute(u64);

impl HandleCall<AddLater> for Adder {
    type Reply = u64;
    async fn handle_call(&mut self, AddLater(value): AddLater, _: &mut Cx<Self>) -> Reply<u64> {
        yield_now().await;
        self.sum += value;
        reply(self.sum)
    }
}
impl HandleCall<Compute> for Adder {
    type Reply = u64;
    async fn handle_call(&mut self, Compute(rounds): Compute, _: &mut Cx<Self>) -> Reply<u64> {
        reply(compute(rounds))
    }
}

/// A child that takes its time to start.
struct Slow {
    _alive: Alive,
}

impl GenServer for Slow {
    type Args = InitDelay;
    async fn init(delay: InitDelay, _: &mut Cx<Self>) -> Result<Self, InitError> {
        delay.pass().await;
        Ok(Self { _alive: Alive::new() })
    }
}

impl Extended for Perennial {
    type Via = Via<Adder, RegistryKey>;
    type Bounded = ServerRef<Adder>;
    type Listener = Pid;

    async fn start_queued() -> ServerRef<Adder> {
        let options = Options::default().inline(None);
        gen_server::start_unlinked_with::<Adder>((), (), options).await.unwrap().server().unwrap()
    }

    /// Every call does.
    async fn call_timeout(server: &ServerRef<Adder>, value: u64) -> u64 {
        server.call(AddAndGet(value)).await.unwrap()
    }

    async fn call_yielding(server: &ServerRef<Adder>, value: u64) -> u64 {
        server.call(AddLater(value)).await.unwrap()
    }

    async fn call_computing(server: &ServerRef<Adder>, rounds: u64) -> u64 {
        server.call(Compute(rounds)).await.unwrap()
    }

    async fn start_named() {
        gen_server::start::<Adder>((), ADDER).await.unwrap();
    }

    async fn call_name(value: u64) -> u64 {
        ADDER.call(AddAndGet(value)).await.unwrap()
    }

    fn via(key: &Key) -> Self::Via {
        REGISTRY.via(registry_key(key))
    }

    async fn call_via(via: &Self::Via, value: u64) -> u64 {
        via.call(AddAndGet(value)).await.unwrap()
    }

    async fn cast_wait(server: &ServerRef<Adder>, value: u64) {
        server.cast_wait(Add(value)).await;
    }

    async fn start_bounded(limit: usize) -> ServerRef<Adder> {
        let options = Options::default().mailbox(limit);
        gen_server::start_unlinked_with::<Adder>((), (), options).await.unwrap().server().unwrap()
    }

    async fn cast_bounded(server: &ServerRef<Adder>, value: u64) {
        server.cast_wait(Add(value)).await;
    }

    async fn call_bounded(server: &ServerRef<Adder>, value: u64) -> u64 {
        server.call(AddAndGet(value)).await.unwrap()
    }

    async fn sup_slow_child(sup: &ServerRef<DynamicSupervisor>, delay: InitDelay) {
        let spec = ChildSpec { restart: Restart::Temporary, ..Slow::child_spec(delay) };
        DynamicSupervisor::start_child(sup, spec).await.unwrap();
    }

    async fn monitors(servers: Vec<ServerRef<Adder>>) -> SetAndFired {
        let (tx, result) = oneshot::channel();
        process::spawn(|mut inbox: Inbox<Down>| async move {
            let t = Stopwatch::start();
            for server in &servers {
                inbox.monitor(server.pid());
            }
            let set = t.read();
            let fired = stop_all(&servers, &mut inbox).await;
            let _ = tx.send(SetAndFired { set, fired });
        });
        result.await.unwrap()
    }

    async fn links(servers: Vec<ServerRef<Adder>>) -> SetAndFired {
        let (tx, result) = oneshot::channel();
        process::spawn(|mut inbox: Inbox<Exit>| async move {
            inbox.trap_exit(true);
            let t = Stopwatch::start();
            for server in &servers {
                process::link(server.pid()).unwrap();
            }
            let set = t.read();
            let fired = stop_all(&servers, &mut inbox).await;
            let _ = tx.send(SetAndFired { set, fired });
        });
        result.await.unwrap()
    }

    async fn listen() -> Pid {
        let mut events = Node::current().events();
        process::spawn(|_: Inbox<()>| async move {
            loop {
                let _ = std::hint::black_box(events.next().await);
            }
        })
    }

    async fn unlisten(listener: Pid) {
        let end = process::monitor(listener);
        process::kill(listener);
        end.await;
    }
}

/// Stops the servers; one message comes of each.
async fn stop_all<M: Send + 'static>(servers: &[ServerRef<Adder>], inbox: &mut Inbox<M>) -> benchkit::measure::Elapsed {
    let t = Stopwatch::start();
    for server in servers {
        process::exit(server.pid(), ExitReason::Shutdown);
    }
    for _ in servers {
        inbox.receive().await;
    }
    t.read()
}
