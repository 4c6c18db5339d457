//! Texts, compared as a friendly teacher would.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::core::pattern::Pattern;
use crate::core::value::Bindings;

/// `check.text`: the answer is one of some texts.
#[derive(Debug, Clone, PartialEq)]
pub struct TextCheck {
    /// The texts; the first is shown as the right one.
    pub one_of: Vec<Pattern>,
    /// What counts as a difference.
    pub rules: TextRules,
}

/// What counts as a difference between two texts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TextRules {
    /// Whether `Hund` and `hund` differ.
    pub case: bool,
    /// Whether the number of spaces matters. Those at the ends never do.
    pub space: bool,
    /// Whether `été` and `ete` differ.
    pub accents: bool,
    /// Words that may be left out, added or exchanged at the beginning: `the`, `der`.
    pub articles: Vec<String>,
    /// How many typing errors are forgiven, but at most one for every four letters of the right text.
    pub max_typos: usize,
}

/// What decides about a text.
#[derive(Debug, Clone, PartialEq)]
pub struct TextKey {
    one_of: Vec<String>,
    rules: TextRules,
}

impl TextCheck {
    pub(super) fn key(&self, bindings: &Bindings) -> TextKey {
        let one_of = self.one_of.iter().map(|pattern| pattern.fill(bindings)).collect();
        TextKey { one_of, rules: self.rules.clone() }
    }
}

impl TextKey {
    pub(super) fn accepts(&self, answer: &str) -> bool {
        let answer: Vec<char> = self.rules.normalize(answer).chars().collect();
        self.one_of.iter().any(|right| {
            let right: Vec<char> = self.rules.normalize(right).chars().collect();
            // Without the second bound, two forgiven errors would make "no" a right answer to "yes"'s "so".
            let forgiven = self.rules.max_typos.min(right.len() / 4);
            answer == right || (forgiven > 0 && typos_within(&answer, &right, forgiven))
        })
    }

    pub(super) fn right_answer(&self) -> String {
        self.one_of.first().cloned().unwrap_or_default()
    }
}

impl TextRules {
    /// The form in which two texts are compared.
    pub fn normalize(&self, text: &str) -> String {
        // NFC, so that the two ways to store an é are one; typographic quotes are what keyboards make of '.
        let mut text: String =
            text.trim().nfc().map(|c| if c == '’' || c == '‘' { '\'' } else { c }).collect();
        if !self.case {
            text = text.to_lowercase();
        }
        if !self.accents {
            text = text.nfd().filter(|c| !is_combining_mark(*c)).collect();
        }
        if !self.space {
            text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        }
        let mut articles = self.articles.iter().map(|article| self.bare(article));
        let rest = articles.find_map(|article| {
            let rest = text.strip_prefix(&article)?;
            // "l'" joins the word; "the" must be a word by itself: "theory" has no article.
            let ends = article.ends_with('\'') || rest.starts_with(char::is_whitespace);
            let rest = rest.trim_start();
            (ends && !rest.is_empty()).then(|| rest.to_owned())
        });
        rest.unwrap_or(text)
    }

    /// An article in the form of [`normalize`](Self::normalize).
    fn bare(&self, article: &str) -> String {
        TextRules { articles: Vec::new(), ..self.clone() }.normalize(article)
    }
}

/// Whether one text becomes the other by at most `max` changes: a letter more, less or other, or two
/// neighbors swapped (optimal string alignment).
fn typos_within(a: &[char], b: &[char], max: usize) -> bool {
    if a.len().abs_diff(b.len()) > max {
        return false;
    }
    // Three rows of the usual matrix; `before` is needed for the swaps.
    let mut before = vec![0; b.len() + 1];
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut row = above.clone();
    for i in 1..=a.len() {
        row[0] = i;
        for j in 1..=b.len() {
            let changed = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = changed.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        std::mem::swap(&mut before, &mut above);
        std::mem::swap(&mut above, &mut row);
    }
    above[b.len()] <= max
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(one_of: &[&str], rules: TextRules) -> TextKey {
        TextKey { one_of: one_of.iter().map(|text| (*text).to_owned()).collect(), rules }
    }

    fn rules() -> TextRules {
        TextRules { accents: true, ..TextRules::default() }
    }

    #[test]
    fn differences_count_as_the_rules_say() {
        let articles: Vec<String> = ["the", "l'"].map(str::to_owned).into();
        let table = [
            (key(&["Hund"], rules()), vec!["Hund", "hund", " HUND\n"], vec!["", "Hunde", "der Hund"]),
            (key(&["Hund"], TextRules { case: true, ..rules() }), vec!["Hund"], vec!["hund"]),
            (key(&["a b"], rules()), vec!["a b", "a  b"], vec!["ab"]),
            (key(&["a b"], TextRules { space: true, ..rules() }), vec!["a b", " a b"], vec!["a  b"]),
            (key(&["été"], rules()), vec!["été", "e\u{301}te\u{301}"], vec!["ete"]),
            (key(&["été"], TextRules::default()), vec!["été", "ete"], vec!["et"]),
            (
                key(&["the dog", "l'eau"], TextRules { articles, ..rules() }),
                vec!["dog", "The dog", "l’eau", "eau", "the eau"],
                vec!["the", "thedog", ""],
            ),
            (
                key(&["butterfly"], TextRules { max_typos: 1, ..rules() }),
                vec!["buterfly", "btuterfly"],
                vec!["buterfli"],
            ),
            (key(&["yes"], TextRules { max_typos: 3, ..rules() }), vec!["yes"], vec!["yas", "", "no"]),
            (key(&["color", "colour"], rules()), vec!["color", "colour"], vec!["colr"]),
        ];
        for (key, right, wrong) in table {
            right.iter().for_each(|answer| assert!(key.accepts(answer), "{key:?} {answer:?}"));
            wrong.iter().for_each(|answer| assert!(!key.accepts(answer), "{key:?} {answer:?}"));
            assert!(key.accepts(&key.right_answer()), "{key:?}");
        }
    }

    #[test]
    fn typing_errors_are_counted() {
        for (a, b, typos) in [
            ("", "", 0),
            ("abc", "abc", 0),
            ("abc", "ab", 1),
            ("abc", "abd", 1),
            ("abcd", "abdc", 1),
            ("abc", "xabc", 1),
            ("kitten", "sitting", 3),
            ("ca", "abc", 3),
        ] {
            let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
            assert!(
                typos_within(&a, &b, typos) && (typos == 0 || !typos_within(&a, &b, typos - 1)),
                "{a:?} {b:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_answer_is_judged(answer in "\\PC*", right in "\\PC{0,20}", typos in 0usize..4, case: bool, space: bool, accents: bool) {
            let articles = vec!["the".to_owned(), String::new(), "l'".to_owned()];
            let key = key(&[&right], TextRules { case, space, accents, articles, max_typos: typos });
            key.accepts(&answer);
            prop_assert!(key.accepts(&right));
        }
    }
}
