//! What else is measured of plain tokio: what a good user would write by hand for what Perennial has.

use crate::{Handle, Msg, Plain, REGISTRY, RegistryKey, SupHandle, SupMsg, registry_key};
use benchkit::measure::{Stopwatch, compute};
use benchkit::{Alive, Extended, InitDelay, Key, Peer, SetAndFired};
use dashmap::DashMap;
use std::sync::LazyLock;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinSet, yield_now};
use tokio::time::timeout;

static NAMES: LazyLock<DashMap<&'static str, Handle>> = LazyLock::new(DashMap::new);

pub enum BoundedMsg {
    Call(u64, oneshot::Sender<u64>),
    Cast(u64),
}

async fn serve_bounded(mut inbox: mpsc::Receiver<BoundedMsg>) {
    let _alive = Alive::new();
    let mut sum = 0u64;
    while let Some(msg) = inbox.recv().await {
        match msg {
            BoundedMsg::Call(value, reply) => {
                sum += value;
                let _ = reply.send(sum);
            }
            BoundedMsg::Cast(value) => sum += value,
        }
    }
}

pub async fn yielding(value: u64, reply: oneshot::Sender<u64>) {
    yield_now().await;
    let _ = reply.send(value);
}

pub fn computing(rounds: u64, reply: oneshot::Sender<u64>) {
    let _ = reply.send(compute(rounds));
}

async fn call_found(found: Option<Handle>, value: u64) -> u64 {
    Plain::call(&found.expect("it is registered"), value).await
}

impl Extended for Plain {
    type Via = RegistryKey;
    type Bounded = mpsc::Sender<BoundedMsg>;
    type Listener = ();

    async fn call_timeout(server: &Handle, value: u64) -> u64 {
        timeout(Duration::from_secs(5), Self::call(server, value)).await.unwrap()
    }

    async fn call_yielding(server: &Handle, value: u64) -> u64 {
        let (tx, rx) = oneshot::channel();
        let _ = server.send(Msg::Yielding(value, tx));
        rx.await.unwrap()
    }

    async fn call_computing(server: &Handle, rounds: u64) -> u64 {
        let (tx, rx) = oneshot::channel();
        let _ = server.send(Msg::Computing(rounds, tx));
        rx.await.unwrap()
    }

    async fn start_named() {
        NAMES.insert("adder", Self::start(0).await);
    }

    async fn call_name(value: u64) -> u64 {
        // out of the map before it is awaited: the map's shard is locked meanwhile
        let found = NAMES.get("adder").map(|found| found.value().clone());
        call_found(found, value).await
    }

    fn via(key: &Key) -> RegistryKey {
        registry_key(key)
    }

    async fn call_via(key: &RegistryKey, value: u64) -> u64 {
        let found = REGISTRY.get(key).map(|found| found.value().clone());
        call_found(found, value).await
    }

    /// An unbounded channel always has room.
    async fn cast_wait(server: &Handle, value: u64) {
        Self::cast(server, value).await;
    }

    async fn start_bounded(limit: usize) -> Self::Bounded {
        let (tx, rx) = mpsc::channel(limit);
        tokio::spawn(serve_bounded(rx));
        tx
    }

    async fn cast_bounded(server: &Self::Bounded, value: u64) {
        let _ = server.send(BoundedMsg::Cast(value)).await;
    }

    async fn call_bounded(server: &Self::Bounded, value: u64) -> u64 {
        let (tx, rx) = oneshot::channel();
        let _ = server.send(BoundedMsg::Call(value, tx)).await;
        rx.await.unwrap()
    }

    async fn sup_slow_child(sup: &SupHandle, delay: InitDelay) {
        let (tx, rx) = oneshot::channel();
        let _ = sup.send(SupMsg::Start { key: None, delay: Some(delay), ready: tx });
        rx.await.unwrap();
    }

    /// A task for each, which is how one is told of the end of a server that somebody else has started.
    async fn monitors(servers: Vec<Handle>) -> SetAndFired {
        let t = Stopwatch::start();
        let mut monitors = JoinSet::new();
        for server in &servers {
            let server = server.clone();
            monitors.spawn(async move { server.closed().await });
        }
        let set = t.read();
        let t = Stopwatch::start();
        for server in &servers {
            let _ = server.send(Msg::Stop);
        }
        while monitors.join_next().await.is_some() {}
        SetAndFired { set, fired: t.read() }
    }

    async fn listen() {}
    async fn unlisten((): ()) {}
}
