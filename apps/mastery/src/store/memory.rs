//! A store in memory, for tests and drills. It keeps every rule of the real one but forgets all at the end.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::error::{AppendError, StoreError};
use super::records::{
    Appended, Cursor, ExportRow, Forgotten, Joined, NewQuiz, NewResponse, NewRun, NewSession, Report, Run,
    RunChange, RunId, RunState, SessionId, StoredQuiz, StoredResponse, StoredSession, StudentId,
    StudentReport, TemplateReport, kept,
};
use super::{Io, Store};
use crate::core::email::Email;
use crate::core::response::Response;
use crate::core::slug::Slug;

/// See the [module](self).
#[derive(Debug, Default)]
pub struct MemoryStore {
    tables: Mutex<Tables>,
}

#[derive(Debug, Default)]
struct Tables {
    is_closed: bool,
    quizzes: BTreeMap<Slug, Vec<StoredQuiz>>,
    runs: BTreeMap<RunId, Run>,
    sessions: BTreeMap<SessionId, StoredSession>,
    joined: BTreeMap<(RunId, Email), SessionId>,
    students: BTreeMap<Email, StudentId>,
    responses: BTreeMap<Cursor, StoredResponse>,
    requests: BTreeMap<(SessionId, String), u32>,
    last_id: i64,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs one operation when it is polled, like a transaction: alone, and without a wait inside.
    fn io<'a, T: Send + 'a>(&'a self, operation: impl FnOnce(&mut Tables) -> T + Send + 'a) -> Io<'a, T> {
        Box::pin(async move {
            // Operations do not panic half-way; if one did, its test has failed already.
            let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
            if tables.is_closed {
                return Err(StoreError::new("it is closed"));
            }
            Ok(operation(&mut tables))
        })
    }
}

impl Tables {
    fn next_id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }

    fn put_quiz(&mut self, quiz: &NewQuiz, replaces: Option<u32>) -> Option<u32> {
        let versions = self.quizzes.entry(quiz.slug.clone()).or_default();
        if versions.last().map(|newest| newest.version) != replaces {
            return None;
        }
        let version = replaces.unwrap_or(0) + 1;
        let NewQuiz { slug, title, body, at } = quiz.clone();
        versions.push(StoredQuiz { slug, version, title, body, at: kept(at) });
        Some(version)
    }

    fn create_run(&mut self, run: &NewRun) -> Option<Run> {
        let quiz = self.quizzes.get(&run.slug)?;
        let is_known = quiz.iter().any(|quiz| quiz.version == run.version);
        if !is_known || self.runs.values().any(|other| other.code == run.code) {
            return None;
        }
        let NewRun { slug, version, code, start_at, end_at, at: _ } = run.clone();
        let (start_at, end_at) = (kept(start_at), kept(end_at));
        let id = RunId(self.next_id());
        let run = Run { id, slug, version, code, start_at, end_at, state: RunState::Scheduled };
        self.runs.insert(id, run.clone());
        Some(run)
    }

    fn change_run(&mut self, run: RunId, change: &RunChange) -> Option<Run> {
        let run = self.runs.get_mut(&run)?;
        run.state = change.state.unwrap_or(run.state);
        run.start_at = change.start_at.map_or(run.start_at, kept);
        run.end_at = change.end_at.map_or(run.end_at, kept);
        Some(run.clone())
    }

    fn join(&mut self, run: RunId, email: &Email, seed: u64, at: Timestamp) -> Option<Joined> {
        self.runs.get(&run)?;
        if let Some(id) = self.joined.get(&(run, email.clone())) {
            return Some(Joined { session: self.sessions[id].clone(), is_new: false });
        }
        let next = StudentId(self.next_id());
        let student = *self.students.entry(email.clone()).or_insert(next);
        let id = SessionId(self.next_id());
        let email = email.clone();
        let session = StoredSession { id, run, student, email, seed, at: kept(at), finished_at: None };
        self.joined.insert((run, session.email.clone()), id);
        self.sessions.insert(id, session.clone());
        Some(Joined { session, is_new: true })
    }

    fn append(&mut self, new: &NewResponse) -> Result<Appended, AppendError> {
        let cursor = Cursor { session: new.session, seq: new.seq };
        let session = self.sessions.get_mut(&new.session).ok_or(AppendError::NoSession)?;
        match self.requests.get(&(new.session, new.request_id.clone())) {
            Some(seq) if *seq == new.seq => return Ok(Appended::Already(self.responses[&cursor].clone())),
            Some(_) => return Err(AppendError::RequestReused),
            None if self.responses.contains_key(&cursor) => return Err(AppendError::SeqTaken),
            None => {}
        }
        if new.finishes {
            session.finished_at.get_or_insert(kept(new.at));
        }
        self.requests.insert((new.session, new.request_id.clone()), new.seq);
        let NewResponse { session: _, seq, request_id, template, question, answer, correct, finishes: _, at } =
            new.clone();
        let at = kept(at);
        self.responses
            .insert(cursor, StoredResponse { seq, request_id, template, question, answer, correct, at });
        Ok(Appended::Stored)
    }

    fn responses(&self, session: SessionId) -> impl Iterator<Item = &StoredResponse> {
        let (first, last) = (Cursor { session, seq: 0 }, Cursor { session, seq: u32::MAX });
        self.responses.range(first..=last).map(|(_, response)| response)
    }

    fn sessions(&self, run: RunId) -> impl Iterator<Item = &StoredSession> {
        self.sessions.values().filter(move |session| session.run == run)
    }

    fn report(&self, run: RunId) -> Report {
        let mut templates: BTreeMap<&str, TemplateReport> = BTreeMap::new();
        let mut students = Vec::new();
        for session in self.sessions(run) {
            let mut student = StudentReport {
                session: session.id,
                email: session.email.clone(),
                answers: 0,
                right: 0,
                last_at: None,
                finished_at: session.finished_at,
            };
            for response in self.responses(session.id) {
                let template = templates.entry(&response.template).or_insert_with(|| TemplateReport {
                    template: response.template.clone(),
                    answers: 0,
                    right: 0,
                });
                template.answers += 1;
                template.right += u32::from(response.correct);
                student.answers += 1;
                student.right += u32::from(response.correct);
                student.last_at = student.last_at.max(Some(response.at));
            }
            students.push(student);
        }
        students.sort_by(|a, b| a.email.cmp(&b.email));
        Report { students, templates: templates.into_values().collect() }
    }

    fn export(&self, run: RunId, after: Option<Cursor>, limit: u32) -> Vec<ExportRow> {
        let Some(quiz) = self.runs.get(&run).map(|run| &run.slug) else { return Vec::new() };
        let rows = self.responses.iter().filter(|(cursor, _)| after.is_none_or(|after| **cursor > after));
        let rows = rows.filter_map(|(cursor, stored)| {
            let session = self.sessions.get(&cursor.session).filter(|session| session.run == run)?;
            let StoredResponse { template, question, answer, correct, at, .. } = stored.clone();
            let email = session.email.clone();
            let response = Response { quiz: quiz.clone(), template, question, email, answer, correct, at };
            Some(ExportRow { cursor: *cursor, response })
        });
        rows.take(limit as usize).collect()
    }

    fn forget_student(&mut self, student: &Email) -> Forgotten {
        let (sessions, responses) = (self.sessions.len(), self.responses.len());
        self.students.remove(student);
        self.joined.retain(|(_, email), _| email != student);
        self.sessions.retain(|_, session| session.email != *student);
        self.responses.retain(|cursor, _| self.sessions.contains_key(&cursor.session));
        self.requests.retain(|(session, _), _| self.sessions.contains_key(session));
        Forgotten {
            sessions: (sessions - self.sessions.len()) as u64,
            responses: (responses - self.responses.len()) as u64,
        }
    }
}

impl Store for MemoryStore {
    fn put_quiz<'a>(&'a self, quiz: &'a NewQuiz, replaces: Option<u32>) -> Io<'a, Option<u32>> {
        self.io(move |tables| tables.put_quiz(quiz, replaces))
    }

    fn quiz<'a>(&'a self, slug: &'a Slug, version: Option<u32>) -> Io<'a, Option<StoredQuiz>> {
        self.io(move |tables| {
            let versions = tables.quizzes.get(slug)?.iter();
            versions.rev().find(|quiz| version.is_none_or(|version| quiz.version == version)).cloned()
        })
    }

    fn quizzes(&self) -> Io<'_, Vec<StoredQuiz>> {
        self.io(|tables| tables.quizzes.values().filter_map(|versions| versions.last()).cloned().collect())
    }

    fn create_run<'a>(&'a self, run: &'a NewRun) -> Io<'a, Option<Run>> {
        self.io(move |tables| tables.create_run(run))
    }

    fn run(&self, run: RunId) -> Io<'_, Option<Run>> {
        self.io(move |tables| tables.runs.get(&run).cloned())
    }

    fn run_by_code<'a>(&'a self, code: &'a str) -> Io<'a, Option<Run>> {
        self.io(move |tables| tables.runs.values().find(|run| run.code == code).cloned())
    }

    fn runs(&self) -> Io<'_, Vec<Run>> {
        self.io(|tables| tables.runs.values().rev().cloned().collect())
    }

    fn change_run<'a>(&'a self, run: RunId, change: &'a RunChange) -> Io<'a, Option<Run>> {
        self.io(move |tables| tables.change_run(run, change))
    }

    fn join_all<'a>(&'a self, joins: &'a [NewSession]) -> Io<'a, Vec<Option<Joined>>> {
        self.io(move |tables| {
            joins.iter().map(|new| tables.join(new.run, &new.student, new.seed, new.at)).collect()
        })
    }

    fn session(&self, session: SessionId) -> Io<'_, Option<StoredSession>> {
        self.io(move |tables| tables.sessions.get(&session).cloned())
    }

    fn sessions(&self, run: RunId) -> Io<'_, Vec<StoredSession>> {
        self.io(move |tables| tables.sessions(run).cloned().collect())
    }

    fn append<'a>(&'a self, responses: &'a [NewResponse]) -> Io<'a, Vec<Result<Appended, AppendError>>> {
        self.io(move |tables| responses.iter().map(|response| tables.append(response)).collect())
    }

    fn responses(&self, session: SessionId) -> Io<'_, Vec<StoredResponse>> {
        self.io(move |tables| tables.responses(session).cloned().collect())
    }

    fn response(&self, session: SessionId, seq: u32) -> Io<'_, Option<StoredResponse>> {
        self.io(move |tables| tables.responses.get(&Cursor { session, seq }).cloned())
    }

    fn report(&self, run: RunId) -> Io<'_, Report> {
        self.io(move |tables| tables.report(run))
    }

    fn export(&self, run: RunId, after: Option<Cursor>, limit: u32) -> Io<'_, Vec<ExportRow>> {
        self.io(move |tables| tables.export(run, after, limit))
    }

    fn forget_student<'a>(&'a self, student: &'a Email) -> Io<'a, Forgotten> {
        self.io(move |tables| tables.forget_student(student))
    }

    fn close(&self) -> Io<'_, ()> {
        self.io(|tables| tables.is_closed = true)
    }
}
