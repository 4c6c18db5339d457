//! Messages received, by process.

use std::collections::BTreeMap;

use crate::observation::Message;
use crate::value::Value;

type Inbox = BTreeMap<String, Vec<Message>>;

/// Says whether each process received the messages that were recorded, in that order if it is `ordered`.
pub(super) fn matches(expected: &Inbox, seen: &Inbox, ordered: bool) -> bool {
    let form = if ordered { in_order } else { sorted };
    form(expected) == form(seen)
}

/// The messages by label; a process that received none is not in an inbox, whether it is named or not.
fn in_order(inbox: &Inbox) -> Vec<(&str, Vec<Value>)> {
    let boxes = inbox.iter().filter(|(_, messages)| !messages.is_empty());
    boxes
        .map(|(label, messages)| (label.as_str(), messages.iter().cloned().map(Value::from).collect()))
        .collect()
}

fn sorted(inbox: &Inbox) -> Vec<(&str, Vec<Value>)> {
    let mut boxes = in_order(inbox);
    boxes.iter_mut().for_each(|(_, messages)| messages.sort());
    boxes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_a_multiset_for_each_process_unless_ordered() {
        // Expected, seen, the same without order, the same in order.
        let table = [
            ("{}", "{}", true, true),
            ("{}", r#"{"test":[]}"#, true, true),
            ("{}", r#"{"test":["timeout"]}"#, false, false),
            (r#"{"a#1":[{"msg":1},{"msg":2}]}"#, r#"{"a#1":[{"msg":1},{"msg":2}]}"#, true, true),
            (r#"{"a#1":[{"msg":1},{"msg":2}]}"#, r#"{"a#1":[{"msg":2},{"msg":1}]}"#, true, false),
            (r#"{"a#1":[{"msg":1},{"msg":1}]}"#, r#"{"a#1":[{"msg":1}]}"#, false, false),
            (r#"{"a#1":[{"msg":1},{"msg":1}]}"#, r#"{"a#1":[{"msg":1},{"msg":2}]}"#, false, false),
            (r#"{"a#1":[{"msg":1}]}"#, r#"{"a#2":[{"msg":1}]}"#, false, false),
            (r#"{"a#1":[{"msg":1}]}"#, r#"{"a#1":[{"reply":1}]}"#, false, false),
            (r#"{"test":[{"EXIT":["a#1","x"]}]}"#, r#"{"test":[{"EXIT":["a#1","x"]}]}"#, true, true),
            (r#"{"test":[{"EXIT":["a#1","x"]}]}"#, r#"{"test":[{"EXIT":["a#1","y"]}]}"#, false, false),
            (
                r#"{"test":[{"DOWN":["m","a#1","x"]}]}"#,
                r#"{"test":[{"DOWN":["n","a#1","x"]}]}"#,
                false,
                false,
            ),
        ];
        for (expected, seen, unordered, ordered) in table {
            let read = |json| serde_json::from_str::<Inbox>(json).unwrap();
            assert_eq!(matches(&read(expected), &read(seen), false), unordered, "{expected} and {seen}");
            assert_eq!(
                matches(&read(expected), &read(seen), true),
                ordered,
                "{expected} and {seen} in order"
            );
        }
    }
}
