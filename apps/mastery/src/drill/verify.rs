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
