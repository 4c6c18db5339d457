//! A store that fails on demand, for tests of everything that stands on a store.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::error::{AppendError, StoreError};
use super::records::{
    Appended, Cursor, ExportRow, Forgotten, Joined, NewQuiz, NewResponse, NewRun, NewSession, Report, Run,
    RunChange, RunId, SessionId, StoredQuiz, StoredResponse, StoredSession,
};
use super::{Io, Store};
use crate::core::email::Email;
use crate::core::slug::Slug;

/// How an operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done.
    Refused,
    /// It is done, but the caller gets an error: the reply was lost, and only asking again can tell.
    ReplyLost,
}

/// Another store whose next operations can be made to fail.
#[derive(Debug)]
pub struct FailingStore {
    inner: Arc<dyn Store>,
    refuse: AtomicU32,
    lose: AtomicU32,
    calls: AtomicU64,
}

impl FailingStore {
    /// A store that does not fail yet.
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self { inner, refuse: AtomicU32::new(0), lose: AtomicU32::new(0), calls: AtomicU64::new(0) }
    }

    /// Makes the next `times` operations fail; `u32::MAX` is "until told otherwise", 0 ends it.
    pub fn fail(&self, fault: Fault, times: u32) {
        self.counter(fault).store(times, Ordering::SeqCst);
    }

    /// How many operations have begun, failed ones included.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    fn counter(&self, fault: Fault) -> &AtomicU32 {
        match fault {
            Fault::Refused => &self.refuse,
            Fault::ReplyLost => &self.lose,
        }
    }

    /// Takes one failure off the counter, if there is one.
    fn fails_with(&self, fault: Fault) -> bool {
        let take_one = |left: u32| if left == u32::MAX { Some(left) } else { left.checked_sub(1) };
        self.counter(fault).fetch_update(Ordering::SeqCst, Ordering::SeqCst, take_one).is_ok()
    }

    fn io<'a, T: Send + 'a>(&'a self, operation: Io<'a, T>) -> Io<'a, T> {
        Box::pin(async move {
            self.calls.fetch_add(1, Ordering::SeqCst);
            if self.fails_with(Fault::Refused) {
                return Err(StoreError::new("it was told to refuse"));
            }
            let done = operation.await?;
            if self.fails_with(Fault::ReplyLost) {
                return Err(StoreError::new("it was told to lose the reply"));
            }
            Ok(done)
        })
    }
}

impl Store for FailingStore {
    fn put_quiz<'a>(&'a self, quiz: &'a NewQuiz, replaces: Option<u32>) -> Io<'a, Option<u32>> {
        self.io(self.inner.put_quiz(quiz, replaces))
    }

    fn quiz<'a>(&'a self, slug: &'a Slug, version: Option<u32>) -> Io<'a, Option<StoredQuiz>> {
        self.io(self.inner.quiz(slug, version))
    }

    fn quizzes(&self) -> Io<'_, Vec<StoredQuiz>> {
        self.io(self.inner.quizzes())
    }

    fn create_run<'a>(&'a self, run: &'a NewRun) -> Io<'a, Option<Run>> {
        self.io(self.inner.create_run(run))
    }

    fn run(&self, run: RunId) -> Io<'_, Option<Run>> {
        self.io(self.inner.run(run))
    }

    fn run_by_code<'a>(&'a self, code: &'a str) -> Io<'a, Option<Run>> {
        self.io(self.inner.run_by_code(code))
    }

    fn runs(&self) -> Io<'_, Vec<Run>> {
        self.io(self.inner.runs())
    }

    fn change_run<'a>(&'a self, run: RunId, change: &'a RunChange) -> Io<'a, Option<Run>> {
        self.io(self.inner.change_run(run, change))
    }

    fn join_all<'a>(&'a self, joins: &'a [NewSession]) -> Io<'a, Vec<Option<Joined>>> {
        self.io(self.inner.join_all(joins))
    }

    fn session(&self, session: SessionId) -> Io<'_, Option<StoredSession>> {
        self.io(self.inner.session(session))
    }

    fn sessions(&self, run: RunId) -> Io<'_, Vec<StoredSession>> {
        self.io(self.inner.sessions(run))
    }

    fn append<'a>(&'a self, responses: &'a [NewResponse]) -> Io<'a, Vec<Result<Appended, AppendError>>> {
        self.io(self.inner.append(responses))
    }

    fn responses(&self, session: SessionId) -> Io<'_, Vec<StoredResponse>> {
        self.io(self.inner.responses(session))
    }

    fn response(&self, session: SessionId, seq: u32) -> Io<'_, Option<StoredResponse>> {
        self.io(self.inner.response(session, seq))
    }

    fn report(&self, run: RunId) -> Io<'_, Report> {
        self.io(self.inner.report(run))
    }

    fn export(&self, run: RunId, after: Option<Cursor>, limit: u32) -> Io<'_, Vec<ExportRow>> {
        self.io(self.inner.export(run, after, limit))
    }

    fn forget_student<'a>(&'a self, student: &'a Email) -> Io<'a, Forgotten> {
        self.io(self.inner.forget_student(student))
    }

    fn close(&self) -> Io<'_, ()> {
        self.io(self.inner.close())
    }
}
