//! Kill what you like, whenever you like: what was acknowledged stays.

use std::sync::Arc;
use std::time::Duration;

use mastery::boundary::names::{self, CATALOG, LIVE_RUNS, PROCTOR, RUNS, SESSIONS, STORE};
use mastery::boundary::session::QuizSession;
use mastery::core::dice::Dice;
use mastery::core::question::right_answer;
use mastery::facade::sessions::{AnswerError, SelectError, SessionRef};
use mastery::facade::views::{Answered, Next};
use mastery::store::failing::{FailingStore, Fault};
use mastery::store::memory::MemoryStore;
use perennial::prelude::*;
use perennial::time::sleep;

use crate::support::{Service, request};

fn session_pid(session: SessionRef) -> Option<Pid> {
    SESSIONS.via::<QuizSession>((session.run, session.student)).pid_now()
}

/// Answers until it is acknowledged, always with the same request id.
async fn persistently(service: &Service, session: SessionRef, seq: u32, answer: &str) -> Answered {
    for _ in 0..200 {
        match service.mastery.answer_question(session, seq, answer, &request(seq)).await {
            Ok(answered) => return answered,
            Err(AnswerError::Busy) => sleep(Duration::from_millis(50)).await,
            Err(error) => panic!("question {seq}: {error}"),
        }
    }
    panic!("question {seq}: still busy")
}

#[perennial::test(paused)]
async fn a_killed_session_comes_back_with_the_same_question_and_progress() {
    let service = Service::start().await;
    let run = service.open_run("Sums", &[2, 2]).await;
    let session = service.take(&run, "a@b").await;
    for _ in 0..3 {
        service.answer_right(session).await;
        let before = service.mastery.select_question(session).await.unwrap();
        let pid = session_pid(session).unwrap();
        process::kill(pid);
        process::monitor(pid).await;
        assert_eq!(session_pid(session), None, "nobody starts it before somebody asks");
        assert_eq!(service.mastery.select_question(session).await.unwrap(), before);
        assert_ne!(session_pid(session), Some(pid));
    }
}

/// A student answers, mostly right, while the victims are killed at random moments and the store fails at random.
async fn survives(seed: u64, victims: impl Fn(SessionRef) -> Vec<Option<Pid>>, fault: Option<Fault>) {
    let store = Arc::new(FailingStore::new(Arc::new(MemoryStore::new())));
    let service = Service::on(store.clone()).await;
    let run = service.open_run("Sums", &[2, 1]).await;
    let session = service.take(&run, "a@b").await;
    let mut acknowledged = Vec::new();
    let mut model = service.model(session).await;
    while let Some(question) = model.question() {
        let seq = model.seq();
        let mut dice = Dice::for_question(seed, seq);
        let answer = if dice.below(4) > 0 { right_answer(question) } else { "?".to_owned() };
        if let Some(fault) = fault
            && dice.below(3) == 0
        {
            store.fail(fault, 1 + dice.below(3) as u32);
        }
        let chaos = async {
            for _ in 0..dice.below(12) {
                tokio::task::yield_now().await;
            }
            let victims = victims(session);
            if let Some(pid) = victims[dice.index(victims.len())] {
                process::kill(pid);
            }
        };
        let (answered, ()) = tokio::join!(persistently(&service, session, seq, &answer), chaos);
        let expected = model.answer(seq, &answer).unwrap();
        assert_eq!(answered.correct, expected.correct);
        assert_eq!(answered.next, Next::of(&model), "question {seq}");
        acknowledged.push((seq, request(seq).as_str().to_owned(), answered.correct));
    }
    store.fail(Fault::Refused, 0);
    store.fail(Fault::ReplyLost, 0);
    let stored = service.env.store.responses(session.session).await.unwrap();
    let stored: Vec<_> = stored.into_iter().map(|it| (it.seq, it.request_id, it.correct)).collect();
    assert_eq!(stored, acknowledged);
    assert!(process::is_alive(service.root));
    stop().await;
}

/// The next round has a tree of its own.
async fn stop() {
    mastery::app::ROOT.stop(ExitReason::Normal).await.unwrap();
}

#[perennial::test(paused)]
async fn a_session_killed_at_any_moment_loses_no_acknowledged_answer() {
    for seed in 0..40 {
        Box::pin(survives(seed, |session| vec![session_pid(session)], None)).await;
    }
}

#[perennial::test(paused)]
async fn lost_replies_of_the_store_lose_and_double_nothing() {
    for seed in 0..40 {
        for fault in [Fault::ReplyLost, Fault::Refused] {
            Box::pin(survives(seed, |session| vec![session_pid(session)], Some(fault))).await;
        }
    }
}

#[perennial::test(paused)]
async fn any_process_of_the_service_may_be_killed() {
    // One a second at most is killed, as the root supervisor allows three in five seconds.
    let victims = |session: SessionRef| {
        vec![
            session_pid(session),
            STORE.pid_now(),
            CATALOG.pid_now(),
            PROCTOR.pid_now(),
            RUNS.pid_now(),
            SESSIONS.name().pid_now(),
            LIVE_RUNS.name().pid_now(),
            names::run(session.run).pid_now(),
            names::sessions(session.run).pid_now(),
            names::run_supervisor(session.run).pid_now(),
        ]
    };
    for seed in 0..20 {
        let service = Service::start().await;
        let run = service.open_run("Sums", &[1]).await;
        let session = service.take(&run, "a@b").await;
        for seq in 1..=20 {
            let victims = victims(session);
            let mut dice = Dice::for_question(seed, seq);
            if let Some(pid) = victims[dice.index(victims.len())] {
                process::kill(pid);
            }
            assert!(!persistently(&service, session, seq, "?").await.correct);
            sleep(Duration::from_secs(2)).await;
        }
        assert_eq!(service.env.store.responses(session.session).await.unwrap().len(), 20);
        assert!(process::is_alive(service.root));
        stop().await;
    }
}

#[perennial::test(paused)]
async fn a_store_that_is_down_ends_no_session() {
    let store = Arc::new(FailingStore::new(Arc::new(MemoryStore::new())));
    let service = Service::on(store.clone()).await;
    let run = service.open_run("Sums", &[1]).await;
    let session = service.take(&run, "a@b").await;
    let pid = session_pid(session);
    store.fail(Fault::Refused, u32::MAX);
    for _ in 0..3 {
        let refused = service.mastery.answer_question(session, 1, "?", &request(1)).await;
        assert_eq!(refused, Err(AnswerError::Busy));
    }
    assert!(service.mastery.select_question(session).await.is_ok(), "what it knows it tells");
    store.fail(Fault::Refused, 0);
    assert!(service.mastery.answer_question(session, 1, "?", &request(1)).await.is_ok());
    assert_eq!(session_pid(session), pid);
}

#[perennial::test(paused)]
async fn a_forgotten_student_is_gone() {
    let service = Service::start().await;
    let run = service.open_run("Sums", &[1]).await;
    let (session, other) = (service.take(&run, "a@b").await, service.take(&run, "c@d").await);
    service.answer_right(session).await;
    let forgotten = service.mastery.forget_student(&crate::support::email("A@B")).await.unwrap();
    assert_eq!((forgotten.sessions, forgotten.responses), (1, 1));
    assert_eq!(session_pid(session), None);
    assert_eq!(service.mastery.select_question(session).await, Err(SelectError::Gone));
    let answer = service.mastery.answer_question(session, 2, "5", &request(2)).await;
    assert_eq!(answer, Err(AnswerError::NotOpen));
    assert!(service.mastery.select_question(other).await.is_ok());
    assert_eq!(service.mastery.board(run.id).await.unwrap().joined, 1);
}
