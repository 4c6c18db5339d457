//! The recorder's values, reasons, events and messages: what was read is written as it was, and the order is one.
#![no_main]

use std::cmp::Ordering;

use conformance::guard::Guard;
use conformance::observation::{Expect, LogEntry, Message};
use conformance::pattern::{Bindings, Pattern};
use conformance::reason::Reason;
use conformance::value::Value;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(expect) = serde_json::from_str::<Expect>(text) {
        let written = serde_json::to_string(&expect).expect("an expectation is JSON");
        assert_eq!(serde_json::from_str::<Expect>(&written).expect("it is read again"), expect);
    }
    if let Ok(guard) = serde_json::from_str::<Guard>(text) {
        guard.holds(&Bindings::new());
    }
    let Ok(value) = serde_json::from_str::<Value>(text) else { return };
    assert_eq!(serde_json::from_str::<Value>(&value.to_string()).expect("it is read again"), value);
    let reason = Reason::from(value.clone());
    assert_eq!(Value::from(reason), value);
    if let Ok(entry) = LogEntry::try_from(value.clone()) {
        assert_eq!(Value::from(entry), value);
    }
    if let Ok(message) = Message::try_from(value.clone()) {
        let written = Value::from(message.clone());
        assert_eq!(Message::try_from(written), Ok(message));
    }
    if let Ok(pattern) = serde_json::from_str::<Pattern>(text) {
        pattern.matches(&value, &mut Bindings::new());
    }
    let Value::List(elements) = &value else { return };
    let elements = &elements[..elements.len().min(8)];
    for a in elements {
        for b in elements {
            assert_eq!(a.cmp(b), b.cmp(a).reverse());
            assert_eq!(a.cmp(b) == Ordering::Equal, a == b);
            for c in elements {
                assert!(a > b || b > c || a <= c, "{a} {b} {c}");
            }
        }
    }
});
