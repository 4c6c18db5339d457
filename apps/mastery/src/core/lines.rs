//! At which line of a file a field stands.
//!
//! The serde schema forgets positions, so the text is read a second time, only when there are errors to place.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::file::{Format, line_at};

/// The lines of a file's fields.
#[derive(Debug, Default)]
pub(super) struct Lines {
    line: usize,
    fields: BTreeMap<String, Lines>,
}

impl Lines {
    /// Finds the fields of a text that has been read without a syntax error.
    pub(super) fn of(text: &str, format: Format) -> Self {
        match format {
            Format::Toml => match DeTable::parse(text) {
                Ok(table) => Self { line: 1, fields: toml_table(text, table.get_ref()) },
                Err(_) => Self { line: 1, ..Self::default() },
            },
            Format::Json => JsonScanner { text: text.as_bytes(), at: 0, line: 1 }.value(),
        }
    }

    /// The line of `template[1].check`; for what is missing, the line of the nearest table around it.
    pub(super) fn line(&self, path: &str) -> usize {
        let mut place = self;
        for step in path.split(['.', '[']).filter(|step| !step.is_empty()) {
            match place.fields.get(step.trim_end_matches(']')) {
                Some(inner) => place = inner,
                None => break,
            }
        }
        place.line
    }
}

fn toml_table(text: &str, table: &DeTable<'_>) -> BTreeMap<String, Lines> {
    let mut fields = BTreeMap::new();
    for (key, value) in table.iter() {
        let mut lines = toml_value(text, value);
        // A table knows its header's line; anything else is looked for at its key.
        if !matches!(value.get_ref(), DeValue::Table(_)) || lines.line == 1 {
            lines.line = line_at(text, key.span().start);
        }
        fields.insert(key.get_ref().to_string(), lines);
    }
    fields
}

fn toml_value(text: &str, value: &Spanned<DeValue<'_>>) -> Lines {
    let fields = match value.get_ref() {
        DeValue::Table(table) => toml_table(text, table),
        DeValue::Array(array) => {
            array.iter().enumerate().map(|(i, value)| (i.to_string(), toml_value(text, value))).collect()
        }
        _ => BTreeMap::new(),
    };
    Lines { line: line_at(text, value.span().start), fields }
}

/// Walks over JSON that serde_json has accepted: so it nests at most 128 deep and its tokens are well formed.
struct JsonScanner<'a> {
    text: &'a [u8],
    at: usize,
    line: usize,
}

impl JsonScanner<'_> {
    fn value(&mut self) -> Lines {
        let mut lines = Lines { line: self.skip_space(), fields: BTreeMap::new() };
        match self.peek() {
            open @ (b'{' | b'[') => {
                self.at += 1;
                while !matches!(self.after_comma(), b'}' | b']' | 0) {
                    let line = self.line;
                    let key = if open == b'{' { self.string() } else { lines.fields.len().to_string() };
                    self.skip_space();
                    self.at += usize::from(self.peek() == b':');
                    let inner = Lines { line, ..self.value() };
                    lines.fields.insert(key, inner);
                }
                self.at += 1;
            }
            b'"' => drop(self.string()),
            _ => {
                while !matches!(self.peek(), b',' | b'}' | b']' | 0) && !self.peek().is_ascii_whitespace() {
                    self.at += 1;
                }
            }
        }
        lines
    }

    fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }

    fn after_comma(&mut self) -> u8 {
        self.skip_space();
        self.at += usize::from(self.peek() == b',');
        self.skip_space();
        self.peek()
    }

    fn skip_space(&mut self) -> usize {
        while self.peek().is_ascii_whitespace() {
            self.line += usize::from(self.peek() == b'\n');
            self.at += 1;
        }
        self.line
    }

    fn string(&mut self) -> String {
        let start = self.at;
        self.at += 1;
        while !matches!(self.peek(), b'"' | 0) {
            self.at += if self.peek() == b'\\' { 2 } else { 1 };
        }
        self.at = (self.at + 1).min(self.text.len());
        serde_json::from_slice(&self.text[start..self.at]).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_toml_have_the_line_of_their_key() {
        let text = "title = 1\n\n[[template]]\nname = 'a'\n\n[[template]]\nname = 'b'\nquestion = '''\n{x}'''\n[template.var]\nx = { int = [\n1,\n2] }\n";
        let lines = Lines::of(text, Format::Toml);
        for (path, line) in [
            ("", 1),
            ("title", 1),
            ("template[0]", 3),
            ("template[0].name", 4),
            ("template[1]", 6),
            ("template[1].name", 7),
            ("template[1].question", 8),
            ("template[1].check", 6),
            ("template[1].var", 10),
            ("template[1].var.x.int", 11),
            ("template[1].var.x.int[1]", 13),
            ("nothing.at.all", 1),
        ] {
            assert_eq!(lines.line(path), line, "{path}");
        }
    }

    #[test]
    fn fields_of_json_have_the_line_of_their_key() {
        let text = "{\"title\":\n 1,\n \"template\": [\n  {\"name\": \"a\\\"\"},\n  {\"name\"\n : \"b\", \"var\": {\n \"x\": {}}}\n ]}";
        let lines = Lines::of(text, Format::Json);
        for (path, line) in [
            ("", 1),
            ("title", 1),
            ("template", 3),
            ("template[0].name", 4),
            ("template[1]", 5),
            ("template[1].name", 5),
            ("template[1].check", 5),
            ("template[1].var.x", 7),
        ] {
            assert_eq!(lines.line(path), line, "{path}");
        }
    }
}
