//! Results of operations.

use crate::observation::Outcome;
use crate::value::Value;

/// Says whether `seen` is the result that was recorded.
pub(super) fn matches(expected: Option<&Value>, seen: Option<&Outcome>) -> bool {
    match (expected, seen) {
        (None, None) => true,
        (Some(expected), Some(Outcome::Value(seen))) => {
            // Which exception a wrong use raises is not compared.
            let raised = expected.under("raise").is_some() && seen.under("raise").is_some();
            raised || expected == seen
        }
        (Some(Value::List(expected)), Some(Outcome::Set(seen))) => sorted(expected) == sorted(seen),
        _ => false,
    }
}

/// The values in some order that depends on nothing else. Equal values stay: a set has them as often as recorded.
pub(super) fn sorted(values: &[Value]) -> Vec<&Value> {
    let mut values: Vec<&Value> = values.iter().collect();
    values.sort();
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> Value {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_result_is_compared_as_it_is_but_for_the_class_of_a_raise() {
        let table = [
            (Some(r#""ok""#), Some(r#""ok""#), true),
            (Some(r#""ok""#), Some(r#""error""#), false),
            (Some(r#""ok""#), None, false),
            (None, Some(r#""ok""#), false),
            (None, None, true),
            (Some("null"), None, false),
            (Some("null"), Some("null"), true),
            (Some("1"), Some("1.0"), false),
            (Some("[1,2]"), Some("[2,1]"), false),
            (Some(r#"{"t":[1]}"#), Some("[1]"), false),
            (Some(r#"{"raise":"ArgumentError"}"#), Some(r#"{"raise":"crash"}"#), true),
            (Some(r#"{"raise":"ArgumentError"}"#), Some(r#"{"exit":"crash"}"#), false),
            (Some(r#"{"exit":"noproc"}"#), Some(r#"{"exit":"normal"}"#), false),
        ];
        for (expected, seen, same) in table {
            let outcome = seen.map(|json| Outcome::Value(value(json)));
            assert_eq!(
                matches(expected.map(value).as_ref(), outcome.as_ref()),
                same,
                "{expected:?} and {seen:?}"
            );
        }
    }

    #[test]
    fn a_set_has_no_order_but_every_element_as_often_as_recorded() {
        let table = [
            ("[]", "[]", true),
            (r#"[["a#1",1],["a#1",2]]"#, r#"[["a#1",2],["a#1",1]]"#, true),
            ("[1,2,1]", "[2,1,1]", true),
            ("[1,2,1]", "[2,2,1]", false),
            ("[1]", "[1,1]", false),
            (r#"{"exit":"noproc"}"#, "[]", false),
        ];
        for (expected, seen, same) in table {
            let Value::List(elements) = value(seen) else { unreachable!("the table holds lists") };
            assert_eq!(
                matches(Some(&value(expected)), Some(&Outcome::Set(elements))),
                same,
                "{expected} and {seen}"
            );
        }
    }
}
