//! Bad input: each kind gets its status, always in the same shape, and no process ends from it.

use std::time::Duration;

use mastery::store::memory::MemoryStore;
use mastery::web::{Options, Rate};
use perennial::node::Node;
use rand::prelude::*;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Client, options, start, start_with};

/// Method, path, headers, body; status and code.
type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], Vec<u8>, u16, &'a str);

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

#[perennial::test]
async fn each_kind_of_bad_input_has_its_status() {
    let client = start().await;
    let join = "/api/join";
    let ok = json!({ "code": "x", "email": "a@b" }).to_string();
    let cases: [Case<'_>; 14] = [
        ("GET", "/api/nothing", &[], vec![], 404, "not_found"),
        ("GET", "/api/runs/0", &[], vec![], 404, "not_found"),
        ("GET", "/api/runs/01", &[], vec![], 404, "not_found"),
        ("GET", "/api/runs/x%00", &[], vec![], 404, "not_found"),
        ("GET", "/api/runs/%ff", &[], vec![], 404, "not_found"),
        ("GET", "/api/quizzes/NoSlug", &[], vec![], 404, "not_found"),
        ("DELETE", join, &[], vec![], 405, "wrong_method"),
        ("POST", join, &[], ok.clone().into(), 415, "wrong_content_type"),
        ("POST", join, &[("content-type", "text/plain")], ok.clone().into(), 415, "wrong_content_type"),
        ("POST", join, &JSON, b"{".to_vec(), 400, "not_json"),
        ("POST", join, &JSON, b"\xff\xfe".to_vec(), 400, "not_json"),
        ("POST", join, &JSON, "[".repeat(10_000).into(), 400, "not_json"),
        ("POST", join, &JSON, b"[1]".to_vec(), 422, "invalid"),
        ("POST", join, &JSON, vec![b' '; 20_000], 413, "body_too_large"),
    ];
    for (method, path, headers, body, status, code) in cases {
        client.send(method, path, headers, body).await.expect(status, code);
    }
    let reply = client.send("DELETE", join, &[], vec![]).await;
    assert_eq!(reply.header("allow"), "POST");
}

#[perennial::test]
async fn every_wrong_field_is_named_at_once() {
    let client = start().await;
    let body = json!({ "quiz": 5, "start_at": "tomorrow", "colour": "red" });
    let reply = client.post("/api/runs", &body).await.expect(422, "invalid");
    let named: Vec<_> =
        reply["errors"].as_array().unwrap().iter().map(|error| (&error["path"], &error["code"])).collect();
    let expected = [
        ("quiz", "wrong_type"),
        ("start_at", "bad_format"),
        ("end_at", "missing"),
        ("colour", "unknown_key"),
    ]
    .map(|(path, code)| (Value::from(path), Value::from(code)));
    assert_eq!(named, expected.iter().map(|(path, code)| (path, code)).collect::<Vec<_>>());
    let draft = json!({ "format": 2, "title": "", "colour": 1, "template": [7] });
    let reply = client.post("/api/quizzes", &draft).await.expect(422, "invalid");
    assert!(reply["errors"].as_array().unwrap().len() >= 4, "{reply}");
}

#[perennial::test]
async fn who_asks_too_often_is_told_when_to_ask_again() {
    let rate = Rate { per_second: 0.5, burst: 3 };
    let client =
        start_with(std::sync::Arc::new(MemoryStore::new()), Options { per_address: rate, ..options() }).await;
    for _ in 0..3 {
        client.get("/api/quizzes").await.expect(200, "");
    }
    let refused = client.get("/api/quizzes").await;
    refused.expect(429, "too_many_requests");
    assert_eq!(refused.header("retry-after"), "2");
    client.get("/livez").await.expect(200, "");
}

#[perennial::test]
async fn a_session_is_refused_alone_when_it_is_too_quick() {
    let rate = Rate { per_second: 0.1, burst: 2 };
    let client =
        start_with(std::sync::Arc::new(MemoryStore::new()), Options { per_session: rate, ..options() }).await;
    let [quick, calm] = [client.other(), client.other()];
    let mut paths = Vec::new();
    for (browser, email) in [(&quick, "a@b"), (&calm, "c@d")] {
        let taken = browser.post("/api/quizzes/arithmetic/practice", &json!({ "email": email })).await;
        paths.push(format!("/api/sessions/{}/question", taken.expect(201, "")["session"]["session"]));
    }
    for _ in 0..2 {
        quick.get(&paths[0]).await.expect(200, "");
    }
    quick.get(&paths[0]).await.expect(429, "too_many_requests");
    calm.get(&paths[1]).await.expect(200, "");
}

#[perennial::test]
async fn a_thousand_requests_of_garbage_end_no_process() {
    let client = start().await;
    let student = client.other();
    let taken = student.post("/api/quizzes/arithmetic/practice", &json!({ "email": "a@b" })).await;
    let session = taken.expect(201, "")["session"]["session"].clone();
    student.get(&format!("/api/sessions/{session}/question")).await.expect(200, "");
    let node = Node::current();
    let mut before = node.processes();
    let mut dice = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    for n in 0..1_000 {
        if n % 5 == 0 {
            raw(&client, &mut dice).await;
        } else {
            let reply = garbage(&student, &session, &mut dice).await;
            assert!(reply.status.as_u16() < 500 || reply.status == 503, "{reply:?}");
            if !reply.status.is_success() {
                assert!(reply.json()["errors"].is_array(), "{reply:?}");
            }
        }
    }
    let mut after = node.processes();
    before.sort();
    after.sort();
    assert_eq!(before, after, "the same processes, none restarted");
    student.get(&format!("/api/sessions/{session}/question")).await.expect(200, "");
}

/// A request that is HTTP, with a body that may be anything.
async fn garbage(client: &Client, session: &Value, dice: &mut impl Rng) -> crate::support::Reply {
    let paths = [
        format!("/api/sessions/{session}/answers"),
        format!("/sessions/{session}"),
        "/api/join".to_owned(),
        "/api/quizzes".to_owned(),
        "/api/runs/1/extend".to_owned(),
        "/take".to_owned(),
        "/api/quizzes/arithmetic/templates".to_owned(),
        format!("/api/runs/{}/%2e%2e", dice.random::<i64>()),
    ];
    let mut bytes = vec![0; dice.random_range(0..200)];
    dice.fill(&mut bytes[..]);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let values = [json!(text), json!(null), json!([[]]), json!(1e300), json!(true), json!("9".repeat(5_000))];
    let mut value = || values.choose(dice).cloned().unwrap_or_default();
    let body = json!({
        "seq": value(), "answer": value(), "request_id": value(), "email": value(), "code": value(),
        "title": value(), "format": value(), "template": value(), "end_at": value(), "name": value(),
    });
    let bodies: [Vec<u8>; 3] = [body.to_string().into(), bytes, text.into()];
    let types = ["application/json", "application/x-www-form-urlencoded", "x"];
    let body = bodies.choose(dice).cloned().unwrap_or_default();
    let kind = types.choose(dice).copied().unwrap_or_default();
    let method = ["POST", "GET", "PUT", "BREW"].choose(dice).copied().unwrap_or_default();
    let path = paths.choose(dice).cloned().unwrap_or_default();
    client.send(method, &path, &[("content-type", kind)], body).await
}

/// Bytes that are no HTTP at all, or only its beginning.
async fn raw(client: &Client, dice: &mut impl Rng) {
    let mut bytes = vec![0; dice.random_range(0..100)];
    dice.fill(&mut bytes[..]);
    let heads: [&[u8]; 4] =
        [b"", b"GET / HTTP/1.1\r\n", b"POST /api/join HTTP/1.1\r\nContent-Length: 99\r\n\r\n", b"\r\n"];
    let mut stream = TcpStream::connect(client.address).await.unwrap();
    let head = heads.choose(dice).copied().unwrap_or_default();
    let _ = stream.write_all(&[head, &bytes].concat()).await;
    let _ = stream.shutdown().await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
}
