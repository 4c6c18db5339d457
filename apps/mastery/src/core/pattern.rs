//! Texts with `{placeholders}`.

use super::value::{Bindings, Value};

/// A text in which `{name}` and `{name.column}` stand for values. `{{` and `}}` are the braces themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Hole(String),
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// A sentence that says what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '{' | '}' if chars.next_if_eq(&c).is_some() => literal.push(c),
                '{' => {
                    let mut name = String::new();
                    let closed = loop {
                        match chars.next() {
                            Some('}') => break true,
                            Some('{') | None => break false,
                            Some(c) => name.push(c),
                        }
                    };
                    let name = name.trim().to_owned();
                    if !closed {
                        return Err(format!("close the placeholder {{{name}, or write {{{{ for a brace"));
                    }
                    if !is_hole(&name) {
                        return Err(format!(
                            "{{{name}}} is no placeholder; write {{name}} or {{name.column}}"
                        ));
                    }
                    if !literal.is_empty() {
                        parts.push(Part::Literal(std::mem::take(&mut literal)));
                    }
                    parts.push(Part::Hole(name));
                }
                '}' => return Err("a } has no { before it; write }} for a brace".to_owned()),
                c => literal.push(c),
            }
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Ok(Self { parts })
    }

    /// The names in the placeholders, in order: `name` or `name.column`.
    pub fn holes(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Hole(name) => Some(name.as_str()),
            Part::Literal(_) => None,
        })
    }

    /// The text with the values put in. A placeholder without a value stays as it is written; a validated quiz has none.
    pub fn fill(&self, bindings: &Bindings) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Hole(name) => match Value::lookup(bindings, name) {
                    Some(value) => text.push_str(&value.to_string()),
                    None => text.push_str(&format!("{{{name}}}")),
                },
            }
        }
        text
    }
}

/// `name` or `name.column`.
fn is_hole(name: &str) -> bool {
    let parts: Vec<_> = name.split('.').collect();
    parts.len() <= 2 && parts.iter().all(|part| is_name(part))
}

/// Whether this can name a variable or a column: a letter first, then letters, digits and `_`, all ASCII.
///
/// ASCII because expressions use the same names, and two letters that look alike must not be two variables.
pub fn is_name(text: &str) -> bool {
    text.len() <= 40
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn placeholders_are_replaced_and_double_braces_are_braces() {
        let bindings: Bindings = serde_json::from_str(r#"{"n": 3, "w": {"de": "Hund"}}"#).unwrap();
        for (text, filled) in [
            ("{n} + {n}", "3 + 3"),
            ("{ n }", "3"),
            ("{w.de}?", "Hund?"),
            ("{{n}}", "{n}"),
            ("{{{n}}}", "{3}"),
            ("{unknown}", "{unknown}"),
            ("", ""),
            ("no holes", "no holes"),
        ] {
            assert_eq!(Pattern::parse(text).unwrap().fill(&bindings), filled, "{text}");
        }
    }

    #[test]
    fn half_placeholders_are_refused() {
        for text in ["{", "}", "{n", "n}", "{}", "{a b}", "{a.b.c}", "{{n}", "{é}", "{a{b}}"] {
            assert!(Pattern::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*") {
            if let Ok(pattern) = Pattern::parse(&text) {
                pattern.fill(&Bindings::new());
            }
        }
    }
}
