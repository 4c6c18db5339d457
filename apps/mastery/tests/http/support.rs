//! A server for a test, and a client that keeps cookies by hand.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::HeaderMap;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use mastery::boundary::env::Env;
use mastery::facade::Mastery;
use mastery::store::Store;
use mastery::store::memory::MemoryStore;
use mastery::web::keys::Keys;
use mastery::web::{self, LocalAddress, Options, Rate, SERVER, Teachers};
use perennial::gen_server::Address;
use serde_json::Value;
use tokio::net::TcpStream;

/// Options under which no test is refused for being quick.
pub(crate) fn options() -> Options {
    let fast = Rate { per_second: 1e6, burst: 1_000_000 };
    Options {
        teachers: Teachers::Everybody,
        per_address: fast,
        per_session: fast,
        ..Options::new(([127, 0, 0, 1], 0).into(), Keys::random())
    }
}

/// Starts the service on a store in memory.
pub(crate) async fn start() -> Client {
    start_with(Arc::new(MemoryStore::new()), options()).await
}

/// Starts the service.
pub(crate) async fn start_with(store: Arc<dyn Store>, options: Options) -> Client {
    let env = Arc::new(Env::new(store.clone()));
    let mastery = Mastery::new(env.clone());
    mastery::app::start(&env, [web::child_spec(mastery.clone(), options)]).await.expect("the service starts");
    mastery::app::ship(&mastery).await.expect("the store answers");
    Client::new(SERVER.call(LocalAddress).await.expect("the server runs"), mastery, store)
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("we write UTF-8")
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|why| panic!("{why}: {self:?}"))
    }

    /// Checks the status, and that a refusal has its shape; returns the body, null if it is not JSON.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", String::from_utf8_lossy(&self.body));
        let body = serde_json::from_slice(&self.body).unwrap_or(Value::Null);
        if !code.is_empty() {
            let keys: Vec<_> = body.as_object().expect("a refusal is an object").keys().collect();
            assert_eq!(
                (body["code"].as_str(), &keys[..]),
                (
                    Some(code),
                    &["code", "errors", "message"].map(str::to_owned).iter().collect::<Vec<_>>()[..]
                )
            );
        }
        body
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("we write ASCII"))
    }
}

/// A browser.
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    pub(crate) mastery: Mastery,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) cookies: RefCell<BTreeMap<String, String>>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr, mastery: Mastery, store: Arc<dyn Store>) -> Self {
        Self { address, mastery, store, cookies: RefCell::default() }
    }

    /// Another browser at the same server.
    pub(crate) fn other(&self) -> Self {
        Self::new(self.address, self.mastery.clone(), self.store.clone())
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], Vec::new()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, &[("content-type", "application/json")], body.to_string().into()).await
    }

    pub(crate) async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("accept", "text/html")];
        self.send("POST", path, &headers, body.into()).await
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Reply {
        let stream = TcpStream::connect(self.address).await.expect("the server listens");
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("a connection");
        tokio::spawn(connection);
        let cookies: Vec<_> =
            self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = Request::builder().method(method).uri(path).header("host", "test");
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body))).expect("a request");
        let response = sender.send_request(request).await.expect("an answer");
        let (head, body) = response.into_parts();
        for line in head.headers.get_all("set-cookie") {
            self.keep(line.to_str().expect("we write ASCII"));
        }
        let body = body.collect().await.expect("a whole answer").to_bytes().to_vec();
        Reply { status: head.status, headers: head.headers, body }
    }

    fn keep(&self, line: &str) {
        let (name, value) = line.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
        if line.contains("Max-Age=0") {
            self.cookies.borrow_mut().remove(name);
        } else {
            self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
        }
    }
}
