//! Checks a value against a schema of the description: the part of JSON Schema that it uses.

use serde_json::Value;

/// What is wrong with `value` by `schema`, whose references are into `document`.
pub(crate) fn errors(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(document, schema, value, "$", &mut found);
    found
}

fn check(document: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(&reference[1..]).unwrap_or_else(|| panic!("nothing at {reference}"));
        return check(document, target, value, at, found);
    }
    for of in ["anyOf", "oneOf"] {
        if let Some(options) = schema[of].as_array() {
            let fits = options.iter().filter(|option| errors(document, option, value).is_empty()).count();
            if fits == 0 || (of == "oneOf" && fits > 1) {
                found.push(format!("{at}: {fits} of {of} fit {value}"));
            }
        }
    }
    if let Some(options) = schema["enum"].as_array()
        && !options.contains(value)
    {
        found.push(format!("{at}: {value} is none of {options:?}"));
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return,
    };
    if !kinds.iter().any(|kind| is_a(kind, value)) {
        return found.push(format!("{at}: {value} is none of {kinds:?}"));
    }
    let too_small =
        value.as_f64().zip(schema["minimum"].as_f64()).is_some_and(|(value, least)| value < least);
    if too_small {
        found.push(format!("{at}: {value} is too small"));
    }
    for (n, item) in value.as_array().into_iter().flatten().enumerate() {
        check(document, &schema["items"], item, &format!("{at}[{n}]"), found);
    }
    let Some(object) = value.as_object() else { return };
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !object.contains_key(name) {
            found.push(format!("{at}.{name} is missing"));
        }
    }
    for (name, value) in object {
        let at = format!("{at}.{name}");
        match (schema["properties"].get(name), &schema["additionalProperties"]) {
            (Some(schema), _) | (None, schema @ Value::Object(_)) => {
                check(document, schema, value, &at, found);
            }
            (None, Value::Bool(false)) => found.push(format!("{at} is not described")),
            (None, _) => {}
        }
    }
}

fn is_a(kind: &str, value: &Value) -> bool {
    match kind {
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => panic!("unknown type {kind}"),
    }
}
