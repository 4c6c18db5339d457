//! The check of a template.

use rust_decimal::Decimal;

use super::Tables;
use super::report::{Path, Report};
use super::template::pattern;
use super::variables::Variables;
use crate::core::check::Check;
use crate::core::check::expr::{ANSWER, ExprCheck, NUMBER};
use crate::core::check::number::NumberCheck;
use crate::core::check::pick::PickCheck;
use crate::core::check::text::{TextCheck, TextRules};
use crate::core::draft::{CheckDraft, ExprDraft, List, NumberDraft, PickDraft, TextDraft};
use crate::core::field_error::Code;
use crate::core::limits;
use crate::core::pattern::Pattern;

const DEFAULT_CHOICES: i64 = 4;

pub(super) fn check(
    r: &mut Report,
    path: &Path,
    draft: &CheckDraft,
    known: &Variables,
    tables: &Tables,
) -> Option<Check> {
    let CheckDraft { number, text, pick, expr, unknown } = draft;
    let kinds = [
        ("number", !number.is_missing()),
        ("text", !text.is_missing()),
        ("pick", !pick.is_missing()),
        ("expr", !expr.is_missing()),
    ];
    let kind = r.exactly_one(path, &kinds);
    let at = path.field(kind.unwrap_or_default());
    let check = match kind {
        Some("number") => {
            r.need(&at, number).and_then(|draft| self::number(r, &at, draft, known)).map(Check::Number)
        }
        Some("text") => r.need(&at, text).and_then(|draft| self::text(r, &at, draft, known)).map(Check::Text),
        Some("pick") => {
            r.need(&at, pick).and_then(|draft| self::pick(r, &at, draft, known, tables)).map(Check::Pick)
        }
        Some(_) => r.need(&at, expr).and_then(|draft| self::expr(r, &at, draft, known)).map(Check::Expr),
        None => None,
    };
    r.unknown(path, unknown, CheckDraft::FIELDS);
    check
}

fn number(r: &mut Report, path: &Path, draft: &NumberDraft, known: &Variables) -> Option<NumberCheck> {
    let at = path.field("equals");
    let equals = r.need(&at, &draft.equals).map(ToString::to_string);
    let equals = equals.and_then(|source| known.expression(r, &at, &source, &[]));
    let at = path.field("tolerance");
    let tolerance = match r.may(&at, &draft.tolerance) {
        None => Decimal::ZERO,
        Some(value) => value.number().filter(|n| *n >= Decimal::ZERO).unwrap_or_else(|| {
            r.error(&at, Code::OutOfRange, "this must be a number, 0 or above");
            Decimal::ZERO
        }),
    };
    let at = path.field("units");
    let units: Vec<String> =
        r.texts(&at, &draft.units, limits::LIST).iter().map(|u| u.trim().to_owned()).collect();
    for (index, unit) in units.iter().enumerate() {
        // "2" as a unit would make "12" a right answer to 1.
        if unit.contains(|c: char| c.is_ascii_digit()) {
            r.error(&at.index(index), Code::BadFormat, "a unit has no digits; write m² and not m2");
        }
    }
    let at = path.field("unit_required");
    let unit_required = r.flag(&at, &draft.unit_required, false)?;
    if unit_required && units.is_empty() {
        r.error(&at, Code::Missing, "name the units, or require none");
    }
    r.unknown(path, &draft.unknown, NumberDraft::FIELDS);
    Some(NumberCheck { equals: equals?, tolerance, units, unit_required })
}

fn text(r: &mut Report, path: &Path, draft: &TextDraft, known: &Variables) -> Option<TextCheck> {
    let at = path.field("one_of");
    let before = r.len();
    r.require(&at, &draft.one_of);
    let one_of = patterns(r, &at, &draft.one_of, known);
    if one_of.is_empty() && r.len() == before {
        r.error(&at, Code::Blank, "there must be a text that is right");
    }
    let case = r.flag(&path.field("case"), &draft.case, false);
    let space = r.flag(&path.field("space"), &draft.space, false);
    let accents = r.flag(&path.field("accents"), &draft.accents, true);
    let articles = r.texts(&path.field("articles"), &draft.articles, limits::LIST);
    let max_typos = r.number(&path.field("max_typos"), &draft.max_typos, (0, limits::TYPOS), 0);
    r.unknown(path, &draft.unknown, TextDraft::FIELDS);
    let max_typos = usize::try_from(max_typos?).ok()?;
    Some(TextCheck {
        one_of,
        rules: TextRules { case: case?, space: space?, accents: accents?, articles, max_typos },
    })
}

fn pick(
    r: &mut Report,
    path: &Path,
    draft: &PickDraft,
    known: &Variables,
    tables: &Tables,
) -> Option<PickCheck> {
    let at = path.field("right");
    let right = r.need_text(&at, &draft.right, limits::ITEM).and_then(|text| pattern(r, &at, text, known));
    let wrong = patterns(r, &path.field("wrong"), &draft.wrong, known);
    let at = path.field("others");
    let mut others = None;
    if let Some(name) = r.may(&at, &draft.others) {
        let (table, column) = name.split_once('.').unwrap_or((name, ""));
        match tables.get(table) {
            Some(Some(table)) if table.columns.iter().any(|c| c == column) => {
                others = Some((table.clone(), column.to_owned()));
            }
            // The table has errors of its own.
            Some(None) => {}
            _ => r.error(&at, Code::UnknownName, "this must be \"table.column\" of a table of this quiz"),
        }
    }
    if draft.wrong.is_missing() && draft.others.is_missing() {
        r.error(path, Code::Missing, "there must be choices that are wrong: give wrong or others");
    }
    // In i64, limits::CHOICES is a small constant.
    let most = limits::CHOICES as i64;
    let choices = r.number(&path.field("choices"), &draft.choices, (2, most), DEFAULT_CHOICES);
    r.unknown(path, &draft.unknown, PickDraft::FIELDS);
    Some(PickCheck { right: right?, wrong, others, choices: usize::try_from(choices?).ok()? })
}

fn expr(r: &mut Report, path: &Path, draft: &ExprDraft, known: &Variables) -> Option<ExprCheck> {
    let at = path.field("accept");
    let accept =
        r.need(&at, &draft.accept).and_then(|source| known.expression(r, &at, source, &[ANSWER, NUMBER]));
    let at = path.field("example");
    let example = r.need(&at, &draft.example).and_then(|source| known.expression(r, &at, source, &[]));
    r.unknown(path, &draft.unknown, ExprDraft::FIELDS);
    Some(ExprCheck { accept: accept?, example: example? })
}

fn patterns(r: &mut Report, path: &Path, list: &List<String>, known: &Variables) -> Vec<Pattern> {
    let mut patterns = Vec::new();
    for (at, text) in r.elements(path, list, limits::LIST) {
        let text = r.need_text(&at, text, limits::ITEM);
        patterns.extend(text.and_then(|text| pattern(r, &at, text, known)));
    }
    patterns
}
