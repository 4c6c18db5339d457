//! Quizzes for tests.

use serde_json::json;

use super::quiz::{Quiz, Select};

/// A quiz of additions with `shape[c]` templates in category `c`, called `t<c>-<i>`.
pub(crate) fn shaped_quiz(shape: &[usize], mastery: u8, select: Select) -> Quiz {
    let templates: Vec<_> = shape
        .iter()
        .enumerate()
        .flat_map(|(category, templates)| (0..*templates).map(move |template| (category, template)))
        .map(|(category, template)| {
            json!({
                "name": format!("t{category}-{template}"),
                "category": format!("c{category}"),
                "question": "{left} + {right}",
                "var": { "left": { "int": [0, 9] }, "right": { "int": [0, 9] } },
                "check": { "number": { "equals": "left + right" } },
            })
        })
        .collect();
    let select = if select == Select::Template { "template" } else { "category" };
    let draft = json!({
        "format": 1, "title": "Sums", "mastery": mastery, "select": select, "template": templates,
    });
    Quiz::build(serde_json::from_value(draft).unwrap()).unwrap()
}
