//! The real thing over real sockets; only the idle time is tested without them, on a clock that stands still.

use super::*;
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const MINUTE: Duration = Duration::from_secs(60);

async fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    start(listener, MINUTE).await.unwrap();
    address
}

/// The body of the answer.
async fn http(address: SocketAddr, method: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let head =
        format!("{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: {length}");
    stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

#[perennial::test]
async fn each_user_has_a_session_of_its_own() {
    let address = server().await;
    assert_eq!(http(address, "POST", "/notes/ann", "buy milk").await, "1\n");
    assert_eq!(http(address, "POST", "/notes/ann", "sell milk").await, "2\n");
    assert_eq!(http(address, "GET", "/notes/ann", "").await, "buy milk\nsell milk\n");
    assert_eq!(http(address, "GET", "/notes/bob", "").await, "");
    assert_eq!(REGISTRY.count(), Ok(2));
}

#[perennial::test]
async fn requests_at_once_share_one_session() {
    let address = server().await;
    let posts: Vec<_> = (0..20).map(|_| tokio::spawn(http(address, "POST", "/notes/ann", "x"))).collect();
    for post in posts {
        post.await.unwrap();
    }
    assert_eq!(http(address, "POST", "/notes/ann", "x").await, "21\n");
    assert_eq!(DynamicSupervisor::count_children(&SESSIONS).await.unwrap().active, 1);
}

#[perennial::test(paused)]
async fn a_session_that_is_idle_ends_and_the_next_request_begins_another() {
    server().await;
    ask("ann".to_owned(), MINUTE, Add("buy milk".to_owned())).await.unwrap();
    let session = REGISTRY.via::<Session>("ann".to_owned()).pid_now().unwrap();
    assert_eq!(process::monitor(session).await.reason, ExitReason::Normal);
    assert_eq!(Node::current().now(), MINUTE);
    assert_eq!(ask("ann".to_owned(), MINUTE, Notes).await.unwrap(), [""; 0]);
}
