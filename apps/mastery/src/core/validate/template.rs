//! One template.

use std::collections::BTreeSet;

use super::report::{Path, Report};
use super::variables::{self, Variables};
use super::{Tables, check};
use crate::core::dice::Dice;
use crate::core::draft::TemplateDraft;
use crate::core::field_error::Code;
use crate::core::limits;
use crate::core::pattern::Pattern;
use crate::core::quiz::{DrawError, Drawn, Recipe, Template};
use crate::core::value::{Bindings, Value};

/// Checks a template. `names` holds those of the templates before it, in lower case.
pub(super) fn template(
    r: &mut Report,
    path: &Path,
    draft: &TemplateDraft,
    tables: &Tables,
    names: &mut BTreeSet<String>,
) -> Option<Template> {
    let before = r.len();
    let name = name(r, &path.field("name"), draft, names);
    let category = r.need_text(&path.field("category"), &draft.category, limits::NAME);
    let instructions = r.may_text(&path.field("instructions"), &draft.instructions, limits::PROSE);
    // The question stands before the variables in the file, and its errors before theirs; what it may name is known
    // without their errors.
    let known = Variables::declared(draft, tables);
    let question_path = path.field("question");
    let question = r.need_text(&question_path, &draft.question, limits::QUESTION);
    let question = question.and_then(|text| pattern(r, &question_path, text, &known));
    let variables = variables::variables(r, &path.field("var"), draft, tables);
    let check_path = path.field("check");
    let check = r
        .need(&check_path, &draft.check)
        .and_then(|draft| check::check(r, &check_path, draft, &known, tables));
    r.unknown(path, &draft.unknown, TemplateDraft::FIELDS);
    if r.len() != before {
        return None;
    }
    let recipe = Recipe { variables, check: check? };
    let witness = try_out(r, path, &recipe)?;
    Some(Template {
        name: name?.into(),
        category: category?.trim().into(),
        instructions: instructions.map(Into::into),
        question: question?,
        recipe,
        witness,
    })
}

fn name(r: &mut Report, path: &Path, draft: &TemplateDraft, names: &mut BTreeSet<String>) -> Option<String> {
    let name = r.need_text(path, &draft.name, limits::NAME)?.trim();
    // Case does not distinguish: two templates that look alike in a report would be read as one.
    if !names.insert(name.to_lowercase()) {
        r.error(
            path,
            Code::DuplicateName,
            format!("another template is called {name:?}; give each its own name"),
        );
        return None;
    }
    Some(name.to_owned())
}

/// Reads a pattern whose placeholders must all be known.
pub(super) fn pattern(r: &mut Report, path: &Path, text: &str, known: &Variables) -> Option<Pattern> {
    let before = r.len();
    let pattern = Pattern::parse(text).map_err(|why| r.error(path, Code::BadFormat, why)).ok()?;
    for hole in pattern.holes() {
        if let Err(why) = known.resolve(hole) {
            r.error(path, Code::UnknownName, why);
        }
    }
    (r.len() == before).then_some(pattern)
}

/// A value as authors may write it.
pub(super) fn scalar(r: &mut Report, path: &Path, value: &Value) {
    match value {
        Value::Text(text) => drop(r.text(path, text, limits::ITEM).map(str::to_owned)),
        Value::Int(n) if n.abs() > limits::INTEGER => {
            r.error(path, Code::OutOfRange, format!("a number is at most {}", limits::INTEGER));
        }
        Value::Row(_) => r.error(path, Code::WrongType, "this must be a number or a text"),
        Value::Int(_) | Value::Decimal(_) => {}
    }
}

/// Draws many questions. What can fail for some values most likely fails here and not before a class.
fn try_out(r: &mut Report, path: &Path, recipe: &Recipe) -> Option<Drawn> {
    let mut witness = None;
    for trial in 0..limits::TRIALS {
        match recipe.draw(&mut Dice::for_question(0, trial)) {
            Ok((bindings, key)) => {
                let right = key.right_answer();
                if right.chars().count() > limits::ANSWER || !key.accepts(&right) {
                    let message = format!("no right answer can be typed {}: {right:?}", listed(&bindings));
                    r.error(&path.field("check"), Code::BadExpression, message);
                    return None;
                }
                witness = Some((bindings, key));
            }
            Err(DrawError { variable, why, bindings }) => {
                let path = match variable {
                    Some(name) => path.field("var").field(name),
                    None => path.field("check"),
                };
                r.error(&path, Code::BadExpression, format!("this fails {}: {why}", listed(&bindings)));
                return None;
            }
        }
    }
    witness
}

fn listed(bindings: &Bindings) -> String {
    let values: Vec<_> = bindings.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    if values.is_empty() { "always".to_owned() } else { format!("for {}", values.join(", ")) }
}
