//! Which template is asked next.

use std::collections::BTreeMap;

use super::dice::Dice;
use super::progress::Progress;
use super::quiz::{Quiz, Select};

/// Chooses the template of the next question, or nothing if all are mastered.
///
/// A group uniformly, then uniformly a template of its pool: the open ones that were not asked in this round, or all open ones
/// if there are none such. The one that was asked last is left out while another is open. Only open templates make a
/// group, so one that was mastered last in its category leaves no empty category behind.
pub fn choose(quiz: &Quiz, progress: &Progress, dice: &mut Dice) -> Option<usize> {
    // Sorted by name, so that the same throw means the same category wherever the file was read.
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for template in progress.open() {
        let group = match quiz.select() {
            Select::Category => quiz.templates()[template].category(),
            Select::Template => "",
        };
        groups.entry(group).or_default().push(template);
    }
    let is_only_one = groups.values().map(Vec::len).sum::<usize>() == 1;
    let mut pools: Vec<Vec<usize>> = groups.into_values().map(|open| pool(open, progress)).collect();
    if !is_only_one {
        pools.iter_mut().for_each(|pool| pool.retain(|template| Some(*template) != progress.last()));
        pools.retain(|pool| !pool.is_empty());
    }
    let pool = pools.get(dice.index(pools.len()))?;
    pool.get(dice.index(pool.len())).copied()
}

fn pool(open: Vec<usize>, progress: &Progress) -> Vec<usize> {
    let unused: Vec<usize> = open.iter().copied().filter(|template| !progress.is_used(*template)).collect();
    if unused.is_empty() { open } else { unused }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::core::testing::shaped_quiz;

    /// The templates asked in `questions` questions, none of which is answered right.
    fn asked(quiz: &Quiz, seed: u64, questions: u32) -> Vec<usize> {
        let mut progress = Progress::new(quiz);
        let next = |n| {
            let template = choose(quiz, &progress, &mut Dice::for_question(seed, n)).unwrap();
            progress.answered(quiz, template, false);
            template
        };
        (1..=questions).map(next).collect()
    }

    #[test]
    fn no_template_comes_twice_before_all_of_its_group_came() {
        let quiz = shaped_quiz(&[5], 3, Select::Category);
        for seed in 0..50 {
            for round in asked(&quiz, seed, 50).chunks(5) {
                assert_eq!(round.iter().collect::<BTreeSet<_>>().len(), 5, "{round:?}");
            }
        }
    }

    #[test]
    fn no_template_comes_twice_in_a_row_while_another_is_open() {
        for (shape, select) in [
            (&[1, 1][..], Select::Category),
            (&[1, 4], Select::Category),
            (&[2], Select::Template),
            (&[3, 2], Select::Template),
        ] {
            let quiz = shaped_quiz(shape, 3, select);
            for seed in 0..50 {
                let asked = asked(&quiz, seed, 60);
                assert!(asked.windows(2).all(|two| two[0] != two[1]), "{shape:?} {asked:?}");
            }
        }
        assert_eq!(asked(&shaped_quiz(&[1], 3, Select::Category), 1, 3), [0, 0, 0]);
    }

    #[test]
    fn categories_or_templates_are_equally_likely() {
        let count = |select| {
            let quiz = shaped_quiz(&[1, 4], 3, select);
            (0..4000).filter(|seed| asked(&quiz, *seed, 1) == [0]).count()
        };
        assert!((1850..2150).contains(&count(Select::Category)), "{}", count(Select::Category));
        assert!((700..900).contains(&count(Select::Template)), "{}", count(Select::Template));
    }

    #[test]
    fn an_empty_quiz_has_no_question() {
        let quiz = shaped_quiz(&[], 3, Select::Category);
        assert_eq!(choose(&quiz, &Progress::new(&quiz), &mut Dice::for_question(1, 1)), None);
    }
}
