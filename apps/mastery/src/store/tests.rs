//! The rules of a store, checked for each of them from one source.

use std::sync::Arc;

use proptest::prelude::*;

use super::error::AppendError;
use super::failing::{FailingStore, Fault};
use super::memory::MemoryStore;
use super::records::{
    Appended, Cursor, Forgotten, NewQuiz, NewResponse, NewRun, Run, RunChange, RunId, RunState, SessionId,
    TemplateReport,
};
use super::sqlite::SqliteStore;
use super::*;

pub(super) fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

pub(super) fn time(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn new_quiz(slug: &str, title: &str) -> NewQuiz {
    NewQuiz { slug: Slug::parse(slug).unwrap(), title: title.to_owned(), body: "{}".to_owned(), at: time(0) }
}

fn new_run(version: u32, code: &str) -> NewRun {
    let slug = Slug::parse("sums").unwrap();
    NewRun { slug, version, code: code.to_owned(), start_at: time(10), end_at: time(20), at: time(0) }
}

/// A run of a new quiz.
pub(super) async fn with_run(store: &dyn Store) -> Run {
    assert_eq!(store.put_quiz(&new_quiz("sums", "Sums"), None).await.unwrap(), Some(1));
    store.create_run(&new_run(1, "abc")).await.unwrap().unwrap()
}

async fn with_session(store: &dyn Store) -> SessionId {
    let run = with_run(store).await;
    store.join(run.id, &email("a@b"), 7, time(1)).await.unwrap().unwrap().session.id
}

pub(super) fn new_response(session: SessionId, seq: u32, request_id: &str) -> NewResponse {
    NewResponse {
        session,
        seq,
        request_id: request_id.to_owned(),
        template: "sum".to_owned(),
        question: "1 + 2".to_owned(),
        answer: "3".to_owned(),
        correct: true,
        finishes: false,
        at: time(i64::from(seq)),
    }
}

async fn quizzes_are_kept_by_version(store: &dyn Store) {
    let (first, second) = (new_quiz("sums", "Sums"), new_quiz("sums", "More sums"));
    assert_eq!(store.put_quiz(&first, None).await.unwrap(), Some(1));
    assert_eq!(store.put_quiz(&first, None).await.unwrap(), None, "the slug is taken");
    assert_eq!(store.put_quiz(&second, Some(1)).await.unwrap(), Some(2));
    assert_eq!(store.put_quiz(&second, Some(1)).await.unwrap(), None, "somebody else was faster");
    assert_eq!(store.put_quiz(&second, Some(7)).await.unwrap(), None);
    assert_eq!(store.put_quiz(&new_quiz("art", "Art"), None).await.unwrap(), Some(1));
    let title = async |version| store.quiz(&first.slug, version).await.unwrap().map(|quiz| quiz.title);
    assert_eq!(title(Some(1)).await.as_deref(), Some("Sums"));
    assert_eq!(title(None).await.as_deref(), Some("More sums"));
    assert_eq!(title(Some(3)).await, None);
    let newest: Vec<_> =
        store.quizzes().await.unwrap().into_iter().map(|quiz| (quiz.title, quiz.version)).collect();
    assert_eq!(newest, [("Art".to_owned(), 1), ("More sums".to_owned(), 2)]);
}

async fn runs_are_created_once_per_code_and_changed(store: &dyn Store) {
    let run = with_run(store).await;
    assert_eq!((run.state, run.start_at, run.end_at), (RunState::Scheduled, time(10), time(20)));
    assert_eq!(store.create_run(&new_run(1, "abc")).await.unwrap(), None, "the code is taken");
    assert_eq!(store.create_run(&new_run(9, "def")).await.unwrap(), None, "there is no such version");
    let second = store.create_run(&new_run(1, "def")).await.unwrap().unwrap();
    assert_eq!(store.runs().await.unwrap(), [second.clone(), run.clone()]);
    assert_eq!(store.run_by_code("def").await.unwrap(), Some(second));
    assert_eq!(store.run_by_code("ABC").await.unwrap(), None);
    let change = RunChange { state: Some(RunState::Open), end_at: Some(time(99)), ..RunChange::default() };
    let changed = store.change_run(run.id, &change).await.unwrap();
    assert_eq!(changed, Some(Run { state: RunState::Open, end_at: time(99), ..run.clone() }));
    assert_eq!(store.run(run.id).await.unwrap(), changed);
    assert_eq!(store.change_run(RunId(999), &change).await.unwrap(), None);
    assert_eq!(store.run(RunId(999)).await.unwrap(), None);
}

async fn a_student_has_one_session_in_a_run_with_its_first_seed(store: &dyn Store) {
    let run = with_run(store).await;
    let first = store.join(run.id, &email("a@b"), u64::MAX, time(1)).await.unwrap().unwrap();
    let again = store.join(run.id, &email("A@B "), 8, time(2)).await.unwrap().unwrap();
    assert!(first.is_new && !again.is_new);
    assert_eq!(first.session, again.session);
    assert_eq!((first.session.seed, first.session.at), (u64::MAX, time(1)));
    let other = store.join(run.id, &email("c@d"), 8, time(2)).await.unwrap().unwrap();
    let second_run = store.create_run(&new_run(1, "def")).await.unwrap().unwrap();
    let elsewhere = store.join(second_run.id, &email("a@b"), 9, time(3)).await.unwrap().unwrap();
    assert!(elsewhere.is_new && elsewhere.session.id != first.session.id);
    assert_eq!(elsewhere.session.student, first.session.student, "one student, two runs");
    assert_eq!(store.sessions(run.id).await.unwrap(), [first.session.clone(), other.session]);
    assert_eq!(store.session(first.session.id).await.unwrap(), Some(first.session));
    assert_eq!(store.session(SessionId(999)).await.unwrap(), None);
    assert_eq!(store.join(RunId(999), &email("a@b"), 1, time(1)).await.unwrap(), None);
}

async fn responses_come_back_in_order_and_unchanged(store: &dyn Store) {
    let session = with_session(store).await;
    let odd = NewResponse {
        answer: "\0 '\"; DROP TABLE responses; -- é \u{1F600}\n".to_owned(),
        question: String::new(),
        correct: false,
        at: Timestamp::from_microsecond(1_700_000_000_123_456).unwrap(),
        ..new_response(session, 2, "r2")
    };
    let outcomes = store.append(&[odd.clone(), new_response(session, 1, "r1")]).await.unwrap();
    assert_eq!(outcomes, [Ok(Appended::Stored), Ok(Appended::Stored)]);
    let stored = store.responses(session).await.unwrap();
    assert_eq!(stored.iter().map(|response| response.seq).collect::<Vec<_>>(), [1, 2]);
    let found = &stored[1];
    assert_eq!((&found.answer, &found.question, found.correct), (&odd.answer, &odd.question, false));
    assert_eq!((found.at, found.request_id.as_str(), found.template.as_str()), (odd.at, "r2", "sum"));
    assert_eq!(store.response(session, 2).await.unwrap().as_ref(), Some(found));
    assert_eq!(store.response(session, 3).await.unwrap(), None);
    assert_eq!(store.append(&[]).await.unwrap(), []);
}

async fn a_retry_gets_the_stored_response_and_everything_else_is_refused(store: &dyn Store) {
    // Defect 9 of the public copies: without a request id, a retry answered the next question.
    let session = with_session(store).await;
    let first = new_response(session, 1, "r1");
    let batch = [
        first.clone(),
        NewResponse { answer: "changed my mind".to_owned(), ..first.clone() },
        new_response(session, 1, "other"),
        new_response(session, 2, "r1"),
        new_response(SessionId(999), 1, "r1"),
        new_response(session, 2, "r2"),
    ];
    let outcomes = store.append(&batch).await.unwrap();
    let stored = store.responses(session).await.unwrap();
    assert_eq!(stored.len(), 2, "a refused response does not hold up the others");
    assert_eq!(stored[0].answer, "3", "the first answer counts");
    let already = Ok(Appended::Already(stored[0].clone()));
    let refused = [Err(AppendError::SeqTaken), Err(AppendError::RequestReused), Err(AppendError::NoSession)];
    assert_eq!(outcomes[0], Ok(Appended::Stored));
    assert_eq!(outcomes[1], already);
    assert_eq!(outcomes[2..5], refused);
    assert_eq!(outcomes[5], Ok(Appended::Stored));
    assert_eq!(store.append(&[first]).await.unwrap(), [already], "also in a later batch");
}

async fn a_large_batch_is_stored_as_if_one_by_one(store: &dyn Store) {
    let session = with_session(store).await;
    let mut batch: Vec<_> = (1..=500).map(|seq| new_response(session, seq, &format!("r{seq}"))).collect();
    assert!(store.append(&batch).await.unwrap().iter().all(|outcome| *outcome == Ok(Appended::Stored)));
    batch = (400..=700).map(|seq| new_response(session, seq, &format!("r{seq}"))).collect();
    batch[150].session = SessionId(999);
    batch[300].finishes = true;
    let outcomes = store.append(&batch).await.unwrap();
    assert!(outcomes[..=100].iter().all(|outcome| matches!(outcome, Ok(Appended::Already(_)))));
    assert_eq!(outcomes[150], Err(AppendError::NoSession));
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Ok(Appended::Stored)).count(), 199);
    assert_eq!(store.responses(session).await.unwrap().len(), 699);
    assert_eq!(store.session(session).await.unwrap().unwrap().finished_at, Some(time(700)));
}

async fn the_last_response_finishes_the_session_once(store: &dyn Store) {
    let session = with_session(store).await;
    let last = NewResponse { finishes: true, ..new_response(session, 1, "r1") };
    let later = NewResponse { seq: 2, request_id: "r2".to_owned(), at: time(50), ..last.clone() };
    store.append(&[last.clone(), later]).await.unwrap();
    assert_eq!(store.session(session).await.unwrap().unwrap().finished_at, Some(last.at));
}

async fn a_report_counts_per_student_and_template(store: &dyn Store) {
    let run = with_run(store).await;
    let join =
        async |address| store.join(run.id, &email(address), 1, time(1)).await.unwrap().unwrap().session.id;
    let (z, a) = (join("z@x").await, join("a@x").await);
    let wrong = NewResponse { correct: false, template: "difference".to_owned(), ..new_response(z, 2, "r2") };
    let last = NewResponse { finishes: true, ..new_response(z, 3, "r3") };
    store.append(&[new_response(z, 1, "r1"), wrong, last]).await.unwrap();
    let report = store.report(run.id).await.unwrap();
    let students: Vec<_> =
        report.students.iter().map(|s| (s.session, s.answers, s.right, s.last_at)).collect();
    assert_eq!(students, [(a, 0, 0, None), (z, 3, 2, Some(time(3)))]);
    assert_eq!(report.students[1].finished_at, Some(time(3)));
    let template =
        |template: &str, answers, right| TemplateReport { template: template.to_owned(), answers, right };
    assert_eq!(report.templates, [template("difference", 1, 0), template("sum", 2, 2)]);
    assert_eq!(store.report(RunId(999)).await.unwrap(), Default::default());
}

async fn an_export_goes_on_where_it_stopped(store: &dyn Store) {
    let run = with_run(store).await;
    let other = store.create_run(&new_run(1, "def")).await.unwrap().unwrap();
    let mut expected = Vec::new();
    for address in ["b@x", "a@x"] {
        let session = store.join(run.id, &email(address), 1, time(1)).await.unwrap().unwrap().session.id;
        let elsewhere = store.join(other.id, &email(address), 1, time(1)).await.unwrap().unwrap().session.id;
        for seq in 1..=3 {
            let request = format!("r{seq}");
            store
                .append(&[new_response(session, seq, &request), new_response(elsewhere, seq, &request)])
                .await
                .unwrap();
            expected.push((address.to_owned(), Cursor { session, seq }));
        }
    }
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let rows = store.export(run.id, after, 4).await.unwrap();
        let Some(last) = rows.last() else { break };
        after = Some(last.cursor);
        assert!(rows.iter().all(|row| row.response.quiz.as_str() == "sums" && row.response.answer == "3"));
        found.extend(rows.into_iter().map(|row| (row.response.email.to_string(), row.cursor)));
    }
    assert_eq!(found, expected);
}

async fn a_forgotten_student_leaves_nothing(store: &dyn Store) {
    let run = with_run(store).await;
    let session = store.join(run.id, &email("a@b"), 7, time(1)).await.unwrap().unwrap().session;
    let other = store.join(run.id, &email("c@d"), 7, time(1)).await.unwrap().unwrap().session;
    store.append(&[1, 2].map(|seq| new_response(session.id, seq, &format!("r{seq}")))).await.unwrap();
    store.append(&[new_response(other.id, 1, "r1")]).await.unwrap();
    let forgotten = store.forget_student(&email("A@b")).await.unwrap();
    assert_eq!(forgotten, Forgotten { sessions: 1, responses: 2 });
    assert_eq!(store.session(session.id).await.unwrap(), None);
    assert_eq!(store.responses(session.id).await.unwrap(), []);
    assert_eq!(store.export(run.id, None, 99).await.unwrap().len(), 1, "the others stay");
    // A session that was alive all the while cannot bring the student back.
    assert_eq!(
        store.append(&[new_response(session.id, 3, "r3")]).await.unwrap(),
        [Err(AppendError::NoSession)]
    );
    assert_eq!(store.forget_student(&email("a@b")).await.unwrap(), Forgotten::default());
    let again = store.join(run.id, &email("a@b"), 8, time(9)).await.unwrap().unwrap();
    assert!(again.is_new && again.session.id != session.id && again.session.student != session.student);
}

async fn a_closed_store_fails_and_does_not_panic(store: &dyn Store) {
    let session = with_session(store).await;
    store.close().await.unwrap();
    assert!(store.responses(session).await.is_err());
    assert!(store.append(&[new_response(session, 1, "r1")]).await.is_err());
}

macro_rules! for_each_store {
    ($($test:ident,)*) => {
        mod memory {
            $(#[tokio::test] async fn $test() { super::$test(&super::MemoryStore::new()).await; })*
        }
        mod sqlite {
            $(#[tokio::test] async fn $test() {
                let dir = tempfile::tempdir().unwrap();
                super::$test(&super::SqliteStore::open(dir.path()).await.unwrap()).await;
            })*
        }
        /// One that is not failing just now.
        mod failing {
            $(#[tokio::test] async fn $test() {
                super::$test(&super::FailingStore::new(std::sync::Arc::new(super::MemoryStore::new()))).await;
            })*
        }
    };
}

for_each_store! {
    quizzes_are_kept_by_version,
    runs_are_created_once_per_code_and_changed,
    a_student_has_one_session_in_a_run_with_its_first_seed,
    responses_come_back_in_order_and_unchanged,
    a_retry_gets_the_stored_response_and_everything_else_is_refused,
    a_large_batch_is_stored_as_if_one_by_one,
    the_last_response_finishes_the_session_once,
    a_report_counts_per_student_and_template,
    an_export_goes_on_where_it_stopped,
    a_forgotten_student_leaves_nothing,
    a_closed_store_fails_and_does_not_panic,
}

#[tokio::test]
async fn a_failing_store_fails_as_often_as_told() {
    let store = FailingStore::new(Arc::new(MemoryStore::new()));
    let session = with_session(&store).await;
    let response = [new_response(session, 1, "r1")];
    store.fail(Fault::Refused, 1);
    assert!(store.append(&response).await.is_err());
    assert_eq!(store.responses(session).await.unwrap(), [], "nothing was done");
    store.fail(Fault::ReplyLost, 1);
    assert!(store.append(&response).await.is_err());
    let outcomes = store.append(&response).await.unwrap();
    assert!(matches!(outcomes[0], Ok(Appended::Already(_))), "it was done, and the retry finds it");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// The two stores say the same of any batches.
    #[test]
    fn sqlite_and_memory_agree(
        batches in prop::collection::vec(prop::collection::vec((0i64..3, 1u32..4, 0u8..4, any::<bool>()), 0..6), 1..5)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let dir = tempfile::tempdir().unwrap();
            let stores: [Arc<dyn Store>; 2] =
                [Arc::new(MemoryStore::new()), Arc::new(SqliteStore::open(dir.path()).await.unwrap())];
            let mut results = Vec::new();
            for store in stores {
                let run = with_run(&*store).await;
                let mut sessions = Vec::new();
                for address in ["a@b", "c@d"] {
                    sessions.push(store.join(run.id, &email(address), 1, time(1)).await.unwrap().unwrap().session.id);
                }
                sessions.push(SessionId(999));
                let mut outcomes = Vec::new();
                for batch in &batches {
                    let batch: Vec<_> = batch.iter().map(|(session, seq, request, finishes)| {
                        let session = sessions[usize::try_from(*session).unwrap()];
                        NewResponse { finishes: *finishes, ..new_response(session, *seq, &format!("r{request}")) }
                    }).collect();
                    outcomes.push(store.append(&batch).await.unwrap());
                }
                let mut ends = Vec::new();
                for session in &sessions {
                    let finished_at = store.session(*session).await.unwrap().map(|session| session.finished_at);
                    ends.push((store.responses(*session).await.unwrap(), finished_at));
                }
                results.push((outcomes, ends));
            }
            assert_eq!(results[0], results[1]);
        });
    }
}
