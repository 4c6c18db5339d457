//! Which path leads where, in one list: the router is made from it, and the API's description is checked against it.

use axum::Router;
use axum::handler::Handler;
use axum::http::{Method, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::routing;
use tower_http::catch_panic::CatchPanicLayer;

use super::app::App;
use super::error::Refusal;
use super::{api, guard, health, metrics, openapi, page};

/// A router that remembers what it was given.
#[derive(Default)]
struct Routes {
    router: Router<App>,
    listed: Vec<(Method, &'static str)>,
}

impl Routes {
    fn get<T: 'static>(self, path: &'static str, handler: impl Handler<T, App>) -> Self {
        self.add(Method::GET, path, routing::get(handler))
    }

    fn post<T: 'static>(self, path: &'static str, handler: impl Handler<T, App>) -> Self {
        self.add(Method::POST, path, routing::post(handler))
    }

    fn add(mut self, method: Method, path: &'static str, handler: routing::MethodRouter<App>) -> Self {
        self.listed.push((method, path));
        Self { router: self.router.route(path, handler), ..self }
    }
}

fn routes() -> Routes {
    Routes::default()
        .get("/", page::home::show)
        .get("/style.css", page::style)
        .post("/take", page::take::take)
        .get("/sessions/{session}", page::question::show)
        .post("/sessions/{session}", page::question::answer)
        .get("/livez", health::live)
        .get("/readyz", health::ready)
        .get("/metrics", metrics::show)
        .get("/api/openapi.json", openapi::show)
        .get("/api/quizzes", api::quizzes::list)
        .post("/api/quizzes", api::quizzes::build)
        .get("/api/quizzes/{quiz}", api::quizzes::get)
        .post("/api/quizzes/{quiz}/templates", api::quizzes::add_template)
        .post("/api/quizzes/{quiz}/practice", api::sessions::practice)
        .get("/api/runs", api::runs::list)
        .post("/api/runs", api::runs::schedule)
        .get("/api/runs/{run}", api::runs::get)
        .post("/api/runs/{run}/pause", api::runs::pause)
        .post("/api/runs/{run}/resume", api::runs::resume)
        .post("/api/runs/{run}/extend", api::runs::extend)
        .post("/api/runs/{run}/end", api::runs::end)
        .get("/api/runs/{run}/sessions", api::results::active_sessions)
        .get("/api/runs/{run}/board", api::results::board)
        .get("/api/runs/{run}/report", api::results::report)
        .get("/api/runs/{run}/export", api::results::export)
        .post("/api/students/forget", api::results::forget)
        .post("/api/join", api::sessions::join)
        .get("/api/sessions/{session}/question", api::sessions::select_question)
        .post("/api/sessions/{session}/answers", api::sessions::answer_question)
}

/// Every route by method and path.
pub fn listed() -> Vec<(Method, &'static str)> {
    routes().listed
}

pub(super) fn router(app: App) -> Router {
    routes()
        .router
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        // The last is the outermost.
        .layer(from_fn_with_state(app.clone(), guard::pace))
        .layer(from_fn_with_state(app.clone(), guard::hurry))
        .layer(CatchPanicLayer::custom(guard::panicked))
        .layer(from_fn_with_state(app.clone(), guard::dress))
        .with_state(app)
}

async fn unknown_path() -> Refusal {
    Refusal::not_found("path")
}

async fn wrong_method() -> Refusal {
    let message = "this path does not take this method; Allow says which it takes";
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "wrong_method", message)
}
