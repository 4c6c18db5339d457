//! What every request meets before its handler, and every response on its way out.

use std::any::Any;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::accept::Peer;
use super::app::App;
use super::error::Refusal;
use super::page;
use super::rate::Key;

/// Nothing is loaded but our own style; forms go to us only; nobody frames us.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The headers of every response.
const HEADERS: [(header::HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Outermost: counts, dresses refusals as pages for browsers, and sets the headers.
pub(super) async fn dress(State(app): State<App>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let is_page = wants_page(&request);
    let mut response = next.run(request).await;
    if is_page && let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
        response = refusal.stamp(page::refused(&refusal));
    }
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // What is not said to be fit for a cache is somebody's own.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    app.metrics.request(route, &method, response.status(), start.elapsed());
    response
}

/// Refuses an address that asks too often.
pub(super) async fn pace(State(app): State<App>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
    // Those who watch are not to be told "too many" when a class behind the same address is busy.
    let is_free = matches!(request.uri().path(), "/livez" | "/readyz");
    if let Some(peer) = peer.filter(|_| !is_free)
        && let Err(wait) = app.addresses.take(Key::address(peer), Instant::now())
    {
        return Refusal::too_many(wait).into_response();
    }
    next.run(request).await
}

/// Ends a request that takes too long: a body that trickles in, or a process that does not answer.
pub(super) async fn hurry(State(app): State<App>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(app.patience, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let message = "the request took too long: ask again, with the same request id";
            Refusal { code: "timeout", ..Refusal::busy(message) }.into_response()
        }
    }
}

/// A panic in a handler is our mistake, and the client learns no more than that.
pub(super) fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    let message = "something went wrong here; it has been logged";
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message).into_response()
}

/// Whether a refusal is to be read by a person: a browser that is not at the API.
fn wants_page(request: &Request) -> bool {
    let path = request.uri().path();
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    !path.starts_with("/api") && accept.is_some_and(|accept| accept.contains("text/html"))
}
