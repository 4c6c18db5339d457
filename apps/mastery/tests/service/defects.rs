//! What went wrong in the public copies of the book's service, one test for each row of the specification.

use std::sync::Arc;
use std::time::Duration;

use mastery::boundary::names::{self, CATALOG, PROCTOR, SESSIONS, STORE};
use mastery::boundary::proctor::Schedule;
use mastery::boundary::session::QuizSession;
use mastery::core::draft::Field;
use mastery::core::email::Email;
use mastery::core::field_error::Code;
use mastery::core::slug::Slug;
use mastery::facade::quizzes::{AddTemplateError, BuildQuizError, QuizError};
use mastery::facade::runs::ScheduleError;
use mastery::facade::sessions::{AnswerError, Joining, TakeError};
use mastery::facade::views::Next;
use mastery::store::failing::{FailingStore, Fault};
use mastery::store::memory::MemoryStore;
use mastery::store::records::RunState;
use perennial::prelude::*;
use perennial::time::sleep;

use crate::support::{Service, email, quiz, request, template_draft, time};

const DAY: i64 = 24 * 3600;

#[perennial::test(paused)]
async fn defect_01_the_last_template_of_a_category_can_be_mastered() {
    let service = Service::start().await;
    for (title, shape) in [("One each", &[1, 1, 1][..]), ("One", &[1]), ("Mixed", &[3, 1, 2])] {
        let run = service.open_run(title, shape).await;
        let session = service.take(&run, "a@b").await;
        assert_eq!(service.finish(session).await as usize, 2 * shape.iter().sum::<usize>());
        assert_eq!(service.env.counters.sessions_recovered.load(std::sync::atomic::Ordering::Relaxed), 0);
    }
}

#[perennial::test(paused)]
async fn defect_02_every_error_of_a_draft_is_told() {
    let service = Service::start().await;
    let mut draft = quiz("Sums", &[1]);
    draft.title = Field::Is("  ".to_owned());
    let Err(BuildQuizError::Invalid(errors)) = service.mastery.build_quiz(draft.clone()).await else {
        panic!("a blank title with a good mastery was accepted")
    };
    assert_eq!((errors[0].path.as_str(), errors[0].code), ("title", Code::Blank));
    draft.mastery = Field::Is(0);
    let Err(BuildQuizError::Invalid(errors)) = service.mastery.build_quiz(draft).await else { panic!() };
    let paths: Vec<_> = errors.iter().map(|error| error.path.as_str()).collect();
    assert!(paths.contains(&"title") && paths.contains(&"mastery"), "{paths:?}");
}

#[perennial::test(paused)]
async fn defect_03_the_proctor_survives_overdue_and_far_runs() {
    let service = Service::start().await;
    let slug = service.mastery.build_quiz(quiz("Sums", &[1])).await.unwrap().slug;
    let proctor = PROCTOR.pid_now().unwrap();
    let past = service.mastery.schedule_quiz(&slug, time(-20), time(-10)).await;
    assert!(matches!(past, Err(ScheduleError::Invalid(_))), "{past:?}");
    // Overdue ones get past the facade only after a long stop of the service: they end without having been open.
    let overdue = Schedule { slug: slug.clone(), version: 1, start_at: time(-20), end_at: time(-10) };
    PROCTOR.call(overdue).await.unwrap().unwrap();
    let far = service.mastery.schedule_quiz(&slug, time(60 * DAY), time(61 * DAY)).await.unwrap();
    let farther = service.mastery.schedule_quiz(&slug, time(9_000 * DAY), time(9_001 * DAY)).await.unwrap();
    let soon = service.mastery.schedule_quiz(&slug, time(60), time(120)).await.unwrap();
    let states = async || {
        let runs = service.mastery.runs().await.unwrap();
        runs.into_iter().rev().map(|run| run.state).collect::<Vec<_>>()
    };
    use RunState::{Ended, Open, Scheduled};
    assert_eq!(states().await, [Ended, Scheduled, Scheduled, Scheduled]);
    assert_eq!(
        service.mastery.take_quiz(soon.id, &email("a@b")).await,
        Err(TakeError::NotOpenYet(soon.start_at))
    );
    sleep(Duration::from_secs(61)).await;
    assert_eq!(states().await, [Ended, Scheduled, Scheduled, Open]);
    // Killed, it reads its schedule again.
    process::kill(proctor);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(states().await, [Ended, Scheduled, Scheduled, Ended]);
    assert_ne!(PROCTOR.pid_now(), Some(proctor));
    sleep(Duration::from_secs(60 * 24 * 3600)).await;
    assert_eq!(states().await, [Ended, Open, Scheduled, Ended]);
    assert_eq!(service.mastery.run(far.id).await.unwrap().state, Open);
    assert_eq!(service.mastery.run(farther.id).await.unwrap().state, Scheduled);
}

#[perennial::test(paused)]
async fn defect_04_unknown_titles_and_fields_end_nobody() {
    let service = Service::start().await;
    service.mastery.build_quiz(quiz("Sums", &[1])).await.unwrap();
    let catalog = CATALOG.pid_now();
    let nobody = Slug::parse("nobody").unwrap();
    assert_eq!(service.mastery.quiz(&nobody, None).await, Err(QuizError::NotFound));
    let added = service.mastery.add_template(&nobody, template_draft("new", "c")).await;
    assert_eq!(added, Err(AddTemplateError::NotFound));
    let mut draft = quiz("Other", &[1]);
    draft.unknown.insert("tittle".to_owned(), serde_json::json!("x"));
    let Err(BuildQuizError::Invalid(errors)) = service.mastery.build_quiz(draft).await else { panic!() };
    assert_eq!((errors[0].path.as_str(), errors[0].code), ("tittle", Code::UnknownKey));
    assert_eq!(CATALOG.pid_now(), catalog);
    assert_eq!(service.mastery.quizzes().await.unwrap().len(), 1);
}

#[perennial::test(paused)]
async fn defect_05_an_empty_quiz_cannot_be_scheduled_and_a_session_can_be_answered_first() {
    let service = Service::start().await;
    let empty = service.mastery.build_quiz(quiz("Empty", &[])).await.unwrap().slug;
    let Err(ScheduleError::Invalid(errors)) = service.mastery.schedule_quiz(&empty, time(0), time(100)).await
    else {
        panic!("an empty quiz was scheduled")
    };
    assert_eq!((errors[0].path.as_str(), errors[0].code), ("slug", Code::Missing));
    let run = service.open_run("Sums", &[1]).await;
    let session = service.take(&run, "a@b").await;
    // Not selected before.
    let answered =
        service.mastery.answer_question(session, 1, "\0\u{202e}{left}", &request(1)).await.unwrap();
    assert!(!answered.correct);
    assert_eq!(service.env.counters.sessions_started.load(std::sync::atomic::Ordering::Relaxed), 1);
}

#[perennial::test(paused)]
async fn defect_06_two_spellings_are_one_student() {
    let service = Service::start().await;
    let run = service.open_run("Sums", &[1]).await;
    let first = service.mastery.take_quiz(run.id, &Email::parse("A@B").unwrap()).await.unwrap();
    let second = service.mastery.take_quiz(run.id, &Email::parse(" a@b ").unwrap()).await.unwrap();
    assert_eq!((first.how, second.how), (Joining::Started, Joining::Resumed));
    assert_eq!(first.session, second.session);
    assert_eq!(service.mastery.active_sessions(run.id).await.unwrap().len(), 1);
}

#[perennial::test(paused)]
async fn defect_07_who_has_finished_cannot_begin_again() {
    let service = Service::start().await;
    let run = service.open_run("Sums", &[2]).await;
    let session = service.take(&run, "a@b").await;
    service.finish(session).await;
    assert_eq!(
        service.mastery.take_quiz(run.id, &email("a@b")).await,
        Err(TakeError::AlreadyFinished(session))
    );
    let next = service.mastery.select_question(session).await.unwrap();
    assert!(matches!(next, Next::Finished(_)), "{next:?}");
    assert!(
        service.mastery.active_sessions(run.id).await.unwrap().is_empty(),
        "a finished one needs no process"
    );
}

#[perennial::test(paused)]
async fn defect_08_empty_and_long_answers_end_nobody() {
    let service = Service::start().await;
    let run = service.open_run("Sums", &[1]).await;
    let session = service.take(&run, "a@b").await;
    let pid = SESSIONS.via::<QuizSession>((run.id, session.student)).pid_now();
    let answer = async |seq, text: &str| {
        service.mastery.answer_question(session, seq, text, &request(seq)).await.map(|it| it.correct)
    };
    for long in ["x".repeat(256), "ä".repeat(256), "x".repeat(10_000_000)] {
        assert_eq!(answer(1, &long).await, Err(AnswerError::TooLong));
    }
    assert_eq!(answer(1, "").await, Ok(false));
    assert_eq!(answer(2, &"ä".repeat(255)).await, Ok(false));
    assert_eq!(SESSIONS.via::<QuizSession>((run.id, session.student)).pid_now(), pid);
}

#[perennial::test(paused)]
async fn defect_09_a_retry_answers_the_same_question() {
    let store = Arc::new(FailingStore::new(Arc::new(MemoryStore::new())));
    let service = Service::on(store.clone()).await;
    let run = service.open_run("Sums", &[1]).await;
    let session = service.take(&run, "a@b").await;
    // The store works, but nobody hears of it; and the service gives up.
    store.fail(Fault::ReplyLost, u32::MAX);
    let lost = service.mastery.answer_question(session, 1, "wrong", &request(1)).await;
    assert_eq!(lost.unwrap_err(), AnswerError::Busy);
    store.fail(Fault::ReplyLost, 0);
    let retried = service.mastery.answer_question(session, 1, "wrong", &request(1)).await.unwrap();
    assert!(!retried.correct);
    let Next::Question(asked) = &retried.next else { panic!("{retried:?}") };
    assert_eq!(asked.seq, 2);
    // And once more, long after: the same again, and nothing new is stored.
    assert_eq!(service.mastery.answer_question(session, 1, "5", &request(1)).await.unwrap(), retried);
    assert_eq!(service.env.store.responses(session.session).await.unwrap().len(), 1);
    // Another request to that question is told what is open now.
    let stale = service.mastery.answer_question(session, 1, "5", &request(9)).await;
    assert_eq!(stale, Err(AnswerError::Stale(Box::new(retried.next))));
}

#[perennial::test(paused)]
async fn defect_10_the_end_of_a_run_is_one_shutdown() {
    let service = Service::start().await;
    let run = service.open_run("Sums", &[1]).await;
    let (proctor, store) = (PROCTOR.pid_now(), STORE.pid_now());
    let mut sessions = Vec::new();
    for student in 0..50 {
        sessions.push(service.take(&run, &format!("s{student}@b")).await);
    }
    // Some finish while the run ends.
    let finishing = async {
        for session in &sessions[..10] {
            let model = service.model(*session).await;
            let right = mastery::core::question::right_answer(model.question().unwrap());
            let _ = service.mastery.answer_question(*session, 1, &right, &request(1)).await;
        }
    };
    let (ended, ()) = tokio::join!(service.mastery.end_run(run.id), finishing);
    assert_eq!(ended.unwrap().state, RunState::Ended);
    assert_eq!((PROCTOR.pid_now(), STORE.pid_now()), (proctor, store));
    assert!(names::run(run.id).pid_now().is_none() && names::sessions(run.id).pid_now().is_none());
    assert!(service.mastery.active_sessions(run.id).await.unwrap().is_empty());
    let late = service.mastery.answer_question(sessions[20], 1, "5", &request(1)).await;
    assert_eq!(late, Err(AnswerError::NotOpen));
    assert_eq!(service.mastery.take_quiz(run.id, &email("new@b")).await, Err(TakeError::Closed));
    // Again is no error.
    assert_eq!(service.mastery.end_run(run.id).await.unwrap().state, RunState::Ended);
}

#[perennial::test(paused)]
async fn defect_11_names_and_titles_do_not_mix_up_records() {
    let service = Service::start().await;
    let slug = service.mastery.build_quiz(quiz("Sums", &[1])).await.unwrap().slug;
    let twice = service.mastery.add_template(&slug, template_draft("t0-0", "other")).await;
    assert_eq!(twice, Err(AddTemplateError::DuplicateName));
    assert_eq!(
        service.mastery.build_quiz(quiz("Sums", &[2])).await,
        Err(BuildQuizError::TitleTaken(slug.clone()))
    );
    let (old, new) = (service.open_run_of(&slug).await, service.open_run_of(&slug).await);
    let (in_old, in_new) = (service.take(&old, "a@b").await, service.take(&new, "a@b").await);
    assert_ne!(in_old.session, in_new.session);
    let survivor = SESSIONS.via::<QuizSession>((new.id, in_new.student)).pid_now();
    service.mastery.end_run(old.id).await.unwrap();
    assert_eq!(SESSIONS.via::<QuizSession>((new.id, in_new.student)).pid_now(), survivor);
    assert!(service.mastery.select_question(in_new).await.is_ok());
}
