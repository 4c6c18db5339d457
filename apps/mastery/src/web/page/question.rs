//! A session by form: question, answer, next question.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;

use super::{TOKEN, Visitor, expect_ours, go_to, render};
use crate::core::question::Kind;
use crate::facade::sessions::AnswerError;
use crate::facade::views::{Answered, Asked, Next, Standing};
use crate::web::api::sessions::read_answer;
use crate::web::app::App;
use crate::web::error::Refusal;
use crate::web::input::{Form, Joined};
use crate::web::{cookie, keys};

/// What became of the last answer.
#[derive(Debug, PartialEq, Eq)]
struct Verdict {
    correct: bool,
    feedback: Option<String>,
}

#[derive(Template)]
#[template(path = "question.html")]
struct QuestionPage {
    path: String,
    token: String,
    request_id: String,
    verdict: Option<Verdict>,
    asked: Asked,
}

#[derive(Template)]
#[template(path = "finished.html")]
struct FinishedPage {
    verdict: Option<Verdict>,
    standing: Standing,
}

/// `GET /sessions/{session}`.
pub(in crate::web) async fn show(
    State(app): State<App>,
    Joined(session): Joined,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let verdict = Verdict::of(&headers);
    let visitor = Visitor::of(&headers);
    let page = match app.mastery.select_question(session).await? {
        Next::Finished(standing) => render(&FinishedPage { verdict, standing }),
        Next::Question(asked) => render(&QuestionPage {
            path: format!("/sessions/{}", session.session),
            token: visitor.token(&app),
            request_id: keys::nonce(),
            verdict,
            asked,
        }),
    };
    let mut page = visitor.welcome(&app, page);
    if cookie::get(&headers, "result").is_some() {
        page.headers_mut().append(header::SET_COOKIE, cookie::set("result", "", 0, app.is_secure));
    }
    Ok(page)
}

/// `POST /sessions/{session}`.
pub(in crate::web) async fn answer(
    State(app): State<App>,
    Joined(session): Joined,
    headers: HeaderMap,
    Form(mut fields): Form,
) -> Result<Response, Refusal> {
    let token = fields.text("token", TOKEN);
    let (seq, answer, request) = read_answer(fields)?;
    expect_ours(&app, &headers, &token)?;
    let path = format!("/sessions/{}", session.session);
    match app.mastery.answer_question(session, seq, &answer, &request).await {
        Ok(answered) => {
            app.metrics.answer(answered.correct);
            Ok(go_to(&path, [Verdict::from(answered).cookie(app.is_secure)]))
        }
        // Another tab was faster, or the browser went back: the page shows the open question.
        Err(AnswerError::Stale(_)) => Ok(go_to(&path, [])),
        Err(error) => Err(error.into()),
    }
}

impl Verdict {
    /// Kept by the browser until the next page, for a minute at most.
    fn cookie(&self, is_secure: bool) -> HeaderValue {
        let sign = if self.correct { '+' } else { '-' };
        let text = format!("{sign}{}", self.feedback.as_deref().unwrap_or_default());
        cookie::set("result", &keys::hex(text.as_bytes()), 60, is_secure)
    }

    /// From the cookie. The browser may have written it itself: it is only ever shown to it again.
    fn of(headers: &HeaderMap) -> Option<Self> {
        let text = String::from_utf8(keys::unhex(cookie::get(headers, "result")?)?).ok()?;
        let mut rest = text.chars();
        let correct = rest.next()? == '+';
        let feedback = Some(rest.as_str().to_owned()).filter(|feedback| !feedback.is_empty());
        Some(Self { correct, feedback })
    }
}

impl From<Answered> for Verdict {
    fn from(Answered { correct, feedback, .. }: Answered) -> Self {
        Self { correct, feedback }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_passes_through_the_browser() {
        for feedback in [None, Some("<b>ä; 5".to_owned())] {
            let verdict = Verdict { correct: feedback.is_none(), feedback };
            let line = verdict.cookie(false);
            let mut headers = HeaderMap::new();
            let pair = line.to_str().unwrap().split(';').next().unwrap().parse().unwrap();
            headers.insert(header::COOKIE, pair);
            assert_eq!(Verdict::of(&headers), Some(verdict));
        }
        for odd in ["", "zz", "ff", "2"] {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, format!("result={odd}").parse().unwrap());
            assert_eq!(Verdict::of(&headers), None, "{odd}");
        }
    }
}
