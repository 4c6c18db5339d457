//! The server as a child: it starts, watches, and stops in order.

use std::sync::Arc;
use std::time::Duration;

use mastery::boundary::env::Env;
use mastery::facade::Mastery;
use mastery::store::failing::{FailingStore, Fault};
use mastery::store::memory::MemoryStore;
use mastery::web::{self, BindError, LocalAddress, Options, SERVER};
use perennial::child_spec::StartError;
use perennial::exit_reason::ExitReason;
use perennial::gen_server::Address;
use perennial::process;
use perennial::supervisor::{FailedToStartChild, Strategy, Supervisor};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{options, start, start_with};

#[perennial::test]
async fn a_port_in_use_fails_the_start_with_one_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let options = Options { listen: taken.local_addr().unwrap(), ..options() };
    let mastery = Mastery::new(Arc::new(Env::new(Arc::new(MemoryStore::new()))));
    let started = Supervisor::start_link([web::child_spec(mastery, options)], Strategy::OneForOne).await;
    let Err(StartError::Exit(ExitReason::ShutdownWith(payload))) = started else { panic!("{started:?}") };
    let failed = payload.downcast_ref::<FailedToStartChild>().unwrap();
    let StartError::Exit(ExitReason::Error(error)) = &failed.error else { panic!("{failed:?}") };
    assert!(matches!(error.downcast_ref(), Some(BindError::InUse { .. })));
    let sentence = error.to_string();
    assert!(sentence.contains("in use by another program") && !sentence.contains('\n'), "{sentence}");
}

#[perennial::test]
async fn a_stopping_server_refuses_newcomers_and_finishes_what_it_serves() {
    let client = start().await;
    let mut idle = TcpStream::connect(client.address).await.unwrap();
    let mut busy = TcpStream::connect(client.address).await.unwrap();
    // The head is there, so the request is being served; its body comes only after the stop.
    let body = json!({ "code": "x", "email": "a@b" }).to_string();
    let head = format!(
        "POST /api/join HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    busy.write_all(head.as_bytes()).await.unwrap();
    client.get("/livez").await.expect(200, "");
    let server = SERVER.resolve().unwrap();
    let ended = process::monitor(server.pid());
    let stopping = tokio::spawn(async move { server.stop(ExitReason::Shutdown).await });
    let mut nothing = Vec::new();
    assert_eq!(idle.read_to_end(&mut nothing).await.unwrap(), 0, "idle connections are closed");
    assert!(TcpStream::connect(client.address).await.is_err(), "newcomers are refused");
    busy.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    busy.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 404") && answer.contains("there is no such run"), "{answer}");
    stopping.await.unwrap().unwrap();
    assert_eq!(ended.await.reason, ExitReason::Shutdown);
}

#[perennial::test]
async fn draining_has_an_end() {
    let options = Options { drain: Duration::from_millis(50), ..options() };
    let client = start_with(Arc::new(MemoryStore::new()), options).await;
    let mut stuck = TcpStream::connect(client.address).await.unwrap();
    stuck.write_all(b"POST /api/join HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n").await.unwrap();
    client.get("/livez").await.expect(200, "");
    SERVER.resolve().unwrap().stop(ExitReason::Shutdown).await.unwrap();
    let mut answer = Vec::new();
    let _ = stuck.read_to_end(&mut answer).await;
    assert_eq!(answer, b"");
}

#[perennial::test]
async fn a_killed_server_is_started_again_and_cookies_still_hold() {
    let client = start().await;
    let taken =
        client.post("/api/quizzes/arithmetic/practice", &json!({ "email": "a@b" })).await.expect(201, "");
    let pid = SERVER.resolve().unwrap().pid();
    let ended = process::monitor(pid);
    process::kill(pid);
    ended.await;
    let address = loop {
        match SERVER.call(LocalAddress).await {
            Ok(address) => break address,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    let again = crate::support::Client { address, ..client };
    again.question(&taken["session"]["session"]).await.expect(200, "");
}

#[perennial::test]
async fn a_slow_request_is_ended_with_a_refusal() {
    let options = Options { patience: Duration::from_millis(50), ..options() };
    let client = start_with(Arc::new(MemoryStore::new()), options).await;
    let mut slow = TcpStream::connect(client.address).await.unwrap();
    let head =
        "POST /api/join HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n";
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 1024];
    let length = slow.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]);
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("\"timeout\""), "{answer}");
}

#[perennial::test]
async fn a_service_whose_store_fails_lives_and_is_not_ready() {
    let store = Arc::new(FailingStore::new(Arc::new(MemoryStore::new())));
    let client = start_with(store.clone(), options()).await;
    client.get("/readyz").await.expect(200, "");
    store.fail(Fault::Refused, u32::MAX);
    client.get("/livez").await.expect(200, "");
    let refused = client.get("/readyz").await;
    refused.expect(503, "not_ready");
    assert_eq!(refused.header("retry-after"), "1");
}

#[perennial::test]
async fn metrics_count_by_pattern_and_status() {
    let client = start().await;
    client.get("/api/runs/99").await;
    client.get("/nowhere/1").await;
    client.post("/api/quizzes/arithmetic/practice", &json!({ "email": "a@b" })).await.expect(201, "");
    let metrics = client.get("/metrics").await;
    for line in [
        r#"mastery_requests_total{route="/api/runs/{run}",method="GET",status="404"} 1"#,
        r#"mastery_requests_total{route="none",method="GET",status="404"} 1"#,
        "mastery_live_sessions 1",
        r#"mastery_commits_total{of="joins"} 1"#,
        r#"mastery_committed_total{of="joins"} 1"#,
        r#"mastery_commits_total{of="answers"} 0"#,
    ] {
        assert!(metrics.text().contains(line), "{line} in {}", metrics.text());
    }
}
