//! Slugs and emails: what was accepted is accepted again, unchanged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mastery::core::email::Email;
use mastery::core::limits;
use mastery::core::slug::Slug;

fuzz_target!(|text: &str| {
    if let Ok(slug) = Slug::parse(text) {
        assert_eq!(slug.as_str(), text);
        assert_eq!(Slug::from_title(text), Ok(slug));
    }
    if let Ok(slug) = Slug::from_title(text) {
        assert_eq!(Slug::parse(slug.as_str()), Ok(slug.clone()));
        assert!(slug.as_str().len() <= limits::SLUG);
    }
    if let Ok(email) = Email::parse(text) {
        assert_eq!(Email::parse(email.as_str()), Ok(email.clone()));
        assert!(email.as_str().chars().count() <= limits::EMAIL);
        assert!(!email.as_str().contains(['\r', '\n', ',', ';', ' ']));
    }
});
