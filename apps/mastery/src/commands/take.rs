//! `mastery take FILE`: a quiz in the terminal.

use std::io::{self, BufRead, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::{WRONG_INPUT, load, write_errors};
use crate::core::limits;
use crate::core::question::Question;
use crate::core::quiz::Quiz;
use crate::core::session::{AnswerError, Session};

/// Take a quiz in the terminal.
///
/// Answers are read line by line, also from a pipe; the end of the input ends the quiz.
#[derive(Debug, Args)]
pub struct Take {
    /// The quiz: TOML, or JSON if its name ends in .json.
    file: PathBuf,
    /// Ask the same questions every time.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
}

impl Take {
    /// Asks until everything is mastered or the input ends, and returns the status.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or the input not be read, or the output not be written.
    pub fn run(&self, input: impl BufRead, out: &mut impl Write) -> io::Result<u8> {
        match load(&self.file)? {
            Ok(quiz) => take(quiz, self.seed.unwrap_or_else(rand::random), input, out).map(|()| 0),
            Err(errors) => {
                write_errors(out, &self.file, &errors)?;
                Ok(WRONG_INPUT)
            }
        }
    }
}

fn take(quiz: Quiz, seed: u64, mut input: impl BufRead, out: &mut impl Write) -> io::Result<()> {
    let title = quiz.title().to_owned();
    writeln!(out, "{title}: {} right answers in a row master a question.", quiz.mastery())?;
    let mut session = Session::new(Arc::new(quiz), seed);
    while let Some(question) = session.question() {
        ask(out, &session, question)?;
        let Some(line) = read_line(&mut input)? else {
            writeln!(out)?;
            break;
        };
        let answer = chosen(question, line.trim_end_matches(['\r', '\n'])).to_owned();
        match session.answer(session.seq(), &answer) {
            Ok(graded) if graded.correct => writeln!(out, "Right.")?,
            Ok(graded) => writeln!(out, "Wrong. Right is: {}", graded.right_answer)?,
            Err(error @ AnswerError::TooLong) => writeln!(out, "{error}")?,
            // Both would need an answer to another question than the open one.
            Err(AnswerError::Stale { .. } | AnswerError::Finished) => break,
        }
    }
    let (mastered, all) = (session.progress().mastered(), session.quiz().templates().len());
    let end = if session.progress().is_finished() { "Finished" } else { "Not finished" };
    writeln!(out, "{end}: {mastered} of {all} mastered with {} answers.", session.seq() - 1)
}

fn ask(out: &mut impl Write, session: &Session, question: &Question) -> io::Result<()> {
    let (mastered, all) = (session.progress().mastered(), session.quiz().templates().len());
    writeln!(out, "\n[{mastered}/{all}] {}", question.instructions.as_deref().unwrap_or_default())?;
    writeln!(out, "{}", question.text)?;
    for (letter, choice) in ('a'..).zip(question.choices()) {
        writeln!(out, "  {letter}) {choice}")?;
    }
    write!(out, "> ")?;
    out.flush()
}

/// A line, cut where it is certainly too long for an answer: a pipe may hold gigabytes without a line feed.
fn read_line(input: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let length = input.by_ref().take(8 * limits::ANSWER as u64).read_until(b'\n', &mut line)?;
    if length > 0 && line.last() != Some(&b'\n') {
        input.skip_until(b'\n')?;
    }
    Ok((length > 0).then(|| String::from_utf8_lossy(&line).into_owned()))
}

/// The choice that a letter stands for, or the answer as it is.
fn chosen<'a>(question: &'a Question, answer: &'a str) -> &'a str {
    let choices = question.choices();
    let letter = answer.trim().to_ascii_lowercase();
    let place = ('a'..).zip(choices).find(|(c, _)| letter.chars().eq([*c]));
    match place {
        // A choice may itself be the letter of another one.
        Some((_, choice)) if !choices.iter().any(|choice| choice.trim() == answer.trim()) => choice,
        _ => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::question::right_answer;
    use crate::core::quiz::Select;
    use crate::core::testing::shaped_quiz;

    fn output(quiz: Quiz, input: &[u8]) -> String {
        let mut out = Vec::new();
        take(quiz, 1, input, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn right_answers_from_a_pipe_finish_the_quiz() {
        let quiz = shaped_quiz(&[2], 2, Select::Category);
        let mut session = Session::new(Arc::new(quiz.clone()), 1);
        let mut input = String::new();
        while let Some(question) = session.question() {
            let right = right_answer(question);
            input += &format!("{right}\r\n");
            session.answer(session.seq(), &right).unwrap();
        }
        assert!(output(quiz, input.as_bytes()).ends_with("Finished: 2 of 2 mastered with 4 answers.\n"));
    }

    #[test]
    fn any_input_ends_in_peace() {
        let endless = vec![b'9'; 1_000_000];
        for input in [&b""[..], b"\n\n\n", b"\xff\xfe\n", b"no line feed", &endless] {
            let out = output(shaped_quiz(&[1], 3, Select::Category), input);
            assert!(out.contains("Not finished: 0 of 1"), "{out}");
        }
        assert!(output(shaped_quiz(&[], 3, Select::Category), b"1\n").contains("Finished: 0 of 0"));
    }
}
