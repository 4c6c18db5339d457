//! Runs: opening, pausing, extending, the board, results.

use std::time::Duration;

use mastery::facade::runs::{ChangeRunError, RunError};
use mastery::facade::sessions::{AnswerError, TakeError};
use mastery::store::records::{RunId, RunState};
use perennial::prelude::*;
use perennial::time::sleep;

use crate::support::{Service, email, request, time};

#[perennial::test(paused)]
async fn a_run_opens_and_closes_at_its_time() {
    let service = Service::start().await;
    let slug = service.mastery.build_quiz(crate::support::quiz("Sums", &[1])).await.unwrap().slug;
    let run = service.mastery.schedule_quiz(&slug, time(10), time(20)).await.unwrap();
    assert_eq!(run.state, RunState::Scheduled);
    assert_eq!(service.mastery.run_by_code(&run.code.to_lowercase()).await.unwrap().id, run.id);
    sleep(Duration::from_secs(11)).await;
    let session = service.take(&run, "a@b").await;
    sleep(Duration::from_secs(10)).await;
    assert_eq!(service.mastery.run(run.id).await.unwrap().state, RunState::Ended);
    let late = service.mastery.answer_question(session, 1, "5", &request(1)).await;
    assert_eq!(late, Err(AnswerError::NotOpen));
    assert_eq!(service.mastery.take_quiz(run.id, &email("a@b")).await, Err(TakeError::Closed));
    assert_eq!(service.mastery.take_quiz(RunId(99), &email("a@b")).await, Err(TakeError::NotFound));
}

#[perennial::test(paused)]
async fn a_retry_after_the_end_is_told_what_was_stored() {
    let service = Service::start().await;
    let run = service.open_run("Sums", &[1]).await;
    let session = service.take(&run, "a@b").await;
    let answered = service.mastery.answer_question(session, 1, "?", &request(1)).await.unwrap();
    service.mastery.end_run(run.id).await.unwrap();
    let retried = service.mastery.answer_question(session, 1, "?", &request(1)).await.unwrap();
    assert_eq!(retried, answered);
}

#[perennial::test(paused)]
async fn a_paused_run_shows_questions_and_takes_no_answers() {
    let service = Service::start().await;
    let run = service.open_run("Sums", &[1]).await;
    let session = service.take(&run, "a@b").await;
    assert_eq!(service.mastery.pause_run(run.id).await.unwrap().state, RunState::Paused);
    assert!(service.mastery.select_question(session).await.is_ok());
    let refused = service.mastery.answer_question(session, 1, "5", &request(1)).await;
    assert_eq!(refused, Err(AnswerError::NotOpen));
    assert_eq!(service.mastery.resume_run(run.id).await.unwrap().state, RunState::Open);
    assert!(service.mastery.answer_question(session, 1, "5", &request(1)).await.is_ok());
}

#[perennial::test(paused)]
async fn an_extended_run_ends_later_and_never_in_the_past() {
    let service = Service::start().await;
    let run = service.open_run("Sums", &[1]).await;
    assert!(matches!(service.mastery.extend_run(run.id, time(-1)).await, Err(ChangeRunError::Invalid(_))));
    service.mastery.extend_run(run.id, time(7200)).await.unwrap();
    sleep(Duration::from_secs(5400)).await;
    assert_eq!(service.mastery.run(run.id).await.unwrap().state, RunState::Open);
    sleep(Duration::from_secs(1801)).await;
    assert_eq!(service.mastery.run(run.id).await.unwrap().state, RunState::Ended);
    assert_eq!(service.mastery.extend_run(run.id, time(99_999)).await, Err(ChangeRunError::Ended));
}

#[perennial::test(paused)]
async fn the_board_follows_the_answers_and_survives_the_run() {
    let service = Service::start().await;
    let run = service.open_run("Sums", &[1]).await;
    let mut board = service.mastery.watch_board(run.id).await.unwrap();
    let (good, bad) = (service.take(&run, "good@b").await, service.take(&run, "bad@b").await);
    service.finish(good).await;
    for seq in 1..=4 {
        service.mastery.answer_question(bad, seq, "?", &request(seq)).await.unwrap();
    }
    board.changed().await.unwrap();
    sleep(Duration::from_secs(1)).await;
    let seen = board.borrow_and_update().clone();
    assert_eq!((seen.joined, seen.active, seen.finished, seen.answers), (2, 1, 1, 6));
    assert_eq!((seen.templates[0].answers, seen.templates[0].right), (6, 2));
    assert_eq!(seen.stuck.iter().map(|it| (it.session, it.wrong)).collect::<Vec<_>>(), [(bad.session, 4)]);
    service.mastery.end_run(run.id).await.unwrap();
    assert!(board.changed().await.is_err(), "the channel closes");
    let after = service.mastery.board(run.id).await.unwrap();
    assert_eq!((after.joined, after.active, after.finished, after.answers), (2, 0, 1, 6));
    assert_eq!(service.mastery.watch_board(run.id).await.unwrap_err(), RunError::NotFound);
    let report = service.mastery.report(run.id).await.unwrap();
    assert_eq!(report.students.iter().map(|it| it.answers).collect::<Vec<_>>(), [4, 2]);
    let rows = service.mastery.export(run.id, None, 100).await.unwrap();
    assert_eq!(rows.len(), 6);
}

#[perennial::test(paused)]
async fn a_quiz_in_use_may_be_edited_and_its_runs_keep_theirs() {
    let service = Service::start().await;
    let run = service.open_run("Sums", &[1]).await;
    let session = service.take(&run, "a@b").await;
    let built = service.mastery.add_template(&run.slug, crate::support::template_draft("new", "c")).await;
    assert_eq!(built.unwrap().version, 2);
    assert_eq!(service.finish(session).await, 2);
    assert_eq!(service.mastery.quizzes().await.unwrap()[0].templates, 2);
    let again = service.open_run_of(&run.slug).await;
    let session = service.take(&again, "a@b").await;
    assert_eq!(service.finish(session).await, 4);
}

#[perennial::test(paused)]
async fn the_tree_stops_in_order_and_leaves_nothing() {
    let service = Service::start().await;
    let run = service.open_run("Sums", &[1]).await;
    service.take(&run, "a@b").await;
    mastery::app::stop(&service.env).await;
    assert_eq!(Node::current().count_processes(), 0);
}
