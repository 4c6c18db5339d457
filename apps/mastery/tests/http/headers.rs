//! What every response carries.

use crate::support::start;

#[perennial::test]
async fn every_response_carries_the_security_headers() {
    let client = start().await;
    for path in ["/", "/api/quizzes", "/nowhere", "/style.css", "/metrics", "/api/quizzes/%ff"] {
        let reply = client.get(path).await;
        let policy = reply.header("content-security-policy");
        for rule in ["default-src 'none'", "style-src 'self'", "form-action 'self'", "frame-ancestors 'none'"]
        {
            assert!(policy.contains(rule), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"));
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(reply.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(reply.header("referrer-policy"), "same-origin", "{path}");
        let cache = reply.header("cache-control");
        assert_eq!(cache, if path == "/style.css" { "public, max-age=300" } else { "no-store" });
    }
}

#[perennial::test]
async fn cookies_are_http_only_and_same_site() {
    let client = start().await;
    let page = client.get("/").await;
    let joined =
        client.post("/api/quizzes/arithmetic/practice", &serde_json::json!({ "email": "a@b" })).await;
    for reply in [page, joined] {
        let line = reply.header("set-cookie");
        for attribute in ["Path=/;", "HttpOnly", "SameSite=Lax"] {
            assert!(line.contains(attribute), "{line}");
        }
        let value = line.split(['=', ';']).nth(1).unwrap();
        assert!(value.split('.').any(|part| part.len() == 32), "128 random bits in {line}");
    }
}

#[perennial::test]
async fn a_browser_is_refused_with_a_page_and_a_program_with_json() {
    let client = start().await;
    let accept = [("accept", "text/html,application/xhtml+xml")];
    let page = client.send("GET", "/nowhere", &accept, Vec::new()).await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (404, "text/html; charset=utf-8"));
    client.get("/nowhere").await.expect(404, "not_found");
    client.send("GET", "/api/nowhere", &accept, Vec::new()).await.expect(404, "not_found");
}
