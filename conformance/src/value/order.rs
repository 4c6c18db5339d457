//! Erlang's order of terms: number < atom < tuple < map < list < string.

use std::cmp::Ordering;

use super::Value;

/// How a whole number compares with a fraction of the same size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// `1` and `1.0` differ, as in `===`; the whole number comes first.
    Exact,
    /// `1` and `1.0` are one, as in `==` and `<`: what guards see.
    ByValue,
}

/// Compares two values in Erlang's order.
pub(crate) fn term_order(a: &Value, b: &Value, numbers: Numbers) -> Ordering {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => a.cmp(b),
        (Value::Int(a), Value::Float(b)) => int_float(*a, b.get(), numbers),
        (Value::Float(a), Value::Int(b)) => int_float(*b, a.get(), numbers).reverse(),
        (Value::Null | Value::Bool(_), Value::Null | Value::Bool(_)) => atom(a).cmp(atom(b)),
        (Value::Tuple(a), Value::Tuple(b)) => a.len().cmp(&b.len()).then_with(|| each(a, b, numbers)),
        (Value::Object(a), Value::Object(b)) => a
            .len()
            .cmp(&b.len())
            .then_with(|| a.keys().cmp(b.keys()))
            .then_with(|| each(a.values(), b.values(), numbers)),
        (Value::List(a), Value::List(b)) => each(a, b, numbers).then_with(|| a.len().cmp(&b.len())),
        (Value::String(a), Value::String(b)) => a.as_bytes().cmp(b.as_bytes()),
        _ => rank(a).cmp(&rank(b)),
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        term_order(self, other, Numbers::Exact)
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The first difference of two sequences; the shorter one's end is no difference.
fn each<'a>(
    a: impl IntoIterator<Item = &'a Value>,
    b: impl IntoIterator<Item = &'a Value>,
    numbers: Numbers,
) -> Ordering {
    let pairs = a.into_iter().zip(b);
    pairs.map(|(a, b)| term_order(a, b, numbers)).find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
}

fn int_float(int: i64, float: f64, numbers: Numbers) -> Ordering {
    // Above 2^53 the conversion rounds: a tie is decided by the whole numbers. The cast saturates, far outside of i64.
    let rounded = (int as f64).total_cmp(&float);
    let by_value = rounded.then_with(|| i128::from(int).cmp(&(float as i128)));
    match numbers {
        Numbers::Exact => by_value.then(Ordering::Less),
        Numbers::ByValue => by_value,
    }
}

fn atom(value: &Value) -> &'static str {
    match value {
        Value::Bool(false) => "false",
        Value::Bool(true) => "true",
        _ => "nil",
    }
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Int(_) | Value::Float(_) => 0,
        Value::Null | Value::Bool(_) => 1,
        Value::Tuple(_) => 2,
        Value::Object(_) => 3,
        Value::List(_) => 4,
        Value::String(_) => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn value(json: &str) -> Value {
        serde_json::from_str(json).expect("the table holds JSON")
    }

    #[test]
    fn values_of_different_types_or_parts_are_never_equal() {
        let all = [
            "null",
            "true",
            "false",
            "1",
            "1.0",
            "\"1\"",
            "[1]",
            r#"{"t":[1]}"#,
            r#"{"t":[1.0]}"#,
            r#"{"a":1}"#,
            "[]",
            r#"{"t":[]}"#,
            "{}",
            r#""""#,
            r#""null""#,
            "0",
            r#"[{"t":[]}]"#,
            "[[]]",
        ];
        let set: HashSet<Value> = all.iter().map(|j| value(j)).collect();
        assert_eq!(set.len(), all.len());
        for a in all {
            for b in all {
                assert_eq!(value(a) == value(b), a == b, "{a} and {b}");
                assert_eq!(value(a).cmp(&value(b)).is_eq(), a == b, "{a} and {b}");
                assert_eq!(value(a).cmp(&value(b)), value(b).cmp(&value(a)).reverse(), "{a} and {b}");
            }
        }
    }

    #[test]
    fn terms_are_in_erlangs_order() {
        let sorted = [
            "-1",
            "0",
            "1",
            "1.0",
            "1.5",
            "2",
            "9007199254740993",
            "1e300",
            "false",
            "null",
            "true",
            r#"{"t":[]}"#,
            r#"{"t":[9]}"#,
            r#"{"t":[1,1]}"#,
            r#"{"t":[1,2]}"#,
            "{}",
            r#"{"b":1}"#,
            r#"{"a":1,"b":1}"#,
            "[]",
            "[1]",
            "[1,1]",
            "[2]",
            r#""""#,
            r#""a""#,
            r#""ab""#,
            r#""b""#,
        ];
        assert!(sorted.windows(2).all(|w| value(w[0]) < value(w[1])));
    }

    #[test]
    fn guards_compare_numbers_by_value() {
        let by_value = |a, b| term_order(&value(a), &value(b), Numbers::ByValue);
        assert_eq!(by_value("1", "1.0"), Ordering::Equal);
        assert_eq!(by_value(r#"{"t":[1]}"#, r#"{"t":[1.0]}"#), Ordering::Equal);
        assert_eq!(by_value("9007199254740993", "9007199254740992.0"), Ordering::Greater);
        assert_eq!(by_value("0", "-0.0"), Ordering::Equal);
    }
}
