//! The first page: the quizzes, and the processes as they are now.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::{Visitor, render};
use crate::facade::quizzes::QuizSummary;
use crate::web::app::App;
use crate::web::error::Refusal;
use crate::web::practice;
use crate::web::tree::{self, Tree};

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    quizzes: Vec<QuizSummary>,
    token: String,
    tree: Arc<Tree>,
}

/// `GET /`.
pub(in crate::web) async fn show(State(app): State<App>, headers: HeaderMap) -> Result<Response, Refusal> {
    let visitor = Visitor::of(&headers);
    let mut quizzes = app.mastery.quizzes().await?;
    quizzes.retain(|quiz| practice::is_practiced(&quiz.slug));
    let page = Home { quizzes, token: visitor.token(&app), tree: tree::now(&app) };
    Ok(visitor.welcome(&app, render(&page)))
}
