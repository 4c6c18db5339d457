//! smoke
use perennial::{
    dynamic_supervisor::DynamicSupervisor,
    prelude::*,
    supervisor::{Strategy, Supervisor},
};
use std::time::Duration;

struct Counter(i64);
struct Add(i64);
struct Read;
struct Boom;
impl GenServer for Counter {
    type Args = i64;
    async fn init(start: i64, _: &mut Cx<Self>) -> Result<Self, InitError> {
        Ok(Self(start))
    }
    async fn start_link(n: i64) -> StartResult {
        gen_server::start_link::<Self>(n, COUNTER).await
    }
}
impl HandleCast<Add> for Counter {
    async fn handle_cast(&mut self, Add(n): Add, _: &mut Cx<Self>) -> NoReply {
        self.0 += n;
        noreply()
    }
}
impl HandleCall<Read> for Counter {
    type Reply = i64;
    async fn handle_call(&mut self, _: Read, _: &mut Cx<Self>) -> Reply<i64> {
        reply(self.0)
    }
}
impl HandleCall<Boom> for Counter {
    type Reply = i64;
    async fn handle_call(&mut self, _: Boom, _: &mut Cx<Self>) -> Reply<i64> {
        panic!("boom")
    }
}
const COUNTER: Name<Counter> = Name::new("counter");
const SUP: Name<DynamicSupervisor> = Name::new("sup");

#[perennial::test]
async fn static_restart() {
    let sup = Supervisor::start_link([Counter::child_spec(5)], Strategy::OneForOne)
        .await
        .unwrap()
        .server::<Supervisor>()
        .unwrap();
    COUNTER.cast(Add(2)).unwrap();
    assert_eq!(COUNTER.call(Read).await.unwrap(), 7);
    let e = COUNTER.call(Boom).await;
    assert!(matches!(e, Err(CallError::Exit(ExitReason::Panic(_)))), "{e:?}");
    while COUNTER.call(Read).await != Ok(5) {
        tokio::task::yield_now().await;
    }
    println!("{:?}", Supervisor::which_children(&sup).await);
    sup.stop(ExitReason::Normal).await.unwrap();
    assert_eq!(Node::current().count_processes(), 0);
}

#[perennial::test(flavor = "multi_thread", workers = 2)]
async fn many() {
    DynamicSupervisor::start_link(SUP).await.unwrap();
    let t = std::time::Instant::now();
    let mut pids = vec![];
    for _ in 0..100_000 {
        let s = ChildSpec {
            restart: Restart::Temporary,
            ..ChildSpec::task("x", || std::future::pending::<()>())
        };
        pids.push(DynamicSupervisor::start_child(&SUP, s).await.unwrap());
    }
    println!("start {:?}", t.elapsed());
    let t = std::time::Instant::now();
    for p in pids.drain(..50_000) {
        DynamicSupervisor::terminate_child(&SUP, p).await.unwrap();
    }
    println!("terminate {:?}", t.elapsed());
    let t = std::time::Instant::now();
    SUP.stop(ExitReason::Normal).await.unwrap();
    println!("stop {:?}", t.elapsed());
    assert_eq!(Node::current().count_processes(), 0);
}

#[perennial::test(paused)]
async fn paused() {
    let t = std::time::Instant::now();
    perennial::time::sleep(Duration::from_secs(1000)).await;
    assert!(t.elapsed() < Duration::from_secs(5));
    assert_eq!(Node::current().now(), Duration::from_secs(1000));
}
