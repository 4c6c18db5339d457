//! How far a student has come with each template.

use super::quiz::{Quiz, Select};

/// Right answers in a row per template, which templates are mastered, and which were asked in this round.
///
/// # Invariants
///
/// 1. A template is open as long as its row is below `mastery`; a mastered one stays mastered, for it is asked no more.
/// 2. A used template is asked again only when no open one of its group is unused; then the group's round begins anew.
///    A group is a category, or with `select = "template"` the whole quiz.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    mastery: u8,
    tracks: Vec<Track>,
    last: Option<usize>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Track {
    row: u8,
    is_used: bool,
}

impl Progress {
    /// The progress of one who has answered nothing.
    pub fn new(quiz: &Quiz) -> Self {
        Self { mastery: quiz.mastery(), tracks: vec![Track::default(); quiz.templates().len()], last: None }
    }

    /// How many right answers in a row master a template.
    pub fn mastery(&self) -> u8 {
        self.mastery
    }

    /// The right answers in a row, for each template in the quiz's order.
    pub fn rows(&self) -> impl Iterator<Item = u8> {
        self.tracks.iter().map(|track| track.row)
    }

    /// Whether the template at this place is mastered.
    pub fn is_mastered(&self, template: usize) -> bool {
        self.tracks[template].row >= self.mastery
    }

    /// How many templates are mastered.
    pub fn mastered(&self) -> usize {
        self.tracks.len() - self.open().count()
    }

    /// The places of the templates that are not mastered yet, in order.
    pub fn open(&self) -> impl Iterator<Item = usize> {
        (0..self.tracks.len()).filter(|template| !self.is_mastered(*template))
    }

    /// Whether all templates are mastered.
    pub fn is_finished(&self) -> bool {
        self.open().next().is_none()
    }

    /// Whether the template was asked in the current round of its group.
    pub(super) fn is_used(&self, template: usize) -> bool {
        self.tracks[template].is_used
    }

    /// The template that was asked last.
    pub(super) fn last(&self) -> Option<usize> {
        self.last
    }

    /// Takes in the answer to a question of the template at this place.
    ///
    /// # Panics
    ///
    /// If the quiz has no such template.
    pub fn answered(&mut self, quiz: &Quiz, template: usize, correct: bool) {
        if self.tracks[template].is_used {
            // It was asked although it is used, so all open ones of its group were: a new round (invariant 2).
            for (other, track) in self.tracks.iter_mut().enumerate() {
                track.is_used &= !same_group(quiz, other, template);
            }
        }
        let track = &mut self.tracks[template];
        track.is_used = true;
        track.row = if correct { (track.row + 1).min(self.mastery) } else { 0 };
        self.last = Some(template);
    }
}

fn same_group(quiz: &Quiz, a: usize, b: usize) -> bool {
    let category = |template: usize| quiz.templates()[template].category();
    quiz.select() == Select::Template || category(a) == category(b)
}
