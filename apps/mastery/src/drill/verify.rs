//! Whether an acknowledged answer is missing.

use std::collections::HashMap;

use super::student::{Acks, request_id};
use crate::store::Store;
use crate::store::error::StoreError;

/// How many acknowledged answers the store does not hold: there must be a response to that question, by that request, with
/// that verdict.
///
/// # Errors
///
/// The store cannot be read.
pub async fn lost(store: &dyn Store, acks: &[Acks]) -> Result<u64, StoreError> {
    let mut lost = 0;
    for Acks { session, correct } in acks {
        let stored = store.responses(*session).await?;
        let stored: HashMap<_, _> = stored.iter().map(|it| ((it.seq, &*it.request_id), it.correct)).collect();
        for (seq, correct) in (1..).zip(correct) {
            lost += u64::from(stored.get(&(seq, &*request_id(seq))) != Some(correct));
        }
    }
    Ok(lost)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::core::email::Email;
    use crate::core::slug::Slug;
    use crate::store::memory::MemoryStore;
    use crate::store::records::{NewQuiz, NewResponse, NewRun};

    #[tokio::test]
    async fn missing_and_changed_answers_are_counted_as_lost() {
        let (store, at, slug) = (MemoryStore::new(), Timestamp::UNIX_EPOCH, Slug::parse("sums").unwrap());
        let quiz = NewQuiz { slug: slug.clone(), title: "Sums".to_owned(), body: "{}".to_owned(), at };
        store.put_quiz(&quiz, None).await.unwrap();
        let run = NewRun { slug, version: 1, code: "abc".to_owned(), start_at: at, end_at: at, at };
        let run = store.create_run(&run).await.unwrap().unwrap();
        let email = Email::parse("a@b").unwrap();
        let session = store.join(run.id, &email, 1, at).await.unwrap().unwrap().session.id;
        let response = |seq, request_id: String| NewResponse {
            session,
            seq,
            request_id,
            template: "sum".to_owned(),
            question: "1 + 1".to_owned(),
            answer: "2".to_owned(),
            correct: true,
            finishes: false,
            at,
        };
        store.append(&[response(1, request_id(1)), response(2, "another".to_owned())]).await.unwrap();
        for (correct, expected) in [
            (vec![], 0),
            (vec![true], 0),
            (vec![false], 1),
            (vec![true, true], 1),
            (vec![true, true, true], 2),
        ] {
            let acks = [Acks { session, correct: correct.clone() }];
            assert_eq!(lost(&store, &acks).await.unwrap(), expected, "{correct:?}");
        }
    }
}
