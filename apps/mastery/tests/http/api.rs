//! The API: each status of the facade's results, and a whole quiz.

use jiff::{SignedDuration, Timestamp};
use mastery::web::Teachers;
use perennial::node::Node;
use perennial::process;
use serde_json::{Value, json};
use std::sync::Arc;

use crate::support::{Client, Reply, options, start, start_with};

/// A quiz of two questions whose answers are known.
pub(crate) fn draft(title: &str) -> Value {
    let template = |name: &str| json!({ "name": name, "category": "c", "question": format!("Say {name}."), "check": { "text": { "one_of": [name] } } });
    json!({ "format": 1, "title": title, "mastery": 2, "template": [template("yes"), template("no")] })
}

pub(crate) fn after(seconds: i64) -> String {
    (Timestamp::now() + SignedDuration::from_secs(seconds)).to_string()
}

impl Client {
    /// Builds a quiz and schedules a run of it.
    pub(crate) async fn run(&self, title: &str, start: i64, end: i64) -> Value {
        let built = self.post("/api/quizzes", &draft(title)).await.expect(201, "");
        let run = json!({ "quiz": built["slug"], "start_at": after(start), "end_at": after(end) });
        self.post("/api/runs", &run).await.expect(201, "")
    }

    pub(crate) async fn join(&self, run: &Value, email: &str) -> Reply {
        self.post("/api/join", &json!({ "code": run["code"], "email": email })).await
    }

    pub(crate) async fn question(&self, session: &Value) -> Reply {
        self.get(&format!("/api/sessions/{session}/question")).await
    }

    pub(crate) async fn answer(&self, session: &Value, seq: &Value, answer: &str, request: &str) -> Reply {
        let body = json!({ "seq": seq, "answer": answer, "request_id": request });
        self.post(&format!("/api/sessions/{session}/answers"), &body).await
    }
}

/// What is right, from the text of the question.
fn right(question: &Value) -> String {
    let text = question["text"].as_str().expect("a question has a text");
    text.trim_start_matches("Say ").trim_end_matches('.').to_owned()
}

#[perennial::test]
async fn a_whole_quiz_by_json() {
    let client = start().await;
    let run = client.run("Whole", -10, 600).await;
    let taken = client.join(&run, "A@B").await.expect(201, "");
    assert_eq!(taken["how"], "started");
    assert_eq!(client.join(&run, "a@b").await.expect(200, "")["how"], "resumed");
    let session = &taken["session"]["session"];
    let mut next = client.question(session).await.expect(200, "");
    let mut answers = 0;
    while !next["question"].is_null() {
        let question = &next["question"];
        assert_eq!(client.question(session).await.json(), next, "asking again changes nothing");
        let request = format!("r{answers}");
        let answered =
            client.answer(session, &question["seq"], &right(question), &request).await.expect(200, "");
        assert_eq!(answered["correct"], true);
        next = answered["next"].clone();
        answers += 1;
    }
    assert_eq!((answers, &next["finished"]["mastered"]), (4, &json!(2)));
    client.join(&run, "a@b").await.expect(409, "already_finished");
    let id = &run["id"];
    let report = client.get(&format!("/api/runs/{id}/report")).await.expect(200, "");
    assert_eq!((&report["students"][0]["answers"], &report["students"][0]["right"]), (&json!(4), &json!(4)));
    let board = client.get(&format!("/api/runs/{id}/board")).await.expect(200, "");
    assert_eq!((&board["joined"], &board["finished"], &board["answers"]), (&json!(1), &json!(1), &json!(4)));
}

#[perennial::test]
async fn the_same_request_gets_the_stored_result_and_another_one_is_stale() {
    let client = start().await;
    let run = client.run("Retry", -10, 600).await;
    let session = client.join(&run, "a@b").await.json()["session"]["session"].clone();
    let first = client.answer(&session, &json!(1), "wrong", "r1").await.expect(200, "");
    assert_eq!(first["correct"], false);
    assert!(first["feedback"].is_string());
    let again = client.answer(&session, &json!(1), "something else", "r1").await.expect(200, "");
    assert_eq!((&again["correct"], &again["feedback"]), (&first["correct"], &first["feedback"]));
    client.answer(&session, &json!(1), "wrong", "r2").await.expect(409, "stale");
    let report = client.get(&format!("/api/runs/{}/report", run["id"])).await.json();
    assert_eq!(report["students"][0]["answers"], 1);
}

#[perennial::test]
async fn a_session_killed_between_two_requests_goes_on() {
    let client = start().await;
    let run = client.run("Killed", -10, 600).await;
    let session = client.join(&run, "a@b").await.json()["session"]["session"].clone();
    client.answer(&session, &json!(1), "wrong", "r1").await.expect(200, "");
    let before = client.question(&session).await.expect(200, "");
    let sessions: Vec<_> = Node::current()
        .processes()
        .into_iter()
        .filter(|pid| process::info(*pid).is_some_and(|info| info.behaviour.ends_with("QuizSession")))
        .collect();
    assert_eq!(sessions.len(), 1);
    let ended = process::monitor(sessions[0]);
    process::kill(sessions[0]);
    ended.await;
    assert_eq!(client.question(&session).await.expect(200, ""), before);
    client.answer(&session, &json!(1), "wrong", "r1").await.expect(200, "");
    client.answer(&session, &json!(2), "wrong", "r2").await.expect(200, "");
}

#[perennial::test]
async fn joining_has_its_statuses() {
    let client = start().await;
    client.join(&json!({ "code": "nobody" }), "a@b").await.expect(404, "not_found");
    let later = client.run("Later", 600, 1200).await;
    client.join(&later, "a@b").await.expect(409, "not_open_yet");
    let over = client.run("Over", -10, 600).await;
    client.post(&format!("/api/runs/{}/end", over["id"]), &json!({})).await.expect(200, "");
    client.join(&over, "a@b").await.expect(410, "closed");
    client.post("/api/quizzes/later/practice", &json!({ "email": "a@b" })).await.expect(404, "not_found");
}

#[perennial::test]
async fn practice_goes_on_when_a_teacher_has_ended_its_run() {
    let client = start().await;
    let (path, student) = ("/api/quizzes/arithmetic/practice", json!({ "email": "a@b" }));
    let first = client.post(path, &student).await.expect(201, "");
    let run = first["session"]["run"].clone();
    client.post(&format!("/api/runs/{run}/end"), &json!({})).await.expect(200, "");
    let second = client.post(path, &student).await.expect(201, "");
    assert_ne!(second["session"]["run"], run);
    client.post(path, &student).await.expect(200, "");
}

#[perennial::test]
async fn answering_has_its_statuses() {
    let client = start().await;
    let run = client.run("Statuses", -10, 600).await;
    let session = client.join(&run, "a@b").await.json()["session"]["session"].clone();
    let (one, path) = (json!(1), format!("/api/runs/{}", run["id"]));
    client.answer(&session, &json!(9), "x", "r").await.expect(409, "stale");
    client.answer(&session, &one, &"x".repeat(256), "r").await.expect(413, "too_long");
    client.answer(&session, &one, &"x".repeat(9_000), "r").await.expect(413, "too_long");
    client.answer(&session, &one, &"x".repeat(20_000), "r").await.expect(413, "body_too_large");
    client.answer(&session, &one, "x", "two words").await.expect(422, "invalid");
    client.other().question(&session).await.expect(401, "not_joined");
    client.post(&format!("{path}/pause"), &json!({})).await.expect(200, "");
    client.answer(&session, &one, "x", "r").await.expect(410, "not_open");
    client.question(&session).await.expect(200, "");
    client.post(&format!("{path}/resume"), &json!({})).await.expect(200, "");
    client.answer(&session, &one, "", "r").await.expect(200, "");
    client.post(&format!("{path}/end"), &json!({})).await.expect(200, "");
    client.answer(&session, &json!(2), "x", "r2").await.expect(410, "not_open");
    client.question(&session).await.expect(410, "gone");
}

#[perennial::test]
async fn quizzes_and_runs_have_their_statuses() {
    let client = start().await;
    let run = client.run("Taken", -10, 600).await;
    let mut other = draft("Taken");
    other["mastery"] = json!(3);
    client.post("/api/quizzes", &other).await.expect(409, "title_taken");
    let template = draft("x")["template"][0].clone();
    let templates = "/api/quizzes/taken/templates";
    client.post(templates, &template).await.expect(409, "duplicate_name");
    client.post(templates, &json!({ "name": "new" })).await.expect(422, "invalid");
    client.post("/api/quizzes/gone/templates", &template).await.expect(404, "not_found");
    let mut new = template;
    new["name"] = json!("new");
    assert_eq!(client.post(templates, &new).await.expect(201, "")["version"], 2);
    assert_eq!(client.get("/api/quizzes/taken").await.expect(200, "")["draft"]["template"][2]["name"], "new");
    client.get("/api/quizzes/gone").await.expect(404, "not_found");
    for (quiz, start, end, status, code) in [
        ("gone", 0, 9, 404, "not_found"),
        ("taken", 9, 0, 422, "invalid"),
        ("taken", -9, -1, 422, "invalid"),
        ("A B", 0, 9, 422, "invalid"),
    ] {
        let body = json!({ "quiz": quiz, "start_at": after(start), "end_at": after(end) });
        client.post("/api/runs", &body).await.expect(status, code);
    }
    let path = format!("/api/runs/{}", run["id"]);
    client.post(&format!("{path}/extend"), &json!({ "end_at": after(-9) })).await.expect(422, "invalid");
    client.post(&format!("{path}/extend"), &json!({ "end_at": after(900) })).await.expect(200, "");
    client.post(&format!("{path}/end"), &json!({})).await.expect(200, "");
    client.post(&format!("{path}/end"), &json!({})).await.expect(200, "");
    client.post(&format!("{path}/extend"), &json!({ "end_at": after(900) })).await.expect(409, "ended");
    assert_eq!(client.get(&path).await.expect(200, "")["state"], "ended");
    for part in ["", "/sessions", "/board", "/report", "/export"] {
        client.get(&format!("/api/runs/99{part}")).await.expect(404, "not_found");
    }
}

#[perennial::test]
async fn results_are_exported_without_formulas_and_forgotten_on_demand() {
    let client = start().await;
    let run = client.run("Results", -10, 600).await;
    let session = client.join(&run, "a@b").await.json()["session"]["session"].clone();
    client.answer(&session, &json!(1), "=1+1", "r1").await.expect(200, "");
    let path = format!("/api/runs/{}", run["id"]);
    let active = client.get(&format!("{path}/sessions")).await.expect(200, "");
    assert_eq!(active["sessions"][0]["email"], "a@b");
    let export = client.get(&format!("{path}/export")).await;
    assert_eq!(export.header("content-type"), "text/csv; charset=utf-8");
    let lines: Vec<_> = export.text().lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[1].contains(r#""a@b","'=1+1","no""#), "{}", lines[1]);
    let forgotten = client.post("/api/students/forget", &json!({ "email": "A@B" })).await.expect(200, "");
    assert_eq!(forgotten, json!({ "sessions": 1, "responses": 1 }));
    client.question(&session).await.expect(410, "gone");
    assert_eq!(client.get(&format!("{path}/export")).await.text().lines().count(), 1);
}

#[perennial::test]
async fn only_teachers_build_run_and_see_results() {
    let options = mastery::web::Options { teachers: Teachers::WithToken, ..options() };
    let token = options.keys.teacher_token();
    let client = start_with(Arc::new(mastery::store::memory::MemoryStore::new()), options).await;
    for (method, path) in mastery::web::routes() {
        let path = path.replace("{quiz}", "arithmetic").replace("{run}", "1");
        let is_for_all = !path.starts_with("/api/")
            || path.contains("session}")
            || path.ends_with("/practice")
            || ["/api/join", "/api/openapi.json"].contains(&&*path)
            || (method == "GET" && path == "/api/quizzes");
        if !is_for_all {
            let reply = client.send(method.as_str(), &path, &[("authorization", "Bearer 00")], vec![]).await;
            reply.expect(401, "not_a_teacher");
        }
    }
    let bearer = format!("Bearer {token}");
    client.send("GET", "/api/runs", &[("authorization", &bearer)], vec![]).await.expect(200, "");
}
