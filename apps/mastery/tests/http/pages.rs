//! The page, as a browser without JavaScript uses it.

use std::time::Duration;

use mastery::core::question::right_answer;
use mastery::core::session::Session;
use mastery::core::slug::Slug;
use mastery::store::records::SessionId;

use crate::support::{Client, Reply, start};

/// The value of a hidden field.
fn hidden<'a>(page: &'a Reply, name: &str) -> &'a str {
    let (_, rest) = page.text().split_once(&format!("name=\"{name}\" value=\"")).expect("the field is there");
    rest.split('"').next().unwrap_or_default()
}

/// Begins a quiz by form and returns the path of its session.
async fn begin(client: &Client, quiz: &str, email: &str) -> String {
    let home = client.get("/").await;
    let token = hidden(&home, "token").to_owned();
    let reply = client.form("/take", &[("token", &token), ("quiz", quiz), ("email", email)]).await;
    assert_eq!(reply.status.as_u16(), 303, "{}", reply.text());
    reply.header("location").to_owned()
}

async fn answer(client: &Client, path: &str, answer: &str) -> Reply {
    let page = client.get(path).await;
    assert_eq!(page.status.as_u16(), 200, "{}", page.text());
    let (token, seq) = (hidden(&page, "token"), hidden(&page, "seq"));
    let request = hidden(&page, "request_id");
    let fields = [("token", token), ("seq", seq), ("request_id", request), ("answer", answer)];
    client.form(path, &fields).await
}

/// The session as the service has it, so that the test knows what is right.
async fn twin(client: &Client, path: &str, quiz: &str) -> Session {
    let id = SessionId(path.rsplit('/').next().unwrap().parse().unwrap());
    let stored = client.store.session(id).await.unwrap().expect("the session is stored");
    let quiz = client.mastery.quiz(&Slug::parse(quiz).unwrap(), None).await.unwrap();
    Session::new(quiz.quiz, stored.seed)
}

#[perennial::test]
async fn a_whole_quiz_by_plain_forms() {
    for quiz in ["arithmetic", "german-vocabulary"] {
        let client = start().await;
        let path = begin(&client, quiz, "a@b").await;
        let mut twin = twin(&client, &path, quiz).await;
        let reply = answer(&client, &path, "<b>wrong").await;
        assert_eq!((reply.status.as_u16(), reply.header("location")), (303, &*path));
        twin.answer(1, "<b>wrong").unwrap();
        let page = client.get(&path).await;
        assert!(page.text().contains("Wrong. Right is:"), "{}", page.text());
        assert!(!client.get(&path).await.text().contains("Wrong."), "a verdict is shown once");
        while let Some(question) = twin.question() {
            let right = right_answer(question);
            answer(&client, &path, &right).await;
            twin.answer(twin.seq(), &right).unwrap();
        }
        let page = client.get(&path).await;
        assert!(page.text().contains("Right.") && page.text().contains("Finished"), "{}", page.text());
        assert_eq!(begin(&client, quiz, "A@B").await, path, "who has finished is shown that");
        perennial::node::Node::current().stop(Duration::from_secs(5)).await;
    }
}

#[perennial::test]
async fn choices_are_radio_buttons_with_labels_and_texts_have_one_too() {
    let client = start().await;
    let path = begin(&client, "german-vocabulary", "a@b").await;
    let mut kinds = [false; 2];
    for _ in 0..30 {
        let page = client.get(&path).await;
        let is_pick = page.text().contains("type=\"radio\"");
        kinds[usize::from(is_pick)] = true;
        assert!(page.text().contains(if is_pick { "<legend" } else { "<label for=\"answer\"" }));
        answer(&client, &path, "?").await;
    }
    assert!(kinds[1], "the vocabulary has questions to pick");
}

#[perennial::test]
async fn a_form_that_we_did_not_send_to_this_browser_is_refused() {
    let client = start().await;
    let stranger = client.other();
    let token = hidden(&stranger.get("/").await, "token").to_owned();
    let fields = |token| [("token", token), ("quiz", "arithmetic"), ("email", "a@b")];
    assert_eq!(client.form("/take", &fields(&token)).await.status.as_u16(), 403, "no cookie");
    client.get("/").await;
    assert_eq!(client.form("/take", &fields(&token)).await.status.as_u16(), 403, "another's token");
    let path = begin(&client, "arithmetic", "a@b").await;
    let fields = [("token", &*token), ("seq", "1"), ("request_id", "r"), ("answer", "1")];
    assert_eq!(client.form(&path, &fields).await.status.as_u16(), 403);
    assert_eq!(stranger.form(&path, &fields).await.status.as_u16(), 401, "another's session");
}

#[perennial::test]
async fn an_old_form_sent_again_shows_the_open_question() {
    let client = start().await;
    let path = begin(&client, "arithmetic", "a@b").await;
    let page = client.get(&path).await;
    let [token, request] = ["token", "request_id"].map(|name| hidden(&page, name));
    for (request, answer) in [(request, "x"), (request, "y"), ("another", "z")] {
        let fields = [("token", token), ("seq", "1"), ("request_id", request), ("answer", answer)];
        let reply = client.form(&path, &fields).await;
        assert_eq!((reply.status.as_u16(), reply.header("location")), (303, &*path));
    }
    assert_eq!(hidden(&client.get(&path).await, "seq"), "2");
}

#[perennial::test]
async fn home_shows_the_quizzes_and_the_supervision_tree() {
    let client = start().await;
    begin(&client, "arithmetic", "a@b").await;
    // What it showed to `begin` is shown for a second.
    perennial::time::sleep(Duration::from_secs(1)).await;
    let home = client.get("/").await;
    for part in [
        "<h1>",
        "value=\"arithmetic\"",
        "value=\"german-vocabulary\"",
        "<label for=\"email\"",
        "store",
        "catalog",
        "web",
    ] {
        assert!(home.text().contains(part), "{part} in {}", home.text());
    }
    for never in ["<script", "http://", "https://", "style=\"", "a@b"] {
        assert!(!home.text().contains(never), "{never} in {}", home.text());
    }
}

#[perennial::test]
async fn what_is_wrong_with_a_form_is_said_on_a_page() {
    let client = start().await;
    let token = hidden(&client.get("/").await, "token").to_owned();
    let reply =
        client.form("/take", &[("token", &token), ("quiz", "arithmetic"), ("email", "<nobody>")]).await;
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (422, "text/html; charset=utf-8"));
    assert!(reply.text().contains("role=\"alert\"") && reply.text().contains("name@example.org"));
}
