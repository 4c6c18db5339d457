//! The description of the API (OpenAPI 3.1), made from a table of operations and one of schemas.
//!
//! Tests hold it to what is true: its operations are the routes, and real responses match its schemas.

mod drafts;
mod operations;
mod schemas;

use axum::Json;
use serde_json::{Map, Value, json};

use self::operations::{OPERATIONS, Operation, Result};

/// `GET /api/openapi.json`.
pub(super) async fn show() -> Json<Value> {
    Json(document())
}

/// The description as a document.
pub fn document() -> Value {
    let mut paths = Map::new();
    for operation in OPERATIONS {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method] = describe(operation);
    }
    let mut components = schemas::all();
    components.extend(drafts::all());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Mastery",
            "description": "Questions until each is mastered. After joining, a cookie is the authority in a session; \
                what builds quizzes, changes runs or shows results asks for the teacher's token.",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "teacher": { "type": "http", "scheme": "bearer" },
                "session": {
                    "type": "apiKey", "in": "cookie", "name": "session-{session}",
                    "description": "Set by joining; one for each session, by its number.",
                },
            },
        },
    })
}

fn describe(operation: &Operation) -> Value {
    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "parameters": parameters(operation.path),
        "responses": responses(operation),
    });
    if let Some(schema) = operation.body {
        let schema = reference(schema);
        described["requestBody"] =
            json!({ "required": true, "content": { "application/json": { "schema": schema } } });
    }
    if let Some(scheme) = operation.security {
        described["security"] = json!([{ scheme: [] }]);
    }
    described
}

/// The parameters are the path's placeholders.
fn parameters(path: &str) -> Vec<Value> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let schema = |name| match name {
        "quiz" => reference("Slug"),
        _ => reference("Id"),
    };
    names
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": schema(name) }))
        .collect()
}

fn responses(operation: &Operation) -> Value {
    let mut responses = Map::new();
    for (status, summary, result) in operation.results {
        let content = match result {
            Result::Json(schema) => json!({ "application/json": { "schema": reference(schema) } }),
            Result::Text(media) => json!({ *media: { "schema": { "type": "string" } } }),
        };
        responses.insert(status.to_string(), json!({ "description": summary, "content": content }));
    }
    for (status, summary) in operation.refusals() {
        let content = json!({ "application/json": { "schema": reference("Refusal") } });
        let mut response = json!({ "description": summary, "content": content });
        if matches!(status, 429 | 503) {
            response["headers"] = json!({ "Retry-After": { "schema": { "type": "integer", "minimum": 1 } } });
        }
        responses.insert(status.to_string(), response);
    }
    Value::Object(responses)
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}
