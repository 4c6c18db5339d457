//! Expressions, patterns and numbers: no panic, no work without end, and the same result each time.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mastery::core::check::number::parse_number;
use mastery::core::expression::Expression;
use mastery::core::pattern::{Pattern, is_name};
use mastery::core::value::{Bindings, Value};

fuzz_target!(|text: &str| {
    let bindings = Bindings::from([
        ("a".to_owned(), Value::Int(7)),
        ("b".to_owned(), Value::Int(-3)),
        ("d".to_owned(), Value::from(parse_number("2.5").expect("a number"))),
        ("t".to_owned(), Value::Text("text".to_owned())),
        ("r".to_owned(), Value::Row([("x".to_owned(), Value::Int(1))].into())),
    ]);
    if let Ok(expression) = Expression::parse(text, &bindings) {
        assert_eq!(expression.source(), text);
        assert_eq!(expression.value(&bindings), expression.value(&bindings));
        assert_eq!(expression.holds(&bindings), expression.holds(&bindings));
    }
    if let Ok(pattern) = Pattern::parse(text) {
        let holes = pattern.holes().count();
        let filled = pattern.fill(&bindings);
        assert!(holes > 0 || !filled.is_empty() || text.is_empty());
    }
    if let Some(number) = parse_number(text) {
        assert_eq!(parse_number(&number.to_string()), Some(number));
    }
    is_name(text);
});
