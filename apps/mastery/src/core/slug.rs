//! The name under which a quiz is addressed.

use std::fmt;

use serde::Serialize;
use unicode_normalization::UnicodeNormalization;

use super::limits;

/// Lower-case letters, digits and single hyphens: what may stand in an address bar and in a file name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Slug(String);

/// The text is not a slug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a slug has lower-case letters a-z, digits and single hyphens between them, at most {}",
    limits::SLUG
)]
pub struct SlugError;

impl Slug {
    /// Takes a text that is already a slug.
    ///
    /// # Errors
    ///
    /// [`SlugError`] if it is not.
    pub fn parse(text: &str) -> Result<Self, SlugError> {
        let word = |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let fits = text.len() <= limits::SLUG && text.split('-').all(word);
        fits.then(|| Self(text.to_owned())).ok_or(SlugError)
    }

    /// Makes a slug of a title: "Längen & Maße" becomes `langen-ma-e`.
    ///
    /// # Errors
    ///
    /// [`SlugError`] if no letter a-z and no digit is left.
    pub fn from_title(title: &str) -> Result<Self, SlugError> {
        let mut slug = String::new();
        for c in title.nfkd().filter(|c| !unicode_normalization::char::is_combining_mark(*c)) {
            if c.is_ascii_alphanumeric() {
                slug.push(c.to_ascii_lowercase());
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
            if slug.len() == limits::SLUG {
                break;
            }
        }
        Self::parse(slug.trim_end_matches('-'))
    }

    /// The slug's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_become_slugs() {
        for (title, slug) in
            [("Arithmetic", "arithmetic"), ("  Été: 2nd part!  ", "ete-2nd-part"), ("a--b", "a-b")]
        {
            assert_eq!(Slug::from_title(title).unwrap().as_str(), slug, "{title}");
        }
        assert!(Slug::from_title("日本").is_err());
        assert_eq!(Slug::from_title(&"a b".repeat(100)).map(|s| s.as_str().len() <= limits::SLUG), Ok(true));
    }

    #[test]
    fn only_slugs_are_slugs() {
        assert!(Slug::parse("a-2").is_ok());
        for text in ["", "-", "a-", "-a", "a--b", "A", "a b", "é", "a/b"] {
            assert!(Slug::parse(text).is_err(), "{text:?}");
        }
    }
}
