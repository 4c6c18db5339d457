//! Counters of requests, and the page that Prometheus reads.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::IntoResponse;

use super::app::App;
use crate::boundary::env::{Commits, Counters};
use crate::boundary::names;

/// Route, method and status: a few hundred at most, for a route is a pattern and unknown methods are one.
type Key = (String, &'static str, u16);

#[derive(Debug, Default)]
struct Count {
    requests: u64,
    time: Duration,
}

/// What was counted since the server started.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    requests: Mutex<BTreeMap<Key, Count>>,
    right: AtomicU64,
    wrong: AtomicU64,
}

impl Metrics {
    pub(super) fn request(&self, route: &str, method: &Method, status: StatusCode, time: Duration) {
        let method = match method.as_str() {
            "GET" => "GET",
            "POST" => "POST",
            "HEAD" => "HEAD",
            // A client may call a method anything.
            _ => "other",
        };
        let mut requests = self.requests.lock().expect("nothing panics under this lock");
        let count = requests.entry((route.to_owned(), method, status.as_u16())).or_default();
        count.requests += 1;
        count.time += time;
    }

    pub(super) fn answer(&self, correct: bool) {
        let counter = if correct { &self.right } else { &self.wrong };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    fn write(&self, out: &mut String) {
        let mut seconds = String::new();
        head(out, "mastery_requests_total", "counter", "Requests by route and status.");
        for ((route, method, status), count) in
            &*self.requests.lock().expect("nothing panics under this lock")
        {
            let labels = format!(r#"{{route="{route}",method="{method}",status="{status}"}}"#);
            let _ = writeln!(out, "mastery_requests_total{labels} {}", count.requests);
            let _ =
                writeln!(seconds, "mastery_request_seconds_total{labels} {:.6}", count.time.as_secs_f64());
        }
        head(out, "mastery_request_seconds_total", "counter", "Time spent with requests.");
        out.push_str(&seconds);
        head(out, "mastery_answers_total", "counter", "Answers given over HTTP, retries included.");
        for (correct, counter) in [("true", &self.right), ("false", &self.wrong)] {
            let count = counter.load(Ordering::Relaxed);
            let _ = writeln!(out, r#"mastery_answers_total{{correct="{correct}"}} {count}"#);
        }
    }
}

/// `GET /metrics`.
pub(super) async fn show(State(app): State<App>) -> impl IntoResponse {
    let mut out = String::new();
    app.metrics.write(&mut out);
    write_commits(&mut out, &app.mastery.env.counters);
    // A registry that is being restarted has no count: better no number than a wrong one.
    for (name, help, count) in [
        ("mastery_live_sessions", "Sessions that have a process.", names::SESSIONS.count()),
        ("mastery_live_runs", "Runs that have a process.", names::LIVE_RUNS.count()),
    ] {
        if let Ok(count) = count {
            gauge(&mut out, name, help, count as u64);
        }
    }
    gauge(&mut out, "mastery_processes", "Processes of the node.", app.node.count_processes() as u64);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], out)
}

fn write_commits(out: &mut String, counters: &Counters) {
    let kinds = [("answers", &counters.answer_commits), ("joins", &counters.join_commits)];
    let mut write = |name: &str, help: &str, value: &dyn Fn(&Commits) -> String| {
        head(out, name, "counter", help);
        for (kind, commits) in kinds {
            let _ = writeln!(out, r#"{name}{{of="{kind}"}} {}"#, value(commits));
        }
    };
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    write("mastery_commits_total", "Commits to the store.", &|it| count(&it.commits).to_string());
    write("mastery_committed_total", "What these commits wrote.", &|it| count(&it.rows).to_string());
    write("mastery_commit_seconds_total", "Time that these commits took.", &|it| {
        format!("{:.6}", Duration::from_micros(count(&it.micros)).as_secs_f64())
    });
}

fn gauge(out: &mut String, name: &str, help: &str, value: u64) {
    head(out, name, "gauge", help);
    let _ = writeln!(out, "{name} {value}");
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}
