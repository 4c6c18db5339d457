//! Samples: the author's own tests, run whenever a quiz is checked.

use std::collections::BTreeMap;

use super::report::{Path, Report};
use crate::core::dice::Dice;
use crate::core::draft::{Field, QuizDraft, SampleDraft};
use crate::core::field_error::Code;
use crate::core::generator::Generator;
use crate::core::limits;
use crate::core::quiz::Template;
use crate::core::value::{Bindings, Value};

/// Runs all samples against the templates that have no errors.
pub(super) fn samples(r: &mut Report, root: &Path, draft: &QuizDraft, templates: &[Template]) {
    // A sample of a template with errors is not run; one of a template that is not there is an error.
    let named = draft.template.get().into_iter().flatten().filter_map(|template| template.get()?.name.get());
    let named: Vec<&str> = named.map(|name| name.trim()).collect();
    for (path, sample) in r.elements(&root.field("sample"), &draft.sample, limits::SAMPLES) {
        let Some(sample) = r.need(&path, sample) else { continue };
        let before = r.len();
        let at = path.field("template");
        let name = r.need_text(&at, &sample.template, limits::NAME).map(str::trim);
        if name.is_some_and(|name| !named.contains(&name)) {
            let message = format!("there is no such template; the templates are: {}", named.join(", "));
            r.error(&at, Code::UnknownName, message);
        }
        let template = templates.iter().find(|template| Some(template.name()) == name);
        let bindings = template.and_then(|template| values(r, &path.field("var"), sample, template));
        r.may(&path.field("question"), &sample.question);
        let answer = r.need(&path.field("answer"), &sample.answer).map(ToString::to_string);
        let correct = r.flag(&path.field("correct"), &sample.correct, true);
        r.unknown(&path, &sample.unknown, SampleDraft::FIELDS);
        if let (true, Some(template), Some(bindings), Some(answer), Some(correct)) =
            (r.len() == before, template, bindings, answer, correct)
        {
            run(r, &path, sample, template, bindings, &answer, correct);
        }
    }
}

/// The values of all the template's variables: the given ones, found rows, and what is computed from them.
fn values(r: &mut Report, path: &Path, sample: &SampleDraft, template: &Template) -> Option<Bindings> {
    let before = r.len();
    let none = BTreeMap::new();
    let given = r.may(path, &sample.var).unwrap_or(&none);
    let mut bindings = Bindings::new();
    for (name, generator) in &template.recipe.variables {
        let path = path.field(name);
        let field = given.get(name).unwrap_or(&Field::Missing);
        let value = match generator {
            Generator::Expr(_) if !field.is_missing() => {
                r.error(
                    &path,
                    Code::BadFormat,
                    format!("{name} is computed; give the values it is computed from"),
                );
                None
            }
            // Not computed from half of the values: the reason has been reported.
            Generator::Expr(_) if r.len() > before => None,
            Generator::Expr(expression) => match expression.value(&bindings) {
                Ok(value) => Some(value),
                Err(why) => {
                    r.error(&path, Code::SampleFailed, format!("{name} cannot be computed: {why}"));
                    None
                }
            },
            Generator::Rows(table) => r.need(&path, field).and_then(|wanted| {
                let row = if let Value::Row(wanted) = wanted { table.find(wanted) } else { None };
                if row.is_none() {
                    let message =
                        format!("this must be a row, as {{ {} = .. }}, that the table has", table.columns[0]);
                    r.error(&path, Code::UnknownName, message);
                }
                row.map(Value::Row)
            }),
            _ => match r.need(&path, field) {
                Some(Value::Row(_)) => {
                    r.error(&path, Code::WrongType, "this must be a number or a text");
                    None
                }
                value => value.cloned(),
            },
        };
        bindings.extend(value.map(|value| (name.clone(), value)));
    }
    for name in given.keys().filter(|name| !template.recipe.variables.iter().any(|(known, _)| known == *name))
    {
        r.error(&path.field(name), Code::UnknownName, "the template has no such variable");
    }
    (r.len() == before).then_some(bindings)
}

fn run(
    r: &mut Report,
    path: &Path,
    sample: &SampleDraft,
    template: &Template,
    bindings: Bindings,
    answer: &str,
    correct: bool,
) {
    let key = match template.recipe.check.key(&bindings, &mut Dice::for_question(0, 0)) {
        Ok(key) => key,
        Err(why) => {
            return r.error(path, Code::SampleFailed, format!("the check fails for these values: {why}"));
        }
    };
    let question = template.question(0, (bindings, key));
    if let Some(expected) = sample.question.get()
        && *expected != question.text
    {
        let message = format!("the question is {:?}, not {expected:?}", question.text);
        r.error(&path.field("question"), Code::SampleFailed, message);
    }
    if question.accepts(answer) != correct {
        let message = if correct {
            format!(
                "{answer:?} is not right for {:?}; right is {:?}",
                question.text,
                question.key.right_answer()
            )
        } else {
            format!("{answer:?} is right for {:?}, but should be wrong", question.text)
        };
        r.error(&path.field("answer"), Code::SampleFailed, message);
    }
}
