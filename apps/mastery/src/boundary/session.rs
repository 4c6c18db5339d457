//! A student at work: one process for each.
//!
//! Its state is a [`Session`], which is a function of what is stored. So the order is: judge, store, and only when the
//! commit is there change the state and answer. Whenever it is killed, what was acknowledged is on disk, and what was not
//! may be; the request id tells on a retry.
//!
//! When all is mastered it ends. A retry of the last answer starts it again for that one reply.

pub mod recall;

use std::sync::Arc;
use std::time::Duration;

use perennial::prelude::*;

use super::names::{SESSIONS, STORE};
use super::run::entry::Entry;
use super::run::tally::Answer;
use super::run::{Joined, count_start};
use super::store::Append;
use crate::core::session::{AnswerError as CoreError, Graded, ReplayError, Session};
use crate::facade::sessions::{AnswerError, RequestId, SessionRef};
use crate::facade::views::{Answered, Next};
use crate::store::error::{AppendError, StoreError};
use crate::store::records::{Appended, NewResponse, StoredSession};

/// How long a session waits for the store. Longer than the store tries.
const COMMIT: Duration = Duration::from_secs(5);

/// What a session is started with.
#[derive(Debug, Clone)]
pub struct Args {
    /// What it shares with its run.
    pub entry: Arc<Entry>,
    /// Which session it is.
    pub session: SessionRef,
    /// The stored session, if it is new, so that there is nothing to read.
    pub new: Option<StoredSession>,
}

/// Asks for the open question.
#[derive(Debug)]
pub struct SelectQuestion;

/// Answers a question.
#[derive(Debug)]
pub struct AnswerQuestion {
    /// The number of the question.
    pub seq: u32,
    /// The answer.
    pub answer: String,
    /// The request.
    pub request: RequestId,
}

/// See the [module](self).
#[derive(Debug)]
pub struct QuizSession {
    entry: Arc<Entry>,
    me: SessionRef,
    session: Session,
}

/// Why a session cannot be rebuilt.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It is not there any more.
    #[error("there is no such session")]
    Gone,
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is stored does not belong to the quiz.
    #[error(transparent)]
    Replay(#[from] ReplayError),
}

impl GenServer for QuizSession {
    type Args = Args;

    async fn start_link(args: Args) -> StartResult {
        let SessionRef { session, run, student } = args.session;
        gen_server::start_link(args, SESSIONS.via_value::<Self>((run, student), session)).await
    }

    /// Temporary: it is started again when its student comes back, and not before.
    fn child_spec(args: Args) -> ChildSpec {
        ChildSpec {
            id: "session".into(),
            restart: Restart::Temporary,
            ..ChildSpec::worker(Self::start_link, args)
        }
    }

    async fn init(Args { entry, session: me, new }: Args, _: &mut Cx<Self>) -> Result<Self, InitError> {
        let is_new = new.is_some();
        let (stored, session) = match new {
            Some(stored) => {
                let session = Session::new(entry.quiz.clone(), stored.seed);
                (stored, session)
            }
            None => match recall::load(&entry, me.session).await {
                Ok(loaded) => loaded,
                Err(LoadError::Gone) => return Err(InitError::Ignore),
                // The process ends normally, for nothing is wrong with it; who asked is told.
                Err(error) => return Err(InitError::Error(ExitReason::from(error))),
            },
        };
        count_start(&entry.env, !is_new);
        let _ = entry.server.cast(Joined(me, stored.email));
        Ok(Self { entry, me, session })
    }
}

impl QuizSession {
    /// Replies, and ends if there is nothing left to ask.
    fn done<R>(&self, answer: R) -> Reply<R> {
        if self.session.question().is_none() { stop_reply(ExitReason::Normal, answer) } else { reply(answer) }
    }

    async fn answer(&mut self, request: AnswerQuestion) -> Result<Answered, AnswerError> {
        let AnswerQuestion { seq, answer, request } = request;
        let graded = match self.session.grade(seq, &answer) {
            Ok(graded) => graded,
            Err(CoreError::TooLong) => return Err(AnswerError::TooLong),
            Err(CoreError::Stale { .. } | CoreError::Finished) => return self.recall(seq, &request).await,
        };
        if !self.entry.gate.is_open() {
            return Err(AnswerError::NotOpen);
        }
        let Some(question) = self.session.question() else { return self.recall(seq, &request).await };
        // What the session will be, if the store agrees.
        let mut next = self.session.clone();
        next.apply(&graded);
        let at = self.entry.env.clock.now();
        let response = NewResponse {
            session: self.me.session,
            seq,
            request_id: request.as_str().to_owned(),
            template: question.template.to_string(),
            question: question.text.clone(),
            answer,
            correct: graded.correct,
            finishes: next.question().is_none(),
            at,
        };
        match STORE.call_timeout(Append(response), Some(COMMIT)).await {
            Ok(Ok(Ok(Appended::Stored))) => {
                self.session = next;
                self.tell(&graded, at);
                Ok(self.answered(graded))
            }
            // An earlier try of this request, by us or by the process before us, was stored: its verdict counts.
            Ok(Ok(Ok(Appended::Already(stored)))) => {
                let graded = Graded { correct: stored.correct, ..graded };
                self.session.apply(&graded);
                self.tell(&graded, at);
                Ok(self.answered(graded))
            }
            // The process before us had this question answered after we had read what is stored.
            Ok(Ok(Err(AppendError::SeqTaken | AppendError::RequestReused))) => {
                self.reload().await?;
                Err(AnswerError::Stale(Box::new(Next::of(&self.session))))
            }
            Ok(Ok(Err(AppendError::NoSession))) => Err(AnswerError::NotOpen),
            // The outcome is not known. Nothing is changed here: the retry finds out.
            Ok(Err(_)) | Err(_) => Err(AnswerError::Busy),
        }
    }

    fn answered(&self, graded: Graded) -> Answered {
        let feedback = (!graded.correct).then_some(graded.right_answer);
        Answered { correct: graded.correct, feedback, next: Next::of(&self.session) }
    }

    fn tell(&self, graded: &Graded, at: jiff::Timestamp) {
        let finishes = self.session.question().is_none();
        let Graded { index, correct, .. } = *graded;
        let _ = self.entry.server.cast(Answer { student: self.me.student, index, correct, finishes, at });
    }

    /// The answer to a question that is not open: a retry, or too late.
    async fn recall(&self, seq: u32, request: &RequestId) -> Result<Answered, AnswerError> {
        let found = recall::recall(&self.entry.env, &self.session, self.me.session, seq, request).await;
        match found {
            Ok(Some(answered)) => Ok(answered),
            Ok(None) => Err(AnswerError::Stale(Box::new(Next::of(&self.session)))),
            Err(_) => Err(AnswerError::Busy),
        }
    }

    async fn reload(&mut self) -> Result<(), AnswerError> {
        match recall::load(&self.entry, self.me.session).await {
            Ok((_, session)) => self.session = session,
            Err(LoadError::Gone) => return Err(AnswerError::NotOpen),
            Err(LoadError::Store(_) | LoadError::Replay(_)) => return Err(AnswerError::Busy),
        }
        Ok(())
    }
}

impl HandleCall<SelectQuestion> for QuizSession {
    type Reply = Next;

    async fn handle_call(&mut self, _: SelectQuestion, _: &mut Cx<Self>) -> Reply<Next> {
        self.done(Next::of(&self.session))
    }
}

impl HandleCall<AnswerQuestion> for QuizSession {
    type Reply = Result<Answered, AnswerError>;

    async fn handle_call(&mut self, request: AnswerQuestion, _: &mut Cx<Self>) -> Reply<Self::Reply> {
        let answered = self.answer(request).await;
        self.done(answered)
    }
}
