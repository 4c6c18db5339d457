//! The schemas of drafts: quizzes as their authors write them.

use serde_json::{Map, Value, json};

use super::reference;
use super::schemas::{list, text};
use crate::core::limits;

/// An object with these properties and no others, of which the named ones are required.
fn draft(required: &[&str], properties: Value) -> Value {
    json!({ "type": "object", "required": required, "properties": properties, "additionalProperties": false })
}

/// A table whose keys the author chooses.
fn map(of: Value) -> Value {
    json!({ "type": "object", "additionalProperties": of })
}

pub(super) fn all() -> Map<String, Value> {
    let flag = || json!({ "type": "boolean" });
    let value = || json!({ "type": ["string", "number", "boolean"] });
    let numeral = || json!({ "type": ["string", "number"] });
    let expression = || text(limits::EXPRESSION);
    let (name, item) = (|| text(limits::NAME), || text(limits::ITEM));
    let number = draft(
        &["equals"],
        json!({
            "equals": numeral(), "tolerance": numeral(), "units": list(item()), "unit_required": flag(),
        }),
    );
    let words = draft(
        &["one_of"],
        json!({
            "one_of": list(item()), "case": flag(), "space": flag(), "accents": flag(), "articles": list(item()),
            "max_typos": { "type": "integer", "minimum": 0, "maximum": limits::TYPOS },
        }),
    );
    let pick = draft(
        &["right"],
        json!({
            "right": item(), "wrong": list(item()), "others": text(limits::ITEM),
            "choices": { "type": "integer", "minimum": 2, "maximum": limits::CHOICES },
        }),
    );
    let expr = draft(&["accept", "example"], json!({ "accept": expression(), "example": expression() }));
    let decimal =
        draft(&["from", "to", "step"], json!({ "from": numeral(), "to": numeral(), "step": numeral() }));
    let schemas = json!({
        "QuizDraft": draft(&["format", "title"], json!({
            "format": { "type": "integer", "enum": [1] }, "title": name(), "slug": reference("Slug"),
            "description": text(limits::PROSE),
            "mastery": { "type": "integer", "minimum": 1, "maximum": limits::MASTERY },
            "select": { "type": "string", "enum": ["category", "template"] },
            "table": map(draft(&["columns", "rows"], json!({ "columns": list(name()), "rows": list(list(value())) }))),
            "template": list(reference("TemplateDraft")),
            "sample": list(reference("SampleDraft")),
        })),
        "TemplateDraft": draft(&["name", "category", "question", "check"], json!({
            "name": name(), "category": name(), "instructions": text(limits::PROSE),
            "question": text(limits::QUESTION), "var": map(reference("GeneratorDraft")),
            "check": reference("CheckDraft"),
        })),
        "GeneratorDraft": { "description": "Exactly one of these.", "oneOf": [
            draft(&["int"], json!({ "int": list(json!({ "type": "integer" })) })),
            draft(&["decimal"], json!({ "decimal": decimal })),
            draft(&["choice"], json!({ "choice": list(value()) })),
            draft(&["rows"], json!({ "rows": name() })),
            draft(&["expr"], json!({ "expr": expression() })),
        ] },
        "CheckDraft": { "description": "Exactly one of these.", "oneOf": [
            draft(&["number"], json!({ "number": number })),
            draft(&["text"], json!({ "text": words })),
            draft(&["pick"], json!({ "pick": pick })),
            draft(&["expr"], json!({ "expr": expr })),
        ] },
        "SampleDraft": draft(&["template", "answer"], json!({
            "template": name(), "var": map(json!({ "anyOf": [value(), map(value())] })), "question": text(limits::QUESTION), "answer": value(),
            "correct": flag(),
        })),
    });
    match schemas {
        Value::Object(schemas) => schemas,
        _ => Map::new(),
    }
}
