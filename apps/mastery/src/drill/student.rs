//! One simulated student. It knows the quiz and its seed, so it knows which question must come and what is right: a
//! session that comes back with another question is found out.

use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use perennial::prelude::*;

use super::chaos::{Fate, Kill};
use super::{DrillError, Shared};
use crate::boundary::names::SESSIONS;
use crate::boundary::session::QuizSession;
use crate::core::question::right_answer;
use crate::core::session::Session;
use crate::facade::sessions::{AnswerError, RequestId, SelectError, SessionRef};
use crate::facade::views::{Answered, Next};
use crate::store::records::SessionId;

/// How often something is tried again before the drill is given up, a millisecond longer apart each time.
const PATIENCE: u32 = 500;
/// What no question of a sensible quiz has as its answer.
const WRONG_ANSWER: &str = "?";

/// A student who has joined.
#[derive(Debug, Clone, Copy)]
pub struct Student {
    /// The session.
    pub session: SessionRef,
    /// What its questions are drawn with.
    pub seed: u64,
}

/// What a student was told: the verdict on question `n + 1`, which was answered with [`request_id`] of that number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acks {
    /// The session.
    pub session: SessionId,
    /// The verdicts.
    pub correct: Vec<bool>,
}

/// A student who is through.
#[derive(Debug)]
pub struct Driven {
    pub(super) acks: Acks,
    pub(super) latencies: Vec<u32>,
    pub(super) killed: u64,
    pub(super) is_finished: bool,
}

/// Where acknowledged answers are written at once, one a line: `session seq request_id correct`.
#[derive(Debug)]
pub struct AckLog(Mutex<std::fs::File>);

impl AckLog {
    /// Writes to this file.
    pub fn new(file: std::fs::File) -> Self {
        Self(Mutex::new(file))
    }

    fn write(&self, session: SessionId, seq: u32, correct: bool) -> std::io::Result<()> {
        let line = format!("{session} {seq} {} {correct}\n", request_id(seq));
        // One write for a line: whoever kills us finds whole lines.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes())
    }
}

/// The request id for the answer to a question.
pub fn request_id(seq: u32) -> String {
    format!("drill-{seq}")
}

/// Counts how often something was tried.
#[derive(Debug, Default)]
pub(super) struct Patience(u32);

impl Patience {
    /// Waits for the next try, a little longer each time.
    pub(super) async fn wait(&mut self, what: &str) -> Result<(), DrillError> {
        self.0 += 1;
        if self.0 > PATIENCE {
            return Err(DrillError(format!("the service stays busy: {what}")));
        }
        perennial::time::sleep(Duration::from_millis(u64::from(self.0))).await;
        Ok(())
    }
}

impl Student {
    /// Takes the student through the quiz to the end.
    pub(super) async fn drive(&self, shared: &Shared, number: usize) -> Result<Driven, DrillError> {
        let mut model = Session::new(shared.quiz.clone(), self.seed);
        let mut driven = Driven {
            acks: Acks { session: self.session.session, correct: Vec::new() },
            latencies: Vec::new(),
            killed: 0,
            is_finished: false,
        };
        let mut next = self.select(shared).await?;
        while let Next::Question(asked) = next {
            let question = model.question().filter(|question| question.text == asked.text);
            let (Some(question), true) = (question, asked.seq == model.seq()) else {
                return Err(DrillError(format!("question {} is not what it must be", asked.seq)));
            };
            let fate = shared.chaos.fate(number, asked.seq);
            let answer = if fate.right { right_answer(question) } else { WRONG_ANSWER.to_owned() };
            let began = Instant::now();
            let (answered, killed) = self.answer(shared, asked.seq, &answer, fate).await?;
            let elapsed = began.elapsed().as_micros();
            driven.latencies.push(u32::try_from(elapsed).unwrap_or(u32::MAX));
            driven.killed += killed;
            let expected = model.answer(asked.seq, &answer).map_err(DrillError::new)?;
            if expected.correct != answered.correct {
                return Err(DrillError(format!("the answer to question {} is misjudged", asked.seq)));
            }
            driven.acks.correct.push(answered.correct);
            if let Some(log) = &shared.plan.acks {
                log.write(self.session.session, asked.seq, answered.correct).map_err(DrillError::new)?;
            }
            next = answered.next;
        }
        driven.is_finished = model.question().is_none();
        Ok(driven)
    }

    async fn select(&self, shared: &Shared) -> Result<Next, DrillError> {
        let mut patience = Patience::default();
        loop {
            match shared.mastery.select_question(self.session).await {
                Ok(next) => return Ok(next),
                Err(SelectError::Busy) => patience.wait("select_question").await?,
                Err(error) => return Err(DrillError::new(error)),
            }
        }
    }

    /// Gives an answer until it is acknowledged, always with the same request id; chaos strikes once.
    async fn answer(
        &self,
        shared: &Shared,
        seq: u32,
        answer: &str,
        fate: Fate,
    ) -> Result<(Answered, u64), DrillError> {
        let request = RequestId::parse(&request_id(seq)).map_err(DrillError::new)?;
        let mut killed = 0;
        if fate.kill == Some(Kill::Before) {
            killed += self.kill();
        }
        let acknowledged = async {
            let mut patience = Patience::default();
            loop {
                match shared.mastery.answer_question(self.session, seq, answer, &request).await {
                    Ok(answered) => return Ok(answered),
                    Err(AnswerError::Busy) => patience.wait("answer_question").await?,
                    Err(error) => return Err(DrillError(format!("question {seq} is refused: {error}"))),
                }
            }
        };
        let acknowledged = match fate.kill {
            Some(Kill::During(micros)) => {
                let kill = async {
                    tokio::time::sleep(Duration::from_micros(micros)).await;
                    self.kill()
                };
                let (acknowledged, during) = tokio::join!(acknowledged, kill);
                killed += during;
                acknowledged
            }
            _ => acknowledged.await,
        };
        if fate.kill == Some(Kill::After) {
            killed += self.kill();
        }
        Ok((acknowledged?, killed))
    }

    /// Kills the session's process; returns how many were killed.
    fn kill(&self) -> u64 {
        let server = SESSIONS.via::<QuizSession>((self.session.run, self.session.student));
        let Some(pid) = server.pid_now() else { return 0 };
        process::kill(pid);
        1
    }
}
