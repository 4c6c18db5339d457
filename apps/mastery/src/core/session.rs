//! One student taking one quiz, as a value.

use std::sync::Arc;

use super::dice::Dice;
use super::limits;
use super::progress::Progress;
use super::question::Question;
use super::quiz::Quiz;
use super::select;

/// The state of a session. It is a function of the quiz, the seed and the answers so far, and nothing else, so the
/// stored responses are enough to rebuild it: [`Session::replay`] gives the state that was lost.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    quiz: Arc<Quiz>,
    seed: u64,
    progress: Progress,
    seq: u32,
    question: Option<Question>,
}

/// A judged answer. It changes nothing until it is [applied](Session::apply), so it can be stored first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graded {
    /// The number of the question.
    pub seq: u32,
    /// The place of its template in the quiz.
    pub index: usize,
    /// Whether the answer is right.
    pub correct: bool,
    /// A right answer, for the feedback.
    pub right_answer: String,
}

/// An answer that is not judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// It belongs to another question than the open one.
    #[error("the open question is number {open}")]
    Stale {
        /// The number of the open question.
        open: u32,
    },
    /// It is longer than [`limits::ANSWER`] characters.
    #[error("an answer has at most {} characters", limits::ANSWER)]
    TooLong,
    /// All templates are mastered: there is no open question.
    #[error("the quiz is finished")]
    Finished,
}

/// Stored responses that do not belong to the quiz.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// The quiz has no template of this name.
    #[error("response {seq} is to a template {template:?} that the quiz has not")]
    UnknownTemplate {
        /// The number of the question.
        seq: u32,
        /// The name in the response.
        template: String,
    },
    /// The responses are not numbered 1, 2, 3, ..
    #[error("response {expected} is missing: the next one is number {found}")]
    Gap {
        /// The number that should have come.
        expected: u32,
        /// The number that came.
        found: u32,
    },
}

impl Session {
    /// A session in which nothing was answered.
    pub fn new(quiz: Arc<Quiz>, seed: u64) -> Self {
        let progress = Progress::new(&quiz);
        let question = nth_question(&quiz, &progress, seed, 1);
        Self { quiz, seed, progress, seq: 1, question }
    }

    /// Rebuilds a session from its responses in order, each with number, template and whether it was right.
    ///
    /// The stored verdicts are trusted and no answer is judged again, so a session survives an improved check.
    ///
    /// # Errors
    ///
    /// [`ReplayError`], if these are not the responses of a session of this quiz.
    pub fn replay<'a>(
        quiz: Arc<Quiz>,
        seed: u64,
        responses: impl IntoIterator<Item = (u32, &'a str, bool)>,
    ) -> Result<Self, ReplayError> {
        let mut progress = Progress::new(&quiz);
        let mut seq = 1;
        for (found, template, correct) in responses {
            if found != seq {
                return Err(ReplayError::Gap { expected: seq, found });
            }
            let index = quiz
                .position(template)
                .ok_or_else(|| ReplayError::UnknownTemplate { seq, template: template.to_owned() })?;
            progress.answered(&quiz, index, correct);
            seq += 1;
        }
        let question = nth_question(&quiz, &progress, seed, seq);
        Ok(Self { quiz, seed, progress, seq, question })
    }

    /// The quiz.
    pub fn quiz(&self) -> &Arc<Quiz> {
        &self.quiz
    }

    /// The seed of the session's questions.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// How far the student has come.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The number of the open question, counted from 1; one more than there are answers.
    pub fn seq(&self) -> u32 {
        self.seq
    }

    /// The open question, the same as often as it is asked for; nothing if all templates are mastered.
    pub fn question(&self) -> Option<&Question> {
        self.question.as_ref()
    }

    /// Judges an answer to question `seq` without changing anything.
    ///
    /// # Errors
    ///
    /// [`AnswerError`].
    pub fn grade(&self, seq: u32, answer: &str) -> Result<Graded, AnswerError> {
        let Some(question) = &self.question else { return Err(AnswerError::Finished) };
        if seq != self.seq {
            return Err(AnswerError::Stale { open: self.seq });
        }
        // A character has at most four bytes, so a huge answer is refused without being counted.
        if answer.len() > 4 * limits::ANSWER || answer.chars().count() > limits::ANSWER {
            return Err(AnswerError::TooLong);
        }
        let correct = question.accepts(answer);
        Ok(Graded { seq, index: question.index, correct, right_answer: question.key.right_answer() })
    }

    /// Takes in a judged answer and opens the next question. An answer to another question than the open one was
    /// taken in before and changes nothing.
    pub fn apply(&mut self, graded: &Graded) {
        if graded.seq == self.seq && self.question.is_some() {
            self.progress.answered(&self.quiz, graded.index, graded.correct);
            self.seq += 1;
            self.question = nth_question(&self.quiz, &self.progress, self.seed, self.seq);
        }
    }

    /// Judges an answer and takes it in.
    ///
    /// # Errors
    ///
    /// [`AnswerError`]; nothing is changed then.
    pub fn answer(&mut self, seq: u32, answer: &str) -> Result<Graded, AnswerError> {
        let graded = self.grade(seq, answer)?;
        self.apply(&graded);
        Ok(graded)
    }
}

/// The `n`-th question of a session: dice of its own decide about the template and then about its values.
fn nth_question(quiz: &Quiz, progress: &Progress, seed: u64, n: u32) -> Option<Question> {
    let mut dice = Dice::for_question(seed, n);
    let index = select::choose(quiz, progress, &mut dice)?;
    Some(quiz.templates()[index].ask(index, &mut dice))
}

#[cfg(test)]
mod tests;
