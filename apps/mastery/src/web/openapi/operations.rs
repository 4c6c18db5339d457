//! The operations, one entry each.

use std::collections::BTreeMap;

/// An operation: what it takes, what it gives, and when it refuses.
pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    /// Whose business it is.
    pub(super) security: Option<&'static str>,
    /// The schema of the body.
    pub(super) body: Option<&'static str>,
    /// Status, what it means, and what comes with it.
    pub(super) results: &'static [(u16, &'static str, Result)],
    /// Beyond those that follow from the rest.
    refusals: &'static [(u16, &'static str)],
}

/// What comes with a status that is no refusal.
pub(super) enum Result {
    /// JSON of this schema.
    Json(&'static str),
    /// A text of this media type.
    Text(&'static str),
}

use Result::{Json, Text};

impl Operation {
    /// Every refusal by its status, in order.
    pub(super) fn refusals(&self) -> BTreeMap<u16, &'static str> {
        let mut refusals = BTreeMap::from([(500, "a mistake of the service")]);
        if !self.path.ends_with("z") {
            refusals.insert(429, "too many requests");
        }
        if self.body.is_some() {
            refusals.extend([
                (400, "the body is not JSON"),
                (413, "the body is too long"),
                (415, "the content type is not application/json"),
                (422, "fields are wrong; all of them are in errors"),
            ]);
        }
        match self.security {
            Some("teacher") => _ = refusals.insert(401, "the teacher's token is missing"),
            Some(_) => _ = refusals.insert(401, "no cookie for this session: join first"),
            None => {}
        }
        if self.path.contains('{') {
            refusals.insert(404, "there is nothing of this name");
        }
        refusals.insert(503, "busy: ask again, with the same request id");
        refusals.extend(self.refusals.iter().copied());
        refusals
    }
}

const TEACHER: Option<&str> = Some("teacher");
const SESSION: Option<&str> = Some("session");

macro_rules! operations {
    ($($method:ident $path:literal $id:ident ($security:expr, $body:expr) $summary:literal
        => [$($status:literal $meaning:literal $result:expr),*] refuses [$($code:literal $why:literal),*];)*) => {
        /// All operations, in the order in which a newcomer reads them.
        pub(super) const OPERATIONS: &[Operation] = &[$(Operation {
            method: stringify!($method),
            path: $path,
            id: stringify!($id),
            summary: $summary,
            security: $security,
            body: $body,
            results: &[$(($status, $meaning, $result)),*],
            refusals: &[$(($code, $why)),*],
        }),*];
    };
}

operations! {
    get "/api/quizzes" list_quizzes (None, None) "All quizzes, by slug."
        => [200 "the quizzes" Json("Quizzes")] refuses [];
    post "/api/quizzes" build_quiz (TEACHER, Some("QuizDraft")) "Stores a new quiz."
        => [201 "stored" Json("Built")] refuses [409 "there is a quiz of this name"];
    get "/api/quizzes/{quiz}" get_quiz (TEACHER, None) "The newest version of a quiz, as its author wrote it."
        => [200 "the quiz" Json("WrittenQuiz")] refuses [];
    post "/api/quizzes/{quiz}/templates" add_template (TEACHER, Some("TemplateDraft"))
        "Adds a template, which makes a new version."
        => [201 "stored" Json("Built")] refuses [409 "the quiz has a template of this name"];
    post "/api/quizzes/{quiz}/practice" practice (None, Some("Practice")) "Joins the open practice run of a quiz."
        => [201 "a new session" Json("Taken"), 200 "the session that was there" Json("Taken")]
        refuses [409 "finished already", 410 "the run is over"];
    get "/api/runs" list_runs (TEACHER, None) "All runs, the newest first."
        => [200 "the runs" Json("Runs")] refuses [];
    post "/api/runs" schedule_quiz (TEACHER, Some("Schedule")) "Schedules the newest version of a quiz."
        => [201 "scheduled; its code is what students type" Json("Run")] refuses [404 "there is no such quiz"];
    get "/api/runs/{run}" get_run (TEACHER, None) "One run."
        => [200 "the run" Json("Run")] refuses [];
    post "/api/runs/{run}/pause" pause_run (TEACHER, None) "Takes no answers until it is resumed."
        => [200 "the run" Json("Run")] refuses [409 "the run has ended"];
    post "/api/runs/{run}/resume" resume_run (TEACHER, None) "Takes answers again."
        => [200 "the run" Json("Run")] refuses [409 "the run has ended"];
    post "/api/runs/{run}/extend" extend_run (TEACHER, Some("Extension")) "Moves the end of a run."
        => [200 "the run" Json("Run")] refuses [409 "the run has ended"];
    post "/api/runs/{run}/end" end_run (TEACHER, None) "Ends a run and every session of it. May be repeated."
        => [200 "the run" Json("Run")] refuses [];
    get "/api/runs/{run}/sessions" active_sessions (TEACHER, None) "The sessions that have a process now."
        => [200 "the sessions" Json("ActiveSessions")] refuses [];
    get "/api/runs/{run}/board" board (TEACHER, None) "The run as it is now: who joined, who is stuck."
        => [200 "the board" Json("Board")] refuses [];
    get "/api/runs/{run}/report" report (TEACHER, None) "Results by student and by template."
        => [200 "the results" Json("Report")] refuses [];
    get "/api/runs/{run}/export" export (TEACHER, None) "All answers, one in a row."
        => [200 "the answers" Text("text/csv")] refuses [];
    post "/api/students/forget" forget_student (TEACHER, Some("Student"))
        "Deletes a student with all sessions and answers."
        => [200 "what was deleted" Json("Forgotten")] refuses [];
    post "/api/join" take_quiz (None, Some("Join")) "Joins a run by its code. The cookie it sets is for answering."
        => [201 "a new session" Json("Taken"), 200 "the session that was there" Json("Taken")]
        refuses [404 "no run has this code", 409 "not open yet, or finished already", 410 "the run is over"];
    get "/api/sessions/{session}/question" select_question (SESSION, None)
        "The open question: the same as often as it is asked for."
        => [200 "the question, or that all is mastered" Json("Next")] refuses [410 "the session is over"];
    post "/api/sessions/{session}/answers" answer_question (SESSION, Some("Answer"))
        "Answers a question. Returns after the answer is on disk; the same request_id again returns the same."
        => [200 "judged and stored" Json("Answered")]
        refuses [409 "answered already by another request", 410 "the run takes no answers"];
    get "/api/openapi.json" openapi (None, None) "This document."
        => [200 "the document" Json("Document")] refuses [];
    get "/livez" live (None, None) "Whether the service lives."
        => [200 "it does" Json("Status")] refuses [];
    get "/readyz" ready (None, None) "Whether the store and the processes before it answer."
        => [200 "they do" Json("Status")] refuses [];
    get "/metrics" metrics (None, None) "Counters, as Prometheus reads them."
        => [200 "the counters" Text("text/plain")] refuses [];
}
