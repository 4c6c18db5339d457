//! A service on a store in memory, with the clock of the test.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use mastery::app;
use mastery::boundary::env::{Clock, Env};
use mastery::core::draft::{QuizDraft, TemplateDraft};
use mastery::core::email::Email;
use mastery::core::question::right_answer;
use mastery::core::session::Session;
use mastery::core::slug::Slug;
use mastery::facade::Mastery;
use mastery::facade::sessions::{RequestId, SessionRef};
use mastery::facade::views::{Answered, Next};
use mastery::store::Store;
use mastery::store::memory::MemoryStore;
use mastery::store::records::{Run, RunState};
use perennial::pid::Pid;
use serde_json::json;

/// The service and what tests need of it.
pub(crate) struct Service {
    pub(crate) env: Arc<Env>,
    pub(crate) mastery: Mastery,
    pub(crate) root: Pid,
}

impl Service {
    /// On an empty store.
    pub(crate) async fn start() -> Self {
        Self::on(Arc::new(MemoryStore::new())).await
    }

    /// On this store.
    pub(crate) async fn on(store: Arc<dyn Store>) -> Self {
        let clock = Clock::Node(time(0));
        let env = Arc::new(Env { clock, seed: Some(7), ..Env::new(store) });
        let root = app::start(&env, []).await.unwrap();
        Self { mastery: Mastery::new(env.clone()), env, root }
    }

    /// An open run of a new quiz with `shape[c]` templates in category `c`; each is mastered with two right answers.
    pub(crate) async fn open_run(&self, title: &str, shape: &[usize]) -> Run {
        let slug = self.mastery.build_quiz(quiz(title, shape)).await.unwrap().slug;
        self.open_run_of(&slug).await
    }

    /// An open run of this quiz.
    pub(crate) async fn open_run_of(&self, slug: &Slug) -> Run {
        let now = self.env.clock.now();
        let run = self.mastery.schedule_quiz(slug, now, now + SignedDuration::from_hours(1)).await.unwrap();
        assert_eq!(run.state, RunState::Open);
        run
    }

    /// A session of this student.
    pub(crate) async fn take(&self, run: &Run, student: &str) -> SessionRef {
        self.mastery.take_quiz(run.id, &email(student)).await.unwrap().session
    }

    /// The session as it must be, which knows what is right.
    pub(crate) async fn model(&self, session: SessionRef) -> Session {
        let stored = self.env.store.session(session.session).await.unwrap().unwrap();
        let run = self.env.store.run(session.run).await.unwrap().unwrap();
        let quiz = self.mastery.quiz(&run.slug, Some(run.version)).await.unwrap().quiz;
        let responses = self.env.store.responses(session.session).await.unwrap();
        let history = responses.iter().map(|it| (it.seq, it.template.as_str(), it.correct));
        Session::replay(quiz, stored.seed, history).unwrap()
    }

    /// Answers the open question right, with a request id of its number.
    pub(crate) async fn answer_right(&self, session: SessionRef) -> Answered {
        let model = self.model(session).await;
        let right = right_answer(model.question().unwrap());
        self.mastery.answer_question(session, model.seq(), &right, &request(model.seq())).await.unwrap()
    }

    /// Answers right until all is mastered; returns how many answers that took.
    pub(crate) async fn finish(&self, session: SessionRef) -> u32 {
        for answers in 1..1000 {
            if let Next::Finished(_) = self.answer_right(session).await.next {
                return answers;
            }
        }
        panic!("it never ends");
    }
}

/// The moment at which the test began, and so many seconds later.
pub(crate) fn time(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub(crate) fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

pub(crate) fn request(seq: u32) -> RequestId {
    RequestId::parse(&format!("request-{seq}")).unwrap()
}

/// A quiz of additions.
pub(crate) fn quiz(title: &str, shape: &[usize]) -> QuizDraft {
    let templates: Vec<_> = shape
        .iter()
        .enumerate()
        .flat_map(|(category, count)| (0..*count).map(move |number| (category, number)))
        .map(|(category, number)| template(&format!("t{category}-{number}"), &format!("c{category}")))
        .collect();
    let draft = json!({ "format": 1, "title": title, "mastery": 2, "template": templates });
    serde_json::from_value(draft).unwrap()
}

/// A template of additions.
pub(crate) fn template(name: &str, category: &str) -> serde_json::Value {
    json!({
        "name": name,
        "category": category,
        "question": "{left} + {right}",
        "var": { "left": { "int": [0, 9] }, "right": { "int": [0, 9] } },
        "check": { "number": { "equals": "left + right" } },
    })
}

/// The same as a draft.
pub(crate) fn template_draft(name: &str, category: &str) -> TemplateDraft {
    serde_json::from_value(template(name, category)).unwrap()
}
