//! The schemas of what is asked and answered, but for drafts.

use serde_json::{Map, Value, json};

use super::reference;
use crate::core::limits;

/// An object with these properties, all of them required, and no others.
pub(super) fn object(properties: Value) -> Value {
    let required: Vec<&String> = properties.as_object().into_iter().flat_map(Map::keys).collect();
    json!({ "type": "object", "required": required, "properties": properties, "additionalProperties": false })
}

pub(super) fn text(max: usize) -> Value {
    json!({ "type": "string", "maxLength": max })
}

pub(super) fn list(of: Value) -> Value {
    json!({ "type": "array", "items": of })
}

fn words(words: &[&str]) -> Value {
    json!({ "type": "string", "enum": words })
}

/// Of this schema, or null.
fn maybe(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

pub(super) fn all() -> Map<String, Value> {
    let count = || json!({ "type": "integer", "minimum": 0 });
    let number = || json!({ "type": "integer", "minimum": 1 });
    let plain = || json!({ "type": "string" });
    let time = || json!({ "type": "string", "format": "date-time" });
    let email = || json!({ "type": "string", "format": "email", "maxLength": limits::EMAIL });
    let flag = || json!({ "type": "boolean" });
    let (id, slug) = (|| reference("Id"), || reference("Slug"));
    let schemas = json!({
        "Id": number(),
        "Slug": { "type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$", "maxLength": limits::SLUG },
        "Document": { "type": "object", "required": ["openapi", "info", "paths", "components"] },
        "Status": object(json!({ "status": words(&["ok"]) })),
        "Refusal": object(json!({ "code": plain(), "message": plain(), "errors": list(reference("FieldError")) })),
        "FieldError": object(json!({ "path": plain(), "code": plain(), "message": plain() })),

        "Quizzes": object(json!({ "quizzes": list(reference("QuizSummary")) })),
        "QuizSummary": object(json!({
            "slug": slug(), "version": number(), "title": plain(), "description": plain(), "mastery": number(),
            "templates": count(),
        })),
        "Built": object(json!({ "slug": slug(), "version": number() })),
        "WrittenQuiz": object(json!({ "slug": slug(), "version": number(), "draft": reference("QuizDraft") })),

        "Schedule": object(json!({ "quiz": slug(), "start_at": time(), "end_at": time() })),
        "Extension": object(json!({ "end_at": time() })),
        "Runs": object(json!({ "runs": list(reference("Run")) })),
        "Run": object(json!({
            "id": id(), "slug": slug(), "version": number(), "code": plain(), "start_at": time(), "end_at": time(),
            "state": words(&["scheduled", "open", "paused", "ended"]),
        })),

        "ActiveSessions": object(json!({
            "sessions": list(object(json!({ "session": id(), "student": id(), "email": plain() }))),
        })),
        "Board": object(json!({
            "run": reference("Run"), "joined": count(), "active": count(), "finished": count(), "answers": count(),
            "templates": list(reference("TemplateResult")),
            "stuck": list(object(json!({ "session": id(), "email": plain(), "wrong": number(), "last_at": time() }))),
        })),
        "Report": object(json!({
            "students": list(object(json!({
                "session": id(), "email": plain(), "answers": count(), "right": count(), "last_at": maybe(time()),
                "finished_at": maybe(time()),
            }))),
            "templates": list(reference("TemplateResult")),
        })),
        "TemplateResult": object(json!({ "template": plain(), "answers": count(), "right": count() })),
        "Student": object(json!({ "email": email() })),
        "Forgotten": object(json!({ "sessions": count(), "responses": count() })),

        "Practice": object(json!({ "email": email() })),
        "Join": object(json!({ "code": text(64), "email": email() })),
        "Taken": object(json!({
            "session": object(json!({ "session": id(), "run": id(), "student": id() })),
            "how": words(&["started", "resumed"]),
        })),
        "Next": { "oneOf": [
            object(json!({ "question": reference("Question") })),
            object(json!({ "finished": reference("Standing") })),
        ] },
        "Question": object(json!({
            "seq": number(), "text": plain(), "instructions": maybe(plain()),
            "kind": words(&["number", "text", "pick", "expr"]), "choices": list(plain()),
            "progress": reference("Standing"),
        })),
        "Standing": object(json!({ "mastery": number(), "mastered": count(), "rows": list(count()) })),
        "Answer": object(json!({
            "seq": { "type": "integer", "minimum": 1, "maximum": u32::MAX },
            "answer": text(limits::ANSWER),
            "request_id": { "type": "string", "pattern": "^[!-~]{1,64}$" },
        })),
        "Answered": object(json!({ "correct": flag(), "feedback": maybe(plain()), "next": reference("Next") })),
    });
    match schemas {
        Value::Object(schemas) => schemas,
        _ => Map::new(),
    }
}
