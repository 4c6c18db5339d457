//! Requests, as bytes, to the whole service on a store in memory: no handler panics, and nothing is the server's fault.
#![no_main]

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use mastery::boundary::env::Env;
use mastery::facade::Mastery;
use mastery::store::memory::MemoryStore;
use mastery::web::keys::Keys;
use mastery::web::{self, LocalAddress, Options, Rate, SERVER, Teachers};
use perennial::gen_server::Address;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

/// A service for all inputs: what one leaves behind is there for the next.
static SERVICE: LazyLock<(Runtime, SocketAddr)> = LazyLock::new(|| {
    let runtime = Runtime::new().expect("the system gives threads");
    let address = runtime.block_on(async {
        let fast = Rate { per_second: 1e9, burst: u32::MAX };
        let options = Options {
            teachers: Teachers::Everybody,
            per_address: fast,
            per_session: fast,
            ..Options::new(([127, 0, 0, 1], 0).into(), Keys::random())
        };
        let env = Arc::new(Env::new(Arc::new(MemoryStore::new())));
        let mastery = Mastery::new(env.clone());
        let web = web::child_spec(mastery.clone(), options);
        mastery::app::start(&env, [web]).await.expect("the service starts");
        mastery::app::ship(&mastery).await.expect("the store answers");
        SERVER.call(LocalAddress).await.expect("the server runs")
    });
    (runtime, address)
});

fuzz_target!(|bytes: &[u8]| {
    let (runtime, address) = &*SERVICE;
    runtime.block_on(async {
        let mut stream = TcpStream::connect(address).await.expect("the server listens");
        // It may close before it has read all.
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "no answer and no end");
        let status = answer.get(9..12).unwrap_or_default();
        assert_ne!(status, b"500", "{}", String::from_utf8_lossy(&answer));
    });
});
