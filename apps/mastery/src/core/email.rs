//! Email addresses, in the one spelling under which they are compared and stored.

use std::fmt;

use serde::Serialize;

use super::limits;

/// A valid email address in lower case and without surrounding space: `A@B` and ` a@b ` are one student.
///
/// The check is for mistakes, not for existence: one `@` with something on both sides, no space, no
/// control character. Only a letter that arrives proves an address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Email(String);

/// The text is not an email address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an email address looks like name@example.org and has at most {} characters", limits::EMAIL)]
pub struct EmailError;

impl Email {
    /// Normalizes and checks an address.
    ///
    /// # Errors
    ///
    /// [`EmailError`] if the text cannot be an address.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        // Checked before the text is copied, so that a huge one costs nothing.
        if text.len() > 4 * limits::EMAIL {
            return Err(EmailError);
        }
        let email = text.trim().to_lowercase();
        let (name, host) = email.split_once('@').ok_or(EmailError)?;
        let odd = |c: char| c.is_whitespace() || c.is_control() || c == '@' || c == ',' || c == ';';
        let part_is_fine = |part: &str| !part.is_empty() && !part.contains(odd);
        let host_is_fine = part_is_fine(host) && host.split('.').all(|label| !label.is_empty());
        if !part_is_fine(name) || !host_is_fine || email.chars().count() > limits::EMAIL {
            return Err(EmailError);
        }
        Ok(Self(email))
    }

    /// The normalized address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn two_spellings_are_one_student() {
        let same = ["a@b", "A@B", " a@b ", "A@b\n"].map(|text| Email::parse(text).unwrap());
        assert!(same.iter().all(|email| email == &same[0]), "{same:?}");
    }

    #[test]
    fn what_cannot_be_an_address_is_refused() {
        let long = format!("{}@b.c", "a".repeat(limits::EMAIL));
        for text in
            ["", " ", "a", "@", "a@", "@b", "a b@c", "a@b@c", "a@b c", "a@b..c", "a@.b", "a\0@b", &long]
        {
            assert_eq!(Email::parse(text), Err(EmailError), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn normal_form_is_stable(text in ".{0,40}@.{0,40}") {
            if let Ok(email) = Email::parse(&text) {
                prop_assert_eq!(Email::parse(email.as_str()), Ok(email));
            }
        }
    }
}
