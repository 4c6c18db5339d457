//! The variables of a template: their generators, and the order in which they are computed.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::report::{Path, Report};
use super::template::scalar;
use super::{NAME_RULE, Tables};
use crate::core::check::expr::{ANSWER, NUMBER};
use crate::core::draft::{DecimalDraft, Field, GeneratorDraft, TemplateDraft};
use crate::core::expression::{Expression, ExpressionError};
use crate::core::field_error::Code;
use crate::core::generator::Generator;
use crate::core::limits;
use crate::core::pattern::is_name;
use crate::core::table::Table;
use crate::core::value::{Bindings, Value};

/// What the patterns and expressions of a template may name: each variable, with its table if it is a row.
#[derive(Debug)]
pub(super) struct Variables(BTreeMap<String, Shape>);

#[derive(Debug, Clone)]
enum Shape {
    Plain,
    Row(Arc<Table>),
    /// The variable has errors of its own; whatever is asked of it is let pass.
    Broken,
}

impl Variables {
    /// The variables a draft declares. Reports nothing: that is left to [`variables`].
    pub(super) fn declared(draft: &TemplateDraft, tables: &Tables) -> Self {
        let shape = |generator: &Field<GeneratorDraft>| match generator.get().map(|generator| &generator.rows)
        {
            None | Some(Field::Wrong(_)) => Shape::Broken,
            Some(Field::Missing) => Shape::Plain,
            Some(Field::Is(table)) => tables.get(table).cloned().flatten().map_or(Shape::Broken, Shape::Row),
        };
        let declared = draft.var.get().into_iter().flatten();
        Self(declared.map(|(name, generator)| (name.clone(), shape(generator))).collect())
    }

    /// Whether `name` or `name.column` is there; if not, what is.
    pub(super) fn resolve(&self, hole: &str) -> Result<(), String> {
        let (name, column) = hole.split_once('.').map_or((hole, None), |(name, column)| (name, Some(column)));
        match (self.0.get(name), column) {
            (None, _) => {
                let names: Vec<_> = self.0.keys().map(String::as_str).collect();
                let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                Err(format!("there is no variable {name} here; the variables are: {known}"))
            }
            (Some(Shape::Broken), _) | (Some(Shape::Plain), None) => Ok(()),
            (Some(Shape::Plain), Some(_)) => Err(format!("{name} is no row of a table; write {{{name}}}")),
            (Some(Shape::Row(table)), None) => Err(format!(
                "{name} is a row; write {{{name}.column}} with one of: {}",
                table.columns.join(", ")
            )),
            (Some(Shape::Row(table)), Some(column)) if !table.columns.iter().any(|c| c == column) => {
                Err(format!("{name} has no column {column}; the columns are: {}", table.columns.join(", ")))
            }
            (Some(Shape::Row(_)), Some(_)) => Ok(()),
        }
    }

    /// Reads an expression over these variables and `more`.
    pub(super) fn expression(
        &self,
        r: &mut Report,
        path: &Path,
        source: &str,
        more: &[&str],
    ) -> Option<Expression> {
        let names = bind(self.0.keys().map(String::as_str).chain(more.iter().copied()));
        parse(source, &names).map_err(|(code, why)| r.error(path, code, why)).ok()
    }
}

/// The generators, each expression after the variables it uses. What has errors is left out.
pub(super) fn variables(
    r: &mut Report,
    path: &Path,
    draft: &TemplateDraft,
    tables: &Tables,
) -> Vec<(String, Generator)> {
    let Some(drafts) = r.may(path, &draft.var) else { return Vec::new() };
    if r.length(path, drafts.len(), limits::VARIABLES, "variables").is_none() {
        return Vec::new();
    }
    let mut drawn = Vec::new();
    let mut computed = Vec::new();
    let order = order(drafts);
    for (name, draft) in drafts {
        let path = path.field(name);
        if !is_name(name) {
            r.error(&path, Code::BadFormat, NAME_RULE);
        } else if [ANSWER, NUMBER].contains(&name.as_str()) {
            r.error(&path, Code::BadFormat, "this name is taken: it stands for the student's answer");
        }
        let Some(draft) = r.need(&path, draft) else { continue };
        match generator(r, &path, draft, tables) {
            Some(Draft::Drawn(generator)) => drawn.push((name.clone(), generator)),
            Some(Draft::Computed(source)) => match order.get(name.as_str()) {
                Some((place, expression)) => computed.push((*place, name.clone(), expression.clone())),
                None => circular(r, &path.field("expr"), source, drafts),
            },
            None => {}
        }
        r.unknown(&path, &draft.unknown, GeneratorDraft::FIELDS);
    }
    computed.sort_by_key(|(place, ..)| *place);
    drawn.extend(computed.into_iter().map(|(_, name, expression)| (name, Generator::Expr(expression))));
    drawn
}

/// The computed variables that can be computed, with their place in the order: each is read as soon as every
/// variable it names is known.
fn order(drafts: &BTreeMap<String, Field<GeneratorDraft>>) -> BTreeMap<&str, (usize, Expression)> {
    let source = |draft: &Field<GeneratorDraft>| draft.get().and_then(|draft| draft.expr.get().cloned());
    let mut names =
        bind(drafts.iter().filter(|(_, draft)| source(draft).is_none()).map(|(name, _)| name.as_str()));
    let mut waiting: Vec<_> =
        drafts.iter().filter_map(|(name, draft)| Some((name.as_str(), source(draft)?))).collect();
    let mut order = BTreeMap::new();
    loop {
        let before = order.len();
        waiting.retain(|(name, source)| match parse(source, &names) {
            Ok(expression) => {
                order.insert(*name, (order.len(), expression));
                names.insert((*name).to_owned(), Value::Int(0));
                false
            }
            Err(_) => true,
        });
        if order.len() == before {
            return order;
        }
    }
}

/// Says why an expression found no place in the order.
fn circular(r: &mut Report, path: &Path, source: &str, drafts: &BTreeMap<String, Field<GeneratorDraft>>) {
    match parse(source, &bind(drafts.keys().map(String::as_str))) {
        Ok(_) => r.error(
            path,
            Code::BadExpression,
            "this needs its own value, or that of a variable with an error",
        ),
        Err((code, why)) => r.error(path, code, why),
    }
}

fn parse(source: &str, names: &Bindings) -> Result<Expression, (Code, String)> {
    Expression::parse(source, names).map_err(|error| match error {
        ExpressionError::UnknownVariable(_) => (Code::UnknownName, error.to_string()),
        ExpressionError::Unreadable(_) => (Code::BadExpression, error.to_string()),
    })
}

/// Reading an expression looks at names only.
fn bind<'a>(names: impl Iterator<Item = &'a str>) -> Bindings {
    names.map(|name| (name.to_owned(), Value::Int(0))).collect()
}

enum Draft<'a> {
    Drawn(Generator),
    Computed(&'a str),
}

fn generator<'a>(
    r: &mut Report,
    path: &Path,
    draft: &'a GeneratorDraft,
    tables: &Tables,
) -> Option<Draft<'a>> {
    let GeneratorDraft { int, decimal, choice, rows, expr, unknown: _ } = draft;
    let kind = r.exactly_one(
        path,
        &[
            ("int", !int.is_missing()),
            ("decimal", !decimal.is_missing()),
            ("choice", !choice.is_missing()),
            ("rows", !rows.is_missing()),
            ("expr", !expr.is_missing()),
        ],
    )?;
    let path = path.field(kind);
    Some(Draft::Drawn(match kind {
        "int" => self::int(r, &path, int)?,
        "decimal" => {
            let draft = r.need(&path, decimal)?;
            self::decimal(r, &path, draft)?
        }
        "choice" => {
            let before = r.len();
            let elements = r.elements(&path, choice, limits::LIST);
            let values: Vec<_> =
                elements.iter().filter_map(|(at, value)| Some((at, r.need(at, value)?))).collect();
            values.iter().for_each(|(at, value)| scalar(r, at, value));
            if values.is_empty() && r.len() == before {
                r.error(&path, Code::Blank, "there must be something to choose from");
            }
            if r.len() != before {
                return None;
            }
            Generator::Choice(values.into_iter().map(|(_, value)| value.clone()).collect())
        }
        "rows" => {
            let name = r.need(&path, rows)?;
            match tables.get(name) {
                Some(table) => Generator::Rows(table.clone()?),
                None => {
                    let names: Vec<_> = tables.keys().map(String::as_str).collect();
                    let message = format!("there is no table {name:?}; the tables are: {}", names.join(", "));
                    r.error(&path, Code::UnknownName, message);
                    return None;
                }
            }
        }
        _ => return r.need(&path, expr).map(|source| Draft::Computed(source)),
    }))
}

fn int(r: &mut Report, path: &Path, draft: &Field<Vec<i64>>) -> Option<Generator> {
    let ends = r.need(path, draft)?;
    let &[from, to] = ends.as_slice() else {
        r.error(path, Code::BadFormat, "this must be two whole numbers, [from, to]");
        return None;
    };
    if from > to || from < -limits::INTEGER || to > limits::INTEGER {
        let message = format!("from must not be above to, and both within -{0} and {0}", limits::INTEGER);
        r.error(path, Code::OutOfRange, message);
        return None;
    }
    Some(Generator::Int { from, to })
}

fn decimal(r: &mut Report, path: &Path, draft: &DecimalDraft) -> Option<Generator> {
    let mut read = |name: &str, field: &Field<Value>| {
        let path = path.field(name);
        let number = r.need(&path, field)?.number();
        let fits = |n: &Decimal| n.abs() <= Decimal::from(limits::INTEGER) && n.scale() <= 9;
        let number = number.filter(fits);
        if number.is_none() {
            let message = format!("a number with at most 9 decimals, within -{0} and {0}", limits::INTEGER);
            r.error(&path, Code::OutOfRange, message);
        }
        number
    };
    let (from, to, step) = (read("from", &draft.from), read("to", &draft.to), read("step", &draft.step));
    r.unknown(path, &draft.unknown, DecimalDraft::FIELDS);
    let (from, to, step) = (from?, to?, step?);
    let steps =
        (to - from).checked_div(step).map(|steps| steps.floor()).and_then(|steps| i64::try_from(steps).ok());
    match steps {
        Some(steps) if step > Decimal::ZERO && (0..=limits::STEPS).contains(&steps) => {
            Some(Generator::Decimal { from, step, steps: steps.unsigned_abs() })
        }
        _ => {
            let message =
                format!("from must not be above to, and step above 0, with at most {} steps", limits::STEPS);
            r.error(path, Code::OutOfRange, message);
            None
        }
    }
}
