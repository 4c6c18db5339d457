//! Who is in a run and how it goes, as a plain value.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::core::email::Email;
use crate::core::quiz::Quiz;
use crate::facade::sessions::SessionRef;
use crate::facade::views::{ActiveSession, Board, StuckStudent, TemplateBoard};
use crate::store::records::{Report, Run, SessionId, StoredSession, StudentId};

/// Wrong answers in a row that make a student stuck.
const STUCK: u32 = 3;
/// How many stuck students are shown.
const SHOWN: usize = 20;

/// An answer was stored.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    /// Whose.
    pub student: StudentId,
    /// The place of the template in the quiz.
    pub index: usize,
    /// Whether it is right.
    pub correct: bool,
    /// Whether everything is mastered with it.
    pub finishes: bool,
    /// When.
    pub at: Timestamp,
}

/// See the [module](self). What was lost with a crash is restored from the store, but for the rows of wrong answers.
#[derive(Debug)]
pub struct Tally {
    seats: HashMap<StudentId, Seat>,
    templates: Vec<TemplateBoard>,
    finished: usize,
    answers: u64,
}

#[derive(Debug)]
struct Seat {
    session: SessionId,
    email: Email,
    wrong: u32,
    last_at: Timestamp,
}

impl Tally {
    /// The tally of a run that nobody has joined.
    pub fn new(quiz: &Quiz) -> Self {
        let board = |template: &str| TemplateBoard { template: template.to_owned(), answers: 0, right: 0 };
        let templates = quiz.templates().iter().map(|template| board(template.name())).collect();
        Self { seats: HashMap::new(), templates, finished: 0, answers: 0 }
    }

    /// Takes in what the store knows.
    pub fn restore(&mut self, sessions: &[StoredSession], report: &Report) {
        for StoredSession { id, student, email, at, finished_at, .. } in sessions {
            let seat = Seat { session: *id, email: email.clone(), wrong: 0, last_at: *at };
            self.seats.insert(*student, seat);
            self.finished += usize::from(finished_at.is_some());
        }
        for found in &report.templates {
            let known = self.templates.iter_mut().find(|template| template.template == found.template);
            if let Some(template) = known {
                template.answers = u64::from(found.answers);
                template.right = u64::from(found.right);
            }
            self.answers += u64::from(found.answers);
        }
    }

    /// A student has joined, or is back.
    pub fn joined(&mut self, session: SessionRef, email: Email) {
        let seat = Seat { session: session.session, email, wrong: 0, last_at: Timestamp::UNIX_EPOCH };
        self.seats.entry(session.student).or_insert(seat);
    }

    /// An answer was stored.
    pub fn answered(&mut self, answer: &Answer) {
        self.answers += 1;
        self.finished += usize::from(answer.finishes);
        if let Some(template) = self.templates.get_mut(answer.index) {
            template.answers += 1;
            template.right += u64::from(answer.correct);
        }
        if let Some(seat) = self.seats.get_mut(&answer.student) {
            seat.wrong = if answer.correct { 0 } else { seat.wrong.saturating_add(1) };
            seat.last_at = answer.at;
        }
    }

    /// A student.
    pub fn seat(&self, student: StudentId) -> Option<ActiveSession> {
        let seat = self.seats.get(&student)?;
        Some(ActiveSession { session: seat.session, student, email: seat.email.clone() })
    }

    /// Takes out a student who is to be forgotten.
    pub fn remove(&mut self, email: &Email) -> Option<(StudentId, SessionId)> {
        let student =
            self.seats.iter().find(|(_, seat)| seat.email == *email).map(|(student, _)| *student)?;
        self.seats.remove(&student).map(|seat| (student, seat.session))
    }

    /// The board, with so many sessions at work.
    pub fn board(&self, run: &Run, active: usize) -> Board {
        let mut stuck: Vec<&Seat> = self.seats.values().filter(|seat| seat.wrong >= STUCK).collect();
        stuck.sort_unstable_by_key(|seat| (std::cmp::Reverse(seat.wrong), seat.session));
        let stuck = stuck.into_iter().take(SHOWN).map(|seat| StuckStudent {
            session: seat.session,
            email: seat.email.clone(),
            wrong: seat.wrong,
            last_at: seat.last_at,
        });
        Board {
            run: run.clone(),
            joined: self.seats.len(),
            active,
            finished: self.finished,
            answers: self.answers,
            templates: self.templates.clone(),
            stuck: stuck.collect(),
        }
    }
}
