//! The description of the API is true: its operations are the routes, and real responses match it.

use serde_json::{Value, json};

use crate::schema::errors;
use crate::support::{Client, Reply, start};

#[test]
fn every_route_is_described_and_every_description_is_a_route() {
    let document = mastery::web::openapi();
    let mut described: Vec<_> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let is_page = |path: &str| ["/", "/take", "/style.css"].contains(&path) || path.starts_with("/sessions/");
    let routes = mastery::web::routes().into_iter().filter(|(_, path)| !is_page(path));
    let mut routes: Vec<_> = routes.map(|(method, path)| format!("{method} {path}")).collect();
    described.sort();
    routes.sort();
    assert_eq!(described, routes);
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(document: &Value, value: &Value) {
        if let Some(reference) = value["$ref"].as_str() {
            assert!(document.pointer(&reference[1..]).is_some(), "{reference}");
        }
        let values = value.as_object().map(|object| object.values().collect::<Vec<_>>());
        values
            .into_iter()
            .flatten()
            .chain(value.as_array().into_iter().flatten())
            .for_each(|value| walk(document, value));
    }
    let document = mastery::web::openapi();
    walk(&document, &document);
}

/// Asks, and checks what comes back against the description of this operation.
async fn matches(client: &Client, method: &str, path: &str, body: Option<Value>, pattern: &str) -> Reply {
    let document = mastery::web::openapi();
    let headers: &[_] = if body.is_some() { &[("content-type", "application/json")] } else { &[] };
    let bytes = body.as_ref().map(Value::to_string).unwrap_or_default().into();
    let reply = client.send(method, path, headers, bytes).await;
    let operation = &document["paths"][pattern][method.to_lowercase()];
    let response = &operation["responses"][reply.status.as_str()];
    let media = reply.header("content-type").split(';').next().unwrap_or_default();
    let schema = &response["content"][media]["schema"];
    assert!(
        schema.is_object(),
        "{method} {pattern}: {} {media} is not described: {}",
        reply.status,
        reply.text()
    );
    if media == "application/json" {
        assert_eq!(errors(&document, schema, &reply.json()), [""; 0], "{method} {pattern} {}", reply.status);
    }
    if reply.status.is_success()
        && let Some(body) = body
    {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        assert_eq!(
            errors(&document, schema, &body),
            [""; 0],
            "{method} {pattern}: what was accepted is not described"
        );
    }
    reply
}

#[perennial::test]
async fn real_responses_match_the_description() {
    let client = start().await;
    let draft = crate::api::draft("Described");
    let template = json!({
        "name": "sum", "category": "c", "question": "{a} + {b}?", "var": { "a": { "int": [0, 9] }, "b": { "choice": [1, 2] } },
        "check": { "number": { "equals": "a + b" } },
    });
    let built =
        matches(&client, "POST", "/api/quizzes", Some(draft.clone()), "/api/quizzes").await.expect(201, "");
    let quiz = format!("/api/quizzes/{}", built["slug"].as_str().unwrap());
    let template = matches(
        &client,
        "POST",
        &format!("{quiz}/templates"),
        Some(template),
        "/api/quizzes/{quiz}/templates",
    )
    .await;
    template.expect(201, "");
    let schedule =
        json!({ "quiz": built["slug"], "start_at": crate::api::after(-9), "end_at": crate::api::after(99) });
    let run = matches(&client, "POST", "/api/runs", Some(schedule), "/api/runs").await.expect(201, "");
    let join = json!({ "code": run["code"], "email": "a@b" });
    let taken = matches(&client, "POST", "/api/join", Some(join.clone()), "/api/join").await.expect(201, "");
    matches(&client, "POST", "/api/join", Some(join), "/api/join").await.expect(200, "");
    let session = format!("/api/sessions/{}", taken["session"]["session"]);
    matches(&client, "GET", &format!("{session}/question"), None, "/api/sessions/{session}/question")
        .await
        .expect(200, "");
    for seq in 1..5 {
        let body = json!({ "seq": seq, "answer": "?", "request_id": format!("r{seq}") });
        matches(
            &client,
            "POST",
            &format!("{session}/answers"),
            Some(body),
            "/api/sessions/{session}/answers",
        )
        .await
        .expect(200, "");
    }
    let email = json!({ "email": "c@d" });
    matches(&client, "POST", "/api/quizzes/arithmetic/practice", Some(email), "/api/quizzes/{quiz}/practice")
        .await;
    for quiz in [&*quiz, "/api/quizzes/arithmetic", "/api/quizzes/german-vocabulary"] {
        matches(&client, "GET", quiz, None, "/api/quizzes/{quiz}").await;
    }
    let path = format!("/api/runs/{}", run["id"]);
    for part in ["", "/sessions", "/board", "/report", "/export"] {
        let reply =
            matches(&client, "GET", &format!("{path}{part}"), None, &format!("/api/runs/{{run}}{part}"))
                .await;
        reply.expect(200, "");
    }
    for part in ["pause", "resume", "end", "end"] {
        let pattern = format!("/api/runs/{{run}}/{part}");
        matches(&client, "POST", &format!("{path}/{part}"), None, &pattern).await.expect(200, "");
    }
    let body = json!({ "email": "a@b" });
    matches(&client, "POST", "/api/students/forget", Some(body), "/api/students/forget")
        .await
        .expect(200, "");
    for path in ["/api/quizzes", "/api/runs", "/api/openapi.json", "/livez", "/readyz", "/metrics"] {
        matches(&client, "GET", path, None, path).await.expect(200, "");
    }
}

#[perennial::test]
async fn real_refusals_match_the_description() {
    let client = start().await;
    for (method, pattern) in mastery::web::routes() {
        if !pattern.starts_with("/api") {
            continue;
        }
        for name in ["1", "arithmetic", "%ff"] {
            let path = pattern.replace("{quiz}", name).replace("{run}", name).replace("{session}", name);
            for body in [json!({}), json!([]), json!({ "email": 1, "end_at": "x", "colour": true })] {
                let body = (method == "POST").then_some(body);
                matches(&client, method.as_str(), &path, body, pattern).await;
            }
        }
    }
}
