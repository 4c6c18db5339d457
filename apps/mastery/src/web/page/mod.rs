//! The plain page: quizzes to take with nothing but forms, and the processes behind them.
//!
//! No script, nothing from elsewhere. A form carries a token that only the browser it was sent to can use: the signature
//! of its `visitor` cookie. After each POST the browser is sent on, so that reloading a page repeats nothing.

pub(super) mod home;
pub(super) mod question;
pub(super) mod take;

use askama::Template;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::app::App;
use super::error::Refusal;
use super::{cookie, keys};

/// A browser that was shown a form, or is to be.
struct Visitor {
    id: String,
    is_new: bool,
}

impl Visitor {
    fn of(headers: &HeaderMap) -> Self {
        match cookie::visitor(headers) {
            Some(id) => Self { id: id.to_owned(), is_new: false },
            None => Self { id: keys::nonce(), is_new: true },
        }
    }

    /// What its forms carry.
    fn token(&self, app: &App) -> String {
        app.keys.sign("form", &self.id)
    }

    /// Adds the cookie to a page with a form, if the browser has none.
    fn welcome(&self, app: &App, mut page: Response) -> Response {
        if self.is_new {
            page.headers_mut().append(header::SET_COOKIE, cookie::for_visitor(&self.id, app.is_secure));
        }
        page
    }
}

/// Refuses a form that was not sent to this browser by us.
fn expect_ours(app: &App, headers: &HeaderMap, token: &str) -> Result<(), Refusal> {
    let is_ours = cookie::visitor(headers).is_some_and(|visitor| app.keys.verify("form", visitor, token));
    let message = "this form is not from here, or cookies are off: go to the first page and begin there";
    is_ours.then_some(()).ok_or_else(|| Refusal::new(StatusCode::FORBIDDEN, "foreign_form", message))
}

/// How long a signature is: the token of a form.
const TOKEN: usize = 64;

#[derive(Template)]
#[template(path = "refused.html")]
struct Refused<'a> {
    title: &'a str,
    message: &'a str,
}

/// A refusal for people. Its status and headers are still to be set.
pub(super) fn refused(refusal: &Refusal) -> Response {
    let title = refusal.status.canonical_reason().unwrap_or("That did not work");
    render(&Refused { title, message: &refusal.message })
}

/// `GET /style.css`.
pub(super) async fn style() -> impl IntoResponse {
    let headers =
        [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "public, max-age=300")];
    (headers, include_str!("../../../templates/style.css"))
}

fn render(page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", error.to_string()).into_response()
        }
    }
}

/// 303: go there, with these cookies.
fn go_to(path: &str, cookies: impl IntoIterator<Item = HeaderValue>) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, HeaderValue::try_from(path).expect("our paths are fit for a header"));
    for cookie in cookies {
        headers.append(header::SET_COOKIE, cookie);
    }
    response
}
