//! The fields of a small JSON object or form: read by name, all errors at once, in field order.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::error::Refusal;
use crate::core::email::Email;
use crate::core::field_error::{Code, FieldError};

/// The fields of a request that are not read yet, and what was wrong with those that are.
#[derive(Debug)]
pub(super) struct Fields {
    rest: Map<String, Value>,
    errors: Vec<FieldError>,
}

impl Fields {
    /// The fields of an object.
    ///
    /// # Errors
    ///
    /// 422, if the value is something else.
    pub(super) fn of(value: Value) -> Result<Self, Refusal> {
        match value {
            Value::Object(rest) => Ok(Self { rest, errors: Vec::new() }),
            _ => Err(Refusal::invalid(vec![error("", Code::WrongType, "an object belongs here")])),
        }
    }

    /// The fields of a form, which are all texts.
    pub(super) fn of_form(pairs: Vec<(String, String)>) -> Self {
        let rest = pairs.into_iter().map(|(name, text)| (name, Value::String(text))).collect();
        Self { rest, errors: Vec::new() }
    }

    /// A text of at most `max` characters.
    pub(super) fn text(&mut self, name: &str, max: usize) -> String {
        match self.rest.remove(name) {
            Some(Value::String(text)) if text.len() <= 4 * max && text.chars().count() <= max => text,
            Some(Value::String(_)) => {
                self.wrong(name, Code::TooLong, format!("a text of at most {max} characters belongs here"))
            }
            other => self.not_a(name, "text", other.as_ref()),
        }
    }

    /// As [`text`](Self::text), and not only spaces.
    pub(super) fn word(&mut self, name: &str, max: usize) -> String {
        let known = self.errors.len();
        let text = self.text(name, max);
        if text.trim().is_empty() && self.errors.len() == known {
            return self.wrong(name, Code::Blank, "this must not be empty");
        }
        text
    }

    /// An email address.
    pub(super) fn email(&mut self, name: &str) -> Option<Email> {
        let Some(Value::String(text)) = self.rest.get(name) else { return self.not_a_text(name) };
        let email = Email::parse(text);
        self.rest.remove(name);
        email.map_err(|why| self.wrong::<()>(name, Code::BadFormat, why.to_string())).ok()
    }

    /// The number of a question, counted from 1; in a form its digits.
    pub(super) fn seq(&mut self, name: &str) -> u32 {
        let value = self.rest.remove(name);
        let number = match &value {
            Some(Value::Number(number)) => number.as_u64(),
            Some(Value::String(digits)) => digits.parse().ok(),
            other => return self.not_a(name, "whole number", other.as_ref()),
        };
        match number.and_then(|number| u32::try_from(number).ok()) {
            Some(number) if number > 0 => number,
            _ => self.wrong(name, Code::OutOfRange, "a whole number from 1 on belongs here"),
        }
    }

    /// A time, as in `2026-01-31T08:00:00Z`.
    pub(super) fn time(&mut self, name: &str) -> Timestamp {
        let Some(Value::String(text)) = self.rest.get(name) else {
            self.not_a_text::<()>(name);
            return Timestamp::default();
        };
        let time = text.parse::<Timestamp>();
        self.rest.remove(name);
        match time {
            Ok(time) => time,
            Err(_) => self.wrong(name, Code::BadFormat, "a time such as 2026-01-31T08:00:00Z belongs here"),
        }
    }

    /// Ends the reading.
    ///
    /// # Errors
    ///
    /// 422 with every error; a field that nobody has read is one.
    pub(super) fn finish(mut self) -> Result<(), Refusal> {
        for name in self.rest.keys().take(20) {
            let shown: String = name.chars().take(60).collect();
            self.errors.push(error(&shown, Code::UnknownKey, "there is no such field"));
        }
        if self.errors.is_empty() { Ok(()) } else { Err(Refusal::invalid(self.errors)) }
    }

    fn not_a_text<T: Default>(&mut self, name: &str) -> T {
        let value = self.rest.remove(name);
        self.not_a(name, "text", value.as_ref())
    }

    fn not_a<T: Default>(&mut self, name: &str, kind: &str, value: Option<&Value>) -> T {
        match value {
            None | Some(Value::Null) => self.wrong(name, Code::Missing, format!("a {kind} belongs here")),
            Some(_) => self.wrong(name, Code::WrongType, format!("this must be a {kind}")),
        }
    }

    fn wrong<T: Default>(&mut self, name: &str, code: Code, message: impl Into<String>) -> T {
        self.errors.push(error(name, code, message));
        T::default()
    }
}

/// An error of one field.
pub(super) fn error(path: &str, code: Code, message: impl Into<String>) -> FieldError {
    FieldError { path: path.to_owned(), code, message: message.into() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn codes(value: Value, read: impl FnOnce(&mut Fields)) -> Vec<(String, Code)> {
        let mut fields = Fields::of(value).unwrap();
        read(&mut fields);
        let errors = fields.finish().map_or_else(|refusal| refusal.errors, |()| Vec::new());
        errors.into_iter().map(|error| (error.path, error.code)).collect()
    }

    #[test]
    fn every_error_is_reported_in_the_order_of_reading() {
        let value =
            json!({ "seq": 0, "answer": 7, "email": "nobody", "colour": 1, "time": "soon", "id": " " });
        let found = codes(value, |fields| {
            fields.seq("seq");
            fields.text("answer", 3);
            fields.email("email");
            fields.time("time");
            fields.word("id", 3);
            fields.text("gone", 3);
        });
        let expected = [
            ("seq", Code::OutOfRange),
            ("answer", Code::WrongType),
            ("email", Code::BadFormat),
            ("time", Code::BadFormat),
            ("id", Code::Blank),
            ("gone", Code::Missing),
            ("colour", Code::UnknownKey),
        ];
        assert_eq!(found, expected.map(|(path, code)| (path.to_owned(), code)));
    }

    #[test]
    fn limits_are_in_characters_and_numbers_may_be_digits() {
        let found = codes(json!({ "a": "äöü", "b": "äöüß", "n": "12" }), |fields| {
            assert_eq!(fields.text("a", 3), "äöü");
            fields.text("b", 3);
            assert_eq!(fields.seq("n"), 12);
        });
        assert_eq!(found, [("b".to_owned(), Code::TooLong)]);
        for number in [json!(-1), json!(1.5), json!(4_294_967_296_u64), json!("x")] {
            let found = codes(json!({ "n": number }), |fields| _ = fields.seq("n"));
            assert_eq!(found, [("n".to_owned(), Code::OutOfRange)]);
        }
        assert!(Fields::of(json!([])).is_err());
    }
}
