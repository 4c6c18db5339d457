//! Collects errors while a draft is walked through in field order.

use std::collections::BTreeMap;
use std::fmt;

use crate::core::draft::{
    CheckDraft, DecimalDraft, ExprDraft, Field, GeneratorDraft, List, NumberDraft, PickDraft, SampleDraft,
    TableDraft, TemplateDraft, TextDraft, Unknown,
};
use crate::core::field_error::{Code, FieldError};
use crate::core::limits;
use crate::core::value::Value;

/// Where in a draft: `template[1].check`.
#[derive(Debug, Clone, Default)]
pub(super) struct Path(String);

impl Path {
    /// A field of the table at this path.
    pub(super) fn field(&self, name: impl fmt::Display) -> Path {
        let dot = if self.0.is_empty() { "" } else { "." };
        Path(format!("{}{dot}{name}", self.0))
    }

    /// An element of the list at this path.
    pub(super) fn index(&self, index: usize) -> Path {
        Path(format!("{}[{index}]", self.0))
    }
}

/// The errors found so far. Each method that returns an `Option` has reported the reason for its `None`, except where
/// a field may be missing.
#[derive(Debug, Default)]
pub(super) struct Report {
    errors: Vec<FieldError>,
}

impl Report {
    pub(super) fn error(&mut self, path: &Path, code: Code, message: impl Into<String>) {
        // A draft of nothing but errors must not become an answer of many megabytes.
        if self.errors.len() < limits::ERRORS {
            // An unknown key is the author's text of any length.
            let path = path.0.chars().take(200).collect();
            self.errors.push(FieldError { path, code, message: message.into() });
        }
    }

    pub(super) fn len(&self) -> usize {
        self.errors.len()
    }

    pub(super) fn into_errors(self) -> Vec<FieldError> {
        self.errors
    }

    /// A field that may be missing.
    pub(super) fn may<'a, T: Expected>(&mut self, path: &Path, field: &'a Field<T>) -> Option<&'a T> {
        if let Field::Wrong(_) = field {
            self.error(path, Code::WrongType, format!("this must be {}", T::RIGHT));
        }
        field.get()
    }

    /// A list that must be there; [`elements`](Self::elements) looks at what it is.
    pub(super) fn require<T>(&mut self, path: &Path, list: &List<T>) {
        if list.is_missing() {
            self.error(path, Code::Missing, "this field is needed: a list in brackets");
        }
    }

    /// A field that must be there.
    pub(super) fn need<'a, T: Expected>(&mut self, path: &Path, field: &'a Field<T>) -> Option<&'a T> {
        if field.is_missing() {
            self.error(path, Code::Missing, format!("this field is needed: {}", T::RIGHT));
        }
        self.may(path, field)
    }

    /// A text that must be there and say something.
    pub(super) fn need_text<'a>(
        &mut self,
        path: &Path,
        field: &'a Field<String>,
        max: usize,
    ) -> Option<&'a str> {
        let text = self.need(path, field)?;
        self.text(path, text, max)
    }

    /// A text that, if it is there, must say something.
    pub(super) fn may_text<'a>(
        &mut self,
        path: &Path,
        field: &'a Field<String>,
        max: usize,
    ) -> Option<&'a str> {
        let text = self.may(path, field)?;
        self.text(path, text, max)
    }

    /// A text that must say something in at most `max` characters.
    pub(super) fn text<'a>(&mut self, path: &Path, text: &'a str, max: usize) -> Option<&'a str> {
        if text.trim().is_empty() {
            self.error(path, Code::Blank, "this must not be blank");
            return None;
        }
        self.length(path, text.chars().count(), max, "characters")?;
        if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t' && c != '\r') {
            self.error(path, Code::BadFormat, "this must not have control characters");
            return None;
        }
        Some(text)
    }

    /// A whole number within a range; `default` if it is missing.
    pub(super) fn number(
        &mut self,
        path: &Path,
        field: &Field<i64>,
        range: (i64, i64),
        default: i64,
    ) -> Option<i64> {
        let (from, to) = range;
        let number = match self.may(path, field) {
            Some(number) => *number,
            None => return field.is_missing().then_some(default),
        };
        if !(from..=to).contains(&number) {
            self.error(path, Code::OutOfRange, format!("this must be from {from} to {to}"));
            return None;
        }
        Some(number)
    }

    /// Yes or no; `default` if it is missing.
    pub(super) fn flag(&mut self, path: &Path, field: &Field<bool>, default: bool) -> Option<bool> {
        match self.may(path, field) {
            Some(flag) => Some(*flag),
            None => field.is_missing().then_some(default),
        }
    }

    /// The elements of a list that may be missing, with their paths; `None` for those that are wrong.
    pub(super) fn elements<'a, T: Expected>(
        &mut self,
        path: &Path,
        list: &'a List<T>,
        max: usize,
    ) -> Vec<(Path, &'a Field<T>)>
    where
        Vec<Field<T>>: Expected,
    {
        let Some(list) = self.may(path, list) else { return Vec::new() };
        if self.length(path, list.len(), max, "elements").is_none() {
            return Vec::new();
        }
        list.iter().enumerate().map(|(index, element)| (path.index(index), element)).collect()
    }

    /// The texts of a list that may be missing.
    pub(super) fn texts(&mut self, path: &Path, list: &List<String>, max: usize) -> Vec<String> {
        let elements = self.elements(path, list, max);
        elements
            .iter()
            .filter_map(|(at, text)| self.need_text(at, text, limits::ITEM))
            .map(str::to_owned)
            .collect()
    }

    pub(super) fn length(&mut self, path: &Path, length: usize, max: usize, what: &str) -> Option<()> {
        if length > max {
            self.error(path, Code::TooLong, format!("this has {length} {what}, at most {max} are allowed"));
            return None;
        }
        Some(())
    }

    /// Keys that nobody reads.
    pub(super) fn unknown(&mut self, path: &Path, unknown: &Unknown, fields: &[&str]) {
        for key in unknown.keys() {
            let message = format!("there is no such field here; the fields are {}", fields.join(", "));
            self.error(&path.field(key), Code::UnknownKey, message);
        }
    }

    /// Exactly one of some fields must be there; returns its name.
    pub(super) fn exactly_one(
        &mut self,
        path: &Path,
        fields: &[(&'static str, bool)],
    ) -> Option<&'static str> {
        let mut present = fields.iter().filter(|(_, is_present)| *is_present).map(|(name, _)| *name);
        if let (Some(name), None) = (present.next(), present.next()) {
            return Some(name);
        }
        let names: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
        self.error(path, Code::NotOne, format!("exactly one of these must be here: {}", names.join(", ")));
        None
    }
}

/// What a field of this type should look like, in words.
pub(super) trait Expected {
    const RIGHT: &'static str;
}

macro_rules! expected {
    ($($type:ty => $right:literal,)*) => { $(impl Expected for $type { const RIGHT: &'static str = $right; })* };
}

expected! {
    i64 => "a whole number",
    bool => "true or false",
    String => "a text in quotes",
    Value => "a number or a text",
    Vec<i64> => "two whole numbers, [from, to]",
    Vec<Value> => "a list of numbers and texts, one for each column",
    TableDraft => "a table with columns and rows",
    TemplateDraft => "a table with name, category, question, var and check",
    GeneratorDraft => "a generator such as { int = [0, 9] }",
    DecimalDraft => "{ from = .., to = .., step = .. }",
    CheckDraft => "a table with number, text, pick or expr",
    NumberDraft => "a table with equals and perhaps tolerance, units, unit_required",
    TextDraft => "a table with one_of and perhaps case, space, accents, articles, max_typos",
    PickDraft => "a table with right and wrong or others, and perhaps choices",
    ExprDraft => "a table with accept and example",
    SampleDraft => "a table with template, var, answer and perhaps question, correct",
}

impl<T> Expected for Vec<Field<T>> {
    const RIGHT: &'static str = "a list in brackets";
}

impl<T> Expected for BTreeMap<String, Field<T>> {
    const RIGHT: &'static str = "a table of names";
}
